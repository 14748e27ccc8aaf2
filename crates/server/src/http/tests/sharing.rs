//! Limits that keep one provider or address from taking the share of the others.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use futures::stream::{self, StreamExt};
use http::Request;
use http_body_util::BodyExt;
use model::id::ProviderId;
use store::token::TokenGrant;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::site::{Reply, Site, full_grant, request};

const REPORTS: &str = "/api/v2/reports";
const USAGE: &str = "/api/v2/customer_memberships/usage";
const EXPORT: &str = "/api/v2/reports/customers/export";
const IMPORT: &str = "/api/v1/import/sites";
const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

fn token_of(site: &Site, provider: i64) -> String {
    let token = site.token(TokenGrant { providers: vec![ProviderId(provider)], ..full_grant() });
    format!("Bearer {token}")
}

fn post(token: &str, path: &str, content_type: &str, body: Body) -> Request<Body> {
    let headers = [("authorization", token), ("content-type", content_type)];
    request("POST", path, &headers, body)
}

/// Returns a body whose pieces the test sends one by one.
fn slow_body() -> (Sender<Bytes>, Body) {
    let (sender, receiver) = channel::<Bytes>(1);
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (Ok::<_, io::Error>(piece), receiver))
    });
    (sender, Body::from_stream(pieces.boxed()))
}

/// Starts a request and returns once the server has read the first piece of its body.
async fn begin_request(
    site: &Site,
    token: &str,
    path: &str,
    content_type: &str,
    begin: &'static str,
) -> (Sender<Bytes>, JoinHandle<http::StatusCode>) {
    let (sender, body) = slow_body();
    let mut request = post(token, path, content_type, body);
    request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 1))));
    request.headers_mut().insert("host", "x".parse().unwrap());
    let answer = site.router.clone().oneshot(request);
    let answer = tokio::spawn(async move { answer.await.unwrap().status() });
    sender.send(begin.into()).await.unwrap();
    // The channel has room for one piece, so the second is only accepted when the first was taken.
    sender.send(Bytes::new()).await.unwrap();
    sender.send(Bytes::new()).await.unwrap();
    (sender, answer)
}

#[tokio::test]
async fn requests_of_one_provider_leave_room_for_others() {
    let site = Site::with(|settings| settings.server.requests_max = 4);
    let (one, two) = (token_of(&site, 1), token_of(&site, 2));
    let _held = [(); 2].map(|()| site.app.request_slots().take(Some(ProviderId(1))).unwrap());
    let get = async |token: &str| site.get(REPORTS, &[("authorization", token)]).await.outcome();
    assert_eq!(get(&one).await, "503 unavailable");
    assert_eq!(get(&two).await, "200 -");
}

#[tokio::test]
async fn slow_bodies_hold_no_place_of_a_request() {
    let site = Site::with(|settings| settings.server.requests_max = 4);
    let (one, two) = (token_of(&site, 1), token_of(&site, 2));
    let mut slow = Vec::new();
    for path in [USAGE, EXPORT] {
        slow.push(begin_request(&site, &one, path, JSON, "{").await);
    }
    assert_eq!((site.app.request_slots().taken(), site.app.body_slots().taken()), (0, 2));
    let third = site.send(post(&one, USAGE, JSON, Body::from("{}"))).await;
    assert_eq!(third.outcome(), "503 unavailable", "more bodies of the same provider");
    for token in [&one, &two] {
        let page = site.get(REPORTS, &[("authorization", token)]).await;
        assert_eq!(page.outcome(), "200 -");
    }
    let other = site.send(post(&two, EXPORT, JSON, Body::from("{}"))).await;
    assert_eq!(other.outcome(), "200 -", "{}", other.text());
    let (sender, answer) = slow.pop().unwrap();
    sender.send("}".into()).await.unwrap();
    drop(sender);
    assert_eq!(answer.await.unwrap(), 200, "whoever sends on is answered");
}

#[tokio::test]
async fn slow_imports_hold_no_place_of_an_import() {
    let site = Site::with(|settings| settings.import.concurrent_max = 1);
    let (one, two) = (token_of(&site, 1), token_of(&site, 2));
    let row = "{\"id\":1,\"name\":\"A\"}\n";
    let (sender, answer) = begin_request(&site, &one, IMPORT, NDJSON, row).await;
    for token in [&one, &two] {
        let import = site.send(post(token, IMPORT, NDJSON, Body::from(row))).await;
        assert_eq!(import.outcome(), "200 -", "{}", import.text());
    }
    assert_eq!((site.app.import_slots().taken(), site.app.import_body_slots().taken()), (0, 1));
    drop(sender);
    assert_eq!(answer.await.unwrap(), 200);
    assert_eq!(site.app.import_body_slots().taken(), 0);
}

#[tokio::test]
async fn bodies_of_imports_on_disk_are_shared_out() {
    let site = Site::with(|settings| settings.import.bodies_max = 2);
    let (one, two) = (token_of(&site, 1), token_of(&site, 2));
    let row = "{\"id\":1,\"name\":\"A\"}\n";
    let _slow = begin_request(&site, &one, IMPORT, NDJSON, row).await;
    let import = async |token: &str| {
        let reply: Reply = site.send(post(token, IMPORT, NDJSON, Body::from(row))).await;
        reply.outcome()
    };
    assert_eq!(import(&one).await, "503 unavailable");
    assert_eq!(import(&two).await, "200 -");
}

#[tokio::test]
async fn a_body_with_far_too_many_keys_is_refused_by_their_number() {
    let site = Site::new();
    let token = token_of(&site, 1);
    for count in [1001, 80_000] {
        let keys: Vec<String> = (0..count).map(|number| format!("\"{number}\":1")).collect();
        let body = format!("{{{}}}", keys.join(","));
        for path in [USAGE, EXPORT, "/api/v1/core/exports"] {
            let reply = site.send(post(&token, path, JSON, Body::from(body.clone()))).await;
            assert_eq!(reply.status, 400, "{path}");
            assert!(reply.text().contains(&format!("has {count} keys")), "{}", reply.text());
        }
    }
    let values = format!("{{\"ids\":[{}1]}}", "1,".repeat(500_000));
    let reply = site.send(post(&token, USAGE, JSON, Body::from(values))).await;
    assert!(reply.text().contains("has 500002 values"), "{}", reply.text());
    let form = "application/x-www-form-urlencoded";
    let reply = site.send(post(&token, USAGE, form, Body::from("a&".repeat(500_000)))).await;
    assert!(reply.text().contains("More than 11000 values"), "{}", reply.text());
    let part = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(15_000);
    let multipart = "multipart/form-data; boundary=x";
    let reply = site.send(post(&token, USAGE, multipart, Body::from(part))).await;
    assert!(reply.text().contains("More than 11000 values"), "{}", reply.text());
    let twice = r#"{"ids": [1], "ids": [2]}"#;
    let reply = site.send(post(&token, USAGE, JSON, Body::from(twice))).await;
    assert!(reply.text().contains("each key stands once"), "{}", reply.text());
}

#[tokio::test]
async fn readers_of_the_reference_lock_nobody_out_but_themselves() {
    let site = Site::new();
    let token = token_of(&site, 1);
    for _ in 0..250 {
        assert_eq!(site.get("/docs", &[]).await.status, 200);
    }
    assert_eq!(site.get("/docs", &[]).await.outcome(), "429 throttled");
    assert_eq!(site.get("/api/openapi.json", &[]).await.outcome(), "429 throttled");
    let page = site.get(REPORTS, &[("authorization", &token)]).await;
    assert_eq!(page.outcome(), "200 -");
    let wrong = site.get(REPORTS, &[("authorization", "Bearer wrong")]).await;
    assert_eq!(wrong.outcome(), "401 authentication_failed");
}

#[tokio::test]
async fn answers_share_the_bytes_of_the_reference() {
    let site = Site::new();
    for path in ["/api/openapi.json", "/docs"] {
        let mut begins = Vec::new();
        let mut held = Vec::new();
        for _ in 0..2 {
            let request = request("GET", path, &[("host", "x")], Body::empty());
            let mut body = site.router.clone().oneshot(request).await.unwrap().into_body();
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            begins.push(piece.as_ptr());
            held.push(piece);
        }
        assert_eq!(begins[0], begins[1], "{path}");
    }
}
