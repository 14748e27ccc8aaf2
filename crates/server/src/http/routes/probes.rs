//! `/healthz`, `/readyz`, `/metrics`: endpoints for operators and their monitoring. Rule:
//! spec/product.md.

use std::path::Path;

use axum::response::Response;
use rustix::fs::{Access, access};
use serde_json::json;
use store::port::jobs::{JobKind, JobState};
use store::port::notices::DeliveryChannel;

use super::{json_response, refuse_query, response_of_type};
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::openapi::Operation;
use app::app::App;
use app::blocking::blocking;
use app::error::{ApiError, ErrorCode, log_error};
use app::jobs::{free_bytes, lost_files};
use app::last_backup;
use app::metrics::Disk;

const HEALTH: &str = "/healthz";
const READY: &str = "/readyz";
const METRICS: &str = "/metrics";
/// Paths that monitoring asks every few seconds.
pub(crate) const PATHS: [&str; 3] = [HEALTH, READY, METRICS];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let text = json!({"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}});
    let status = |description: &str| {
        let schema = json!({"type": "object", "properties": {"status": {"type": "string"}}});
        json!({"description": description, "content": {"application/json": {"schema": schema}}})
    };
    vec![
        probe(
            HEALTH,
            "health",
            "Whether the process is up.",
            status("The process is up."),
            &[],
            |call| Box::pin(health(call)),
        ),
        probe(
            READY,
            "ready",
            "Whether requests can be served: store, mirror, files and workers are usable.",
            status("Requests can be served."),
            &[ErrorCode::Unavailable],
            |call| Box::pin(ready(call)),
        ),
        probe(METRICS, "metrics", "Metrics for Prometheus.", text, &[], |call| {
            Box::pin(metrics(call))
        }),
    ]
}

fn probe(
    path: &'static str,
    id: &str,
    summary: &str,
    answer: serde_json::Value,
    errors: &'static [ErrorCode],
    handle: fn(EndpointCall) -> AnswerFuture,
) -> Endpoint {
    Endpoint {
        method: EndpointMethod::Get,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Probe(Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Fixed,
        operation: Operation {
            id: id.to_owned(),
            tag: "Server",
            summary: summary.to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            request_body: None,
            answer: (200, answer),
            errors,
            own_permissions: None,
        },
    }
}

async fn health(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    Ok(json_response(r#"{"status":"ok"}"#))
}

async fn ready(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    if call.app.is_stopping() {
        return Err(ApiError::unavailable("The server is stopping."));
    }
    let app = call.app;
    let checked = blocking(move || check_readiness(&app)).await;
    checked.map_err(|_| {
        let message = "The store, the mirror, the files or the workers are not usable.";
        ApiError::unavailable(message)
    })?;
    Ok(json_response(r#"{"status":"ready"}"#))
}

fn check_readiness(app: &App) -> Result<(), ApiError> {
    app.store().revision().map_err(ApiError::from_store_error)?;
    app.mirror().status().map_err(ApiError::from_mirror_error)?;
    app.files().check_present().map_err(|error| lost_files::folder_unavailable(&error))?;
    check_folder_is_writable(app.temp_dir())?;
    check_folder_is_writable(&app.files().path(""))?;
    if app.loops().are_alive() {
        Ok(())
    } else {
        Err(ApiError::unavailable("A background loop is not running."))
    }
}

/// Fails if files cannot be created in a folder, for instance because it has become read-only.
fn check_folder_is_writable(folder: &Path) -> Result<(), ApiError> {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
        log_error("folder_not_writable", &std::io::Error::from(error));
        ApiError::unavailable("A folder of the server cannot be written to.")
    })
}

async fn metrics(call: EndpointCall) -> Result<Response, ApiError> {
    refuse_query(&call)?;
    let app = call.app;
    let text = blocking(move || Ok(render_metrics(&app))).await?;
    Ok(response_of_type("text/plain; version=0.0.4; charset=utf-8", text))
}

fn render_metrics(app: &App) -> String {
    let metrics = app.metrics();
    metrics.set("is_ready", u64::from(!app.is_stopping() && check_readiness(app).is_ok()));
    for kind in [JobKind::Report, JobKind::Export] {
        if let Ok((queued, running)) = app.store().job_counts(kind) {
            metrics.set_jobs(kind, JobState::Queued, queued);
            metrics.set_jobs(kind, JobState::Running, running);
        }
    }
    for lane in DeliveryChannel::ALL {
        if let Ok(count) = app.store().count_waiting_deliveries(lane) {
            metrics.set_notices_waiting(lane, count);
        }
    }
    if let Ok(revision) = app.store().revision() {
        metrics.set("revision", revision.0.unsigned_abs());
    }
    metrics.set("requests_running", app.request_slots().taken() as u64);
    metrics.set("rate_limit_identities", app.limiter().identities() as u64);
    if let Ok(mirror) = app.mirror().status() {
        metrics.set("mirror_covered_revision", mirror.covered.0.unsigned_abs());
        metrics.set("mirror_delta_changes", mirror.delta_changes);
        metrics.set("mirror_is_refreshing", u64::from(mirror.is_refreshing));
        metrics.set("mirror_rows", mirror.tables.iter().map(|table| table.rows).sum());
    }
    for (disk, folder) in [(Disk::Data, app.data_dir()), (Disk::Files, app.files().root())] {
        if let Ok(free) = free_bytes(folder) {
            metrics.set_disk_free(disk, free);
        }
    }
    metrics.set_last_backup(last_backup::read_last_backup(app.data_dir()));
    metrics.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_takes_no_files_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        check_folder_is_writable(folder.path()).unwrap();
        let gone = folder.path().join("gone");
        assert_eq!(check_folder_is_writable(&gone).unwrap_err().code, ErrorCode::Unavailable);
    }
}
