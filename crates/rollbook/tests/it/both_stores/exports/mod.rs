//! Exports through the real server. Rule: spec/exports.md.

mod accounting;
mod client;
mod consistent;
mod differential;
mod ends;
mod files;
mod golden;
mod killed;
mod modes;
mod reference;
mod requests;
mod values;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{HttpAnswer, Server, TestDataFolder};

/// Settings without a rate limit, and independent of the free disk space of the test machine.
pub(crate) const BASE: &str = "[rate_limit]\nper_minute = 0\n[exports]\nmin_free_disk_mb = 0\n";
/// The same settings without a worker, so that exports stay queued.
const IDLE: &str = "[rate_limit]\nper_minute = 0\n[exports]\nmin_free_disk_mb = 0\n[jobs]\nwork_in_server = false\n";
const EXPORTS: &str = "/api/v1/core/exports";
/// Longest time that an export of a test may take, in seconds.
const EXPORT_SECS_MAX: u64 = 120;

/// Returns a data folder with a provider and a few records of January 2024, and a token.
fn business(configuration: &str) -> (TestDataFolder, String) {
    let data = TestDataFolder::with_provider();
    data.configure(configuration);
    let token = data.token(1);
    let server = data.serve();
    fill(&server, &token);
    (data, token)
}

fn fill(server: &Server, token: &str) {
    let at = "2024-01-02T03:04:05Z";
    let rows = [
        (
            "customers",
            json!({"id": 7, "email": "ann@example.com", "name": "=Ann", "metadata": {"size": "L"}, "created_at": at}),
        ),
        (
            "customers",
            json!({"id": 8, "email": "bob@example.com", "name": "Bob", "created_at": "2024-01-03T00:00:00Z"}),
        ),
        ("products", json!({"id": 40, "name": "Journal"})),
        (
            "plans",
            json!({"id": 50, "product_id": 40, "name": "Monthly", "amount": 1000, "currency": "usd"}),
        ),
        (
            "subscriptions",
            json!({"id": 80, "customer_id": 7, "plan_id": 50, "status": "active", "currency": "usd", "started_at": at, "created_at": at}),
        ),
        (
            "invoices",
            json!({"id": 17, "number": "A,1", "customer_id": 7, "subscription_id": 80, "status": "paid", "currency": "usd", "subtotal": 11000, "total": 11000, "amount_paid": 11000, "date": at, "period_start": "2024-01-01T00:00:00Z", "period_end": "2024-02-01T00:00:00Z", "created_at": at}),
        ),
        (
            "invoice_lines",
            json!({"id": 170, "invoice_id": 17, "plan_id": 50, "subscription_id": 80, "amount": 11000, "currency": "usd", "period_start": "2024-01-01T00:00:00Z", "period_end": "2024-02-01T00:00:00Z", "created_at": at}),
        ),
        (
            "invoices",
            json!({"id": 18, "customer_id": 8, "status": "open", "currency": "jpy", "subtotal": 500, "total": 500, "created_at": "2024-01-04T00:00:00Z"}),
        ),
        (
            "payments",
            json!({"id": 300, "customer_id": 7, "invoice_id": 17, "amount": 11000, "currency": "usd", "status": "succeeded", "type": "online", "category": "Card", "created_at": at}),
        ),
        (
            "credit_notes",
            json!({"id": 400, "invoice_id": 17, "customer_id": 7, "type": "post_payment", "amount": 100, "total": 100, "currency": "usd", "created_at": "2024-01-05T00:00:00Z"}),
        ),
    ];
    let lines = rows.map(|(table, row)| json!({"table": table, "row": row}).to_string());
    let body = lines.join("\n");
    let request = server.request("POST", "/api/v1/import").token(token);
    request.body("application/x-ndjson", body.as_bytes()).send().ok();
}

/// Returns a body that asks for January 2024, with additional or different fields.
fn january(object: &str, fields: Value) -> Value {
    let mut body = json!({"object": object, "date_from": 1_704_067_200, "date_to": 1_706_745_599});
    let members = body.as_object_mut().unwrap();
    for (name, value) in fields.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    body
}

pub(crate) fn ask(server: &Server, token: &str, body: &Value) -> HttpAnswer {
    ask_at(server, token, EXPORTS, body)
}

fn ask_at(server: &Server, token: &str, path: &str, body: &Value) -> HttpAnswer {
    let request = server.request("POST", path).token(token);
    request.body("application/json", body.to_string().as_bytes()).send()
}

/// Requests an export that must be accepted. Returns its UUID.
fn accepted(server: &Server, token: &str, body: &Value) -> String {
    let answer = ask(server, token, body).ok();
    assert_eq!(answer["export_id"], answer["data"]["uuid"], "{answer}");
    assert_eq!(answer["data"]["state"], "queued", "{answer}");
    answer["uuid"].as_str().unwrap().to_owned()
}

fn status(server: &Server, token: &str, uuid: &str) -> Value {
    server.get(token, &format!("{EXPORTS}/{uuid}/status")).ok()["data"].clone()
}

fn finished(server: &Server, token: &str, uuid: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(EXPORT_SECS_MAX);
    loop {
        let export = status(server, token, uuid);
        if !["queued", "processing"].contains(&export["state"].as_str().unwrap()) {
            return export;
        }
        assert!(Instant::now() < deadline, "export {uuid} does not end: {export}");
        std::thread::yield_now();
    }
}

/// Requests an export. Returns it with its file when it has completed.
fn made(server: &Server, token: &str, body: &Value) -> (Value, HttpAnswer) {
    fetched(server, token, &accepted(server, token, body))
}

/// Waits until a requested export has completed. Returns it with its file.
pub(crate) fn fetched(server: &Server, token: &str, uuid: &str) -> (Value, HttpAnswer) {
    let export = finished(server, token, uuid);
    assert_eq!(export["state"], "completed", "{export}");
    let file = server.get(token, &format!("{EXPORTS}/{uuid}"));
    assert_eq!(file.status, 200, "{}", file.text());
    (export, file)
}

/// Returns status, code and fields of an error: `400 validation_failed status`.
fn outcome(answer: &HttpAnswer) -> String {
    let body = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/json"), "{body}");
    assert!(body["message"].is_string(), "{body}");
    let fields: Vec<&str> =
        body["errors"].as_object().unwrap().keys().map(String::as_str).collect();
    let code = body["code"].as_str().unwrap();
    format!("{} {code} {}", answer.status, fields.join(",")).trim_end().to_owned()
}
