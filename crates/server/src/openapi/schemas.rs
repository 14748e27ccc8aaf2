//! Bodies, headers and parameters that several endpoints share.

use model::import::ERRORS_LISTED_MAX;
use serde_json::{Map, Value, json};

use super::rows;
use crate::error::ErrorCode;

/// `components` of the document.
pub(super) fn components() -> Value {
    json!({
        "securitySchemes": {"credential": {
            "type": "http",
            "scheme": "bearer",
            "description": "An opaque token (`rbk_…`) or a JWT. `Token` and `JWT` are taken as prefixes too.",
        }},
        "parameters": parameters(),
        "headers": headers(),
        "responses": responses(),
        "schemas": schemas(),
    })
}

fn parameters() -> Value {
    json!({
        "ProviderId": {
            "name": "TeamUp-Provider-ID", "in": "header", "required": false,
            "description": "The provider asked about. Needed when the credential reaches several.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "RequestMode": {
            "name": "Teamup-Request-Mode", "in": "header", "required": false,
            "description": "Needed when the identity has both modes.",
            "schema": {"type": "string", "enum": ["provider", "customer"]},
        },
        "RequestId": {
            "name": "X-Request-Id", "in": "header", "required": false,
            "description": "Sent back on the answer and written in the log; made up when absent or in another form.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        },
    })
}

fn headers() -> Value {
    let integer = |text: &str| json!({"description": text, "schema": {"type": "integer"}});
    json!({
        "Rollbook-Revision": integer("Revision of the data that the answer was computed from."),
        "X-Request-Id": {"description": "Id of the request.", "schema": {"type": "string"}},
        "RateLimit-Limit": integer("Requests allowed within 60 seconds."),
        "RateLimit-Remaining": integer("Requests that still fit."),
        "RateLimit-Reset": integer("Seconds until one more request fits."),
        "Retry-After": integer("Seconds to wait."),
    })
}

fn responses() -> Value {
    let mut responses = Map::new();
    let mut statuses: Vec<u16> = ErrorCode::ALL.iter().map(|code| code.status()).collect();
    statuses.dedup();
    for status in statuses {
        let codes = ErrorCode::ALL.iter().filter(|code| code.status() == status);
        let codes: Vec<String> = codes
            .filter(|code| **code != ErrorCode::ImportInvalid)
            .map(|code| format!("`{}`", code.as_str()))
            .collect();
        let description = format!("Code {}.", codes.join(", "));
        responses.insert(format!("Error{status}"), error(&description));
    }
    responses.insert("Error".to_owned(), error("Any other error."));
    responses.insert(
        "ImportInvalid".to_owned(),
        json!({
            "description": "Rows that are wrong (code `import_invalid`), or a request that is. Nothing was stored.",
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
            "content": {"application/json": {"schema": {"oneOf": [
                {"$ref": "#/components/schemas/ImportInvalid"},
                {"$ref": "#/components/schemas/Error"},
            ]}}},
        }),
    );
    Value::Object(responses)
}

fn error(description: &str) -> Value {
    json!({
        "description": description,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    })
}

fn schemas() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL
        .iter()
        .filter(|code| **code != ErrorCode::ImportInvalid)
        .map(|code| code.as_str())
        .collect();
    let mut schemas = json!({
        "Error": {
            "type": "object",
            "required": ["code", "field_errors", "message", "type"],
            "properties": {
                "code": {"type": "string", "enum": codes},
                "field_errors": {
                    "type": "object",
                    "description": "Messages by parameter; `non_field_errors` for the whole request.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "message": {"type": "string", "description": "For people; may change."},
                "type": {"type": "string", "enum": ["invalid_request_error", "conflict", "event_check_failure"]},
            },
        },
        "ImportInvalid": {
            "type": "object",
            "required": ["code", "message", "errors", "error_count"],
            "properties": {
                "code": {"const": "import_invalid"},
                "message": {"type": "string"},
                "errors": {"type": "array", "maxItems": ERRORS_LISTED_MAX, "items": import_error()},
                "error_count": {"type": "integer", "description": "How many there are in all."},
            },
        },
        "ImportOutcome": import_outcome(),
        "ReportPage": report_page(),
        "ColumnHeader": column_header(),
        "Money": money(),
        "ReportSummary": {
            "type": "object",
            "required": ["object", "name", "label", "grouped", "permissions", "data_url", "export_url"],
            "properties": {
                "object": {"const": "report"},
                "name": {"type": "string"},
                "label": {"type": "string"},
                "grouped": {"type": "boolean"},
                "permissions": {"type": "array", "items": {"type": "string"}},
                "data_url": {"type": "string"},
                "export_url": {"type": "string"},
            },
        },
        "Job": job(),
        "JobList": {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer"},
                "next": {"type": ["string", "null"]},
                "previous": {"type": ["string", "null"]},
                "results": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
            },
        },
        "Manifest": {
            "type": "object",
            "required": ["manifest_version", "format", "rev", "rows", "bytes", "sha256", "columns", "totals", "complete"],
            "properties": {
                "rev": {"type": "integer", "description": "Revision of the data."},
                "rows": {"type": "integer", "description": "Data rows, without the header."},
                "bytes": {"type": "integer"},
                "sha256": {"type": "string"},
                "totals": {"type": "object", "description": "Per currency and column: the exact sum in minor units, as text, and how many cells hold a value."},
                "complete": {"const": true},
            },
        },
        "ReportList": {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer"},
                "next": {"type": ["string", "null"]},
                "previous": {"type": ["string", "null"]},
                "results": {"type": "array", "items": {"$ref": "#/components/schemas/ReportSummary"}},
            },
        },
    });
    for (name, schema) in rows::schemas() {
        schemas[name] = schema;
    }
    for (name, schema) in super::usage::schemas() {
        schemas[name] = schema;
    }
    schemas
}

fn import_error() -> Value {
    json!({
        "type": "object",
        "required": ["table", "line", "id", "column", "code", "message"],
        "properties": {
            "table": {"type": ["string", "null"]},
            "line": {"type": ["integer", "null"]},
            "id": {"type": ["integer", "null"]},
            "column": {"type": ["string", "null"]},
            "code": {"type": "string"},
            "message": {"type": "string"},
        },
    })
}

fn import_outcome() -> Value {
    let counts = ["received", "inserted", "updated", "unchanged", "deleted"];
    let properties: Map<String, Value> =
        counts.iter().map(|name| ((*name).to_owned(), json!({"type": "integer"}))).collect();
    json!({
        "type": "object",
        "required": ["revision", "tables"],
        "properties": {
            "revision": {"type": "integer"},
            "tables": {
                "type": "object",
                "additionalProperties": {"type": "object", "required": counts, "properties": properties},
            },
            "warnings": {
                "type": "array",
                "description": "Rows that were stored and may not be what was meant; left out when there are none.",
                "items": {
                    "type": "object",
                    "required": ["table", "column", "id", "code", "message"],
                    "properties": {
                        "table": {"type": "string"},
                        "column": {"type": "string"},
                        "id": {"type": "integer"},
                        "code": {"type": "string", "enum": ["amounts_below_one"]},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    })
}

fn report_page() -> Value {
    json!({
        "type": "object",
        "required": ["total", "column_headers", "rows"],
        "properties": {
            "total": {"type": "integer", "description": "Rows of the whole report after filters."},
            "column_headers": {"type": "array", "items": {"$ref": "#/components/schemas/ColumnHeader"}},
            "rows": {"type": "array", "items": {"type": "object"}},
        },
    })
}

fn column_header() -> Value {
    json!({
        "type": "object",
        "required": ["label", "key", "sortable", "required"],
        "properties": {
            "label": {"type": "string"},
            "key": {"type": "string", "description": "Dotted path into a row."},
            "sortable": {"type": "boolean"},
            "sorted": {
                "type": "object",
                "required": ["order", "priority"],
                "properties": {
                    "order": {"type": "string", "enum": ["asc", "desc"]},
                    "priority": {"type": "integer"},
                },
            },
            "holds_customer_id": {"const": true},
            "required": {"type": "boolean"},
        },
    })
}

fn money() -> Value {
    json!({
        "type": "object",
        "required": ["decimal", "string", "iso_currency_code", "currency_symbol", "currency_symbol_position"],
        "properties": {
            "decimal": {"type": "number"},
            "string": {"type": "string"},
            "iso_currency_code": {"type": "string"},
            "currency_symbol": {"type": "string"},
            "currency_symbol_position": {"type": "string", "enum": ["before", "after"]},
        },
    })
}

/// A job. Rule: spec/reports.md §11.2.
fn job() -> Value {
    let nullable = |kind: &str, text: &str| json!({"type": [kind, "null"], "description": text});
    json!({
        "type": "object",
        "required": ["id", "object", "result_url", "total_items", "complete_items", "status"],
        "properties": {
            "id": {"type": "integer"},
            "object": {"const": "job"},
            "result_url": nullable("string", "Where the file is; works without a credential."),
            "total_items": {"type": "integer", "description": "Rows there will be."},
            "complete_items": {"type": "integer", "description": "Rows written."},
            "status": {"type": "string", "enum": crate::operations::job::status_words()},
            "progress": {"type": "object"},
            "revision": nullable("integer", "Revision of the data in the file."),
            "error_code": nullable("string", "Why it failed."),
            "error_message": nullable("string", "The same for people."),
            "report": {"type": "string"},
            "content_type": {"type": "string"},
            "file_name": {"type": "string"},
            "created_at": {"type": "string", "format": "date-time"},
            "started_at": nullable("string", "When work began."),
            "finished_at": nullable("string", "When it ended."),
            "expires_at": nullable("string", "End of the file's life."),
        },
    })
}
