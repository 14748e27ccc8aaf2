//! `/api/v1/core/exports/{uuid}`: status, manifest, cancellation and removal of one export. Rule:
//! spec/exports.md §7.2, §9.

use axum::response::Response;
use http::header;
use serde_json::json as json_value;
use store::port::jobs::Job;

use super::{admit_caller, json};
use crate::http::endpoint::EndpointCall;
use app::app::App;
use app::auth::admission::AdmittedRequest;
use app::blocking::blocking;
use app::error::ApiError;
use app::exports::download::POLL_AFTER_S;
use app::exports::export_caller::SITE_ONLY;
use app::exports::{find, show};

/// Finds the export in the path for a caller who may see it, and runs `then` on it.
async fn run_on_export(
    call: EndpointCall,
    who: AdmittedRequest,
    then: fn(&App, Job) -> Result<Job, ApiError>,
) -> Result<(App, Job), ApiError> {
    let admitted = admit_caller(&call, who, SITE_ONLY, false);
    let (app, uuid) = (call.app.clone(), call.path.get("uuid").to_owned());
    drop(call);
    let (caller, _) = admitted.await?;
    blocking(move || {
        let job = find::find_export(&app, &caller, &uuid)?;
        let job = then(&app, job)?;
        Ok((app, job))
    })
    .await
}

async fn shown((app, job): (App, Job)) -> Result<Response, ApiError> {
    let is_unfinished = job.state.is_unfinished();
    let shown = blocking(move || show::current_export_json(&app, &job)).await?;
    let mut response = json(&json_value!({"data": shown}));
    if is_unfinished {
        response.headers_mut().insert(header::RETRY_AFTER, POLL_AFTER_S.into());
    }
    Ok(response)
}

pub(super) async fn status(call: EndpointCall, who: AdmittedRequest) -> Result<Response, ApiError> {
    shown(run_on_export(call, who, |_, job| Ok(job)).await?).await
}

pub(super) async fn canceled(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    shown(run_on_export(call, who, |app, job| find::cancel_export(app, &job)).await?).await
}

pub(super) async fn removed(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    shown(run_on_export(call, who, |app, job| find::remove_export_files(app, &job)).await?).await
}

pub(super) async fn manifest(
    call: EndpointCall,
    who: AdmittedRequest,
) -> Result<Response, ApiError> {
    let (_, job) = run_on_export(call, who, |_, job| Ok(job)).await?;
    match job.manifest {
        Some(manifest) => Ok(super::super::json_response(manifest)),
        None => Err(find::export_not_found()),
    }
}
