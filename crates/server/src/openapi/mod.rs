//! The OpenAPI 3.1 document, made from the table of endpoints.
//!
//! | module | holds |
//! | --- | --- |
//! | `schemas` | bodies that several endpoints share |
//! | `rows` | one schema per table that can be imported |
//! | `books` | parameters, bodies and answers about the books |
//! | `parameters` | parameters of reports |
//! | `usage` | parameters, bodies and answers about usage |

pub(crate) mod books;
pub(crate) mod parameters;
pub(crate) mod rows;
mod schemas;
pub(crate) mod usage;

use serde_json::{Map, Value, json};

use crate::auth::admission::Requirement;
use crate::error::ErrorCode;

/// What the document says about one endpoint.
pub(crate) struct Operation {
    /// Unique name, for generated clients.
    pub(crate) id: String,
    /// Group in the reference.
    pub(crate) tag: &'static str,
    /// One line.
    pub(crate) summary: String,
    /// More, in Markdown; may be empty.
    pub(crate) description: String,
    /// Parameters beside those that every endpoint with a credential has.
    pub(crate) parameters: Vec<Value>,
    /// Body of the request.
    pub(crate) request_body: Option<Value>,
    /// Status and content of the answer asked for.
    pub(crate) answer: (u16, Value),
    /// Errors beside those that every endpoint has.
    pub(crate) errors: &'static [ErrorCode],
}

/// One endpoint as the document sees it.
pub(crate) struct Entry<'e> {
    /// Lower-case method.
    pub(crate) method: &'static str,
    /// Path.
    pub(crate) path: &'e str,
    /// What is asked of the caller; none = no credential is needed.
    pub(crate) required: Option<Requirement>,
    /// The rest.
    pub(crate) operation: &'e Operation,
}

/// Groups of the reference, in order.
pub(crate) const TAGS: [(&str, &str); 9] = [
    ("Reports", "Pages of rows, as JSON or CSV; all rows, as a file."),
    ("Usage", "How much of a membership is used and left."),
    ("Jobs", "Files that are made in the background: how far they are, and where."),
    ("Exports", "Every kind of record as a file, asked for in the Pelcro dialect."),
    ("Books", "The ledger by month: closing, balances, deferred revenue, receivables."),
    ("Webhooks", "Where it is told how exports go, and what became of that."),
    ("Discovery", "What reports there are, and their columns and filters."),
    ("Import", "Records in. All or nothing per call, visible to the next read."),
    ("Server", "Health, figures and this reference."),
];

const INTRODUCTION: &str = "Reports over the records of a membership or subscription business, and \
    the doors through which records come in.\n\nEvery call under `/api/v2` and `/api/v1/import` \
    takes `Authorization: Bearer <token>` (also `Token`, `JWT`). A credential that reaches several \
    providers names one in `TeamUp-Provider-ID`. Errors are JSON with a stable `code`. Every answer \
    carries `X-Request-Id`; every answer computed from records carries `Rollbook-Revision`.";

/// The document for the whole server, as `rollbook openapi` prints it.
pub fn full_document(public_url: Option<&str>) -> Value {
    let endpoints = crate::http::endpoints();
    document(endpoints.iter().map(|endpoint| endpoint.entry()), public_url)
}

/// The document for these endpoints.
pub(crate) fn document<'e>(
    entries: impl Iterator<Item = Entry<'e>>,
    public_url: Option<&str>,
) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for entry in entries {
        let path = paths.entry(entry.path).or_insert_with(|| json!({}));
        path[entry.method] = operation(&entry);
    }
    paths.sort_keys();
    let tags = TAGS.map(|(name, description)| json!({"name": name, "description": description}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rollbook",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Reports and records of membership businesses.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url.unwrap_or("/")}],
        "tags": tags,
        "paths": paths,
        "components": schemas::components(),
    })
}

fn operation(entry: &Entry<'_>) -> Value {
    let operation = entry.operation;
    let mut description = operation.description.clone();
    let mut parameters = operation.parameters.clone();
    let mut errors = operation.errors.to_vec();
    let mut document = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    });
    match &entry.required {
        None => document["security"] = json!([]),
        Some(required) => {
            let flags: Vec<&str> = required.permissions.iter().map(|f| f.as_str()).collect();
            append(&mut description, &needs(&flags));
            document["security"] = json!([{"credential": []}]);
            document["x-permissions"] = json!(flags);
            for name in ["ProviderId", "RequestMode", "RequestId"] {
                parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
            }
            errors.extend(ERRORS_WITH_CREDENTIAL);
        }
    }
    document["description"] = json!(description);
    document["parameters"] = json!(parameters);
    if let Some(body) = &operation.request_body {
        document["requestBody"] = body.clone();
    }
    document["responses"] = responses(operation, &errors);
    document
}

const ERRORS_WITH_CREDENTIAL: [ErrorCode; 6] = [
    ErrorCode::ParameterInvalid,
    ErrorCode::AuthenticationFailed,
    ErrorCode::PermissionDenied,
    ErrorCode::NotAcceptable,
    ErrorCode::Throttled,
    ErrorCode::Unavailable,
];

fn needs(flags: &[&str]) -> String {
    match flags {
        [] => "Needs any valid credential.".to_owned(),
        [only] => format!("Needs the permission `{only}`."),
        several => format!("Needs one of the permissions `{}`.", several.join("`, `")),
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

/// The answer asked for, then one entry per status that can come instead.
fn responses(operation: &Operation, errors: &[ErrorCode]) -> Value {
    let (status, answer) = &operation.answer;
    let mut responses = Map::new();
    responses.insert(status.to_string(), answer.clone());
    let mut statuses: Vec<u16> = errors.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let takes_rows = errors.contains(&ErrorCode::ImportInvalid);
    for status in statuses {
        let name = match status {
            400 if takes_rows => "ImportInvalid".to_owned(),
            other => format!("Error{other}"),
        };
        let response = json!({"$ref": format!("#/components/responses/{name}")});
        responses.entry(status.to_string()).or_insert(response);
    }
    responses.insert("default".to_owned(), json!({"$ref": "#/components/responses/Error"}));
    Value::Object(responses)
}
