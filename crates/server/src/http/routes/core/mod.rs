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

use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::query;
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::blocking::blocking;
use app::error::ApiError;
use app::exports::export_caller::{self, AllowedParameters, ExportCaller};

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

type CoreHandler = fn(EndpointCall, AdmittedRequest) -> AnswerFuture;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let list: CoreHandler = |call, admitted| Box::pin(exports::list_exports(call, admitted));
    let ask: CoreHandler = |call, admitted| Box::pin(exports::request_export(call, admitted));
    let status: CoreHandler = |call, admitted| Box::pin(export::status(call, admitted));
    let manifest: CoreHandler = |call, admitted| Box::pin(export::manifest(call, admitted));
    let cancel: CoreHandler = |call, admitted| Box::pin(export::canceled(call, admitted));
    let remove: CoreHandler = |call, admitted| Box::pin(export::removed(call, admitted));
    vec![
        endpoint(EndpointMethod::Get, EXPORTS, list),
        endpoint(EndpointMethod::Get, CATALOGUE, list),
        endpoint(EndpointMethod::Post, EXPORTS, ask),
        endpoint(EndpointMethod::Post, REQUEST, ask),
        download(EXPORT),
        download(DOWNLOAD),
        endpoint(EndpointMethod::Delete, EXPORT, remove),
        endpoint(EndpointMethod::Get, "/api/v1/core/exports/{uuid}/status", status),
        endpoint(EndpointMethod::Get, "/api/v1/core/exports/{uuid}/manifest", manifest),
        endpoint(EndpointMethod::Post, "/api/v1/core/exports/{uuid}/cancel", cancel),
    ]
}

fn endpoint(method: EndpointMethod, path: &'static str, handle: CoreHandler) -> Endpoint {
    with_action(method, path, EndpointAction::Admitted(REQUIRED, Box::new(handle)))
}

fn download(path: &'static str) -> Endpoint {
    let linked = |call: EndpointCall| -> AnswerFuture { Box::pin(file::download_by_link(call)) };
    let asked = |call: EndpointCall, admitted: AdmittedRequest| -> AnswerFuture {
        Box::pin(file::download_as_caller(call, admitted))
    };
    with_action(
        EndpointMethod::Get,
        path,
        EndpointAction::Linked(REQUIRED, Box::new(linked), Box::new(asked)),
    )
}

fn with_action(method: EndpointMethod, path: &'static str, action: EndpointAction) -> Endpoint {
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action,
        consumes: &[],
        produces: AnswerFormats::Core,
        operation: reference::operation(method, path),
    }
}

/// Checks that the caller may use the dialect. Returns the caller with the parsed query.
fn admit_caller(
    call: &EndpointCall,
    admitted: AdmittedRequest,
    names: AllowedParameters,
    is_request: bool,
) -> impl Future<Output = Result<(ExportCaller, RawParameters), ApiError>> + Send + use<> {
    let (app, query) = (call.app.clone(), query::parse(call.parts.uri.query()));
    blocking(move || {
        let query = query?;
        let caller = export_caller::admit_export_caller(&app, admitted, &query, names, is_request)?;
        Ok((caller, query))
    })
}

fn json(value: &Value) -> Response {
    super::json_response(value.to_string())
}
