//! Schemas, headers and parameters that several endpoints share.

use model::import::ERRORS_LISTED_MAX;
use serde_json::{Map, Value, json};

use super::{books, exports, object_schema, reports, rows, schema_reference, usage};
use crate::http::envelope;
use app::error::ErrorCode;

/// Returns the `components` of the document.
pub(super) fn components() -> Value {
    json!({
        "securitySchemes": {"credential": {
            "type": "http",
            "scheme": "bearer",
            "description": "An opaque token (`rbk_…`) or a JWT. `Token` and `JWT` are taken as prefixes too.",
        }},
        "parameters": parameters(),
        "headers": headers(),
        "schemas": schemas(),
    })
}

fn parameters() -> Value {
    json!({
        "ProviderId": {
            "name": "TeamUp-Provider-ID", "in": "header", "required": false,
            "description": "Id of the business (provider) whose records are meant. Needed when the credential reaches several.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "RequestMode": {
            "name": "Teamup-Request-Mode", "in": "header", "required": false,
            "description": "Whether the caller asks as the business or as a customer of it. Needed when the credential may do both.",
            "schema": {"type": "string", "enum": ["provider", "customer"]},
        },
        "RequestId": {
            "name": "X-Request-Id", "in": "header", "required": false,
            "description": "Your own id of the request: it comes back on the answer and is in the server's log. Without it the server makes one.",
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
        "Retry-After": integer("Seconds after which to ask again."),
        "WWW-Authenticate": {
            "description": "How to authenticate: `Bearer`.", "schema": {"type": "string"},
        },
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
                "code": {"type": "string", "enum": ["import_invalid"]},
                "message": {"type": "string"},
                "errors": {"type": "array", "maxItems": ERRORS_LISTED_MAX, "items": import_error()},
                "error_count": {"type": "integer", "description": "How many there are in all."},
            },
        },
        "CoreError": core_error(),
        "ImportOutcome": import_outcome(),
        "ColumnHeader": column_header(),
        "Money": money(),
        "ReportSummary": {
            "type": "object",
            "required": ["object", "name", "label", "grouped", "permissions", "data_url", "export_url"],
            "properties": {
                "object": {"type": "string", "enum": ["report"]},
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
                "complete": {"type": "boolean"},
                "manifest_version": {"type": "integer"},
                "format": {"type": "string"},
                "columns": {"type": "array", "items": object_schema(json!({
                    "name": {"type": "string"}, "type": {"type": "string"},
                }))},
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
    schemas["ReportDescription"] = report_description();
    let generated = rows::schemas().chain(reports::schemas());
    let written = usage::schemas().into_iter().chain(exports::schemas()).chain(books::schemas());
    for (name, schema) in generated.chain(written) {
        schemas[name] = schema;
    }
    schemas
}

/// Returns the schema of a report's discovery document.
fn report_description() -> Value {
    let optional = |kind: &str| json!({"type": [kind, "null"]});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    let column = object_schema(json!({
        "key": {"type": "string"},
        "label": {"type": "string"},
        "aliases": texts(),
        "type": {"type": "string"},
        "role": {"type": "string", "enum": ["column", "dimension", "measure"]},
        "sortable": {"type": "boolean"},
        "required": {"type": "boolean"},
        "holds_customer_id": {"type": "boolean"},
        "default": {"type": "boolean"},
        "addition": {"type": "boolean"},
        "modelled": {"type": "boolean"},
    }));
    let filter = object_schema(json!({
        "name": {"type": "string"},
        "type": {"type": "string"},
        "list": {"type": "boolean"},
        "enum": {"type": ["array", "null"], "items": {"type": "string"}},
        "default": optional("string"),
        "addition": {"type": "boolean"},
    }));
    let more = object_schema(json!({
        "columns": {"type": "array", "items": column},
        "parents": texts(),
        "filters": {"type": "array", "items": filter},
        "pivots": texts(),
        "default_pivot": optional("string"),
        "default_sort": texts(),
    }));
    json!({"allOf": [schema_reference("ReportSummary"), more]})
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

/// Returns the schema of the envelope of errors under `/api/v1/core` and `/api/v1/accounting`.
fn core_error() -> Value {
    let codes = ErrorCode::ALL.iter().filter(|code| **code != ErrorCode::ImportInvalid);
    let codes: Vec<&str> = codes.map(|code| envelope::core_code(*code)).collect();
    let mut error = object_schema(json!({
        "message": {"type": "string", "description": "For people; may change."},
        "code": {"type": "string", "enum": codes},
        "errors": {
            "type": "object",
            "description": "Messages by field; empty when no field is to blame.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    }));
    error["properties"]["failed_reason"] = json!({"type": "string", "description": "Why an export failed, where that is what is told."});
    error
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
            "holds_customer_id": {"type": "boolean", "description": "`true`, or left out."},
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

/// Returns the schema of a job. Rule: spec/reports.md §11.2.
fn job() -> Value {
    let nullable = |kind: &str, text: &str| json!({"type": [kind, "null"], "description": text});
    json!({
        "type": "object",
        "required": ["id", "object", "result_url", "total_items", "complete_items", "status"],
        "properties": {
            "id": {"type": "integer"},
            "object": {"type": "string", "enum": ["job"]},
            "result_url": nullable("string", "Where the file is; works without a credential."),
            "total_items": {"type": "integer", "description": "Rows there will be."},
            "complete_items": {"type": "integer", "description": "Rows written."},
            "status": {"type": "string", "enum": app::report_files::job::status_words()},
            "progress": {"type": "object", "properties": {
                "percent": {"type": "integer"},
                "rows_per_second": nullable("integer", "Rows per second so far; null before there is a figure."),
                "queue_position": nullable("integer", "How many jobs come before it; null once it runs."),
            }},
            "revision": nullable("integer", "Revision of the data in the file."),
            "error_code": nullable("string", "Why it failed."),
            "error_message": nullable("string", "The same for people."),
            "report": {"type": "string"},
            "content_type": nullable("string", "Type of the file."),
            "file_name": nullable("string", "Name of the file."),
            "created_at": {"type": "string", "format": "date-time"},
            "started_at": nullable("string", "When work began."),
            "finished_at": nullable("string", "When it ended."),
            "expires_at": nullable("string", "End of the file's life."),
        },
    })
}
