//! What the OpenAPI document says about webhooks.

use serde_json::{Value, json};

use crate::error::ErrorCode;
use crate::http::endpoint::Method;
use crate::openapi::Operation;
use crate::operations::webhooks::events;

const OF_LIST: [ErrorCode; 2] = [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden];
const OF_ONE: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::NotFound];
const OF_AGAIN: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::Conflict,
];
const OF_BODY: [ErrorCode; 6] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::RequestTooLarge,
    ErrorCode::InvalidJson,
];

/// The entry of an endpoint.
pub(super) fn operation(method: Method, path: &'static str) -> Operation {
    let last = path.rsplit('/').next().unwrap_or_default();
    let (id, summary, errors): (&str, &str, &'static [ErrorCode]) = match (method, last) {
        (Method::Get, "webhooks") => ("webhooks", "Webhooks of the provider.", &OF_LIST),
        (Method::Post, "webhooks") => {
            ("webhook_create", "Adds a webhook; the answer shows its secret, once.", &OF_BODY)
        }
        (Method::Put, _) => ("webhook_change", "Changes the fields that are given.", &OF_BODY),
        (Method::Delete, _) => ("webhook_delete", "Removes it with its deliveries.", &OF_ONE),
        (_, "rotate_secret") => {
            ("webhook_rotate_secret", "Makes another secret and shows it, once.", &OF_ONE)
        }
        (_, "deliveries") => ("webhook_deliveries", "What was sent, newest first.", &OF_ONE),
        (_, "{delivery_id}") => ("webhook_delivery", "A delivery with its payload.", &OF_ONE),
        (_, "redeliver") => {
            ("webhook_redeliver", "Sends the same event again, under the same id.", &OF_AGAIN)
        }
        _ => ("webhook", "A webhook.", &OF_ONE),
    };
    let takes_body = method == Method::Put || (method, last) == (Method::Post, "webhooks");
    Operation {
        id: id.to_owned(),
        tag: "Webhooks",
        summary: summary.to_owned(),
        description: "Needs the permission `exports`. Errors: \
            `{\"message\", \"code\", \"errors\": {field: [messages]}}`."
            .to_owned(),
        parameters: parameters(path, last),
        request_body: takes_body.then(|| body(method)),
        answer: (200, answer(method, last)),
        errors,
    }
}

fn parameters(path: &str, last: &str) -> Vec<Value> {
    let integer = |name: &str, place: &str, description: &str| {
        json!({
            "name": name, "in": place, "required": place == "path",
            "description": description, "schema": {"type": "integer", "minimum": 1},
        })
    };
    let mut parameters = Vec::new();
    if path.contains("{id}") {
        parameters.push(integer("id", "path", "The webhook."));
    }
    if path.contains("{delivery_id}") {
        parameters.push(integer("delivery_id", "path", "The delivery."));
    }
    parameters.push(integer("site_id", "query", "A site of the account."));
    if last == "deliveries" {
        parameters.push(integer("page", "query", "Number of the page, from 1."));
        parameters.push(integer(
            "limit",
            "query",
            "Entries of a page, 10 unless given, at most 100.",
        ));
    }
    parameters
}

fn body(method: Method) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": {
        "url": {"type": "string", "format": "uri", "maxLength": 2000,
            "description": "Must answer 200 to a test request."},
        "description": {"type": ["string", "null"], "maxLength": 500},
        "events": {"type": "array", "items": {"type": "string", "enum": events::names()},
            "description": "`export.completed` is taken for `export_completed` too."},
        "all_events_enabled": {"type": "boolean"},
        "status": {"type": "string", "enum": ["enabled", "disabled"]},
    }});
    if method == Method::Post {
        schema["required"] = json!(["url"]);
    }
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn answer(method: Method, last: &str) -> Value {
    let instant = json!({"type": "integer", "description": "Unix seconds."});
    let optional = |kind: &str| json!({"type": [kind, "null"]});
    let is_delivery = ["deliveries", "{delivery_id}", "redeliver"].contains(&last);
    let object = match is_delivery {
        true => json!({"type": "object", "properties": {
            "id": {"type": "integer"},
            "event_id": {"type": "string"},
            "type": {"type": "string"},
            "attempt": {"type": "integer"},
            "state": {"enum": ["OK", "PENDING", "ERR-3xx", "ERR-4xx", "ERR-5xx", "ERR-NET"]},
            "status_code": optional("integer"),
            "error": optional("string"),
            "duration_ms": optional("integer"),
            "created_at": instant,
            "next_attempt_at": optional("integer"),
            "payload": {"type": "object", "description": "Only with a single delivery."},
        }}),
        false => json!({"type": "object", "properties": {
            "id": {"type": "integer"},
            "url": {"type": "string"},
            "description": optional("string"),
            "events": {"type": "array", "items": {"type": "string"}},
            "all_events_enabled": {"type": "boolean"},
            "status": {"enum": ["enabled", "disabled"]},
            "created_at": instant,
            "updated_at": instant,
            "secret": {"type": "string", "description": "Only in the answer that makes it."},
        }}),
    };
    let is_list = last == "deliveries" || (method, last) == (Method::Get, "webhooks");
    let data = match is_list {
        true => json!({"type": "array", "items": object}),
        false => object,
    };
    json!({
        "description": "As it is now.",
        "content": {"application/json": {
            "schema": {"type": "object", "required": ["data"], "properties": {"data": data}},
        }},
    })
}
