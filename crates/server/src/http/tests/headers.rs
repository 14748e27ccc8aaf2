//! Headers of every answer. Rule: spec/auth-and-errors.md §8.

use axum::body::Body;

use super::site::{Site, full_grant, request};

const VARY: &str =
    "Accept, Accept-Encoding, Authorization, TeamUp-Provider-ID, Teamup-Request-Mode";

#[tokio::test]
async fn every_answer_carries_the_standard_headers() {
    let site = Site::new();
    let token = site.token(full_grant());
    let authorization = format!("Bearer {token}");
    for (method, path) in [
        ("GET", "/api/v2/reports/customers/data"),
        ("GET", "/api/v2/reports"),
        ("GET", "/nonsense"),
        ("PUT", "/api/v2/reports"),
        ("OPTIONS", "/api/v2/reports"),
        ("HEAD", "/api/v2/reports"),
        ("GET", "/api/v2/reports?x=1"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/api/openapi.json"),
    ] {
        let headers = [("authorization", authorization.as_str())];
        let reply = site.send(request(method, path, &headers, Body::empty())).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("vary", VARY),
            ("ratelimit-limit", "250"),
        ] {
            assert_eq!(reply.header(name), value, "{method} {path}: {name}");
        }
        assert!(!reply.header("x-request-id").is_empty(), "{method} {path}");
    }
}

#[tokio::test]
async fn answers_from_records_name_their_revision() {
    let site = Site::with_customers().await;
    let token = site.token(full_grant());
    let revision = site.store.revision().unwrap().to_string();
    let page = site.get_as(&token, "/api/v2/reports/customers/data").await;
    assert_eq!(page.header("rollbook-revision"), revision);
    let import = site.import(&token, "customers", "{\"id\":9,\"name\":\"New\"}\n").await;
    assert_eq!(import.header("rollbook-revision"), site.store.revision().unwrap().to_string());
    assert_ne!(import.header("rollbook-revision"), revision);
    let list = site.get_as(&token, "/api/v2/reports").await;
    assert_eq!(list.header("rollbook-revision"), "");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let site = Site::new();
    let token = format!("Bearer {}", site.token(full_grant()));
    for path in ["/healthz", "/api/v2/reports", "/api/v2/reports/customers/data", "/nonsense"] {
        let headers = [("authorization", token.as_str())];
        let get = site.send(request("GET", path, &headers, Body::empty())).await;
        let head = site.send(request("HEAD", path, &headers, Body::empty())).await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn large_answers_are_packed_as_the_client_takes_them() {
    let site = Site::new();
    for (accepted, encoding) in
        [("gzip", "gzip"), ("zstd", "zstd"), ("br", ""), ("identity", ""), ("gzip;q=0", "")]
    {
        let headers = [("accept-encoding", accepted)];
        let reply = site.get("/api/openapi.json", &headers).await;
        assert_eq!(reply.header("content-encoding"), encoding, "{accepted}");
        let text = match encoding {
            "gzip" => {
                let mut text = String::new();
                let mut reader = flate2::read::GzDecoder::new(reply.body.as_slice());
                std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
                text
            }
            "zstd" => String::from_utf8(zstd::decode_all(reply.body.as_slice()).unwrap()).unwrap(),
            _ => reply.text().to_owned(),
        };
        assert!(text.starts_with(r#"{"openapi":"3.1.0""#), "{accepted}");
        let small = site.get("/healthz", &headers).await;
        assert_eq!(small.header("content-encoding"), "", "below 1 KiB");
        assert_eq!(small.header("vary"), VARY);
    }
}

#[tokio::test]
async fn browsers_may_call_only_from_listed_origins() {
    let closed = Site::new();
    let headers = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let reply = closed.send(request("OPTIONS", "/api/v2/reports", &headers, Body::empty())).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");

    let open = Site::with(|settings| {
        settings.server.cors_origins = vec!["https://app.example".to_owned()];
    });
    for (origin, allowed) in
        [("https://app.example", "https://app.example"), ("https://evil.example", "")]
    {
        let headers = [("origin", origin), ("access-control-request-method", "GET")];
        let preflight = request("OPTIONS", "/api/v2/reports", &headers, Body::empty());
        let preflight = open.send(preflight).await;
        let get = open.get("/healthz", &[("origin", origin)]).await;
        for reply in [preflight, get] {
            assert_eq!(reply.header("access-control-allow-origin"), allowed, "{origin}");
            assert!(reply.header("vary").ends_with("Origin"), "{origin}");
            assert!(!reply.header("x-request-id").is_empty(), "{origin}");
        }
    }
}

#[tokio::test]
async fn pages_are_json_or_csv_as_asked() {
    let site = Site::with_customers().await;
    let token = format!("Bearer {}", site.token(full_grant()));
    let data = "/api/v2/reports/customers/data?columns=id";
    let (json, csv) = ("application/json", "text/csv; charset=utf-8");
    for (accept, format, content_type) in [
        (None, "", json),
        (Some("*/*"), "", json),
        (Some("text/csv"), "", csv),
        (Some("text/csv, application/json;q=0.5"), "", json),
        (Some("application/json"), "&format=csv", csv),
        (Some("text/csv"), "&format=json", json),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(accept.map(|accept| ("accept", accept)));
        let reply = site.get(&format!("{data}{format}"), &headers).await;
        assert_eq!(reply.header("content-type"), content_type, "{accept:?} {format}");
        if content_type == csv {
            assert_eq!(reply.text(), "ID\r\n7\r\n")
        } else {
            assert_eq!(reply.json()["rows"][0]["id"], 7)
        }
    }
}
