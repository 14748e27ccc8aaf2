//! The import endpoints. Rule: spec/data-model.md §3.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::{HttpAnswer, Server, TestDataFolder};

const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

fn served() -> (TestDataFolder, Server, String) {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    (data, server, token)
}

fn lines(rows: &[Value]) -> Vec<u8> {
    rows.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes()
}

fn counts(answer: &HttpAnswer, table: &str) -> [u64; 5] {
    let counts = &answer.ok()["tables"][table];
    ["received", "inserted", "updated", "unchanged", "deleted"]
        .map(|name| counts[name].as_u64().unwrap())
}

fn names(server: &Server, token: &str) -> Vec<String> {
    let page = server.get(token, "/api/v2/reports/customers/data?columns=full_name").ok();
    let rows = page["rows"].as_array().unwrap().iter();
    rows.map(|row| row["full_name"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn a_row_is_visible_to_the_read_after_its_answer() {
    let (_data, server, token) = served();
    for id in 1..=20 {
        let row = json!({"id": id, "first_name": "Ann", "last_name": format!("No {id}")});
        let answer = server.import(&token, "customers", NDJSON, &lines(&[row]));
        assert_eq!(counts(&answer, "customers"), [1, 1, 0, 0, 0]);
        let page = server.get(&token, "/api/v2/reports/customers/data?page_size=0");
        assert_eq!(page.ok()["total"], id);
        let revision = answer.json()["revision"].to_string();
        assert_eq!(page.header("Rollbook-Revision"), Some(revision.as_str()));
    }
}

#[test]
fn absent_columns_stay_and_null_clears() {
    let (_data, server, token) = served();
    let full = json!({"id": 1, "name": "Ann", "email": "ann@example.com", "phone": "1"});
    server.import(&token, "customers", NDJSON, &lines(&[full])).ok();
    let patch = json!({"id": 1, "phone": null});
    let answer = server.import(&token, "customers", NDJSON, &lines(&[patch]));
    assert_eq!(counts(&answer, "customers"), [1, 0, 1, 0, 0]);
    let page = server.get(&token, "/api/v2/reports/customers/data?columns=email,phone_number").ok();
    assert_eq!(page["rows"][0], json!({"id": 1, "email": "ann@example.com", "phone_number": null}));
}

#[test]
fn the_same_rows_again_change_nothing() {
    let (_data, server, token) = served();
    let csv = b"id,name,created_at\r\n1,\"Lee, Ann\",2026-01-01T00:00:00Z\r\n2,Bob,1767225600\r\n";
    let first = server.import(&token, "customers", CSV, csv);
    assert_eq!(counts(&first, "customers"), [2, 2, 0, 0, 0]);
    let second = server.import(&token, "customers", CSV, csv);
    assert_eq!(counts(&second, "customers"), [2, 0, 0, 2, 0]);
    assert_eq!(first.json()["revision"], second.json()["revision"]);
    assert_eq!(names(&server, &token), ["Lee, Ann", "Bob"]);
}

#[test]
fn many_tables_in_any_order_are_one_commit() {
    let (_data, server, token) = served();
    let body = lines(&[
        json!({"table": "invoice_lines", "row": {"id": 1, "invoice_id": 9, "amount": 500,
            "currency": "gbp"}}),
        json!({"table": "invoices", "row": {"id": 9, "customer_id": 7, "status": "open",
            "currency": "gbp", "subtotal": 500, "total": 500}}),
        json!({"table": "customers", "row": {"id": 7, "name": "Zoë 🎉"}}),
    ]);
    let request = server.request("POST", "/api/v1/import").token(&token);
    let answer = request.body(NDJSON, &body).send();
    assert_eq!(answer.ok()["revision"].as_i64(), Some(answer.json()["revision"].as_i64().unwrap()));
    for table in ["invoice_lines", "invoices", "customers"] {
        assert_eq!(counts(&answer, table), [1, 1, 0, 0, 0], "{table}");
    }
    let refused = lines(&[json!({"table": "customers", "delete": 7})]);
    let request = server.request("POST", "/api/v1/import").token(&token);
    let answer = request.body(NDJSON, &refused).send();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["errors"][0]["code"], "row_referenced");
    let all = lines(&[
        json!({"table": "customers", "delete": 7}),
        json!({"table": "invoices", "delete": 9}),
        json!({"table": "invoice_lines", "delete": 1}),
    ]);
    let request = server.request("POST", "/api/v1/import").token(&token);
    let answer = request.body(NDJSON, &all).send();
    assert_eq!(counts(&answer, "customers"), [1, 0, 0, 0, 1]);
    assert_eq!(names(&server, &token), Vec::<String>::new());
}

#[test]
fn deletes_take_the_row_out_of_the_next_read() {
    let (_data, server, token) = served();
    let rows: Vec<_> = (1..=50).map(|id| json!({"id": id, "name": format!("n{id}")})).collect();
    server.import(&token, "customers", NDJSON, &lines(&rows)).ok();
    let ids = lines(&[json!({"id": 3}), json!({"id": 50}), json!({"id": 99})]);
    let answer = server.import(&token, "customers?mode=delete", NDJSON, &ids);
    assert_eq!(counts(&answer, "customers"), [3, 0, 0, 1, 2]);
    let page = server.get(&token, "/api/v2/reports/customers/data?page_size=0").ok();
    assert_eq!(page["total"], 48);
    let back = server.import(&token, "customers", NDJSON, &lines(&rows[2..3]));
    assert_eq!(counts(&back, "customers"), [1, 1, 0, 0, 0]);
    let page = server.get(&token, "/api/v2/reports/customers/data?ids=3&columns=full_name").ok();
    assert_eq!(page["rows"][0]["full_name"], "n3");
}

#[test]
fn an_idempotency_key_answers_what_it_answered() {
    let (_data, server, token) = served();
    let send = |body: &[u8]| {
        let request = server.request("POST", "/api/v1/import/customers").token(&token);
        request.header("Idempotency-Key", "k1").body(NDJSON, body).send()
    };
    let first = send(&lines(&[json!({"id": 1, "name": "Ann"})]));
    assert_eq!(counts(&first, "customers"), [1, 1, 0, 0, 0]);
    let again = send(&lines(&[json!({"id": 1, "name": "Ann"})]));
    assert_eq!(again.ok(), first.json());
    let other = send(&lines(&[json!({"id": 1, "name": "Bob"})]));
    assert_eq!(other.status, 409);
    assert_eq!(other.json()["code"], "idempotency_conflict");
    assert_eq!(names(&server, &token), ["Ann"]);
}

#[test]
fn a_hold_moves_its_memberships_updated_at() {
    let (_data, server, token) = served();
    let body = lines(&[
        json!({"table": "customers", "row": {"id": 1, "name": "Ann"}}),
        json!({"table": "memberships", "row": {"id": 1, "name": "Gold", "type": "recurring",
            "price": 4500, "currency": "gbp"}}),
        json!({"table": "customer_memberships", "row": {"id": 5, "customer_id": 1,
            "membership_id": 1, "status": "active", "purchased_at": "2025-01-01T00:00:00Z",
            "billed_price": 4500, "currency": "gbp", "created_at": "2025-01-01T00:00:00Z"}}),
    ]);
    server.request("POST", "/api/v1/import").token(&token).body(NDJSON, &body).send().ok();
    let hold = json!({"id": 1, "customer_membership_id": 5, "start_date": "2025-03-01",
        "end_date": "2025-03-31", "created_at": "2025-02-20T08:00:00Z"});
    let answer = server.import(&token, "customer_membership_holds", NDJSON, &lines(&[hold]));
    assert_eq!(counts(&answer, "customer_membership_holds"), [1, 1, 0, 0, 0]);
    let path = "/api/v2/reports/customer_memberships/data?columns=type,updated_at\
        &as_of=2025-02-25T00:00:00Z";
    let page = server.get(&token, path).ok();
    let row = &page["rows"][0];
    assert_eq!(row["type"], "recurring", "the membership's type is the default");
    assert_eq!(row["updated_at"], "2025-02-20T08:00:00Z");
}

/// Returns more rows than one read takes.
fn many_rows() -> Vec<u8> {
    let rows: Vec<_> = (1..=5000).map(|id| json!({"id": id, "name": format!("n{id}")})).collect();
    lines(&rows)
}

fn wait_for(file: &Path) {
    while !file.exists() {
        std::thread::yield_now();
    }
}

#[test]
fn an_import_that_is_being_read_keeps_no_other_from_being_stored() {
    let data = TestDataFolder::with_provider();
    data.add_provider(2, "Europe/London", "gbp");
    let (first, second) = (data.token(1), data.token(2));
    let (server, held) = data.serve_held_up_at("import_read_on");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| server.import(&first, "customers", NDJSON, &many_rows()));
        wait_for(&held);
        let row = lines(&[json!({"id": 1, "name": "Ann"})]);
        let answer = server.import(&second, "customers", NDJSON, &row);
        assert_eq!(counts(&answer, "customers"), [1, 1, 0, 0, 0]);
        assert!(held.exists(), "the first is still being read");
        std::fs::remove_file(&held).unwrap();
        assert_eq!(counts(&slow.join().unwrap(), "customers"), [5000, 5000, 0, 0, 0]);
    });
}

#[test]
fn an_import_ends_when_its_sender_goes_away() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let (server, held) = data.serve_held_up_at("import_read_on");
    let host = server.address.strip_prefix("http://").unwrap();
    let body = many_rows();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /api/v1/import/customers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(&body).unwrap();
    wait_for(&held);
    drop(stream);
    while !server.request("GET", "/metrics").send().text().contains("rollbook_requests_running 0") {
        std::thread::yield_now();
    }
    std::fs::remove_file(&held).unwrap();
    let one = lines(&[json!({"id": 9001, "name": "Ann"})]);
    // The temporary file of the body is removed with its import.
    while has_bodies(data.folder.path()) {
        std::thread::yield_now();
    }
    server.import(&token, "customers", NDJSON, &one).ok();
    assert_eq!(names(&server, &token).len(), 1);
}

/// Returns true if a process has a body on disk.
fn has_bodies(data: &Path) -> bool {
    let folders = std::fs::read_dir(data.join("temp")).unwrap().flatten();
    let files = folders.filter_map(|folder| std::fs::read_dir(folder.path()).ok()).flatten();
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("body-"))
}
