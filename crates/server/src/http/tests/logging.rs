//! The contents of the log, and what must never appear in it. Rule: spec/auth-and-errors.md §8.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Body;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::site::{NOW_S, Site, full_grant, request};
use testkit::jwt::hs256_token;

#[derive(Clone, Default)]
struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_probe_is_a_line_at_info_only_when_it_fails() {
    let site = Site::new();
    let lines = LogBuffer::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    for path in ["/healthz", "/readyz", "/metrics", "/nowhere"] {
        site.get(path, &[]).await;
    }
    site.app.begin_stopping();
    site.get("/readyz", &[]).await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let access = lines.filter(|line| line["target"] == "rollbook::access");
    let told: Vec<String> = access
        .map(|line| format!("{} {}", line["fields"]["path"], line["fields"]["status"]))
        .collect();
    assert_eq!(told, [r#""/nowhere" 404"#, r#""/readyz" 503"#]);
}

/// Returns the lines that are logged while `work` runs, as JSON.
async fn logged(work: impl Future<Output = ()>) -> String {
    let lines = LogBuffer::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work.await;
    drop(guard);
    String::from_utf8(lines.0.lock().clone()).unwrap()
}

#[tokio::test]
async fn methods_and_paths_are_cut_in_the_log() {
    let site = Site::new();
    let (method, path) = ("M".repeat(5000), format!("/{}", "p".repeat(5000)));
    let text = logged(async {
        let refused = site.send(request(&method, &path, &[], Body::empty())).await;
        assert_eq!(refused.outcome(), "400 parameter_invalid");
    });
    let text = text.await;
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let access: Vec<Value> = lines.filter(|line| line["target"] == "rollbook::access").collect();
    let shown = |name: &str| access[0]["fields"][name].as_str().unwrap().len();
    assert_eq!((access.len(), shown("method"), shown("path")), (1, 32, 512));
}

#[tokio::test]
async fn a_proxy_that_nobody_trusts_is_warned_of_once() {
    let forwarded = [("x-forwarded-for", "198.51.100.7")];
    for (trusted, warnings) in [(vec![], 1), (vec!["192.0.2.0/24".parse().unwrap()], 0)] {
        let site = Site::with(|settings| settings.server.trusted_proxies = trusted);
        let text = logged(async {
            for _ in 0..3 {
                site.get("/healthz", &forwarded).await;
            }
        });
        assert_eq!(text.await.matches("server.trusted_proxies").count(), warnings);
    }
}

#[tokio::test]
async fn a_line_says_who_asked_what_and_gives_nothing_away() {
    let site = Site::new();
    let token = site.token(full_grant());
    let claims = json!({"sub": "ada@example.com", "exp": NOW_S + 9, "scope": "read provider:1"});
    let jwt = hs256_token(&claims);
    let path = "/api/v2/reports/customers/data?columns=id&q=ada@example.com";
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("x-request-id", "r-1")];
    let text = logged(async {
        site.get(path, &headers).await;
        site.get_as(&jwt, path).await;
        site.get_as("rbk_wrong", path).await;
    });
    let text = text.await;
    for secret in [token.as_str(), &jwt, "rbk_", "ada@example.com", "columns=id"] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let access: Vec<Value> = lines.filter(|line| line["target"] == "rollbook::access").collect();
    let fields: Vec<&Value> = access.iter().map(|line| &line["fields"]).collect();
    assert_eq!(fields.len(), 3);
    assert_eq!(fields[0]["request_id"], "r-1");
    assert_eq!(fields[0]["path"], "/api/v2/reports/customers/data");
    assert_eq!(fields[0]["method"], "GET");
    assert_eq!((&fields[0]["status"], &fields[0]["provider"]), (&json!(400), &json!(1)));
    assert!(fields[0]["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    assert!(fields[0]["identity"].as_str().unwrap().starts_with("token:"));
    assert!(fields[1]["identity"].as_str().unwrap().starts_with("sub:"));
    assert_eq!((&fields[2]["status"], &fields[2]["identity"]), (&json!(401), &Value::Null));
}
