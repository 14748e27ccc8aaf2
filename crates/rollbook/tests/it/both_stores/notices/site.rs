//! A server with records, exports and webhooks.

use std::time::Instant;

use serde_json::{Value, json};

use super::receiver::{WITHIN, WebhookReceiver};
use crate::server::{HttpAnswer, Server, TestDataFolder};

/// Settings that allow the receivers of these tests: on this machine, without a certificate.
pub(super) const LOCAL: &str = "[webhooks]\nallow_http = true\nallow_private = true\n";
pub(super) const WEBHOOKS: &str = "/api/v1/core/webhooks";

pub(super) struct NoticeServer {
    pub(super) server: Server,
    pub(super) token: String,
    pub(super) data: TestDataFolder,
}

impl NoticeServer {
    /// Starts a server with provider 1, its customers, and a token whose owner has a mailbox.
    pub(super) fn new(settings: &str) -> Self {
        let data = TestDataFolder::with_provider();
        data.configure(&format!("[rate_limit]\nper_minute = 0\n{settings}"));
        let token = data.token_with(&["--provider", "1", "--email", "ann@example.com"]);
        let server = data.serve();
        let row = |id: i64| json!({"id": id, "name": "Ann", "created_at": "2026-01-05T10:00:00Z"});
        let rows: String = (1..=20).map(|id| format!("{}\n", row(id))).collect();
        server.import(&token, "customers", "application/x-ndjson", rows.as_bytes()).ok();
        Self { server, token, data }
    }

    /// Restarts the server on the same folder after kill -9.
    pub(super) fn restarted(self) -> Self {
        Self { server: self.server.restart(), ..self }
    }

    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> HttpAnswer {
        let request = self.server.request(method, path).token(&self.token);
        if body.is_null() {
            request.send()
        } else {
            request.body("application/json", body.to_string().as_bytes()).send()
        }
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.server.get(&self.token, path).ok()
    }

    /// Adds a webhook for these events.
    pub(super) fn hook(&self, receiver: &WebhookReceiver, path: &str, events: &[&str]) -> Value {
        let body = json!({"url": receiver.url(path), "events": events});
        self.send("POST", WEBHOOKS, &body).ok()["data"].clone()
    }

    /// Requests an export of all customers. Returns its UUID.
    pub(super) fn export(&self) -> String {
        let body =
            json!({"object": "customers", "date_from": "2026-01-01", "date_to": "2026-01-31"});
        let answer = self.send("POST", "/api/v1/core/exports", &body).ok();
        answer["uuid"].as_str().unwrap().to_owned()
    }

    /// Returns the export when it has ended.
    pub(super) fn ended(&self, uuid: &str) -> Value {
        let path = format!("/api/v1/core/exports/{uuid}/status");
        let is_over = |shown: &Value| {
            !["queued", "processing"].contains(&shown["data"]["state"].as_str().unwrap())
        };
        self.wait(&path, is_over)["data"].clone()
    }

    pub(super) fn file(&self, uuid: &str) -> HttpAnswer {
        self.server.get(&self.token, &format!("/api/v1/core/exports/{uuid}"))
    }

    /// Returns the deliveries to a webhook, when they satisfy the condition.
    pub(super) fn log(&self, hook: &Value, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let path = format!("{WEBHOOKS}/{}/deliveries", hook["id"]);
        let rows = |shown: &Value| shown["data"].as_array().unwrap().clone();
        rows(&self.wait(&path, |shown| is_there(&rows(shown))))
    }

    pub(super) fn wait(&self, path: &str, is_there: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + WITHIN;
        loop {
            let shown = self.get(path);
            if is_there(&shown) {
                return shown;
            }
            assert!(Instant::now() < deadline, "{path}: {shown}");
            std::thread::yield_now();
        }
    }
}

/// Returns the fields that an answer marks as wrong.
pub(super) fn blamed(answer: &HttpAnswer) -> Vec<String> {
    assert_eq!(answer.status, 400, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["code"], "validation_failed", "{body}");
    body["errors"].as_object().unwrap().keys().cloned().collect()
}
