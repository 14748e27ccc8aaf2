//! A database that stops and comes back.

use std::time::{Duration, Instant};

use super::{PAGES, fill, made, node, pages};
use crate::server::{HttpAnswer, Server, TestDataFolder, program};
use testkit::postgres::Cluster;

/// Longest time in which a server must recover after its database came back, in seconds.
const RECOVERY_SECS_MAX: u64 = 60;

fn assert_unavailable(answer: &HttpAnswer, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    assert_eq!(answer.json()["code"], "unavailable", "{what}");
    assert!(answer.header("retry-after").is_some(), "{what}");
}

fn wait_until_ready(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(RECOVERY_SECS_MAX);
    while server.request("GET", "/readyz").send().status != 200 {
        assert!(Instant::now() < deadline, "the server does not find the database again");
        std::thread::yield_now();
    }
}

#[test]
fn without_its_database_a_server_answers_503_and_recovers_by_itself() {
    let mut cluster = Cluster::start();
    let data = node(&cluster.database(), "");
    fill(&data);
    let token = data.token(1);
    let server = data.serve();
    let (before, file) = (pages(&server, &token), made(&server, &token, "customers", "csv").body);
    for _ in 0..2 {
        cluster.order("stop");
        assert_unavailable(&server.request("GET", "/readyz").send(), "/readyz");
        assert_eq!(server.request("GET", "/healthz").send().status, 200);
        for path in PAGES.iter().chain(&["/api/v2/jobs"]) {
            assert_unavailable(&server.get(&token, path), path);
        }
        let row = b"{\"id\": 900001}\n";
        let import = server.import(&token, "customers", "application/x-ndjson", row);
        assert_unavailable(&import, "import");
        assert_refused_at_start(&data);
        cluster.order("start");
        wait_until_ready(&server);
        assert_eq!(pages(&server, &token), before);
        assert!(made(&server, &token, "customers", "csv").body == file, "files differ");
    }
}

fn assert_refused_at_start(data: &TestDataFolder) {
    let arguments = ["provider", "list", "--data", data.path()];
    let server = ["worker", "--data", data.path()];
    for arguments in [&arguments[..], &server[..]] {
        let output = program().args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("postgres://rollbook:(hidden)@"), "{said}");
        assert!(said.contains("hint: check store.url") && !said.contains("s3cret"), "{said}");
    }
}
