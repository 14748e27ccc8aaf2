//! `/healthz`, `/readyz`, `/metrics`: for whoever runs the server. Rule: spec/product.md.

use axum::response::Response;
use serde_json::json;
use store::port::jobs::{JobKind, JobState};
use store::port::notices::Lane;

use super::{answer, json};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::endpoint::{Action, Answer, Call, Endpoint, Method, Produces};
use crate::jobs::lost;
use crate::openapi::Operation;
use crate::operations::blocking;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let text = json!({"description": "Figures.", "content": {"text/plain": {"schema": {"type": "string"}}}});
    let status = |description: &str| {
        let schema = json!({"type": "object", "properties": {"status": {"type": "string"}}});
        json!({"description": description, "content": {"application/json": {"schema": schema}}})
    };
    vec![
        probe("/healthz", "health", "Whether the process is up.", status("It is."), &[], |call| {
            Box::pin(health(call))
        }),
        probe(
            "/readyz",
            "ready",
            "Whether requests can be served: store, mirror and files are usable.",
            status("They can."),
            &[ErrorCode::Unavailable],
            |call| Box::pin(ready(call)),
        ),
        probe("/metrics", "metrics", "Figures for Prometheus.", text, &[], |call| {
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
    handle: fn(Call) -> Answer,
) -> Endpoint {
    Endpoint {
        method: Method::Get,
        path: path.to_owned(),
        template: path,
        action: Action::Probe(Box::new(handle)),
        consumes: &[],
        produces: Produces::Fixed,
        operation: Operation {
            id: id.to_owned(),
            tag: "Server",
            summary: summary.to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            request_body: None,
            answer: (200, answer),
            errors,
        },
    }
}

async fn health(_: Call) -> Result<Response, ApiError> {
    Ok(json(r#"{"status":"ok"}"#))
}

async fn ready(call: Call) -> Result<Response, ApiError> {
    if call.app.is_stopping() {
        return Err(ApiError::unavailable("The server is stopping."));
    }
    let app = call.app;
    let checked = blocking(move || is_usable(&app)).await;
    checked
        .map_err(|_| ApiError::unavailable("The store, the mirror or the files are not usable."))?;
    Ok(json(r#"{"status":"ready"}"#))
}

fn is_usable(app: &App) -> Result<(), ApiError> {
    app.store().revision().map_err(ApiError::of_store)?;
    app.mirror().status().map_err(ApiError::of_mirror)?;
    app.files().must_be_there().map_err(|error| lost::unavailable(&error))
}

async fn metrics(call: Call) -> Result<Response, ApiError> {
    let app = call.app;
    let text = blocking(move || Ok(figures(&app))).await?;
    Ok(answer("text/plain; version=0.0.4; charset=utf-8", text))
}

fn figures(app: &App) -> String {
    let metrics = app.metrics();
    metrics.set("is_ready", u64::from(!app.is_stopping() && is_usable(app).is_ok()));
    for kind in [JobKind::Report, JobKind::Export] {
        if let Ok((queued, running)) = app.store().job_counts(kind) {
            metrics.set_jobs(kind, JobState::Queued, queued);
            metrics.set_jobs(kind, JobState::Running, running);
        }
    }
    for lane in Lane::ALL {
        if let Ok(count) = app.store().waiting_deliveries(lane) {
            metrics.set_notices_waiting(lane, count);
        }
    }
    if let Ok(revision) = app.store().revision() {
        metrics.set("revision", revision.0.unsigned_abs());
    }
    let free = app.requests().available_permits();
    let running = app.settings().server.requests_max.saturating_sub(free);
    metrics.set("requests_running", running as u64);
    metrics.set("rate_limit_identities", app.limiter().identities() as u64);
    if let Ok(mirror) = app.mirror().status() {
        metrics.set("mirror_covered_revision", mirror.covered.0.unsigned_abs());
        metrics.set("mirror_delta_changes", mirror.delta_changes);
        metrics.set("mirror_is_refreshing", u64::from(mirror.is_refreshing));
        metrics.set("mirror_rows", mirror.tables.iter().map(|table| table.rows).sum());
    }
    metrics.render()
}
