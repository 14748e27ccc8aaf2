//! Requests for exports: all checks in order, then jobs are queued. Rule: spec/exports.md §2, §4.

use mirror::MirrorSession;
use model::id::Revision;
use model::time::Instant;
use reports::exports::{ExportContext, ExportErrors, ExportRequest, ExportType};
use reports::request::FieldErrors;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::port::IdempotencyKey;
use store::port::jobs::{
    Job, JobCaller, JobFilter, JobKey, JobKind, JobLimits, JobProgress, JobStart, JobState, NewJob,
};

use super::export_caller::ExportCaller;
use super::notices::{self, REQUESTED};
use super::package::{self, BooksState};
use super::show;
use crate::app::App;
use crate::blocking::blocking;
use crate::error::{ApiError, ErrorCode};
use crate::report_pages::page::report_error;
use crate::requester;
use store::crash;

/// Seconds after which a client may try again when the provider has too many exports.
const RETRY_AFTER_S: u64 = 30;
const UNFINISHED: [JobState; 2] = [JobState::Queued, JobState::Running];

/// A request for exports.
pub struct ExportSubmission {
    /// The fields of the body.
    pub body: Map<String, Value>,
    /// The idempotency key.
    pub key: Option<String>,
    /// The id of the request.
    pub request_id: String,
}

/// Checks a request and queues its exports. Returns the body of the answer.
pub async fn submit_exports(
    app: &App,
    caller: ExportCaller,
    asked: ExportSubmission,
) -> Result<String, ApiError> {
    let key = asked.key.map(|key| IdempotencyKey { key, request_hash: request_hash(&asked.body) });
    if let Some(answer) = earlier_answer(app, &caller, key.clone()).await? {
        return Ok(answer);
    }
    for kind in named_types(&asked.body).into_iter().filter_map(reports::exports::find_export_type)
    {
        caller.check_may_export(kind)?;
    }
    let now = app.clock().now();
    let books = books(app, &caller, &asked.body).await?;
    let context = ExportContext {
        now,
        is_strict: caller.rules.is_strict,
        range_months_max: caller.rules.max_range_months,
        sites: &caller.sites,
        first_month: books.first_month,
        last_closed: books.last_closed,
    };
    let parsed =
        reports::exports::parse_export_body(&asked.body, &caller.admitted.provider, &context);
    let parsed = parsed.map_err(request_error)?;
    let (requests, caller) = check_queue(app, caller, parsed.requests).await?;
    let session = app.open_session(caller.provider()).await?;
    let revision_min = session.revision();
    let package = requests.iter().find_map(ExportRequest::package).copied();
    let (requests, skipped) = with_rows(app, &caller, &session, requests).await?;
    drop(session);
    if requests.is_empty() {
        if let Some(package) = package.filter(|_| !parsed.is_group) {
            return Err(package::nothing_to_export(app, &caller, &package).await);
        }
        return Err(ApiError::new(ErrorCode::NothingToExport, "Nothing to export"));
    }
    let ask =
        CheckedExports { requests, skipped, is_group: parsed.is_group, now, key, revision_min };
    queue_exports(app, caller, ask, asked.request_id).await
}

/// Returns the hash by which an idempotency key recognizes the same request: of the whole body.
fn request_hash(body: &Map<String, Value>) -> [u8; 32] {
    Sha256::digest(format!("export\n{}", json!(body))).into()
}

/// Returns the export types that a body names, as far as they can be read.
fn named_types(body: &Map<String, Value>) -> Vec<&str> {
    let several = body.get("objects").and_then(Value::as_array).into_iter().flatten();
    several.chain(body.get("object")).filter_map(Value::as_str).collect()
}

/// Returns the earlier answer to the same request with the same idempotency key.
async fn earlier_answer(
    app: &App,
    caller: &ExportCaller,
    key: Option<IdempotencyKey>,
) -> Result<Option<String>, ApiError> {
    let Some(key) = key else { return Ok(None) };
    let (app, provider) = (app.clone(), caller.provider());
    let known = blocking(move || {
        let now = app.clock().now();
        app.store().find_job_key(provider, &key, now).map_err(ApiError::from_store_error)
    });
    match known.await? {
        Some(start) => answer_of_key(start).map(Some),
        None => Ok(None),
    }
}

/// Returns the answer that is stored with an idempotency key.
fn answer_of_key(start: JobStart) -> Result<String, ApiError> {
    match start {
        JobStart::Answered { answer: Some(answer), .. } => Ok(answer),
        JobStart::KeyConflict => Err(ApiError::new(
            ErrorCode::IdempotencyConflict,
            "This Idempotency-Key was used with another request.",
        )),
        // The key belongs to a report job, for which no answer is stored.
        _ => Err(ApiError::new(
            ErrorCode::IdempotencyConflict,
            "This Idempotency-Key was used with a request of another kind.",
        )),
    }
}

fn request_error(errors: ExportErrors) -> ApiError {
    match errors {
        ExportErrors::Fields(fields) => ApiError::parameters(fields),
        ExportErrors::Range => {
            field_error(ErrorCode::InvalidDateRange, "date_to", "Invalid date range")
        }
    }
}

fn field_error(code: ErrorCode, field: &str, message: &str) -> ApiError {
    let mut fields = FieldErrors::default();
    fields.push(field, message);
    ApiError { fields, ..ApiError::new(code, message) }
}

fn in_progress() -> ApiError {
    field_error(ErrorCode::ExportInProgress, "object", "Export in progress")
}

fn too_many() -> ApiError {
    let error =
        ApiError::new(ErrorCode::TooManyExports, "Too many exports of this account are waiting.");
    ApiError { retry_after_s: Some(RETRY_AFTER_S), ..error }
}

/// Checks 9 and 10 of spec/exports.md §2: unfinished exports of the same type, and the number of
/// queued exports. The store checks both again, because other requests may run at the same time.
async fn check_queue(
    app: &App,
    caller: ExportCaller,
    requests: Vec<ExportRequest>,
) -> Result<(Vec<ExportRequest>, ExportCaller), ApiError> {
    let app = app.clone();
    blocking(move || {
        let subjects: Vec<String> =
            requests.iter().map(|request| request.export_type().object().to_owned()).collect();
        let count = |states: &[JobState], subjects: Option<&[String]>| {
            let kind = Some(JobKind::Export);
            let filter = JobFilter { kind, states: Some(states), subjects, offset: 0, limit: 0 };
            let found = app.store().jobs(caller.provider(), &filter);
            found.map(|(count, _)| count).map_err(ApiError::from_store_error)
        };
        if caller.rules.one_per_type && count(&UNFINISHED, Some(&subjects))? > 0 {
            return Err(in_progress());
        }
        let queued = count(&[JobState::Queued], None)?;
        if queued + requests.len() as u64 > caller.rules.max_queued {
            return Err(too_many());
        }
        Ok((requests, caller))
    })
    .await
}

/// Returns the requests that match rows, and the type names of the others.
async fn with_rows(
    app: &App,
    caller: &ExportCaller,
    session: &MirrorSession,
    requests: Vec<ExportRequest>,
) -> Result<(Vec<ExportRequest>, Vec<String>), ApiError> {
    let mut kept = Vec::with_capacity(requests.len());
    let mut skipped = Vec::new();
    for request in requests {
        let has_rows = match request.package() {
            Some(package) => package::has_books(app, caller, &request, *package).await?,
            None => {
                reports::exports::export_has_rows(session, &request).await.map_err(report_error)?
            }
        };
        if has_rows { kept.push(request) } else { skipped.push(request.object().to_owned()) }
    }
    Ok((kept, skipped))
}

/// Returns the state of the books that the request is checked against; empty unless it names an
/// accounting package.
async fn books(
    app: &App,
    caller: &ExportCaller,
    body: &Map<String, Value>,
) -> Result<BooksState, ApiError> {
    let is_package =
        |name: &str| reports::exports::find_export_type(name).is_some_and(ExportType::is_package);
    if named_types(body).into_iter().any(is_package) {
        package::read_books_state(app, caller).await
    } else {
        Ok(BooksState::default())
    }
}

/// The exports to queue.
struct CheckedExports {
    requests: Vec<ExportRequest>,
    skipped: Vec<String>,
    is_group: bool,
    now: Instant,
    key: Option<IdempotencyKey>,
    /// The present revision. Every file includes everything written up to it.
    revision_min: Revision,
}

async fn queue_exports(
    app: &App,
    caller: ExportCaller,
    ask: CheckedExports,
    request_id: String,
) -> Result<String, ApiError> {
    let asker = app.clone();
    blocking(move || queue_exports_blocking(&asker, &caller, ask, &request_id)).await
}

fn queue_exports_blocking(
    app: &App,
    caller: &ExportCaller,
    ask: CheckedExports,
    request_id: &str,
) -> Result<String, ApiError> {
    let requester = requester::stored_requester(app, &caller.admitted.principal)?;
    let group = ask.is_group.then(|| app.new_uuid().to_string());
    let (before, _) =
        app.store().job_counts(JobKind::Export).map_err(ApiError::from_store_error)?;
    let mut jobs = Vec::with_capacity(ask.requests.len());
    let mut shown = Vec::with_capacity(ask.requests.len());
    for (position, request) in (before..).zip(&ask.requests) {
        let mut new = NewJob {
            uuid: app.new_uuid().to_string(),
            provider: caller.provider(),
            kind: JobKind::Export,
            subject: request.export_type().object().to_owned(),
            request: json!(request).to_string(),
            requester: JobCaller::clone(&requester),
            group: group.clone(),
            request_id: request_id.to_owned(),
            revision_min: ask.revision_min,
            is_exclusive: caller.rules.one_per_type,
            notices: Vec::new(),
        };
        let queued = as_queued(&new, ask.now);
        new.notices = vec![notices::export_event(app, REQUESTED, &queued)?];
        shown.push(show::export_json(app, &queued, Some(position))?);
        jobs.push(new);
    }
    let answer = answer(shown, group.as_deref(), &ask.skipped);
    let key = ask.key.map(|key| JobKey { key, answer: Some(answer.clone()) });
    let limits = JobLimits { queued_max: caller.rules.max_queued, unfinished_max: u64::MAX };
    crash::point("asked");
    let start = app.store().create_jobs(&jobs, key.as_ref(), limits, ask.now);
    crash::point("queued");
    match start.map_err(ApiError::from_store_error)? {
        JobStart::Created(_) => {
            app.job_wakeup().notify_waiters();
            app.notice_wakeup().notify_waiters();
            Ok(answer)
        }
        JobStart::InProgress { .. } => Err(in_progress()),
        JobStart::TooMany => Err(too_many()),
        start => answer_of_key(start),
    }
}

/// Returns the job that the store will create, for its first event and the answer.
fn as_queued(new: &NewJob, now: Instant) -> Job {
    Job {
        id: 0,
        uuid: new.uuid.clone(),
        provider: new.provider,
        kind: new.kind,
        subject: new.subject.clone(),
        request: new.request.clone(),
        requester: new.requester.clone(),
        group: new.group.clone(),
        request_id: new.request_id.clone(),
        revision_min: new.revision_min,
        state: JobState::Queued,
        progress: JobProgress::default(),
        attempts: 0,
        error_code: None,
        error_message: None,
        created_at: now,
        started_at: None,
        finished_at: None,
        updated_at: now,
        expires_at: None,
        files: Vec::new(),
        manifest: None,
        downloads: 0,
    }
}

fn answer(mut shown: Vec<Value>, group: Option<&str>, skipped: &[String]) -> String {
    let answer = match (group, shown.len()) {
        (None, 1) => {
            let data = shown.remove(0);
            json!({"export_id": data["uuid"], "uuid": data["uuid"], "data": data})
        }
        _ => json!({"data": shown, "group": group, "skipped": skipped}),
    };
    answer.to_string()
}
