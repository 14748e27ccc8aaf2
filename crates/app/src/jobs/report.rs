//! The work of a report job: it writes rows into one file. Rule: spec/reports.md §7, §11.

use std::sync::Arc;

use files::format::FileFormat;
use futures::future::BoxFuture;
use mirror::Session;
use model::provider::Provider;
use model::time::Instant;
use reports::request::{RawParameters, RawValue};
use reports::{Report, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::port::jobs::Job;

use super::attempt::Attempt;
use super::manifest;
use super::work::{Made, MadeFile, Stop, Work};
use crate::app::App;
use crate::report_files::write::{self, ReportFile};

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
        self.parameters.iter().map(|(name, value)| (name.clone(), raw(value))).collect()
    }

    /// Returns the context that the parameters are checked in.
    pub(crate) fn context(&self) -> RequestContext {
        let identity_name = self.identity_name.clone();
        RequestContext { now: self.now, page_size_max: u32::MAX, identity_name }
    }
}

/// Converts a parameter to the form stored in a job.
pub(crate) fn stored(value: &RawValue) -> Value {
    match value {
        RawValue::Text(text) => json!(text),
        RawValue::Number(text) => json!({"number": text}),
        RawValue::Bool(value) => json!(value),
        RawValue::Null | RawValue::Object => Value::Null,
        RawValue::List(items) => items.iter().map(stored).collect(),
    }
}

fn raw(value: &Value) -> RawValue {
    match value {
        Value::String(text) => RawValue::Text(text.clone()),
        Value::Bool(value) => RawValue::Bool(*value),
        Value::Array(items) => RawValue::List(items.iter().map(raw).collect()),
        Value::Object(number) => {
            let text = number.get("number").and_then(Value::as_str).unwrap_or_default();
            RawValue::Number(text.to_owned())
        }
        Value::Null | Value::Number(_) => RawValue::Null,
    }
}

/// The work of report jobs.
pub(crate) struct ReportWork;

impl Work for ReportWork {
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a Attempt,
        session: Session,
    ) -> BoxFuture<'a, Result<Made, Stop>> {
        Box::pin(make(app, job, attempt, session))
    }
}

async fn make(app: &App, job: &Job, attempt: &Attempt, session: Session) -> Result<Made, Stop> {
    let (report, asked, format) = read(job)?;
    let request =
        reports::parse_file(report, &asked.raw_parameters(), session.provider(), &asked.context())
            .map_err(|_| Stop::failed("internal_error", "The request cannot be read any more."))?;
    let path = attempt.folder().join(format!("rows.{}", format.extension()));
    let (settings, watch) = (app.settings(), Arc::new(attempt.clone()));
    let made = write::write(settings, &session, &request, format, &path, attempt.folder(), watch);
    let ReportFile { file, columns, revision } = made.await?;
    let request = described(job, &asked, session.provider());
    let name = asked.file_name;
    let manifest = manifest::of_rows(request, format, &name, &columns, &file, revision, asked.now);
    let rows = file.totals.rows();
    let file = MadeFile {
        part: "file",
        path: file.path,
        name,
        content_type: format.content_type(),
        bytes: file.bytes,
        sha256: file.sha256,
    };
    Ok(Made { files: vec![file], manifest, rows, revision })
}

fn read(job: &Job) -> Result<(&'static Report, ReportJob, FileFormat), Stop> {
    let unreadable = || Stop::failed("internal_error", "The job cannot be read any more.");
    let report = reports::find(&job.subject).ok_or_else(unreadable)?;
    let asked: ReportJob = serde_json::from_str(&job.request).map_err(|_| unreadable())?;
    let format = FileFormat::parse(&asked.format).ok_or_else(unreadable)?;
    Ok((report, asked, format))
}

fn described<'r>(job: &Job, asked: &ReportJob, provider: &'r Provider) -> manifest::Request<'r> {
    let mut head = Map::new();
    head.insert("id".to_owned(), json!(job.id));
    head.insert("report".to_owned(), json!(job.subject));
    let mut filters: Map<String, Value> =
        asked.parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    filters.insert("as_of".to_owned(), json!(asked.now));
    manifest::Request {
        head,
        filters: Value::Object(filters),
        timezone: provider.timezone.name(),
        more: Map::new(),
    }
}
