//! The OpenAPI description of webhooks.

use model::permission::Permission;
use serde_json::{Value, json};

use super::reference::site;
use crate::http::endpoint::Method;
use crate::openapi::{
    Operation, OwnPermissions, exports, json_answer, object, page_number, query_parameter,
};
use app::error::ErrorCode;
use app::webhooks::events;

const OF_LIST: [ErrorCode; 2] = [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden];
const OF_ONE: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::NotFound];
const OF_AGAIN: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::Conflict,
];
const OF_NEW: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::InvalidJson];
const OF_CHANGE: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::InvalidJson,
];

/// Returns the OpenAPI operation of an endpoint.
pub(super) fn operation(method: Method, path: &'static str) -> Operation {
    let last = path.rsplit('/').next().unwrap_or_default();
    let (id, summary, errors): (&str, &str, &'static [ErrorCode]) = match (method, last) {
        (Method::Get, "webhooks") => ("webhooks", "Webhooks of the provider.", &OF_LIST),
        (Method::Post, "webhooks") => {
            ("webhook_create", "Adds a webhook; the answer shows its secret, once.", &OF_NEW)
        }
        (Method::Put, _) => ("webhook_change", "Changes the fields that are given.", &OF_CHANGE),
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
        description: String::new(),
        parameters: parameters(path, last),
        request_body: takes_body.then(|| body(method)),
        answer: (200, answer(method, last)),
        errors,
        own_permissions: Some(OwnPermissions {
            names: &[Permission::Exports],
            sentence: "Needs the permission `exports`.",
        }),
    }
}

fn parameters(path: &str, last: &str) -> Vec<Value> {
    let id = |name: &str, description: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": {"type": "integer", "minimum": 1},
        })
    };
    let mut parameters = Vec::new();
    if path.contains("{id}") {
        parameters.push(id("id", "Number of the webhook."));
    }
    if path.contains("{delivery_id}") {
        parameters.push(id("delivery_id", "Number of the delivery."));
    }
    parameters.push(site());
    if last == "deliveries" {
        parameters.push(page_number());
        parameters.push(query_parameter(
            "limit",
            "Entries of the page.",
            json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 10}),
        ));
    }
    parameters
}

fn body(method: Method) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": {
        "url": {"type": "string", "format": "uri", "maxLength": 2000,
            "description": "Where events are sent. It must answer 200 to a test request."},
        "description": {"type": ["string", "null"], "maxLength": 500, "description": "For people."},
        "events": {"type": "array", "items": {"type": "string", "enum": events::names()},
            "description": "Which events are sent. `export.completed` is taken for `export_completed` too."},
        "all_events_enabled": {"type": "boolean", "description": "Whether every event is sent."},
        "status": {"type": "string", "enum": ["enabled", "disabled"],
            "description": "Nothing is sent while it is `disabled`."},
    }});
    if method == Method::Post {
        schema["required"] = json!(["url"]);
    }
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn answer(method: Method, last: &str) -> Value {
    if (method, last) == (Method::Delete, "{id}") {
        let gone = object(json!({
            "id": {"type": "integer"}, "deleted": {"type": "boolean"},
        }));
        return json_answer(object(json!({"data": gone})), "It is gone, with its deliveries.");
    }
    let is_secret = last == "rotate_secret" || (method, last) == (Method::Post, "webhooks");
    let data = match last {
        "deliveries" => {
            return json_answer(exports::numbered(delivery(false)), "A page of deliveries.");
        }
        "{delivery_id}" => delivery(true),
        "redeliver" => delivery(false),
        "webhooks" if method == Method::Get => {
            json!({"type": "array", "items": webhook(false)})
        }
        _ => webhook(is_secret),
    };
    json_answer(object(json!({"data": data})), "As it is now.")
}

fn delivery(has_payload: bool) -> Value {
    let optional = |kind: &str| json!({"type": [kind, "null"]});
    let states = ["OK", "PENDING", "ERR-3xx", "ERR-4xx", "ERR-5xx", "ERR-NET"];
    let mut delivery = object(json!({
        "id": {"type": "integer"},
        "event_id": {"type": "string"},
        "type": {"type": "string"},
        "attempt": {"type": "integer"},
        "state": {"type": "string", "enum": states},
        "status_code": optional("integer"),
        "error": optional("string"),
        "duration_ms": optional("integer"),
        "created_at": {"type": "integer", "description": "Unix seconds."},
        "next_attempt_at": optional("integer"),
    }));
    if has_payload {
        delivery["properties"]["payload"] =
            json!({"type": "object", "additionalProperties": true, "description": "What is sent."});
    }
    delivery
}

fn webhook(has_secret: bool) -> Value {
    let mut webhook = object(json!({
        "id": {"type": "integer"},
        "url": {"type": "string"},
        "description": {"type": ["string", "null"]},
        "events": {"type": "array", "items": {"type": "string"}},
        "all_events_enabled": {"type": "boolean"},
        "status": {"type": "string", "enum": ["enabled", "disabled"]},
        "created_at": {"type": "integer", "description": "Unix seconds."},
        "updated_at": {"type": "integer", "description": "Unix seconds."},
    }));
    if has_secret {
        webhook["properties"]["secret"] =
            json!({"type": "string", "description": "Signs what is sent. Shown only here."});
    }
    webhook
}
