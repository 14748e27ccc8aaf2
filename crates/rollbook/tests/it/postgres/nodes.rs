//! Several nodes over one database.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{cluster, node};
use crate::jobs::{customers, export, link, queued, succeeded};
use crate::server::{Data, Server, Worker};

const ROUNDS: usize = 6;
const CUSTOMERS: i64 = 3000;
const ROWS_OF_A_ROUND: i64 = 50;

fn total(server: &Server, token: &str) -> i64 {
    let path = "/api/v2/reports/customers/data?page_size=0";
    server.get(token, path).ok()["total"].as_i64().unwrap()
}

/// The file of a job that one node was asked about, downloaded from another.
fn file(asked: &Server, other: &Server, token: &str, id: i64) -> Vec<u8> {
    let job = succeeded(asked, token, id);
    let answer = other.request("GET", &link(asked, &job)).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

/// Two servers and a worker; in each round one of them is killed. Every acknowledged row is
/// there, every job ends in one whole file.
#[test]
fn nodes_that_are_killed_lose_no_row_and_no_job() {
    let url = cluster::database();
    let shared = tempfile::tempdir().unwrap();
    let files = shared.path().display();
    let settings = format!(
        "[files]\ndir = \"{files}\"\n[jobs]\nlease_s = 5\nmax_running = 1\nattempts_max = 1000\n"
    );
    let nodes: [Data; 3] = std::array::from_fn(|_| node(&url, &settings));
    nodes[0].add_provider(1, "Europe/London", "gbp");
    nodes[0].add_provider(2, "Europe/London", "gbp");
    let (token, others) = (nodes[0].token(1), nodes[1].token(2));
    let mut servers = [nodes[0].serve(), nodes[1].serve()];
    let mut worker = Worker::start(&nodes[2]);
    let body = customers(CUSTOMERS);
    servers[0].import(&token, "customers", "application/x-ndjson", &body).ok();
    let wanted = json!({"columns": "id,full_name,email"});
    let first = queued(&servers[1], &token, "customers", &wanted);
    let expected = file(&servers[1], &servers[0], &token, first);

    let mut random = ChaCha8Rng::seed_from_u64(20_261_121);
    let (mut asked, mut rows) = (vec![first], 0);
    for round in 0..ROUNDS {
        for server in &servers {
            let answer = export(server, &token, "customers", &wanted);
            asked.extend(answer.json()["job"].as_i64());
            let ids = rows + 1..=rows + ROWS_OF_A_ROUND;
            let lines: String = ids.map(|id| format!("{{\"id\":{id}}}\n")).collect();
            let body = lines.as_bytes();
            server.import(&others, "customers", "application/x-ndjson", body).ok();
            rows += ROWS_OF_A_ROUND;
        }
        // What one node acknowledged, every node has read.
        servers.iter().for_each(|server| assert_eq!(total(server, &others), rows));
        // Not a wait for something: the moment of the kill is what varies.
        std::thread::sleep(Duration::from_millis(random.random_range(0..400)));
        match round % 3 {
            2 => {
                worker.kill();
                worker = Worker::start(&nodes[2]);
            }
            killed => {
                servers[killed].kill();
                servers[killed] = nodes[killed].serve();
            }
        }
    }
    assert!(asked.len() > ROUNDS, "most rounds must queue something");
    for (place, id) in asked.iter().enumerate() {
        let (asked, other) = (&servers[place % 2], &servers[(place + 1) % 2]);
        assert!(file(asked, other, &token, *id) == expected, "job {id} has another file");
    }
    servers.iter().for_each(|server| assert_eq!(total(server, &others), rows));
    let listed = servers[0].get(&token, "/api/v2/jobs?page_size=100").ok();
    assert_eq!(listed["count"], asked.len(), "{listed}");
    drop(worker);
}

#[test]
fn a_new_node_needs_nothing_but_the_url() {
    let url = cluster::database();
    let first = node(&url, "[jobs]\nwork_in_server = false\n");
    first.add_provider(1, "Europe/London", "gbp");
    let token = first.token(1);
    let server = first.serve();
    server.import(&token, "customers", "application/x-ndjson", &customers(20)).ok();
    let id = queued(&server, &token, "customers", &json!({}));
    let second = node(&url, "");
    let worker = Worker::start(&second);
    succeeded(&server, &token, id);
    assert!(second.folder.path().join("files").exists());
    drop(worker);
}
