//! What the OpenAPI document says about exports.

use reports::exports::{describe, types};
use serde_json::{Value, json};

use super::{CATALOGUE, DOWNLOAD, EXPORT, EXPORTS, REQUEST};
use crate::error::ErrorCode;
use crate::http::endpoint::Method;
use crate::openapi::Operation;

/// Errors of every request to exports.
const COMMON: [ErrorCode; 2] = [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden];
const OF_REQUEST: [ErrorCode; 11] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::RequestTooLarge,
    ErrorCode::InvalidJson,
    ErrorCode::InvalidDateRange,
    ErrorCode::ExportInProgress,
    ErrorCode::TooManyExports,
    ErrorCode::NothingToExport,
    ErrorCode::IdempotencyConflict,
    ErrorCode::ParameterInvalid,
];
const OF_FILE: [ErrorCode; 8] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::ExportNotReady,
    ErrorCode::ExportGone,
    ErrorCode::ExportNotFound,
    ErrorCode::ExportFailed,
    ErrorCode::RangeNotSatisfiable,
    ErrorCode::FileMissing,
];
const OF_ONE: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::ExportNotFound];
const OF_END: [ErrorCode; 5] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::ExportNotFound,
    ErrorCode::ExportFinished,
    ErrorCode::ExportNotFinished,
];

/// The entry of an endpoint.
pub(super) fn operation(method: Method, path: &'static str) -> Operation {
    let (id, summary, errors): (&str, &str, &'static [ErrorCode]) = match (method, path) {
        (Method::Get, EXPORTS) => {
            ("exports", "Types of exports, each with its recent ones.", &COMMON)
        }
        (Method::Get, CATALOGUE) => ("export_attributes", "Another name of `exports`.", &COMMON),
        (Method::Post, EXPORTS) => ("export_request", "Asks for an export.", &OF_REQUEST),
        (Method::Post, REQUEST) => {
            ("request_export", "Another name of `export_request`.", &OF_REQUEST)
        }
        (Method::Get, EXPORT) => ("export_download", "The file of a finished export.", &OF_FILE),
        (Method::Get, DOWNLOAD) => {
            ("download_export", "Another name of `export_download`.", &OF_FILE)
        }
        (Method::Delete, _) => ("export_delete", "Removes the file of an export now.", &OF_END),
        (Method::Post, _) => ("export_cancel", "Stops an unfinished export.", &OF_END),
        (_, path) if path.ends_with("/manifest") => {
            ("export_manifest", "Rows, bytes, SHA-256 and sums of a finished file.", &OF_ONE)
        }
        _ => ("export_status", "An export in any state.", &OF_ONE),
    };
    Operation {
        id: id.to_owned(),
        tag: "Exports",
        summary: summary.to_owned(),
        description: "Needs the permission `exports`; accounting also `accounting`. Errors: \
            `{\"message\", \"code\", \"errors\": {field: [messages]}}`."
            .to_owned(),
        parameters: parameters(path),
        request_body: (method == Method::Post && !path.contains("{uuid}")).then(body),
        answer: (200, answer(path)),
        errors,
    }
}

fn parameters(path: &str) -> Vec<Value> {
    let site = json!({
        "name": "site_id", "in": "query", "required": false, "schema": {"type": "integer"},
        "description": "The site that names the account; a request needs it where there are sites.",
    });
    let uuid = json!({
        "name": "uuid", "in": "path", "required": true, "schema": {"type": "string"},
        "description": "UUID of the export.",
    });
    match path.contains("{uuid}") {
        true => vec![uuid, site],
        false => vec![site],
    }
}

fn body() -> Value {
    let names = types()
        .iter()
        .flat_map(|kind| std::iter::once(kind.object()).chain(kind.aliases().iter().copied()));
    let mut properties = json!({
        "object": {"type": "string", "enum": names.collect::<Vec<_>>()},
        "format": {"type": "string", "enum": ["csv", "ndjson", "parquet", "xlsx"]},
    });
    for kind in types() {
        let entry = describe(kind);
        for filter in entry["filters"].as_array().into_iter().flatten() {
            let name = filter["name"].as_str().unwrap_or_default();
            let kind = match filter["type"].as_str() {
                Some("integer") => json!({"type": "integer"}),
                Some("timestamp") => json!({"type": ["integer", "string"]}),
                _ => json!({"type": "string"}),
            };
            properties[name] = kind;
        }
    }
    let schema = json!({"type": "object", "required": ["object"], "properties": properties});
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn answer(path: &str) -> Value {
    match path {
        EXPORT | DOWNLOAD => json!({
            "description": "The file, or the range of it that was asked for.",
            "content": {"application/force-download": {
                "schema": {"type": "string", "format": "binary"},
            }},
        }),
        _ => json!({
            "description": "As it is now.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }),
    }
}
