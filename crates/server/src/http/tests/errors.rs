//! Every error code once, always in the envelope.

use axum::body::Body;
use model::permission::Permission;
use serde_json::json;

use super::site::{Site, full_grant, request};
use crate::http::endpoint::{AnswerFormats, Endpoint, EndpointAction, EndpointMethod};
use crate::http::router::router_for_endpoints;
use crate::openapi::Operation;
use app::auth::admission::Requirement;
use app::auth::caller::Modes;

fn is_envelope(body: &serde_json::Value) -> bool {
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    keys == ["code", "field_errors", "message", "type"]
}

#[tokio::test]
async fn each_code_is_answered_in_the_envelope() {
    let site = Site::with(|settings| settings.import.max_body_bytes = 10);
    let token = format!("Bearer {}", site.token(full_grant()));
    let bare = format!("Bearer {}", site.token_with(&[]));
    let long = format!("/api/v2/reports?x={}", "a".repeat(65_510));
    let auth = ("authorization", token.as_str());
    let ndjson = ("content-type", "application/x-ndjson");
    let data = "/api/v2/reports/customers/data";
    for (method, path, headers, body, expected) in [
        ("GET", "/nowhere", &[][..], "", "404 not_found"),
        ("GET", "/api/v2/reports/nonsense/data", &[], "", "404 not_found"),
        ("GET", "/api/v2/reports/customers/data/x", &[auth], "", "404 not_found"),
        ("POST", "/api/v1/import/nonsense", &[auth, ndjson], "", "404 not_found"),
        ("DELETE", "/nonsense", &[], "", "404 not_found"),
        ("POST", data, &[], "", "405 method_not_allowed"),
        ("PATCH", data, &[auth], "", "405 method_not_allowed"),
        ("GET", "/api/v1/import/customers", &[auth], "", "405 method_not_allowed"),
        ("GET", data, &[], "", "401 authentication_failed"),
        ("GET", data, &[("authorization", bare.as_str())], "", "403 permission_denied"),
        ("GET", data, &[auth, ("teamup-provider-id", "x")], "", "400 provider_header_invalid"),
        ("GET", data, &[auth, ("teamup-provider-id", "2")], "", "403 provider_invalid"),
        ("GET", data, &[auth, ("teamup-request-mode", "x")], "", "400 mode_header_invalid"),
        ("GET", data, &[auth, ("teamup-request-mode", "customer")], "", "403 mode_not_allowed"),
        ("GET", data, &[auth, ("accept", "application/xml")], "", "406 not_acceptable"),
        ("GET", "/api/v2/reports", &[auth, ("accept", "text/csv")], "", "406 not_acceptable"),
        ("GET", data, &[auth, ("content-length", "2000000")], "", "413 request_too_large"),
        ("GET", "/api/v2/reports/customers/data?limit=x", &[auth], "", "400 parameter_invalid"),
        ("GET", "/api/v2/reports/customers/data?q=%ff", &[auth], "", "400 parameter_invalid"),
        ("GET", "/api/v2/reports/customers?x=1", &[auth], "", "400 parameter_invalid"),
        ("GET", long.as_str(), &[auth], "", "414 uri_too_long"),
        ("POST", "/api/v1/import/customers", &[auth], "{}", "415 unsupported_media_type"),
        (
            "POST",
            "/api/v1/import",
            &[auth, ("content-type", "text/csv")],
            "",
            "415 unsupported_media_type",
        ),
        (
            "POST",
            "/api/v1/import/customers",
            &[auth, ndjson, ("content-encoding", "br")],
            "",
            "415 unsupported_media_type",
        ),
        (
            "POST",
            "/api/v1/import/customers",
            &[auth, ndjson],
            "{\"id\":1,\"name\":\"x\"}",
            "413 request_too_large",
        ),
        ("POST", "/api/v1/import/customers?mode=x", &[auth, ndjson], "", "400 parameter_invalid"),
        ("POST", "/api/v1/import?mode=delete", &[auth, ndjson], "", "400 parameter_invalid"),
        (
            "POST",
            "/api/v1/import/customers",
            &[auth, ndjson, ("idempotency-key", "a b")],
            "",
            "400 parameter_invalid",
        ),
    ] {
        let reply = site.send(request(method, path, headers, body.to_owned())).await;
        let shown = &path[..path.len().min(60)];
        assert_eq!(reply.outcome(), expected, "{method} {shown} {headers:?}");
        assert_eq!(reply.header("content-type"), "application/json", "{method} {shown}");
        assert!(is_envelope(&reply.json()), "{method} {shown}: {}", reply.text());
        assert!(!reply.header("x-request-id").is_empty(), "{method} {shown}");
    }
}

#[tokio::test]
async fn methods_of_a_path_are_named() {
    let site = Site::new();
    for (path, method, status, allow) in [
        ("/api/v2/reports", "POST", 405, "GET, HEAD, OPTIONS"),
        ("/api/v1/import", "GET", 405, "POST, OPTIONS"),
        ("/api/v2/reports", "OPTIONS", 204, "GET, HEAD, OPTIONS"),
        ("/api/v1/import/customers", "OPTIONS", 204, "POST, OPTIONS"),
    ] {
        let reply = site.send(request(method, path, &[], Body::empty())).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("allow")),
            (status, allow),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn all_wrong_parameters_are_answered_together() {
    let site = Site::new();
    let token = site.token(full_grant());
    let path = "/api/v2/reports/customers/data?columns=foo&limit=101&nonsense=1";
    let reply = site.get_as(&token, path).await;
    let body = reply.json();
    assert_eq!(body["code"], "parameter_invalid");
    assert_eq!(body["message"], "3 parameters are invalid.");
    let fields: Vec<&String> = body["field_errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["columns", "limit", "nonsense"]);
}

fn spoilt(path: &str, action: EndpointAction) -> Endpoint {
    Endpoint {
        method: EndpointMethod::Get,
        path: path.to_owned(),
        template: "/spoilt",
        action,
        consumes: &[],
        produces: AnswerFormats::Json,
        operation: Operation {
            id: path.trim_matches('/').to_owned(),
            tag: "Server",
            summary: String::new(),
            description: String::new(),
            parameters: Vec::new(),
            request_body: None,
            answer: (200, json!({"description": "never"})),
            errors: &[],
            own_permissions: None,
        },
    }
}

const ANYONE_WITH_A_TOKEN: Requirement =
    Requirement { permissions: &[], modes: Modes::PROVIDER, writes: false };

#[tokio::test]
async fn a_panic_is_answered_like_any_error_and_the_server_goes_on() {
    let mut site = Site::new();
    let panics = EndpointAction::Anyone(Box::new(|_| Box::pin(async { panic!("secret detail") })));
    let off_thread = EndpointAction::Admitted(
        ANYONE_WITH_A_TOKEN,
        Box::new(|_, _| {
            Box::pin(async { app::blocking::blocking(|| panic!("secret detail")).await })
        }),
    );
    let endpoints = vec![spoilt("/panics", panics), spoilt("/panics_off_thread", off_thread)];
    site.router = router_for_endpoints(site.app.clone(), endpoints);
    let token = site.token(full_grant());
    for path in ["/panics", "/panics_off_thread"] {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("x-request-id", "r-7")];
        let reply = site.get(path, &headers).await;
        assert_eq!(reply.outcome(), "500 internal_error");
        assert!(is_envelope(&reply.json()));
        assert!(reply.text().contains("r-7") && !reply.text().contains("secret"));
        assert_eq!(reply.header("x-request-id"), "r-7");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert!(site.app.metrics().render().contains("rollbook_panics_total 2"));
}

#[tokio::test]
async fn more_requests_than_the_server_works_on_are_told_to_come_back() {
    let site = Site::with(|settings| settings.server.requests_max = 1);
    let token = site.token(full_grant());
    let held = site.app.request_slots().take(None);
    let reply = site.get_as(&token, "/api/v2/reports").await;
    assert_eq!(reply.outcome(), "503 unavailable");
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!(site.get("/healthz", &[]).await.outcome(), "200 -", "probes are not held up");
    drop(held);
    assert_eq!(site.get_as(&token, "/api/v2/reports").await.outcome(), "200 -");
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready() {
    let site = Site::new();
    assert_eq!(site.get("/readyz", &[]).await.outcome(), "200 -");
    site.app.begin_stopping();
    let reply = site.get("/readyz", &[]).await;
    assert_eq!(reply.outcome(), "503 unavailable");
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!(site.get("/healthz", &[]).await.outcome(), "200 -");
}

/// Pins the permissions of every route, so that a change is made on purpose and seen in review.
#[test]
fn permissions_of_every_route_are_pinned() {
    let list: Vec<String> = crate::http::endpoints()
        .iter()
        .filter(|endpoint| !endpoint.path.starts_with("/api/v1/import/"))
        .map(|endpoint| {
            let needs = match &endpoint.action {
                EndpointAction::Probe(_) => "anyone, uncounted".to_owned(),
                EndpointAction::Anyone(_) => "anyone".to_owned(),
                EndpointAction::Linked(required, ..) | EndpointAction::Admitted(required, _) => {
                    let flags: Vec<_> = required.permissions.iter().map(|f| f.as_str()).collect();
                    let flags =
                        if flags.is_empty() { "credential".to_owned() } else { flags.join("|") };
                    let modes = match required.modes {
                        Modes::PROVIDER => "",
                        Modes::BOTH => ", or a customer",
                        _ => panic!("{}", endpoint.path),
                    };
                    format!("{flags}{modes}{}", if required.writes { " writes" } else { "" })
                }
            };
            format!("{} {}: {needs}", endpoint.method.openapi_name(), endpoint.path)
        })
        .collect();
    let pinned = list.join("\n");
    for line in [
        "get /api/v2/reports/customer_credits/data: customers|revenue",
        "get /api/v2/reports/customers/data: customers",
        "get /api/v2/reports/invoices/data: revenue",
        "get /api/v2/customer_memberships/{id}/usage: super_admin, or a customer",
        "post /api/v2/customer_memberships/usage: super_admin",
        "get /api/v2/customer_memberships/{id}/upgrade_preview: super_admin",
        "get /api/v2/reports: credential",
        "get /api/v2/reports/customers: credential",
        "post /api/v1/import: import writes",
        "get /healthz: anyone, uncounted",
        "get /readyz: anyone, uncounted",
        "get /metrics: anyone, uncounted",
        "get /api/v2/jobs/{id}: credential",
        "get /api/v2/jobs/{id}/result: anyone, uncounted",
        "post /api/v1/core/exports: credential",
        "post /api/v1/accounting/periods/{month}/close: accounting|super_admin writes",
        "get /api/openapi.json: anyone",
        "get /docs: anyone",
        "get /: anyone",
    ] {
        assert!(list.iter().any(|found| found == line), "{line} is not in\n{pinned}");
    }
    assert_eq!(list.iter().filter(|line| line.contains("or a customer")).count(), 1, "{pinned}");
    let needs_nothing = list.iter().filter(|line| line.contains("anyone")).count();
    assert_eq!(needs_nothing, 7, "{pinned}");
    let imports =
        crate::http::endpoints().into_iter().filter(|e| e.path.starts_with("/api/v1/import/"));
    for endpoint in imports {
        let EndpointAction::Admitted(required, _) = endpoint.action else {
            panic!("{}", endpoint.path)
        };
        assert_eq!(required.permissions, [Permission::Import], "{}", endpoint.path);
        assert!(required.writes, "{}", endpoint.path);
    }
}
