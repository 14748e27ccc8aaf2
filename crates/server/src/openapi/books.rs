//! Parameters, bodies and answers of the endpoints about the books.

use serde_json::{Value, json};

use super::parameters;

/// A text in the query string.
pub(crate) fn query(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false, "description": description,
        "schema": {"type": "string"},
    })
}

/// A day in the query string.
pub(crate) fn date(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": true, "description": description,
        "schema": {"type": "string", "format": "date"},
    })
}

/// The month in the path.
pub(crate) fn month() -> Value {
    json!({
        "name": "month", "in": "path", "required": true, "description": "The month, as in 2024-01.",
        "schema": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
    })
}

/// The currency.
pub(crate) fn currency() -> Value {
    json!({
        "name": "currency", "in": "query", "required": true,
        "description": "Code of ISO 4217 in lower case. Currencies are never added.",
        "schema": {"type": "string", "pattern": "^[a-z]{3}$"},
    })
}

/// How the answer is written.
pub(crate) fn format() -> Value {
    json!({
        "name": "format", "in": "query", "required": false,
        "description": "Default: json, with amounts in minor units.",
        "schema": {"type": "string", "enum": ["json", "csv", "xlsx", "parquet"]},
    })
}

/// What closing and opening again are told.
pub(crate) fn body() -> Value {
    json!({
        "required": false,
        "content": {"application/json": {"schema": {
            "type": "object",
            "properties": {
                "note": {"type": "string"},
                "include_earlier": {"type": "boolean"},
                "reason": {"type": "string"},
            },
        }}},
    })
}

/// An answer computed from records.
pub(crate) fn answer() -> Value {
    json!({
        "description": "The answer, from one revision.",
        "headers": parameters::answer_headers(),
        "content": {"application/json": {"schema": {"type": "object"}}},
    })
}
