//! kill -9 during imports and refreshes of the mirror: acknowledged imports are complete, others are
//! absent. Rule: spec/product.md no. 1.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::server::{HttpAnswer, Server, TestDataFolder};

/// Number of kills with SQLite, and with PostgreSQL, where each round takes longer.
const KILLS: [u64; 2] = [50, 20];
const ROWS: i64 = 3000;

/// Number of customers that every import rewrites, so that a partial update would show.
const SHARED: i64 = 200;

fn shared_rows(round: &str) -> String {
    (1..=SHARED).map(|id| format!("{{\"id\":{id},\"gender\":\"{round}\"}}\n")).collect()
}

/// Returns the body of one import: [`ROWS`] new customers, and the shared ones.
fn body(round: u64) -> Vec<u8> {
    let first = SHARED + 1 + i64::try_from(round).unwrap() * ROWS;
    let rows =
        (first..first + ROWS).map(|id| format!("{{\"id\":{id},\"name\":\"round {round}\"}}\n"));
    (rows.collect::<String>() + &shared_rows(&round.to_string())).into_bytes()
}

/// The moment at which a server is killed.
enum KillMoment {
    /// This long after the import was sent.
    After(Duration),
    /// When the import has been answered.
    Answered,
}

/// Sends an import and kills the server. Returns true if the answer came first.
fn import_and_kill(server: &mut Server, token: &str, round: u64, moment: &KillMoment) -> bool {
    let host = server.address.strip_prefix("http://").unwrap().to_owned();
    let body = body(round);
    let mut stream = TcpStream::connect(&host).unwrap();
    let head = format!(
        "POST /api/v1/import/customers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    let reader = std::thread::spawn(move || {
        let mut answer = String::new();
        // In most rounds the connection breaks off, as expected.
        let _ = std::io::Read::read_to_string(&mut stream, &mut answer);
        answer.starts_with("HTTP/1.1 200")
    });
    match moment {
        // The sleep waits for nothing: the moment of the kill is what varies.
        KillMoment::After(delay) => {
            std::thread::sleep(*delay);
            server.kill();
            reader.join().unwrap()
        }
        KillMoment::Answered => {
            let answered = reader.join().unwrap();
            server.kill();
            answered
        }
    }
}

/// Waits until nothing of a killed server is running any more. A database may still be committing
/// for it, and the next import must come after that.
fn wait_for_pending_commits(server: &Server, token: &str) {
    let row = b"{\"id\":1,\"name\":\"A\"}\n";
    server.import(token, "sites", "application/x-ndjson", row).ok();
}

fn total(server: &Server, token: &str, filter: &str) -> i64 {
    let path = format!("/api/v2/reports/customers/data?page_size=0{filter}");
    server.get(token, &path).ok()["total"].as_i64().unwrap()
}

/// Returns the distinct genders of the shared customers.
fn shared(server: &Server, token: &str) -> Vec<Option<String>> {
    let path = "/api/v2/reports/customers/data?columns=gender&page_size=100&ids=";
    let mut found = Vec::new();
    for page in 0..2 {
        let ids: Vec<_> = (page * 100 + 1..=page * 100 + 100).map(|id| id.to_string()).collect();
        let answer = server.get(token, &format!("{path}{}", ids.join(","))).ok();
        for row in answer["rows"].as_array().unwrap() {
            found.push(row["gender"].as_str().map(str::to_owned));
        }
    }
    found.dedup();
    found
}

#[test]
fn an_acknowledged_import_survives_and_an_unacknowledged_one_leaves_nothing_torn() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    data.configure("[rate_limit]\nper_minute = 0\n[mirror]\nrefresh_after_rows = 4000\n");
    let kills = KILLS[usize::from(data.is_over_database())];
    let mut random = ChaCha8Rng::seed_from_u64(20_261_120);
    let mut server = data.serve();
    let first = shared_rows("none yet");
    server.import(&token, "customers", "application/x-ndjson", first.as_bytes()).ok();
    let begun = Instant::now();
    server.import(&token, "customers", "application/x-ndjson", &body(kills)).ok();
    let usual_micros = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let (mut rounds, mut acknowledged_rounds) = (0, 0);
    for round in 0..kills {
        let before = total(&server, &token, "");
        let shared_before = shared(&server, &token);
        let moment = match round % 5 {
            0 => KillMoment::After(Duration::ZERO),
            4 => KillMoment::Answered,
            _ => {
                let micros = random.random_range(0..usual_micros * 3 / 2);
                KillMoment::After(Duration::from_micros(micros))
            }
        };
        let acknowledged = import_and_kill(&mut server, &token, round, &moment);
        server = server.restart();
        wait_for_pending_commits(&server, &token);
        let after = total(&server, &token, "");
        let is_there = after - before;
        assert!(is_there == 0 || is_there == ROWS, "round {round}: {is_there} of {ROWS} rows");
        assert!(!acknowledged || is_there == ROWS, "round {round} was acknowledged and is lost");
        let shared_after = shared(&server, &token);
        if is_there == ROWS {
            assert_eq!(shared_after, [Some(round.to_string())], "round {round}");
        } else {
            assert_eq!(shared_after, shared_before, "round {round}");
        }
        rounds += u64::from(is_there == ROWS);
        acknowledged_rounds += u64::from(acknowledged);
    }
    let report = crate::server::run(&["mirror", "verify", "--data", data.path()]);
    assert!(!report.is_empty());
    assert!(rounds < kills && acknowledged_rounds > 0, "the kills must hit imports: {rounds}");
}

/// The longest time in which a server reaches the point at which it ends.
const POINT_SECS_MAX: u64 = 60;
/// The points of an import before its commit.
const BEFORE_COMMIT: [&str; 2] = ["import_checked", "import_written"];
/// The points of a refresh, in their order.
const REFRESH: [&str; 7] = [
    "segment_written",
    "segments_named",
    "manifest_made",
    "replacement_written",
    "replacement_named",
    "manifest_replaced",
    "segments_installed",
];

/// Sends an import with an idempotency key. The status is 0 if the connection breaks off.
fn import_once(server: &Server, token: &str, round: u64) -> HttpAnswer {
    let request = server.request("POST", "/api/v1/import/customers").token(token);
    let request = request.header("Idempotency-Key", &format!("round-{round}"));
    request.body("application/x-ndjson", &body(round)).send()
}

/// Asks until the server has ended. Questions make the mirror look at what was written.
fn ask_until_ended(server: &mut Server, token: &str, point: &str) {
    let deadline = Instant::now() + Duration::from_secs(POINT_SECS_MAX);
    while !server.has_ended() {
        assert!(Instant::now() < deadline, "{point} is never reached");
        server.get(token, "/api/v2/reports/customers/data?page_size=0");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_import_that_ends_between_two_steps_is_there_or_not_and_can_be_repeated() {
    for point in [BEFORE_COMMIT[0], BEFORE_COMMIT[1], "import_committed"] {
        let data = TestDataFolder::with_provider();
        let token = data.token(1);
        let mut server = data.serve_until(point);
        assert_ne!(import_once(&server, &token, 0).status, 200, "{point}");
        ask_until_ended(&mut server, &token, point);
        let server = data.serve();
        let is_committed = !BEFORE_COMMIT.contains(&point);
        let rows = ROWS + SHARED;
        assert_eq!(total(&server, &token, ""), if is_committed { rows } else { 0 }, "{point}");
        let repeated = import_once(&server, &token, 0).ok();
        assert_eq!(repeated["tables"]["customers"]["inserted"], rows, "{point}");
        let again = import_once(&server, &token, 0).ok();
        assert_eq!(again["revision"], repeated["revision"], "{point}");
        assert_eq!(total(&server, &token, ""), rows, "{point}");
    }
}

#[test]
fn a_refresh_that_ends_between_two_steps_loses_nothing_and_leaves_nothing() {
    for point in REFRESH {
        let data = TestDataFolder::with_provider();
        let token = data.token(1);
        data.configure("[mirror]\nrefresh_after_rows = 1000\n");
        let mut server = data.serve();
        import_once(&server, &token, 0).ok();
        server.kill();
        crate::server::run(&["mirror", "refresh", "--data", data.path()]);

        let mut server = data.serve_until(point);
        let is_acknowledged = import_once(&server, &token, 1).status == 200;
        ask_until_ended(&mut server, &token, point);
        let mut server = data.serve();
        let rows = total(&server, &token, "");
        let complete = SHARED + 2 * ROWS;
        assert!(rows == complete || !is_acknowledged && rows == SHARED + ROWS, "{point}: {rows}");
        import_once(&server, &token, 1).ok();
        assert_eq!(total(&server, &token, ""), complete, "{point}");
        assert_eq!(shared(&server, &token), [Some("1".to_owned())], "{point}");
        server.kill();
        crate::server::run(&["mirror", "refresh", "--data", data.path()]);
        crate::server::run(&["mirror", "verify", "--data", data.path()]);
        let mirror = Path::new(data.path()).join("mirror");
        let names = std::fs::read_dir(mirror).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        let is_left = |name: &&std::ffi::OsString| name.to_string_lossy().ends_with(".tmp");
        assert_eq!(names.iter().find(is_left), None, "{point}");
    }
}
