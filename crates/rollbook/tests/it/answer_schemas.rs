//! Checks every JSON answer that a test receives against the schema that the OpenAPI document gives
//! for it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use parking_lot::Mutex;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| server::openapi::full_document(None));

/// Validators of the answers that were seen so far, by the schema's place in the document.
static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

/// Panics unless the JSON answer of a documented operation fits its schema. `target` is the URL or
/// path of the request, with its query.
pub(crate) fn check_answer(
    method: &str,
    target: &str,
    status: u16,
    content_type: &str,
    body: &[u8],
) {
    if content_type != "application/json" || body.is_empty() || method == "HEAD" {
        return;
    }
    let path = path_of(target);
    let Some((template, operation)) = find_operation(method, path) else { return };
    let answer = answer_of(operation, status)
        .unwrap_or_else(|| panic!("{method} {template} answers {status}, which is not documented"));
    let content = &answer["content"];
    let Some(schema) = content.get("application/json").map(|json| &json["schema"]) else {
        panic!("{method} {template} answers {status} with JSON, which is not documented");
    };
    let value: Value = serde_json::from_slice(body).expect("the answer is JSON");
    let validator = validator(format!("{method} {template} {status}"), schema);
    let problems: Vec<String> = validator
        .iter_errors(&value)
        .map(|problem| format!("{}: {}", problem.instance_path(), problem.masked()))
        .take(5)
        .collect();
    assert!(problems.is_empty(), "{method} {target} {status}: {problems:#?}");
}

fn path_of(target: &str) -> &str {
    let after_host = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => target,
    };
    after_host.split(['?', '#']).next().unwrap_or_default()
}

/// Returns the operation with the path that fits best: literal segments before parameters.
fn find_operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fitting = paths.iter().filter_map(|(template, operations)| {
        let parameters = parameters_to_fit(template, path)?;
        let operation = operations.get(method.to_ascii_lowercase())?;
        Some((parameters, (template.as_str(), operation)))
    });
    fitting.min_by_key(|(parameters, _)| *parameters).map(|(_, found)| found)
}

/// Returns the number of parameters that must be filled in to make `path` of `template`.
fn parameters_to_fit(template: &str, path: &str) -> Option<usize> {
    let (expected, given) = (template.split('/'), path.split('/'));
    if expected.clone().count() != given.clone().count() {
        return None;
    }
    let mut parameters = 0;
    for (expected, given) in expected.zip(given) {
        if expected.starts_with('{') {
            parameters += 1;
        } else if expected != given {
            return None;
        }
    }
    Some(parameters)
}

fn answer_of(operation: &'static Value, status: u16) -> Option<&'static Value> {
    let answers = operation["responses"].as_object().unwrap();
    let answer = answers.get(&status.to_string()).or_else(|| answers.get("default"))?;
    match answer["$ref"].as_str() {
        Some(place) => DOCUMENT.pointer(place.strip_prefix('#')?),
        None => Some(answer),
    }
}

/// Returns the validator of the schema at this place. It is made on first use.
fn validator(place: String, schema: &Value) -> Arc<Validator> {
    let make = || {
        let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        Arc::new(jsonschema::draft202012::new(&whole).expect("the schema is valid"))
    };
    Arc::clone(VALIDATORS.lock().entry(place).or_insert_with(make))
}

#[test]
fn an_answer_that_differs_from_its_schema_is_found() {
    let check = |status, body: &Value| {
        let body = body.to_string().into_bytes();
        let target = "http://127.0.0.1:1/api/v2/reports?page=1";
        std::panic::catch_unwind(|| {
            check_answer("GET", target, status, "application/json", &body);
        })
    };
    let page = json!({"count": 0, "next": null, "previous": null, "results": []});
    assert!(check(200, &page).is_ok());
    assert!(check(200, &json!({"count": "0"})).is_err());
    assert!(check(299, &page).is_err());
}
