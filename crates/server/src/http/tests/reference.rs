//! The OpenAPI document and the page made from it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::site::Site;
use crate::openapi::full_document;

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path, method, operation))
    })
}

/// Every `$ref` of a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                found.insert(target.to_owned());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The document is a promise: a change of it must be a change that is seen. One line for each
/// operation and each component.
#[test]
fn the_document_is_pinned() {
    let document = full_document(None);
    let operations = operations(&document)
        .map(|(path, method, operation)| format!("{} {path} {operation}", method.to_uppercase()));
    let components =
        document["components"].as_object().unwrap().iter().flat_map(|(kind, named)| {
            let named = named.as_object().unwrap().iter();
            named.map(move |(name, component)| format!("{kind}/{name} {component}"))
        });
    insta::assert_snapshot!(operations.chain(components).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_route_is_in_the_document_under_a_name_of_its_own() {
    let document = full_document(None);
    let endpoints = crate::http::endpoints();
    assert_eq!(operations(&document).count(), endpoints.len());
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} is used twice");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        let known = |endpoint: &&crate::http::endpoint::Endpoint| {
            endpoint.path == *path && endpoint.method.openapi_name() == method
        };
        assert!(endpoints.iter().any(|endpoint| known(&endpoint)), "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = full_document(None);
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for target in found {
        assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
    }
}

#[test]
fn parameters_of_one_operation_have_names_of_their_own() {
    let document = full_document(None);
    for (path, _, operation) in operations(&document) {
        let mut names = BTreeSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let target = parameter["$ref"].as_str().map(|target| target.trim_start_matches('#'));
            let parameter = target.map_or(parameter, |target| document.pointer(target).unwrap());
            let name = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
            assert!(names.insert(name), "{path}: {name:?} twice");
        }
    }
}

#[tokio::test]
async fn document_and_page_are_served_to_anyone() {
    let site = Site::with(|settings| {
        settings.server.public_url = Some("https://records.example".to_owned());
    });
    let document = site.get("/api/openapi.json", &[]).await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json(), full_document(Some("https://records.example")));
    assert_eq!(document.json()["servers"][0]["url"], "https://records.example");
    let page = site.get("/docs", &[]).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(page.text().contains("/api/v2/reports/customers/data"));
}

#[tokio::test]
async fn the_root_leads_browsers_to_the_page_and_programs_to_links() {
    let site = Site::with(|settings| {
        settings.server.public_url = Some("https://records.example".to_owned());
    });
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = site.get("/", &[("accept", browser)]).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), "docs");
    for headers in [&[][..], &[("accept", "*/*")], &[("accept", "application/json")]] {
        let links = site.get("/", headers).await;
        assert_eq!(links.status, 200, "{headers:?}");
        assert_eq!(links.json()["docs"], "https://records.example/docs");
        assert_eq!(links.json()["openapi"], "https://records.example/api/openapi.json");
        assert_eq!(links.json()["reports"], "https://records.example/api/v2/reports");
    }
}

#[tokio::test]
async fn figures_name_routes_by_their_template() {
    let site = Site::new();
    site.get("/api/v2/reports/customers/data", &[]).await;
    site.get("/api/v2/reports/invoices/data", &[]).await;
    site.get("/some/where?secret=1", &[]).await;
    let figures = site.get("/metrics", &[]).await;
    let text = figures.text();
    for line in [
        r#"rollbook_http_requests_total{route="/api/v2/reports/{report}/data",method="GET",status="401"} 2"#,
        r#"rollbook_http_requests_total{route="unknown",method="GET",status="404"} 1"#,
        // Counters exist before anything has failed.
        r#"rollbook_http_requests_total{route="/api/v2/reports/{report}/data",method="GET",status="500"} 0"#,
        r#"rollbook_http_requests_total{route="/api/v1/import/{table}",method="POST",status="503"} 0"#,
        r#"rollbook_import_failures_total{code="internal_error"} 0"#,
        r#"rollbook_build_info{version="1.2.3",commit="abc",profile="debug"} 1"#,
        "rollbook_panics_total 0",
        "rollbook_revision 2",
        "rollbook_is_ready 1",
        r#"rollbook_jobs{kind="report",state="queued"} 0"#,
        r#"rollbook_jobs{kind="export",state="running"} 0"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret=") && !text.contains("customers/data"));
}

/// Schemas of bodies have no `default`: a generated client would send it, or treat the field as
/// required.
#[test]
fn bodies_tell_their_defaults_in_words() {
    let document = full_document(None);
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        let content = operation["requestBody"]["content"].as_object().into_iter().flatten();
        for (kind, body) in content {
            count += 1;
            assert!(!body.to_string().contains("\"default\""), "{method} {path} {kind}");
        }
    }
    assert!(count > 100, "{count} bodies");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if name.starts_with("row_") || name == "Allotment" {
            let properties = schema["properties"].as_object().unwrap().values();
            assert!(properties.into_iter().all(|each| each.get("default").is_none()), "{name}");
        }
    }
}

/// Python's client generator cannot write a constant that is not text.
#[test]
fn no_constant_is_a_bool_or_a_number() {
    fn constants<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("const"));
                members.values().for_each(|member| constants(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| constants(item, found)),
            _ => {}
        }
    }
    let document = full_document(None);
    let mut found = Vec::new();
    constants(&document, &mut found);
    assert!(found.iter().all(|value| value.is_string()), "{found:?}");
}

/// Each endpoint documents exactly the errors that it can give, in its own envelope.
#[test]
fn errors_are_those_of_the_endpoint_in_its_envelope() {
    let document = full_document(None);
    let answer = |method: &str, path: &str, status: &str| {
        let response = &document["paths"][path][method]["responses"][status];
        let target = response["$ref"].as_str().map(|target| target.trim_start_matches('#'));
        target.map(|target| document.pointer(target).unwrap())
    };
    for (method, path, status, codes, schema) in [
        ("get", "/api/v2/reports/invoices/data", "404", None, ""),
        ("get", "/api/v2/reports/invoices/data", "429", Some("Code `throttled`."), "Error"),
        (
            "post",
            "/api/v2/reports/invoices/export",
            "429",
            Some("Code `too_many_exports`, `throttled`."),
            "Error",
        ),
        ("get", "/api/v2/jobs/{id}", "404", Some("Code `not_found`."), "Error"),
        (
            "get",
            "/api/v1/core/exports/{uuid}/status",
            "404",
            Some("Code `export_not_found`."),
            "CoreError",
        ),
        (
            "post",
            "/api/v1/accounting/periods/{month}/close",
            "409",
            Some("Code `period_not_ended`, `period_not_sequential`, `conflict`."),
            "CoreError",
        ),
    ] {
        let found = answer(method, path, status);
        assert_eq!(found.map(|found| found["description"].as_str().unwrap()), codes, "{path}");
        let Some(found) = found else { continue };
        let named = &found["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(*named, format!("#/components/schemas/{schema}"), "{path}");
        assert_eq!(found["headers"]["Retry-After"].is_object(), status == "429", "{path}");
    }
    let wrong = answer("get", "/api/v1/core/exports", "400").unwrap();
    assert!(wrong["description"].as_str().unwrap().contains("`validation_failed`"), "{wrong}");
    let xml = answer("get", "/api/v2/jobs/{id}", "404").unwrap();
    assert!(xml["content"]["application/xml"].is_object(), "{xml}");
    for (path, method, operation) in operations(&document) {
        let told = operation["description"].as_str().unwrap();
        assert!(told.matches("Needs ").count() <= 1, "{method} {path}: {told}");
    }
}
