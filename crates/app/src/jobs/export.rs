//! The work of an export job: it writes rows into one file. Rule: spec/exports.md §5, §9, §11.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use mirror::Session;
use model::time::Instant;
use reports::exports::ExportRequest;
use serde_json::{Map, Value, json};
use store::port::jobs::Job;
use store::port::notices::NewNotice;

use super::attempt::Attempt;
use super::folder::free_bytes;
use super::work::{End, Made, MadeFile, Stop, Work};
use super::{manifest, package};
use crate::app::App;
use crate::exports::fetch::MAIN;
use crate::exports::file::{self, ExportFile};
use crate::exports::notices;

/// The content type of every export. Rule: spec/exports.md §6.
pub(crate) const CONTENT_TYPE: &str = "application/force-download";
/// The interval at which the free disk space is checked.
const DISK_LOOK: Duration = Duration::from_secs(1);

/// The work of export jobs.
pub(crate) struct ExportWork;

impl Work for ExportWork {
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a Attempt,
        session: Session,
    ) -> BoxFuture<'a, Result<Made, Stop>> {
        Box::pin(async move {
            tokio::select! {
                made = make(app, job, attempt, session) => made,
                stop = full_disk(app, attempt.folder()) => {
                    attempt.stop();
                    Err(stop)
                }
            }
        })
    }

    fn notices(&self, app: &App, job: &Job, end: &End<'_>) -> Vec<NewNotice> {
        notices::of_end(app, job, end)
    }
}

async fn make(app: &App, job: &Job, attempt: &Attempt, session: Session) -> Result<Made, Stop> {
    let request: ExportRequest = serde_json::from_str(&job.request)
        .map_err(|_| Stop::failed("internal_error", "The export cannot be read any more."))?;
    if let Some(package) = request.package() {
        return package::make(app, job, attempt, session, &request, package).await;
    }
    let path = attempt.folder().join(format!("rows.{}", request.format().word()));
    let watch = Arc::new(attempt.clone());
    let written =
        file::write(app.settings(), &session, &request, &path, attempt.folder(), watch).await?;
    Ok(made(job, &request, &session, written))
}

fn made(job: &Job, request: &ExportRequest, session: &Session, written: ExportFile) -> Made {
    let ExportFile { file, columns, revision } = written;
    let zone = &session.provider().timezone;
    let name = request.file_name(zone);
    let asked = manifest::Request {
        head: head(job, request),
        filters: Value::Object(request.filters()),
        timezone: zone.name(),
        more: more(request),
    };
    let format = file::format(request);
    let manifest =
        manifest::of_rows(asked, format, &name, &columns, &file, revision, request.now());
    let rows = file.totals.rows();
    let file = MadeFile {
        part: MAIN,
        path: file.path,
        name,
        content_type: CONTENT_TYPE,
        bytes: file.bytes,
        sha256: file.sha256,
    };
    Made { files: vec![file], manifest, rows, revision }
}

/// Returns the manifest's fields that identify the export.
pub(super) fn head(job: &Job, request: &ExportRequest) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("uuid".to_owned(), json!(job.uuid));
    head.insert("object".to_owned(), json!(request.object()));
    head.insert("schema".to_owned(), json!(request.export_type().schema()));
    head
}

/// Returns the manifest's fields between the time zone and the rows.
fn more(request: &ExportRequest) -> Map<String, Value> {
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
async fn full_disk(app: &App, folder: &Path) -> Stop {
    let bytes_min = app.settings().exports.min_free_disk_mb.saturating_mul(1 << 20);
    let mut looks = tokio::time::interval(DISK_LOOK);
    loop {
        looks.tick().await;
        match free_bytes(folder) {
            Ok(free) if free < bytes_min => {
                return Stop::failed("disk_full", "There is no room for the file.");
            }
            Ok(_) => {}
            Err(error) => crate::error::log("disk_unknown", &error),
        }
    }
}
