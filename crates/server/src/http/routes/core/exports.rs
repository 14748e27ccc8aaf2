//! The catalogue of exports, their history, and requests for new ones. Rule: spec/exports.md §2,
//! §4, §7.1.

use axum::response::Response;

use super::{admit_caller, body, json};
use crate::http::endpoint::EndpointCall;
use crate::http::idempotency;
use crate::http::routes::request_id;
use app::auth::admission::AdmittedRequest;
use app::blocking::blocking;
use app::error::ApiError;
use app::exports::export_caller::{AllowedParameters, SITE_ONLY};
use app::exports::list::{self, ExportHistoryQuery};
use app::exports::submit::{self, ExportSubmission};

const LIST_QUERY_NAMES: AllowedParameters = AllowedParameters {
    always: &["site_id"],
    added: &["history", "page", "limit", "object", "state"],
};

pub(super) async fn list_exports(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    let (admitted, app) = (admit_caller(&call, who, LIST_QUERY_NAMES, false), call.app.clone());
    drop(call);
    let (caller, query) = admitted.await?;
    let history = ExportHistoryQuery::read(&query)?;
    let listed = blocking(move || match history {
        Some(asked) => list::export_history(&app, &caller, &asked),
        None => list::export_catalogue(&app, &caller),
    });
    Ok(json(&listed.await?))
}

pub(super) async fn request_export(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    let admitted = admit_caller(&call, who, SITE_ONLY, true);
    let EndpointCall { app, parts, body, .. } = call;
    let (caller, _) = admitted.await?;
    let request_id = request_id(&parts);
    let body = body::read_json_object(&app, &parts.headers, body).await?;
    let key = idempotency::read_idempotency_key(&parts.headers)
        .map_err(|problem| ApiError::parameter("Idempotency-Key", problem))?;
    let answer =
        submit::submit_exports(&app, caller, ExportSubmission { body, key, request_id }).await?;
    Ok(super::super::json_response(answer))
}
