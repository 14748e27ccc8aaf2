//! `/api/v1/core…`: the dialect of exports. Rule: spec/exports.md §1, §2.
//!
//! | module | holds |
//! | --- | --- |
//! | `exports` | the catalogue, the history, a request for exports |
//! | `export` | one export: its status, manifest, cancellation and removal |
//! | `file` | the file of an export |
//! | `body` | a request's body as a JSON object |
//! | `reference` | the OpenAPI description of exports |
//! | `webhooks`, `webhooks_reference` | the endpoints of webhooks, and their OpenAPI description |

mod body;
mod export;
mod exports;
mod file;
mod reference;
pub(super) mod webhooks;
mod webhooks_reference;

use axum::response::Response;
use reports::request::RawParameters;
use serde_json::Value;

use crate::http::endpoint::{Action, Answer, Call, Endpoint, Method, Produces};
use crate::http::query;
use app::auth::admission::{Admitted, Requirement};
use app::auth::principal::Modes;
use app::blocking::blocking;
use app::error::ApiError;
use app::exports::caller::{self, Caller, QueryNames};

/// The dialect checks the export switch and the permission in an order of its own, after the
/// credential, so the endpoints do it themselves.
const REQUIRED: Requirement =
    Requirement { permissions: &[], modes: Modes::PROVIDER, writes: false };

const EXPORTS: &str = "/api/v1/core/exports";
const EXPORT: &str = "/api/v1/core/exports/{uuid}";
/// Paths of the same endpoints under names that Pelcro prints elsewhere.
const CATALOGUE: &str = "/api/v1/core/export-attributes";
const REQUEST: &str = "/api/v1/core/request-export";
const DOWNLOAD: &str = "/api/v1/core/download-export/{uuid}";

type Handle = fn(Call, Admitted) -> Answer;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let list: Handle = |call, admitted| Box::pin(exports::listed(call, admitted));
    let ask: Handle = |call, admitted| Box::pin(exports::asked(call, admitted));
    let status: Handle = |call, admitted| Box::pin(export::status(call, admitted));
    let manifest: Handle = |call, admitted| Box::pin(export::manifest(call, admitted));
    let cancel: Handle = |call, admitted| Box::pin(export::canceled(call, admitted));
    let remove: Handle = |call, admitted| Box::pin(export::removed(call, admitted));
    vec![
        endpoint(Method::Get, EXPORTS, list),
        endpoint(Method::Get, CATALOGUE, list),
        endpoint(Method::Post, EXPORTS, ask),
        endpoint(Method::Post, REQUEST, ask),
        download(EXPORT),
        download(DOWNLOAD),
        endpoint(Method::Delete, EXPORT, remove),
        endpoint(Method::Get, "/api/v1/core/exports/{uuid}/status", status),
        endpoint(Method::Get, "/api/v1/core/exports/{uuid}/manifest", manifest),
        endpoint(Method::Post, "/api/v1/core/exports/{uuid}/cancel", cancel),
    ]
}

fn endpoint(method: Method, path: &'static str, handle: Handle) -> Endpoint {
    with_action(method, path, Action::Admitted(REQUIRED, Box::new(handle)))
}

fn download(path: &'static str) -> Endpoint {
    let linked = |call: Call| -> Answer { Box::pin(file::linked(call)) };
    let asked =
        |call: Call, admitted: Admitted| -> Answer { Box::pin(file::asked(call, admitted)) };
    with_action(Method::Get, path, Action::Linked(REQUIRED, Box::new(linked), Box::new(asked)))
}

fn with_action(method: Method, path: &'static str, action: Action) -> Endpoint {
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action,
        consumes: &[],
        produces: Produces::Core,
        operation: reference::operation(method, path),
    }
}

/// Checks that the caller may use the dialect. Returns the caller with the parsed query.
fn admitted(
    call: &Call,
    admitted: Admitted,
    names: QueryNames,
    is_request: bool,
) -> impl Future<Output = Result<(Caller, RawParameters), ApiError>> + Send + use<> {
    let (app, query) = (call.app.clone(), query::parse(call.parts.uri.query()));
    blocking(move || {
        let query = query?;
        let caller = caller::admit(&app, admitted, &query, names, is_request)?;
        Ok((caller, query))
    })
}

fn json(value: &Value) -> Response {
    super::json(value.to_string())
}
