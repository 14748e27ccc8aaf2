//! The work of a report job: it writes rows into one file. Rule: spec/reports.md §7, §11.

use std::sync::Arc;

use futures::future::BoxFuture;
use mirror::MirrorSession;
use model::file_format::FileFormat;
use model::provider::Provider;
use model::time::Instant;
use reports::request::{RawParameters, RawValue};
use reports::{Report, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::port::jobs::Job;

use super::write::{self, ReportFile};
use crate::app::App;
use crate::jobs::attempt::RunningAttempt;
use crate::jobs::manifest;
use crate::jobs::work::{JobOutput, JobOutputFile, JobWork};
use crate::jobs::work_failure::WorkFailure;

/// The stored request of a report job. With the revision it determines the bytes of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReportJob {
    /// The parameters as given, without `format`.
    pub(crate) parameters: Vec<(String, Value)>,
    /// The file's format.
    pub(crate) format: String,
    /// The present, fixed when the job was requested.
    pub(crate) now: Instant,
    /// The caller's name, for filters that refer to the caller.
    pub(crate) identity_name: Option<String>,
    /// The name of the file.
    pub(crate) file_name: String,
}

impl ReportJob {
    /// Returns the parameters as the request gave them.
    pub(crate) fn raw_parameters(&self) -> RawParameters {
        self.parameters.iter().map(|(name, value)| (name.clone(), raw_value(value))).collect()
    }

    /// Returns the context that the parameters are checked in.
    pub(crate) fn context(&self) -> RequestContext {
        let identity_name = self.identity_name.clone();
        RequestContext { now: self.now, page_size_max: u32::MAX, caller_name: identity_name }
    }
}

/// Converts a parameter to the form stored in a job.
pub(crate) fn stored_value(value: &RawValue) -> Value {
    match value {
        RawValue::Text(text) => json!(text),
        RawValue::Number(text) => json!({"number": text}),
        RawValue::Bool(value) => json!(value),
        RawValue::Null | RawValue::Object => Value::Null,
        RawValue::List(items) => items.iter().map(stored_value).collect(),
    }
}

fn raw_value(value: &Value) -> RawValue {
    match value {
        Value::String(text) => RawValue::Text(text.clone()),
        Value::Bool(value) => RawValue::Bool(*value),
        Value::Array(items) => RawValue::List(items.iter().map(raw_value).collect()),
        Value::Object(number) => {
            let text = number.get("number").and_then(Value::as_str).unwrap_or_default();
            RawValue::Number(text.to_owned())
        }
        Value::Null | Value::Number(_) => RawValue::Null,
    }
}

/// The work of report jobs.
pub(crate) struct ReportWork;

impl JobWork for ReportWork {
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a RunningAttempt,
        session: MirrorSession,
    ) -> BoxFuture<'a, Result<JobOutput, WorkFailure>> {
        Box::pin(make_report(app, job, attempt, session))
    }
}

async fn make_report(
    app: &App,
    job: &Job,
    attempt: &RunningAttempt,
    session: MirrorSession,
) -> Result<JobOutput, WorkFailure> {
    let (report, asked, format) = read_request(job)?;
    let request =
        reports::parse_file(report, &asked.raw_parameters(), session.provider(), &asked.context())
            .map_err(|_| {
                WorkFailure::permanent("internal_error", "The request cannot be read any more.")
            })?;
    let path = attempt.folder().join(format!("rows.{}", format.extension()));
    let (settings, observer) = (app.settings(), Arc::new(attempt.clone()));
    let made = write::write_report(
        settings,
        &session,
        &request,
        format,
        &path,
        attempt.folder(),
        observer,
    );
    let ReportFile { file, columns, revision } = made.await?;
    let request = manifest_request(job, &asked, session.provider());
    let name = asked.file_name;
    let manifest =
        manifest::row_file_manifest(request, format, &name, &columns, &file, revision, asked.now);
    let rows = file.totals.rows();
    let file = JobOutputFile {
        part: "file",
        path: file.path,
        name,
        content_type: format.content_type(),
        bytes: file.bytes,
        sha256: file.sha256,
    };
    Ok(JobOutput { files: vec![file], manifest, rows, revision })
}

fn read_request(job: &Job) -> Result<(&'static Report, ReportJob, FileFormat), WorkFailure> {
    let unreadable =
        || WorkFailure::permanent("internal_error", "The job cannot be read any more.");
    let report = reports::find_report(&job.subject).ok_or_else(unreadable)?;
    let asked: ReportJob = serde_json::from_str(&job.request).map_err(|_| unreadable())?;
    let format = FileFormat::parse(&asked.format).ok_or_else(unreadable)?;
    Ok((report, asked, format))
}

fn manifest_request<'r>(
    job: &Job,
    asked: &ReportJob,
    provider: &'r Provider,
) -> manifest::ManifestRequest<'r> {
    let mut head = Map::new();
    head.insert("id".to_owned(), json!(job.id));
    head.insert("report".to_owned(), json!(job.subject));
    let mut filters: Map<String, Value> =
        asked.parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    filters.insert("as_of".to_owned(), json!(asked.now));
    manifest::ManifestRequest {
        head,
        filters: Value::Object(filters),
        timezone: provider.timezone.name(),
        fields_before_rows: Map::new(),
    }
}
