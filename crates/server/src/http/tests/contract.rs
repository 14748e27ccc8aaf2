//! No input is ignored silently: every endpoint with every parameter, from the table of endpoints.

use std::collections::BTreeMap;

use model::id::ProviderId;
use model::time::Instant;
use serde_json::{Map, Value, json};
use store::port::notices::NewWebhook;

use super::site::{NOW_S, Reply, Site, full_grant, request};
use crate::http::endpoint::{Endpoint, EndpointAction};
use crate::openapi::full_document;

/// A value that is invalid for every parameter, except those that take any text.
const NO_VALUE: &str = "~no such value~";
const NO_NAME: &str = "no_such_name";
/// Parameters that every endpoint ignores.
const IGNORED: [&str; 3] = ["expand", "fields", "_"];

/// Parameters of which a wrong value is answered like a missing object: signed links do not say
/// what is wrong with them, and there are no postings in this server.
const NAMES_OF_OBJECTS: [&str; 3] = ["expires", "signature", "entry_id"];

/// Valid values of required parameters.
const RIGHT: [(&str, &str); 9] = [
    ("columns", "count"),
    ("membership", "2"),
    ("month", "2026-01"),
    ("from", "2026-01"),
    ("to", "2026-01"),
    ("as_of", "2026-01-31"),
    ("currency", "gbp"),
    ("entry_id", "voided:1"),
    ("expires", "1"),
];

/// A server with every object that a path can name, except finished files.
struct Everything {
    site: Site,
    token: String,
    document: Value,
    export: String,
}

impl Everything {
    async fn new() -> Self {
        let site = Site::with_customers().await;
        let token = site.token(full_grant());
        let rows = [
            (
                "memberships",
                json!({"id": 2, "name": "Gold", "type": "recurring", "price": 4500, "currency": "gbp"}),
            ),
            (
                "customer_memberships",
                json!({"id": 1, "customer_id": 7, "membership_id": 2, "status": "active",
                "billed_price": 4500, "currency": "gbp", "start_date": "2026-01-01",
                "purchased_at": "2026-01-01T00:00:00Z"}),
            ),
        ];
        for (table, row) in rows {
            let reply = site.import(&token, table, &row.to_string()).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        let webhook = NewWebhook {
            provider: ProviderId(1),
            url: "https://receiver.example/".to_owned(),
            description: None,
            events: Vec::new(),
            has_all_events: true,
            secret: "secret".to_owned(),
            count_max: 1,
        };
        site.store.create_webhook(&webhook, Instant::from_micros(NOW_S * 1_000_000)).unwrap();
        let mut found = Self { site, token, document: full_document(None), export: String::new() };
        let job = found.send("POST", "/api/v2/reports/customers/export", Some(json!({}))).await;
        assert_eq!(job.json(), json!({"job": 1}));
        let body = json!({"object": "customers", "date_from": NOW_S - 86_400 * 300, "date_to": NOW_S - 86_400 * 200});
        let export = found.send("POST", "/api/v1/core/exports", Some(body)).await;
        found.export = export.json()["uuid"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", export.text()))
            .to_owned();
        found
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", authorization.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        // This test is not about the rate limit.
        self.site.ticks.advance_ms(1000);
        self.site.send(request(method, path, &headers, body)).await
    }

    fn path(&self, endpoint: &Endpoint) -> String {
        let path = endpoint.path.replace("{uuid}", &self.export).replace("{month}", "2026-01");
        path.replace("{id}", "1").replace("{delivery_id}", "1")
    }

    fn operation(&self, endpoint: &Endpoint) -> &Value {
        &self.document["paths"][&endpoint.path][endpoint.method.openapi_name()]
    }

    /// Returns the parameters in the query, with true for required ones.
    fn parameters(&self, endpoint: &Endpoint) -> BTreeMap<String, bool> {
        let all = self.operation(endpoint)["parameters"].as_array().unwrap().iter();
        let query = all.filter(|parameter| parameter["in"] == "query");
        let named = query.map(|parameter| {
            let name = parameter["name"].as_str().unwrap().to_owned();
            (name, parameter["required"] == true)
        });
        named.collect()
    }

    /// Returns the fields of a JSON body; none if the endpoint takes none.
    fn fields(&self, endpoint: &Endpoint) -> Option<Map<String, Value>> {
        let body = &self.operation(endpoint)["requestBody"];
        body["content"]["application/json"]["schema"]["properties"].as_object().cloned()
    }

    /// Returns a query with every required parameter, in which `name` has this value.
    fn query(&self, endpoint: &Endpoint, name: &str, value: Option<&str>) -> String {
        let required = self.parameters(endpoint);
        let required =
            required.iter().filter(|(known, is_required)| **is_required && *known != name);
        let right = required.map(|(known, _)| {
            let found = RIGHT.iter().find(|(right, _)| right == known);
            (known.clone(), found.map_or("x", |(_, value)| value).to_owned())
        });
        let value = value.map(|value| (name.to_owned(), value.replace(' ', "%20")));
        let pairs: Vec<String> =
            right.chain(value).map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// Returns the messages about wrong fields, from either envelope.
fn wrong(reply: &Reply) -> Map<String, Value> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let fields = body["field_errors"].as_object().or(body["errors"].as_object());
    fields.cloned().unwrap_or_default()
}

fn is_import(endpoint: &Endpoint) -> bool {
    !endpoint.consumes.is_empty()
}

/// Returns a valid body for tests of the query.
fn usual_body(endpoint: &Endpoint) -> Option<Value> {
    let needs_body = endpoint.operation.request_body.is_some() && !is_import(endpoint);
    needs_body.then(|| json!({}))
}

#[tokio::test]
async fn every_endpoint_refuses_a_parameter_that_it_does_not_know() {
    let all = Everything::new().await;
    for endpoint in &crate::http::endpoints() {
        let (method, path) = (endpoint.method.openapi_name().to_uppercase(), all.path(endpoint));
        let query = all.query(endpoint, NO_NAME, Some("1"));
        let ignored = IGNORED.map(|name| format!("{name}=1")).join("&");
        let address = format!("{path}?{query}&{ignored}");
        let reply = if is_import(endpoint) {
            let authorization = format!("Bearer {}", all.token);
            let headers = [
                ("authorization", authorization.as_str()),
                ("content-type", "application/x-ndjson"),
            ];
            all.site.send(request("POST", &address, &headers, String::new())).await
        } else {
            all.send(&method, &address, usual_body(endpoint)).await
        };
        let wrong = wrong(&reply);
        assert_eq!(reply.status, 400, "{method} {address}: {}", reply.text());
        assert!(wrong.contains_key(NO_NAME), "{method} {address}: {}", reply.text());
        for name in IGNORED {
            assert!(!wrong.contains_key(name), "{method} {address}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn every_documented_parameter_is_read() {
    let all = Everything::new().await;
    let mut count = 0;
    for endpoint in crate::http::endpoints().iter().filter(|endpoint| !is_import(endpoint)) {
        let (method, path) = (endpoint.method.openapi_name().to_uppercase(), all.path(endpoint));
        for name in all.parameters(endpoint).keys() {
            if NAMES_OF_OBJECTS.contains(&name.as_str()) {
                continue;
            }
            count += 1;
            let (without, with) = (
                all.query(
                    endpoint,
                    name,
                    RIGHT.iter().find(|(right, _)| right == name).map(|(_, value)| *value),
                ),
                all.query(endpoint, name, Some(NO_VALUE)),
            );
            let without =
                all.send(&method, &format!("{path}?{without}"), usual_body(endpoint)).await;
            let with = all.send(&method, &format!("{path}?{with}"), usual_body(endpoint)).await;
            let is_named = with.status == 400 && wrong(&with).contains_key(name);
            let is_other = (with.status, &with.body) != (without.status, &without.body);
            assert!(is_named || is_other, "{method} {path} {name}: {}", with.text());
        }
    }
    assert!(count > 300, "{count} parameters");
}

#[tokio::test]
async fn every_body_refuses_fields_that_it_does_not_know_and_reads_those_that_it_does() {
    let all = Everything::new().await;
    let mut count = 0;
    for endpoint in crate::http::endpoints().iter().filter(|endpoint| !is_import(endpoint)) {
        let Some(fields) = all.fields(endpoint) else { continue };
        let (method, path) = (endpoint.method.openapi_name().to_uppercase(), all.path(endpoint));
        // The type of an export decides which of its fields apply; the tests of exports cover that.
        let is_export = fields.contains_key("objects");
        let names = fields.keys().map(String::as_str).filter(|_| !is_export).chain([NO_NAME]);
        for name in names {
            count += 1;
            let body = json!({name: {"no": "value"}, "expand": "x"});
            let body = if is_export || path.contains("webhooks") {
                json!({name: {"no": "value"}})
            } else {
                body
            };
            let reply = all.send(&method, &path, Some(body)).await;
            let wrong = wrong(&reply);
            assert_eq!(reply.status, 400, "{method} {path} {name}: {}", reply.text());
            assert!(wrong.contains_key(name), "{method} {path} {name}: {}", reply.text());
            assert!(!wrong.contains_key("expand"), "{method} {path}: {}", reply.text());
        }
    }
    assert!(count > 200, "{count} fields");
}

#[tokio::test]
async fn every_endpoint_without_a_body_refuses_one() {
    let all = Everything::new().await;
    let mut count = 0;
    for endpoint in &crate::http::endpoints() {
        let method = endpoint.method.openapi_name().to_uppercase();
        if method == "GET" || endpoint.operation.request_body.is_some() {
            continue;
        }
        count += 1;
        let path = all.path(endpoint);
        let reply = all.send(&method, &path, Some(json!({"reason": "x"}))).await;
        assert_eq!(reply.status, 400, "{method} {path}: {}", reply.text());
        assert!(reply.text().contains("takes no body"), "{method} {path}: {}", reply.text());
        let reply = all.send(&method, &path, Some(json!({}))).await;
        assert!(!reply.text().contains("takes no body"), "{method} {path}: {}", reply.text());
    }
    assert!(count >= 6, "{count} endpoints");
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_one_that_was_meant() {
    let all = Everything::new().await;
    let exports = "/api/v1/core/exports";
    for (method, address, body, name, meant) in [
        ("GET", "/api/v2/reports/customers/data?colums=id", None, "colums", "columns"),
        ("GET", "/api/v2/jobs?pagesize=1", None, "pagesize", "page_size"),
        ("GET", "/api/v1/accounting/trial_balance?curency=gbp", None, "curency", "currency"),
        ("GET", "/api/v1/core/exports?histroy=1", None, "histroy", "history"),
        ("POST", "/api/v2/reports/customers/export", Some(json!({"sorts": "id"})), "sorts", "sort"),
        (
            "POST",
            exports,
            Some(json!({"object": "invoices", "csv_dialekt": "excel"})),
            "csv_dialekt",
            "csv_dialect",
        ),
    ] {
        let reply = all.send(method, address, body).await;
        let messages = wrong(&reply)[name].to_string();
        assert!(messages.contains(&format!("Did you mean `{meant}`?")), "{address}: {messages}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_form_of_a_request_is_refused_there() {
    let all = Everything::new().await;
    let drift = "/api/v1/accounting/periods/2026-01/drift?currency=gbp&format=csv";
    for (address, names) in [
        ("/api/v1/core/exports?state=failed&page=2", vec!["page", "state"]),
        (&format!("{drift}&page=2&limit=10"), vec!["limit", "page"]),
        (
            "/api/v2/reports/attendances.grouped/data?columns=count&pivot_until=2026-01-31",
            vec!["pivot_until"],
        ),
    ] {
        let reply = all.send("GET", address, None).await;
        let found = wrong(&reply);
        let mut found: Vec<&String> = found.keys().collect();
        found.sort();
        assert_eq!(found, names, "{address}: {}", reply.text());
    }
    let close = "/api/v1/accounting/periods/2026-01/close";
    let reply = all.send("POST", &format!("{close}?include_earlier=true"), Some(json!({}))).await;
    assert!(wrong(&reply).contains_key("include_earlier"), "{}", reply.text());
    let untyped = all.site.send(request(
        "POST",
        close,
        &[("authorization", &format!("Bearer {}", all.token))],
        r#"{"include_earlier":true}"#.to_owned(),
    ));
    assert_eq!(untyped.await.outcome(), "415 unsupported_media_type");
}

/// Endpoints that are open to anyone take no parameters, except signed links.
#[test]
fn probes_and_pages_have_no_parameters() {
    for endpoint in crate::http::endpoints() {
        let is_open =
            matches!(endpoint.action, EndpointAction::Probe(_) | EndpointAction::Anyone(_));
        let is_link = endpoint.operation.id == "job_result";
        assert!(
            !is_open || is_link || endpoint.operation.parameters.is_empty(),
            "{}",
            endpoint.path
        );
    }
}
