//! The OpenAPI 3.1 document, made from the table of endpoints.
//!
//! | module | holds |
//! | --- | --- |
//! | `schemas` | bodies that several endpoints share |
//! | `errors` | error answers per endpoint |
//! | `rows` | one schema per table that can be imported |
//! | `reports` | parameters, bodies and answers of reports |
//! | `filters` | descriptions of report filters, in words |
//! | `exports` | the body of a request for exports, and answers about them |
//! | `books` | parameters, bodies and answers about the books |
//! | `usage` | parameters, bodies and answers about usage |

pub(crate) mod books;
mod errors;
pub(crate) mod exports;
mod filters;
pub(crate) mod reports;
pub(crate) mod rows;
mod schemas;
pub(crate) mod usage;

use serde_json::{Map, Value, json};

use errors::ErrorAnswers;
use model::permission::Permission;

use crate::http::endpoint::AnswerFormats;
use app::auth::admission::Requirement;
use app::error::ErrorCode;

/// The OpenAPI description of one endpoint.
pub(crate) struct Operation {
    /// Unique name, which generated clients use.
    pub(crate) id: String,
    /// Group in the reference.
    pub(crate) tag: &'static str,
    /// Summary in one line.
    pub(crate) summary: String,
    /// Longer description in Markdown; may be empty.
    pub(crate) description: String,
    /// Parameters, without those that every endpoint with a credential has.
    pub(crate) parameters: Vec<Value>,
    /// Body of the request; none if the endpoint takes none.
    pub(crate) request_body: Option<Value>,
    /// Status and content of the successful answer.
    pub(crate) answer: (u16, Value),
    /// Errors, without those that every endpoint has.
    pub(crate) errors: &'static [ErrorCode],
    /// Permissions that the endpoint checks itself; none if it checks none.
    pub(crate) own_permissions: Option<OwnPermissions>,
}

/// The permissions that an endpoint checks itself, after it has been reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnPermissions {
    /// Permissions of which one is enough; empty = any credential is enough.
    pub(crate) names: &'static [Permission],
    /// Sentence about the permissions in the reference.
    pub(crate) sentence: &'static str,
}

/// One endpoint as the OpenAPI document needs it.
pub(crate) struct EndpointEntry<'e> {
    /// Method in lower case.
    pub(crate) method: &'static str,
    /// Path.
    pub(crate) path: &'e str,
    /// Requirement on the caller; none = no credential is needed.
    pub(crate) required: Option<Requirement>,
    /// Media types that it answers with.
    pub(crate) produces: AnswerFormats,
    /// The rest of the description.
    pub(crate) operation: &'e Operation,
}

/// Groups of the reference with their descriptions, in order.
pub(crate) const TAGS: [(&str, &str); 9] = [
    ("Reports", "Pages of rows, as JSON or CSV; all rows, as a file."),
    ("Usage", "How much of a membership is used and left."),
    ("Jobs", "Files that are made in the background: how far they are, and where."),
    ("Exports", "Every kind of record as a file, asked for as in Pelcro's API."),
    ("Books", "The ledger by month: closing, balances, deferred revenue, receivables."),
    ("Webhooks", "Addresses that are told when an export is asked for, done or failed."),
    ("Discovery", "Which reports there are, and their columns and filters."),
    ("Import", "Adding, changing and deleting records. All or nothing per call; visible at once."),
    ("Server", "Health, metrics and this reference."),
];

const INTRODUCTION: &str = "Reports over the records of a membership or subscription business, \
    exports, accounting, and imports of its records.\n\n\
    Every call under `/api` needs `Authorization: Bearer <token>` (`Token` and `JWT` work as \
    prefixes too), but for this document and for signed links. A business is called a provider \
    here; a credential that reaches several names one in `TeamUp-Provider-ID`.\n\n\
    Errors are JSON with a stable `code`; all that is wrong with a request is told at once. Under \
    `/api/v1/core` and `/api/v1/accounting` an error is `{\"message\", \"code\", \"errors\"}`, \
    elsewhere `{\"code\", \"field_errors\", \"message\", \"type\"}`. An unknown parameter is an \
    error too, except `expand`, `fields` and names that begin with `_`, which are ignored.\n\n\
    Every answer carries `X-Request-Id`. An answer computed from records comes from one snapshot of \
    them, whose number (the revision) is in `Rollbook-Revision`.";

/// Returns the OpenAPI document of the whole server, which `rollbook openapi` prints.
pub fn full_document(public_url: Option<&str>) -> Value {
    let endpoints = crate::http::endpoints();
    document_of_endpoints(endpoints.iter().map(|endpoint| endpoint.entry()), public_url)
}

/// Returns the OpenAPI document of these endpoints.
pub(crate) fn document_of_endpoints<'e>(
    entries: impl Iterator<Item = EndpointEntry<'e>>,
    public_url: Option<&str>,
) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut answers = ErrorAnswers::default();
    for entry in entries {
        let path = paths.entry(entry.path).or_insert_with(|| json!({}));
        path[entry.method] = operation(&entry, &mut answers);
    }
    paths.sort_keys();
    let tags = TAGS.map(|(name, description)| json!({"name": name, "description": description}));
    let mut components = schemas::components();
    components["responses"] = answers.into_components();
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
        "components": components,
    })
}

fn operation(entry: &EndpointEntry<'_>, answers: &mut ErrorAnswers) -> Value {
    let operation = entry.operation;
    let mut description = operation.description.clone();
    let mut parameters = operation.parameters.clone();
    let mut document = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    });
    match &entry.required {
        None => document["security"] = json!([]),
        Some(required) => {
            let own = operation.own_permissions;
            let names = own.map_or(required.permissions, |own| own.names);
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            let sentence =
                own.map_or_else(|| permission_sentence(&names), |own| own.sentence.to_owned());
            append(&mut description, &sentence);
            document["security"] = json!([{"credential": []}]);
            document["x-permissions"] = json!(names);
            for name in ["ProviderId", "RequestMode", "RequestId"] {
                parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
            }
        }
    }
    document["description"] = json!(description);
    document["parameters"] = json!(parameters);
    if let Some(body) = &operation.request_body {
        document["requestBody"] = body.clone();
    }
    document["responses"] = responses(entry, answers);
    document
}

fn permission_sentence(names: &[&str]) -> String {
    match names {
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

/// Returns the successful answer of an endpoint and its error answers, by status.
fn responses(entry: &EndpointEntry<'_>, answers: &mut ErrorAnswers) -> Value {
    let (status, answer) = &entry.operation.answer;
    let mut responses = Map::new();
    responses.insert(status.to_string(), answer.clone());
    responses.extend(answers.answers_for(entry));
    Value::Object(responses)
}

/// Returns an optional parameter in the query.
pub(crate) fn query_parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "description": description,
        "schema": schema})
}

/// Makes a parameter required.
pub(crate) fn as_required(mut parameter: Value) -> Value {
    parameter["required"] = json!(true);
    parameter
}

/// Returns the `page` parameter in the query.
pub(crate) fn page_number() -> Value {
    let schema = json!({"type": "integer", "minimum": 1});
    query_parameter("page", "Number of the page, from 1.", schema)
}

/// Returns the schema of an object in which all `properties` are required.
pub(crate) fn object_schema(properties: Value) -> Value {
    let names: Vec<String> =
        properties.as_object().into_iter().flat_map(|all| all.keys().cloned()).collect();
    json!({"type": "object", "required": names, "properties": properties})
}

/// Returns a reference to a schema of `components`.
pub(crate) fn schema_reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Returns an answer in JSON.
pub(crate) fn json_answer(schema: Value, description: &str) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// Adds the `Retry-After` header to an answer about unfinished work.
pub(crate) fn with_retry_after(mut answer: Value) -> Value {
    answer["headers"]["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    answer
}

/// Adds XML as a second media type with the same values.
pub(crate) fn with_xml(mut answer: Value) -> Value {
    answer["content"]["application/xml"] = json!({"schema": {
        "type": "string",
        "description": "The same values under the element `root`, one `list-item` per element of a list.",
    }});
    answer
}

/// Returns an answer with the bytes of a file.
pub(crate) fn file_answer(description: &str, types: &[&str]) -> Value {
    let schema = |kind: &str| match kind {
        "application/json" => json!({"schema": {"type": "object"}}),
        _ => json!({"schema": {"type": "string", "format": "binary"}}),
    };
    let content: Map<String, Value> =
        types.iter().map(|kind| ((*kind).to_owned(), schema(kind))).collect();
    json!({"description": description, "content": content})
}
