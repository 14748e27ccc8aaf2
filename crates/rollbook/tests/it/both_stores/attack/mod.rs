//! Attacks of one client on the others, at a small size. `tests/attack/all_at_once.py` runs them at
//! full size.
//!
//! | module | holds |
//! | --- | --- |
//! | `connections` | clients that send nothing or do not read; few file handles |
//! | `bodies` | slow bodies, and bodies that are expensive to parse |
//! | `log` | logs that cannot be written |

mod bodies;
mod connections;
mod log;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::exports::BASE;
use crate::server::{HttpAnswer, Server, TestDataFolder};

/// Longest wait for an expected event.
const WITHIN: Duration = Duration::from_secs(150);
const PAGE: &str = "/api/v2/reports/customers/data?columns=id";
const EXPORTS: &str = "/api/v1/core/exports";

/// A server with two providers: number 1 works, number 2 attacks.
struct AttackedServer {
    server: Server,
    worker: String,
    attacker: String,
    _data: TestDataFolder,
}

impl AttackedServer {
    fn new(settings: &str) -> Self {
        let data = prepared(settings);
        let (worker, attacker) = (data.token(1), data.token(2));
        let server = data.serve();
        Self { server, worker, attacker, _data: data }
    }

    /// Checks that a page, an import and an export of provider 1 succeed.
    fn works(&self) {
        works(&self.server, &self.worker);
    }
}

fn prepared(settings: &str) -> TestDataFolder {
    let data = TestDataFolder::with_provider();
    data.add_provider(2, "Europe/London", "gbp");
    data.configure(&format!("{BASE}{settings}"));
    data
}

fn works(server: &Server, token: &str) {
    let row = json!({"id": 1, "name": "Ann", "created_at": "2026-01-05T10:00:00Z"}).to_string();
    server.import(token, "customers", "application/x-ndjson", row.as_bytes()).ok();
    assert_eq!(server.get(token, PAGE).ok()["rows"], json!([{"id": 1}]));
    let asked = json!({"object": "customers", "date_from": "2026-01-01", "date_to": "2026-01-31"});
    let export = server.request("POST", EXPORTS).token(token);
    let export = export.body("application/json", asked.to_string().as_bytes()).send().ok();
    let uuid = export["uuid"].as_str().unwrap_or_else(|| panic!("{export}"));
    let status = format!("{EXPORTS}/{uuid}/status");
    until("the export is finished", || {
        let status: Value = server.get(token, &status).ok();
        assert_ne!(status["data"]["state"], "failed", "{status}");
        status["data"]["state"] == "completed"
    });
}

/// Waits until the condition holds.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < WITHIN, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Returns the address without its scheme.
fn socket_of(server: &Server) -> &str {
    server.address.trim_start_matches("http://")
}

fn is_page(answer: &HttpAnswer) -> bool {
    answer.status == 200
}
