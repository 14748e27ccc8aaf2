//! The import endpoints. Rule: spec/data-model.md §3.

use std::io::Write;

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use serde_json::{Value, json};

use super::site::{Reply, Site, full_grant, request};

const ROWS: &str = "{\"id\":1,\"name\":\"A\"}\n{\"id\":2,\"name\":\"B\"}\n";

async fn post(site: &Site, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    let token = format!("Bearer {}", site.token(full_grant()));
    let mut all = vec![("authorization", token.as_str())];
    all.extend_from_slice(headers);
    site.send(request("POST", path, &all, body)).await
}

fn counts(reply: &Reply, table: &str) -> Value {
    reply.json()["tables"][table].clone()
}

#[tokio::test]
async fn rows_come_in_by_every_format_and_packing() {
    let site = Site::new();
    let gzip = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(ROWS.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(ROWS.as_bytes(), 1).unwrap();
    let lines = "{\"table\":\"sites\",\"row\":{\"id\":1,\"name\":\"A\"}}\n{\"table\":\"sites\",\"row\":{\"id\":2,\"name\":\"B\"}}";
    let ndjson = ("content-type", "application/x-ndjson");
    let json = ("content-type", "application/json");
    for (path, headers, body) in [
        ("/api/v1/import/sites", vec![ndjson], ROWS.as_bytes().to_vec()),
        (
            "/api/v1/import/sites",
            vec![("content-type", "text/csv")],
            b"id,name\n1,A\n2,B\n".to_vec(),
        ),
        ("/api/v1/import/sites", vec![ndjson, ("content-encoding", "gzip")], gzip),
        ("/api/v1/import/sites", vec![ndjson, ("content-encoding", "zstd")], zstd),
        ("/api/v1/import", vec![ndjson], lines.as_bytes().to_vec()),
        ("/api/v1/import/sites", vec![json], array(ROWS)),
        ("/api/v1/import", vec![json], array(lines)),
    ] {
        let fresh = Site::new();
        let reply = post(&fresh, path, &headers, body.clone()).await;
        assert_eq!(reply.outcome(), "200 -", "{path} {headers:?}: {}", reply.text());
        let expected =
            json!({"received": 2, "inserted": 2, "updated": 0, "unchanged": 0, "deleted": 0});
        assert_eq!(counts(&reply, "sites"), expected, "{path} {headers:?}");
        assert_eq!(reply.json()["revision"], fresh.store.revision().unwrap().0);
        assert_eq!(fresh.spooled_files(), Vec::<String>::new());
        // All formats lead to the same store, so sending the same rows again changes nothing.
        post(&site, path, &headers, body.clone()).await;
        let before = site.store.revision().unwrap();
        let again = post(&site, path, &headers, body).await;
        assert_eq!(counts(&again, "sites")["unchanged"], 2, "{path} {headers:?}");
        assert_eq!(site.store.revision().unwrap(), before);
    }
}

/// Returns the same rows as a JSON array over several lines.
fn array(lines: &str) -> Vec<u8> {
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    serde_json::to_vec_pretty(&rows).unwrap()
}

#[tokio::test]
async fn an_array_that_is_wrong_is_refused_whole() {
    let site = Site::new();
    let before = site.store.revision().unwrap();
    let json = [("content-type", "application/json")];
    for (body, line, code) in [
        ("{\"id\":1,\"name\":\"A\"}", 1, "json_invalid"),
        ("[{\"id\":1,\"name\":\"A\"}", 1, "json_invalid"),
        ("[{\"id\":1,\"name\":\"A\"},\n{\"id\":2,\"nam\":\"B\"}]", 2, "column_unknown"),
    ] {
        let reply = post(&site, "/api/v1/import/sites", &json, body).await;
        assert_eq!(reply.outcome(), "400 import_invalid", "{body}");
        let error = &reply.json()["errors"][0];
        assert_eq!(
            (&error["line"], &error["code"]),
            (&json!(line), &json!(code)),
            "{body}: {error}"
        );
    }
    assert_eq!(site.store.revision().unwrap(), before);
}

#[tokio::test]
async fn rows_are_deleted_by_mode() {
    let site = Site::new();
    let ndjson = [("content-type", "application/x-ndjson")];
    post(&site, "/api/v1/import/sites", &ndjson, ROWS).await;
    let reply = post(&site, "/api/v1/import/sites?mode=delete", &ndjson, "{\"id\":1}\n").await;
    assert_eq!(counts(&reply, "sites")["deleted"], 1, "{}", reply.text());
}

#[tokio::test]
async fn wrong_rows_are_listed_and_nothing_is_stored() {
    let site = Site::new();
    let before = site.store.revision().unwrap();
    let ndjson = [("content-type", "application/x-ndjson")];
    let rows = "{\"id\":1,\"name\":\"A\"}\n{\"id\":2,\"nam\":\"B\"}\nnonsense\n";
    let reply = post(&site, "/api/v1/import/sites", &ndjson, rows).await;
    assert_eq!(reply.outcome(), "400 import_invalid");
    let body = reply.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "message", "errors", "error_count"]);
    let first = &body["errors"][0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["table", "line", "id", "column", "code", "message"]);
    let codes: Vec<_> =
        body["errors"].as_array().unwrap().iter().map(|e| (&e["line"], &e["code"])).collect();
    assert!(codes.contains(&(&json!(2), &json!("column_unknown"))), "{codes:?}");
    assert!(codes.contains(&(&json!(3), &json!("json_invalid"))), "{codes:?}");
    assert_eq!(body["error_count"], body["errors"].as_array().unwrap().len());
    assert_eq!(site.store.revision().unwrap(), before);
}

#[tokio::test]
async fn a_key_makes_a_call_happen_once() {
    let site = Site::new();
    let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", "k-1")];
    let first = post(&site, "/api/v1/import/sites", &headers, ROWS).await;
    let again = post(&site, "/api/v1/import/sites", &headers, ROWS).await;
    assert_eq!(first.outcome(), "200 -", "{}", first.text());
    assert_eq!(again.text(), first.text());
    for (path, body) in [
        ("/api/v1/import/sites", "{\"id\":3,\"name\":\"C\"}\n"),
        ("/api/v1/import/sites?mode=delete", ROWS),
        ("/api/v1/import/instructors", ROWS),
    ] {
        let other = post(&site, path, &headers, body).await;
        assert_eq!(other.outcome(), "409 idempotency_conflict", "{path}");
        assert_eq!(other.json()["type"], "conflict");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let site = Site::new();
    let before = site.store.revision().unwrap();
    let pieces: [Result<Bytes, &str>; 2] = [Ok(Bytes::from(ROWS)), Err("reset")];
    let body = Body::from_stream(stream::iter(pieces));
    let ndjson = [("content-type", "application/x-ndjson")];
    let reply = post(&site, "/api/v1/import/sites", &ndjson, body).await;
    assert_eq!(reply.outcome(), "400 parameter_invalid");
    assert_eq!(site.store.revision().unwrap(), before);
}

#[tokio::test]
async fn a_body_that_unpacks_to_too_much_is_refused() {
    let site = Site::with(|settings| settings.import.max_unpacked_bytes = 1000);
    let rows: String = (1..100).map(|id| format!("{{\"id\":{id},\"name\":\"A\"}}\n")).collect();
    let packed = zstd::encode_all(rows.as_bytes(), 1).unwrap();
    assert!(packed.len() < 1000);
    let headers = [("content-type", "application/x-ndjson"), ("content-encoding", "zstd")];
    let before = site.store.revision().unwrap();
    let reply = post(&site, "/api/v1/import/sites", &headers, packed).await;
    assert_eq!(reply.outcome(), "413 request_too_large");
    assert_eq!(site.store.revision().unwrap(), before);
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_very_much_is_refused() {
    let site = Site::new();
    let packed = zstd::encode_all(&vec![b' '; 17 << 20][..], 1).unwrap();
    let headers = [("content-type", "application/x-ndjson"), ("content-encoding", "zstd")];
    let reply = post(&site, "/api/v1/import/sites", &headers, packed).await;
    assert_eq!(reply.outcome(), "413 request_too_large");
    assert!(reply.text().contains("200 times its size"), "{}", reply.text());
}

#[tokio::test]
async fn very_many_errors_are_not_all_looked_for() {
    let site = Site::new();
    let ndjson = [("content-type", "application/x-ndjson")];
    let reply = post(&site, "/api/v1/import/sites", &ndjson, "x\n".repeat(20_000)).await;
    assert_eq!(reply.outcome(), "400 import_invalid");
    let body = reply.json();
    let message =
        "At least 10000 errors were found; the rest was not looked at. Nothing was stored.";
    assert_eq!(body["message"], message);
    assert_eq!(body["error_count"], 10_000);
    assert_eq!(body["errors"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn more_imports_than_are_taken_in_are_told_to_come_back() {
    let site = Site::with(|settings| {
        settings.import.concurrent_max = 1;
        settings.import.wait_s = 0;
    });
    let held = site.app.import_slots().take(None);
    let ndjson = [("content-type", "application/x-ndjson")];
    let reply = post(&site, "/api/v1/import/sites", &ndjson, ROWS).await;
    assert_eq!(reply.outcome(), "503 unavailable");
    assert_eq!(reply.header("retry-after"), "5");
    drop(held);
    assert_eq!(post(&site, "/api/v1/import/sites", &ndjson, ROWS).await.outcome(), "200 -");
}
