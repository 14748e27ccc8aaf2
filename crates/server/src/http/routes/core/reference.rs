//! The OpenAPI description of exports.

use model::permission::Permission;
use serde_json::{Value, json};

use super::{CATALOGUE, DOWNLOAD, EXPORT, EXPORTS, REQUEST};
use crate::http::endpoint::EndpointMethod;
use crate::openapi::{
    Operation, OwnPermissions, exports, file_answer, json_answer, page_number, query_parameter,
    reports, schema_reference, with_retry_after,
};
use app::error::ErrorCode;
use app::exports::show;

/// Errors that every request to exports may get.
const COMMON: [ErrorCode; 2] = [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden];
const REQUEST_ERRORS: [ErrorCode; 8] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::InvalidJson,
    ErrorCode::InvalidDateRange,
    ErrorCode::ExportInProgress,
    ErrorCode::TooManyExports,
    ErrorCode::NothingToExport,
    ErrorCode::IdempotencyConflict,
];
const FILE_ERRORS: [ErrorCode; 8] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::ExportNotReady,
    ErrorCode::ExportGone,
    ErrorCode::ExportNotFound,
    ErrorCode::ExportFailed,
    ErrorCode::RangeNotSatisfiable,
    ErrorCode::FileMissing,
];
const EXPORT_ERRORS: [ErrorCode; 3] =
    [ErrorCode::ExportsNotEnabled, ErrorCode::SiteForbidden, ErrorCode::ExportNotFound];
const CANCEL_ERRORS: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::ExportNotFound,
    ErrorCode::ExportFinished,
];
const REMOVAL_ERRORS: [ErrorCode; 4] = [
    ErrorCode::ExportsNotEnabled,
    ErrorCode::SiteForbidden,
    ErrorCode::ExportNotFound,
    ErrorCode::ExportNotFinished,
];
/// Media types of files. Generated clients that only know the second may declare files as that.
const FILE_TYPES: [&str; 2] = ["application/force-download", "application/octet-stream"];

/// Permissions that the endpoints check themselves.
const NEEDS: OwnPermissions = OwnPermissions {
    names: &[Permission::Exports],
    sentence: "Needs the permission `exports`; for accounting packages `accounting` too.",
};

/// The OpenAPI description of one endpoint of exports.
struct ExportEndpointDocs {
    id: &'static str,
    summary: &'static str,
    errors: &'static [ErrorCode],
    parameters: Vec<Value>,
    answer: Value,
}

/// Returns the OpenAPI operation of an endpoint.
pub(super) fn operation(method: EndpointMethod, path: &'static str) -> Operation {
    let ExportEndpointDocs { id, summary, errors, parameters, answer } =
        endpoint_docs(method, path);
    Operation {
        id: id.to_owned(),
        tag: "Exports",
        summary: summary.to_owned(),
        description: String::new(),
        parameters,
        request_body: [(EndpointMethod::Post, EXPORTS), (EndpointMethod::Post, REQUEST)]
            .contains(&(method, path))
            .then(exports::export_request_body),
        answer: (200, answer),
        errors,
        own_permissions: Some(NEEDS),
    }
}

fn endpoint_docs(method: EndpointMethod, path: &str) -> ExportEndpointDocs {
    let status = || {
        with_retry_after(json_answer(schema_reference("ExportAnswer"), "The export as it is now."))
    };
    let of_one = || vec![uuid_parameter(), site_parameter()];
    let list = |id, summary| ExportEndpointDocs {
        id,
        summary,
        errors: &COMMON,
        parameters: list_parameters(),
        answer: catalogue_answer(),
    };
    let request = |id, summary| ExportEndpointDocs {
        id,
        summary,
        errors: &REQUEST_ERRORS,
        parameters: vec![site_parameter(), reports::idempotency_key()],
        answer: json_answer(schema_reference("ExportRequested"), "The exports that were queued."),
    };
    let file = |id, summary| ExportEndpointDocs {
        id,
        summary,
        errors: &FILE_ERRORS,
        parameters: file_parameters(),
        answer: file_answer("The file, or the range of it that was asked for.", &FILE_TYPES),
    };
    match (method, path) {
        (EndpointMethod::Get, EXPORTS) => list(
            "exports",
            "Types of exports, each with its recent ones; or all exports, newest first.",
        ),
        (EndpointMethod::Get, CATALOGUE) => list("export_attributes", "Another name of `exports`."),
        (EndpointMethod::Post, EXPORTS) => {
            request("export_request", "Asks for an export, which is made in the background.")
        }
        (EndpointMethod::Post, REQUEST) => {
            request("request_export", "Another name of `export_request`.")
        }
        (EndpointMethod::Get, EXPORT) => file("export_download", "The file of a finished export."),
        (EndpointMethod::Get, DOWNLOAD) => {
            file("download_export", "Another name of `export_download`.")
        }
        (EndpointMethod::Delete, _) => ExportEndpointDocs {
            id: "export_delete",
            summary: "Removes the file of a finished export now.",
            errors: &REMOVAL_ERRORS,
            parameters: of_one(),
            answer: status(),
        },
        (EndpointMethod::Post, _) => ExportEndpointDocs {
            id: "export_cancel",
            summary: "Stops an unfinished export.",
            errors: &CANCEL_ERRORS,
            parameters: of_one(),
            answer: status(),
        },
        (_, path) if path.ends_with("/manifest") => ExportEndpointDocs {
            id: "export_manifest",
            summary: "Rows, bytes, SHA-256 and sums of a finished file.",
            errors: &EXPORT_ERRORS,
            parameters: of_one(),
            answer: json_answer(schema_reference("ExportManifest"), "What the file holds."),
        },
        _ => ExportEndpointDocs {
            id: "export_status",
            summary: "An export in any state.",
            errors: &EXPORT_ERRORS,
            parameters: of_one(),
            answer: status(),
        },
    }
}

/// Returns the description of the catalogue's answer, which is a page of the history with
/// `history=1`.
fn catalogue_answer() -> Value {
    let schema = json!({
        "description": "The second with `history=1`.",
        "anyOf": [schema_reference("ExportCatalogue"), schema_reference("ExportHistory")],
    });
    json_answer(
        schema,
        "Every type of export with its 20 newest; with `history=1` a page of all exports.",
    )
}

pub(super) fn site_parameter() -> Value {
    query_parameter(
        "site_id",
        "Id of a site of the account. A request for exports needs it where the account has sites.",
        json!({"type": "integer", "minimum": 1}),
    )
}

fn uuid_parameter() -> Value {
    json!({
        "name": "uuid", "in": "path", "required": true, "schema": {"type": "string"},
        "description": "UUID of the export.",
    })
}

fn list_parameters() -> Vec<Value> {
    let only = "Only with `history=1`: ";
    vec![
        site_parameter(),
        query_parameter(
            "history",
            "`1` lists all exports, newest first, instead of the types.",
            json!({"type": "string", "enum": ["1", "true"]}),
        ),
        {
            let mut page = page_number();
            page["description"] = json!(format!("{only}number of the page, from 1."));
            page
        },
        query_parameter(
            "limit",
            &format!("{only}entries of the page, 10 unless given."),
            json!({"type": "integer", "minimum": 1, "maximum": 100}),
        ),
        query_parameter(
            "object",
            &format!("{only}exports of this type."),
            json!({"type": "string"}),
        ),
        query_parameter(
            "state",
            &format!("{only}exports in this state."),
            json!({"type": "string", "enum": show::state_words()}),
        ),
    ]
}

fn file_parameters() -> Vec<Value> {
    let text = || json!({"type": "string"});
    vec![
        uuid_parameter(),
        site_parameter(),
        query_parameter(
            "bundle",
            "`full` is the full bundle of an accounting package: journals, trial balance and issues too.",
            json!({"type": "string", "enum": ["full"]}),
        ),
        query_parameter(
            "expires",
            "Of a signed link, which needs no credential: when it ends, in Unix seconds.",
            text(),
        ),
        query_parameter("signature", "Of a signed link: its signature.", text()),
    ]
}
