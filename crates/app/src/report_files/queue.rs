//! Requests for a report as a file: all checks, then a job is queued. Rule: spec/reports.md §11.1.

use model::file_format::FileFormat;
use reports::request::{FieldErrors, MessageStyle, Parameters, RawParameters, RawValue};
use reports::{FileRequest, Report, RequestContext};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::port::IdempotencyKey;
use store::port::jobs::{Job, JobKey, JobKind, JobLimits, JobStart, NewJob};

use super::work::{ReportJob, stored_value};
use super::write::is_separated;
use crate::app::App;
use crate::auth::admission::AdmittedRequest;
use crate::blocking::blocking;
use crate::error::{ApiError, ErrorCode};
use crate::report_pages::page as report_page;
use crate::requester;

/// A request for a report file.
pub struct ReportFileRequest {
    /// The report.
    pub report: &'static Report,
    /// The parameters of the body.
    pub body: RawParameters,
    /// The parameters of the query, of which only `format` is used.
    pub query: RawParameters,
    /// The idempotency key, or the problem with it.
    pub key: Result<Option<String>, String>,
    /// The id of the request.
    pub request_id: String,
}

/// Seconds after which a client may try again when the provider has too many exports.
const RETRY_AFTER_S: u64 = 30;

/// Checks a request and queues its job.
pub async fn request_report_file(
    app: &App,
    asked: ReportFileRequest,
    admitted: AdmittedRequest,
) -> Result<Job, ApiError> {
    let mut errors = FieldErrors::default();
    let ReportFileRequest { report, mut body, query, key, request_id } = asked;
    let format = format(take_parameter(&mut body, "format"), query, &mut errors);
    let key = key.unwrap_or_else(|problem| {
        errors.push("Idempotency-Key", problem);
        None
    });
    let now = app.clock().now();
    let identity_name = admitted.principal.name.clone();
    let context =
        RequestContext { now, page_size_max: u32::MAX, caller_name: identity_name.clone() };
    let request = reports::parse_file(report, &body, &admitted.provider, &context);
    if let Ok(request) = &request
        && request.csv_dialect().is_some()
        && !is_separated(format)
    {
        errors.push("csv_dialect", format!("is for csv and tsv, not for {}", format.word()));
    }
    let request = match request {
        Ok(request) if errors.is_empty() => request,
        Ok(_) => return Err(ApiError::parameters(errors)),
        Err(more) => {
            for (field, messages) in more.0 {
                messages.into_iter().for_each(|message| errors.push(&field, message));
            }
            return Err(ApiError::parameters(errors));
        }
    };
    check_against_rows(app, &admitted, &request).await?;
    let day = admitted.provider.timezone.date_of(now);
    let job = ReportJob {
        parameters: body.iter().map(|(name, value)| (name.clone(), stored_value(value))).collect(),
        format: format.word().to_owned(),
        now,
        identity_name,
        file_name: format!("{}-{day}.{}", report.name(), format.extension()),
    };
    let key = key.map(|key| JobKey {
        key: IdempotencyKey { key, request_hash: request_hash(report, &job) },
        answer: None,
    });
    queue(app, report, job, key, request_id, admitted).await
}

/// Makes the checks that need the rows. They are made before the job is queued, because a queued
/// job cannot refuse a request any more.
async fn check_against_rows(
    app: &App,
    admitted: &AdmittedRequest,
    request: &FileRequest,
) -> Result<(), ApiError> {
    let session = app.open_session(admitted.provider.id).await?;
    reports::check_file(&session, request).await.map_err(report_page::report_error)
}

async fn queue(
    app: &App,
    report: &'static Report,
    job: ReportJob,
    key: Option<JobKey>,
    request_id: String,
    admitted: AdmittedRequest,
) -> Result<Job, ApiError> {
    let asker = app.clone();
    let start = blocking(move || {
        let app = &asker;
        let settings = &app.settings().jobs;
        let new = NewJob {
            uuid: app.new_uuid().to_string(),
            provider: admitted.provider.id,
            kind: JobKind::Report,
            subject: report.name().to_owned(),
            request: json!(job).to_string(),
            requester: requester::stored_requester(app, &admitted.principal)?,
            group: None,
            request_id,
            revision_min: app.store().revision().map_err(ApiError::from_store_error)?,
            is_exclusive: false,
            notices: Vec::new(),
        };
        let limits = JobLimits {
            queued_max: u64::MAX,
            unfinished_max: settings.parallel_per_provider + settings.waiting_per_provider,
        };
        let now = app.clock().now();
        app.store()
            .create_jobs(&[new], key.as_ref(), limits, now)
            .map_err(ApiError::from_store_error)
    });
    match start.await? {
        JobStart::Created(jobs) | JobStart::Answered { jobs, .. } => {
            app.job_wakeup().notify_waiters();
            jobs.into_iter().next().ok_or_else(ApiError::internal)
        }
        JobStart::KeyConflict => Err(ApiError::new(
            ErrorCode::IdempotencyConflict,
            "This Idempotency-Key was used with another request.",
        )),
        JobStart::TooMany | JobStart::InProgress { .. } => {
            let message = "Too many exports of this provider are waiting.";
            let error = ApiError::new(ErrorCode::TooManyExports, message);
            Err(ApiError { retry_after_s: Some(RETRY_AFTER_S), ..error })
        }
    }
}

/// Removes the values of one parameter and returns them.
fn take_parameter(parameters: &mut RawParameters, name: &str) -> RawParameters {
    let (taken, left) = std::mem::take(parameters).into_iter().partition(|(n, _)| n == name);
    *parameters = left;
    taken
}

/// Returns the format of the body, or else of the query, or else CSV. Rule: spec/reports.md §7.1.
fn format(body: RawParameters, query: RawParameters, errors: &mut FieldErrors) -> FileFormat {
    let mut asked = Parameters::new(&query, MessageStyle::Sentence);
    asked.skip(&["format"]);
    asked.finish().unwrap_or_else(|unknown| errors.extend(unknown));
    let query = query.into_iter().filter(|(name, _)| name == "format").collect();
    for given in [body, query] {
        let given: RawParameters =
            given.into_iter().filter(|(_, value)| !is_empty(value)).collect();
        match given.as_slice() {
            [] => {}
            [(_, RawValue::Text(text))] => match FileFormat::parse(text) {
                Some(format) => return format,
                None => return unknown_format(errors),
            },
            _ => return unknown_format(errors),
        }
    }
    FileFormat::Csv
}

fn is_empty(value: &RawValue) -> bool {
    matches!(value, RawValue::Null) || *value == RawValue::Text(String::new())
}

/// Records the error for an unknown format. The returned format is not used.
fn unknown_format(errors: &mut FieldErrors) -> FileFormat {
    let words: Vec<&str> = FileFormat::ALL.iter().map(|format| format.word()).collect();
    errors.push("format", format!("Must be one of {}.", words.join(", ")));
    FileFormat::Csv
}

/// Returns the hash by which an idempotency key recognizes the same request: of the report, its
/// parameters and the format.
fn request_hash(report: &Report, job: &ReportJob) -> [u8; 32] {
    let asked = json!([report.name(), job.parameters, job.format]);
    Sha256::digest(format!("report export\n{asked}")).into()
}
