//! The work of an export job: it writes rows into one file. Rule: spec/exports.md §5, §9, §11.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use mirror::MirrorSession;
use model::time::Instant;
use reports::exports::ExportRequest;
use serde_json::{Map, Value, json};
use store::port::jobs::Job;
use store::port::notices::NewNotice;

use super::file::{self, ExportFile};
use super::notices;
use super::package_work as package;
use super::parts::MAIN_PART;
use super::parts::{CONTENT_TYPE, manifest_head};
use crate::app::App;
use crate::jobs::attempt::RunningAttempt;
use crate::jobs::folder::free_bytes;
use crate::jobs::manifest;
use crate::jobs::work::{JobEnd, JobOutput, JobOutputFile, JobWork};
use crate::jobs::work_failure::WorkFailure;

/// The interval at which the free disk space is checked.
const DISK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The work of export jobs.
pub(crate) struct ExportWork;

impl JobWork for ExportWork {
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a RunningAttempt,
        session: MirrorSession,
    ) -> BoxFuture<'a, Result<JobOutput, WorkFailure>> {
        Box::pin(async move {
            tokio::select! {
                made = make_export(app, job, attempt, session) => made,
                stop = wait_for_full_disk(app, attempt.folder()) => {
                    attempt.cancel();
                    Err(stop)
                }
            }
        })
    }

    fn notices(&self, app: &App, job: &Job, end: &JobEnd<'_>) -> Vec<NewNotice> {
        notices::notices_of_end(app, job, end)
    }
}

async fn make_export(
    app: &App,
    job: &Job,
    attempt: &RunningAttempt,
    session: MirrorSession,
) -> Result<JobOutput, WorkFailure> {
    let request: ExportRequest = serde_json::from_str(&job.request).map_err(|_| {
        WorkFailure::permanent("internal_error", "The export cannot be read any more.")
    })?;
    if let Some(package) = request.package() {
        return package::make_package_files(app, job, attempt, session, &request, package).await;
    }
    let path = attempt.folder().join(format!("rows.{}", request.format().word()));
    let observer = Arc::new(attempt.clone());
    let written =
        file::write_export(app.settings(), &session, &request, &path, attempt.folder(), observer)
            .await?;
    Ok(export_output(job, &request, &session, written))
}

fn export_output(
    job: &Job,
    request: &ExportRequest,
    session: &MirrorSession,
    written: ExportFile,
) -> JobOutput {
    let ExportFile { file, columns, revision } = written;
    let zone = &session.provider().timezone;
    let name = request.file_name(zone);
    let asked = manifest::ManifestRequest {
        head: manifest_head(job, request),
        filters: Value::Object(request.filters()),
        timezone: zone.name(),
        fields_before_rows: manifest_range(request),
    };
    let format = request.format();
    let manifest =
        manifest::row_file_manifest(asked, format, &name, &columns, &file, revision, request.now());
    let rows = file.totals.rows();
    let file = JobOutputFile {
        part: MAIN_PART,
        path: file.path,
        name,
        content_type: CONTENT_TYPE,
        bytes: file.bytes,
        sha256: file.sha256,
    };
    JobOutput { files: vec![file], manifest, rows, revision }
}

/// Returns the manifest's fields between the time zone and the rows.
fn manifest_range(request: &ExportRequest) -> Map<String, Value> {
    let mut more = Map::new();
    more.insert("mode".to_owned(), json!(request.mode().word()));
    if let Some(range) = request.range() {
        let instant = |seconds: i64| Instant::from_seconds(seconds);
        let (from, to) = (instant(range.from), instant(range.to));
        more.insert("range".to_owned(), json!({"from": from, "to": to, "inclusive": true}));
    }
    more
}

/// Waits until the disk of `folder` is nearly full, and returns the failure.
async fn wait_for_full_disk(app: &App, folder: &Path) -> WorkFailure {
    let bytes_min = app.settings().exports.min_free_disk_mb.saturating_mul(1 << 20);
    let mut looks = tokio::time::interval(DISK_CHECK_INTERVAL);
    loop {
        looks.tick().await;
        match free_bytes(folder) {
            Ok(free) if free < bytes_min => {
                return WorkFailure::disk_full();
            }
            Ok(_) => {}
            Err(error) => crate::error::log_error("disk_unknown", &error),
        }
    }
}
