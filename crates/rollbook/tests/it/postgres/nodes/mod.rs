//! Several nodes with one database.
//!
//! | module | holds |
//! | --- | --- |
//! | `fleet` | the nodes: two servers, two workers; one at a time is killed and restarted |
//! | `load` | clients that import, read and export meanwhile |
//! | `history` | the content of each revision, and so the expected result of each read |

pub(crate) mod fleet;
pub(crate) mod history;
pub(crate) mod load;

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::node;
use crate::jobs::{customers, queued, succeeded};
use crate::server::{LOAD_SECONDS, Worker, program};
use fleet::{Fleet, NODES};
use load::Load;
use testkit::postgres;

/// Duration in seconds, unless [`LOAD_SECONDS`] is set.
const SECONDS_USUAL: u64 = 8;
/// Longest time between two kills.
const BETWEEN_KILLS_MS: u64 = 900;

/// Trigger that records every end of a job, even repeated ones.
const NOTE_ENDS: &str = "CREATE TABLE test_ends (job BIGINT, attempt BIGINT, state TEXT); \
    CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF NEW.state <> OLD.state AND NEW.state NOT IN ('queued', 'running') THEN \
    INSERT INTO test_ends VALUES (NEW.id, NEW.attempts, NEW.state); END IF; RETURN NEW; END $$; \
    CREATE TRIGGER note_end AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION note_end()";
const ENDS: &str = "SELECT job || ' ' || state FROM test_ends ORDER BY job";
const TAKEN_OVER: &str = "SELECT count(*) FROM test_ends WHERE attempt > 1";

fn seconds() -> u64 {
    match std::env::var(LOAD_SECONDS) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{LOAD_SECONDS} is {text}")),
        Err(_) => SECONDS_USUAL,
    }
}

/// Two servers and two workers run under load, and each in turn is killed repeatedly. Every
/// acknowledged row exists, every job ends once with a complete file, and every page and file shows
/// one revision.
#[test]
fn nodes_that_are_killed_lose_no_row_and_no_job_and_tear_no_read() {
    let url = postgres::database();
    let mut fleet = Fleet::start(&url);
    postgres::psql(&url, NOTE_ENDS);
    let load = Load::new(fleet.token().to_owned(), fleet.addresses());
    let mut random = ChaCha8Rng::seed_from_u64(20_261_121);
    let until = Instant::now() + Duration::from_secs(seconds());
    let mut kills = 0;
    let exports = std::thread::scope(|scope| {
        let stopping = load.stop_when_dropped();
        let importers = [0, 1].map(|by| {
            scope.spawn({
                let load = &load;
                move || load.import(by)
            })
        });
        let readers = [0, 1].map(|by| {
            scope.spawn({
                let load = &load;
                move || load.read(by)
            })
        });
        let exporter = scope.spawn(|| load.export());
        while Instant::now() < until || kills < NODES {
            // The sleep waits for nothing: the moment of the kill is what varies.
            std::thread::sleep(Duration::from_millis(random.random_range(0..BETWEEN_KILLS_MS)));
            fleet.kill(kills % NODES);
            kills += 1;
        }
        drop(stopping);
        importers.into_iter().for_each(|thread| thread.join().unwrap());
        readers.into_iter().for_each(|thread| thread.join().unwrap());
        exporter.join().unwrap()
    });

    let history = load.history();
    for (place, id) in exports.iter().enumerate() {
        history.check_file(&fleet.file(place, *id));
    }
    let reads = history.check_reads(&load.reads());
    for server in fleet.servers() {
        history.check_end(server, fleet.token());
    }
    let listed = fleet.servers()[0].get(fleet.token(), "/api/v2/jobs?page_size=1").ok();
    assert_eq!(listed["count"], exports.len(), "jobs that nobody was told of: {listed}");
    let mut ended: Vec<_> = exports.iter().map(|id| format!("{id} succeeded")).collect();
    ended.sort_by_key(|line| line.split(' ').next().unwrap().parse::<i64>().unwrap());
    assert_eq!(postgres::psql(&url, ENDS).lines().collect::<Vec<_>>(), ended);
    // The books report the invoice without lines as an issue, which does not matter here.
    let found = program().args(["doctor", "--data", fleet.folder(), "--full"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("ok      store") && found.contains("rows as in the store"), "{found}");
    println!(
        "{kills} kills, {} imports, {reads} pages, {} files, {} of them of a taken over job",
        history.commits(),
        exports.len(),
        postgres::psql(&url, TAKEN_OVER).trim()
    );
    assert!(reads > 10 && exports.len() > 2 && history.commits() > 10, "there was no load");
}

#[test]
fn a_new_node_needs_nothing_but_the_url_and_the_folder_of_files() {
    let url = postgres::database();
    let files = tempfile::tempdir().unwrap();
    let shared = format!("[files]\ndir = \"{}\"\n", files.path().display());
    let first = node(&url, &format!("{shared}[jobs]\nwork_in_server = false\n"));
    first.add_provider(1, "Europe/London", "gbp");
    let token = first.token(1);
    let server = first.serve();
    server.import(&token, "customers", "application/x-ndjson", &customers(20)).ok();
    let id = queued(&server, &token, "customers", &json!({}));
    let second = node(&url, &shared);
    let worker = Worker::start(&second);
    crate::jobs::file(&server, &succeeded(&server, &token, id));
    drop(worker);
}
