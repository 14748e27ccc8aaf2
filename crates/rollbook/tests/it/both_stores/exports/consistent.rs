//! Files hold the records at the revision in their manifest, while imports change all of them.
//! Rule: spec/exports.md §5.1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{BASE, EXPORTS, IDLE, accepted, ask, finished, january};
use crate::server::{Server, TestDataFolder, Worker};

const INVOICES: i64 = 150;
/// Number of files of each type to check.
const FILES: usize = 8;
/// Settings with any number of concurrent exports, and a mirror that is refreshed all the time.
const BUSY: &str = "[mirror]\nrefresh_after_rows = 400\n";

/// Imports changes to every record that the exports join: customers, invoices and lines. Each round
/// adds one invoice and removes another.
fn import(server: &Server, token: &str, round: i64) -> i64 {
    let at = "2024-01-05T10:00:00Z";
    let mut lines = String::new();
    let mut add = |table: &str, row: Value| {
        lines.push_str(&format!("{}\n", json!({"table": table, "row": row})));
    };
    for customer in 1..=5 {
        add(
            "customers",
            json!({"id": customer, "name": format!("r{round} c{customer}"), "created_at": at}),
        );
    }
    for id in 1..=INVOICES + round {
        let is_gone = id == round;
        let deleted_at = if is_gone { json!("2024-02-01T00:00:00Z") } else { Value::Null };
        add(
            "invoices",
            json!({"id": id, "number": format!("r{round}"), "customer_id": id % 5 + 1,
            "status": "open", "currency": "usd", "subtotal": round, "total": round,
            "created_at": at, "deleted_at": deleted_at}),
        );
        add(
            "invoice_lines",
            json!({"id": id, "invoice_id": id, "description": format!("r{round}"),
            "quantity": round, "amount": round, "currency": "usd", "created_at": at}),
        );
    }
    let request = server.request("POST", "/api/v1/import").token(token);
    let answer = request.body("application/x-ndjson", lines.as_bytes()).send().ok();
    answer["revision"].as_i64().unwrap()
}

/// Returns the expected file of a type after import number `round`.
fn expected(kind: &str, round: i64) -> String {
    let customer = |id: i64| format!("r{round} c{}", id % 5 + 1);
    let invoices = (1..=INVOICES + round).filter(|id| *id != round);
    let money = format!("{}.{:02}", round / 100, round % 100);
    match kind {
        "invoices" => {
            let head = "id,number,customer_name,total,line_count\r\n".to_owned();
            let row = |id| format!("{id},r{round},{},{money},1\r\n", customer(id));
            head + &invoices.map(row).collect::<String>()
        }
        "lines" => {
            let head = "line_id,invoice_number,customer_name,description,amount\r\n".to_owned();
            let row = |id| format!("{id},r{round},{},r{round},{money}\r\n", customer(id));
            head + &invoices.map(row).collect::<String>()
        }
        _ => {
            let row = |id| format!("{id},r{round} c{id}\r\n");
            "id,name\r\n".to_owned() + &(1..=5).map(row).collect::<String>()
        }
    }
}

fn body(kind: &str) -> Value {
    let lines = json!(["line_id", "invoice_number", "customer_name", "description", "amount"]);
    match kind {
        "invoices" => january(
            "invoices",
            json!({"columns": ["id", "number", "customer_name", "total", "line_count"]}),
        ),
        "lines" => january("invoices", json!({"row_per": "line", "columns": lines})),
        _ => january("customers", json!({"columns": ["id", "name"]})),
    }
}

/// Returns a finished file with the revision in its manifest.
fn file(server: &Server, token: &str, uuid: &str) -> (i64, String) {
    let export = finished(server, token, uuid);
    assert_eq!(export["state"], "completed", "{export}");
    let path = format!("{EXPORTS}/{uuid}");
    let manifest = server.get(token, &format!("{path}/manifest")).ok();
    assert_eq!(manifest["rev"], export["rev"]);
    (manifest["rev"].as_i64().unwrap(), server.get(token, &path).text())
}

/// Returns files of one type, each with its revision and the last one acknowledged before.
fn files(server: &Server, token: &str, kind: &str) -> Vec<(i64, i64, String)> {
    let one = |_| {
        let page = server.get(token, "/api/v2/reports/customers/data?page_size=0");
        let before = page.header("rollbook-revision").unwrap().parse().unwrap();
        let uuid = accepted(server, token, &body(kind));
        let (revision, text) = file(server, token, &uuid);
        (before, revision, text)
    };
    (0..FILES).map(one).collect()
}

/// Returns the revisions of groups, with both files of each.
fn groups(server: &Server, token: &str) -> Vec<(i64, [String; 2])> {
    let one = |_| {
        let both = january(
            "",
            json!({"object": null, "objects": ["invoices", "customers"], "columns": ["id"]}),
        );
        let answer = ask(server, token, &both).ok();
        let uuid = |position: usize| answer["data"][position]["uuid"].as_str().unwrap();
        let [first, second] = [0, 1].map(|position| file(server, token, uuid(position)));
        assert_eq!(first.0, second.0, "one revision");
        (first.0, [first.1, second.1])
    };
    (0..FILES).map(one).collect()
}

fn files_are_the_records_at_their_revision(configuration: &str, has_worker: bool) {
    let data = TestDataFolder::with_provider();
    let many = configuration.replace("[exports]", "[exports]\none_per_type = false");
    data.configure(&format!("{many}{BUSY}"));
    let token = data.token(1);
    let server = data.serve();
    let mut rounds = BTreeMap::from([(import(&server, &token, 1), 1)]);
    let _worker = has_worker.then(|| Worker::start(&data));
    let is_over = AtomicBool::new(false);
    let kinds = ["invoices", "lines", "customers"];
    let (made, groups) = std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let mut rounds = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let round = 2 + rounds.len() as i64;
                rounds.push((import(&server, &token, round), round));
            }
            rounds
        });
        let (server, token) = (&server, token.as_str());
        let making = kinds.map(|kind| scope.spawn(move || files(server, token, kind)));
        let grouped = scope.spawn(|| groups(server, token));
        let made = making.map(|making| making.join());
        let groups = grouped.join();
        is_over.store(true, Ordering::Relaxed);
        rounds.extend(importing.join().unwrap());
        (made.map(Result::unwrap), groups.unwrap())
    });
    let mut seen = BTreeSet::new();
    for (kind, files) in kinds.iter().zip(&made) {
        for (before, revision, text) in files {
            assert!(revision >= before, "{kind}: {revision} is older than {before}");
            let round = rounds[revision];
            seen.insert(round);
            assert!(
                *text == expected(kind, round),
                "{kind} at {revision} (import {round}): {text}"
            );
        }
    }
    for (revision, [invoices, customers]) in groups {
        let ids = (1..=INVOICES + rounds[&revision]).filter(|id| *id != rounds[&revision]);
        let ids: String = ids.map(|id| format!("{id}\r\n")).collect();
        assert!(invoices == format!("id\r\n{ids}"), "{revision}: {invoices}");
        assert_eq!(customers.lines().count(), 6);
    }
    assert!(seen.len() >= 3, "imports must go on meanwhile: {seen:?}");
}

#[test]
fn while_imports_run_a_file_is_the_records_at_its_revision() {
    files_are_the_records_at_their_revision(BASE, false);
}

#[test]
fn while_imports_run_a_worker_s_file_is_the_records_at_its_revision() {
    files_are_the_records_at_their_revision(IDLE, true);
}
