//! The OpenAPI description of webhooks.

use model::permission::Permission;
use serde_json::{Value, json};

use super::reference::site_parameter;
use crate::http::endpoint::EndpointMethod;
use crate::openapi::{
    Operation, OwnPermissions, exports, json_answer, object_schema, page_number, query_parameter,
};
use app::error::ErrorCode;
use app::webhooks::events;

const LIST_ERRORS: [ErrorCode; 2] = [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden];
const WEBHOOK_ERRORS: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::NotFound];
const REDELIVERY_ERRORS: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::Conflict,
];
const CREATE_ERRORS: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::InvalidJson];
const CHANGE_ERRORS: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::NotFound,
    ErrorCode::InvalidJson,
];

/// Returns the OpenAPI operation of an endpoint.
pub(super) fn webhook_operation(method: EndpointMethod, path: &'static str) -> Operation {
    let last = path.rsplit('/').next().unwrap_or_default();
    let (id, summary, errors): (&str, &str, &'static [ErrorCode]) = match (method, last) {
        (EndpointMethod::Get, "webhooks") => {
            ("webhooks", "Webhooks of the provider.", &LIST_ERRORS)
        }
        (EndpointMethod::Post, "webhooks") => {
            ("webhook_create", "Adds a webhook; the answer shows its secret, once.", &CREATE_ERRORS)
        }
        (EndpointMethod::Put, _) => {
            ("webhook_change", "Changes the fields that are given.", &CHANGE_ERRORS)
        }
        (EndpointMethod::Delete, _) => {
            ("webhook_delete", "Removes it with its deliveries.", &WEBHOOK_ERRORS)
        }
        (_, "rotate_secret") => {
            ("webhook_rotate_secret", "Makes another secret and shows it, once.", &WEBHOOK_ERRORS)
        }
        (_, "deliveries") => {
            ("webhook_deliveries", "What was sent, newest first.", &WEBHOOK_ERRORS)
        }
        (_, "{delivery_id}") => {
            ("webhook_delivery", "A delivery with its payload.", &WEBHOOK_ERRORS)
        }
        (_, "redeliver") => (
            "webhook_redeliver",
            "Sends the same event again, under the same id.",
            &REDELIVERY_ERRORS,
        ),
        _ => ("webhook", "A webhook.", &WEBHOOK_ERRORS),
    };
    let takes_body =
        method == EndpointMethod::Put || (method, last) == (EndpointMethod::Post, "webhooks");
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
    parameters.push(site_parameter());
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

fn body(method: EndpointMethod) -> Value {
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
    if method == EndpointMethod::Post {
        schema["required"] = json!(["url"]);
    }
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn answer(method: EndpointMethod, last: &str) -> Value {
    if (method, last) == (EndpointMethod::Delete, "{id}") {
        let gone = object_schema(json!({
            "id": {"type": "integer"}, "deleted": {"type": "boolean"},
        }));
        return json_answer(
            object_schema(json!({"data": gone})),
            "It is gone, with its deliveries.",
        );
    }
    let is_secret = last == "rotate_secret" || (method, last) == (EndpointMethod::Post, "webhooks");
    let data = match last {
        "deliveries" => {
            return json_answer(
                exports::numbered_page_schema(delivery_schema(false)),
                "A page of deliveries.",
            );
        }
        "{delivery_id}" => delivery_schema(true),
        "redeliver" => delivery_schema(false),
        "webhooks" if method == EndpointMethod::Get => {
            json!({"type": "array", "items": webhook_schema(false)})
        }
        _ => webhook_schema(is_secret),
    };
    json_answer(object_schema(json!({"data": data})), "As it is now.")
}

fn delivery_schema(has_payload: bool) -> Value {
    let optional = |kind: &str| json!({"type": [kind, "null"]});
    let states = ["OK", "PENDING", "ERR-3xx", "ERR-4xx", "ERR-5xx", "ERR-NET"];
    let mut delivery = object_schema(json!({
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

fn webhook_schema(has_secret: bool) -> Value {
    let mut webhook = object_schema(json!({
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
