//! Jobs of reports, as `/api/v2/jobs` shows them: one job, a list, cancellation, the file.
//! Rule: spec/reports.md §11.2.

use model::file_format::FileFormat;
use model::id::ProviderId;
use model::permission::Permissions;
use model::time::Instant;
use serde_json::{Value, json};
use store::port::jobs::{CancelOutcome, Job, JobFilter, JobId, JobKind, JobState};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::jobs::download_link::{self, LinkTarget, LinkValidity};
use crate::jobs::early_removal;
use crate::jobs::stored_file::StoredFile;
use crate::settings::EmptyUrl;

/// Seconds after which a client should ask for an unfinished job again.
pub const POLL_AFTER_S: u64 = 2;
/// The longest validity of a download link, in seconds.
const LINK_S: i64 = 24 * 3600;

/// Returns the job with this number if the caller may read its report. Blocking.
pub fn find_report_job(
    app: &App,
    provider: ProviderId,
    permissions: &Permissions,
    id: i64,
) -> Result<Job, ApiError> {
    let job = app.store().job(provider, JobId::Number(id)).map_err(ApiError::from_store_error)?;
    let may_read = |job: &Job| job.kind == JobKind::Report && may_read(permissions, &job.subject);
    job.filter(may_read).ok_or_else(ApiError::not_found)
}

fn may_read(permissions: &Permissions, report: &str) -> bool {
    reports::find_report(report).is_some_and(|report| permissions.allow_any(report.permissions()))
}

/// Cancels a job. Blocking.
pub fn cancel_report_job(app: &App, job: &Job) -> Result<Job, ApiError> {
    let now = app.clock().now();
    let canceled = app.store().cancel_job(job.provider, JobId::Number(job.id), &[], now);
    match canceled.map_err(ApiError::from_store_error)? {
        CancelOutcome::Canceled(job) => Ok(job),
        CancelOutcome::Unknown => Err(ApiError::not_found()),
        CancelOutcome::TooLate(_) => {
            Err(ApiError::new(ErrorCode::Conflict, "The job is finished already."))
        }
    }
}

/// Removes the files of a finished job before they expire. A job without files stays as it is.
/// Blocking.
pub fn remove_report_file(app: &App, job: &Job) -> Result<Job, ApiError> {
    if job.state.is_unfinished() {
        let message = "The job is not finished yet: cancel it instead.";
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    early_removal::expire_job_files(app, job)?.ok_or_else(ApiError::not_found)
}

/// Returns the manifest of a finished job.
pub fn manifest(job: &Job) -> Result<Value, ApiError> {
    let manifest = job.manifest.as_deref().and_then(|text| serde_json::from_str(text).ok());
    manifest.ok_or_else(ApiError::not_found)
}

/// The filters and the page of a job list.
pub struct ReportJobQuery {
    /// States of the jobs; `None` means any.
    pub states: Option<Vec<JobState>>,
    /// Reports of the jobs; `None` means any.
    pub reports: Option<Vec<String>>,
    /// The number of jobs to skip.
    pub offset: u64,
    /// The largest number of jobs to return.
    pub limit: u64,
}

/// Returns the total number of matching jobs and one page of them, newest first. Jobs of reports
/// that the caller may not read are left out. Blocking.
pub fn list_report_jobs(
    app: &App,
    provider: ProviderId,
    permissions: &Permissions,
    listed: &ReportJobQuery,
) -> Result<(u64, Vec<Value>), ApiError> {
    let readable = reports::report_catalogue().iter().map(|report| report.name().to_owned());
    let asked_for = |name: &String| listed.reports.as_ref().is_none_or(|some| some.contains(name));
    let subjects: Vec<String> =
        readable.filter(|name| may_read(permissions, name)).filter(asked_for).collect();
    let filter = JobFilter {
        kind: Some(JobKind::Report),
        states: listed.states.as_deref(),
        subjects: Some(&subjects),
        offset: listed.offset,
        limit: listed.limit,
    };
    let (count, jobs) = app.store().jobs(provider, &filter).map_err(ApiError::from_store_error)?;
    let jobs = jobs.iter().map(|job| report_job_json(app, job)).collect::<Result<_, _>>()?;
    Ok((count, jobs))
}

/// Returns the JSON of a job. Blocking.
pub fn report_job_json(app: &App, job: &Job) -> Result<Value, ApiError> {
    let now = app.clock().now();
    let file = job.files.first().filter(|_| job.state == JobState::Succeeded);
    let result_url = match file {
        Some(_) => json!(result_url(app, job, now)?),
        None => match app.settings().jobs.empty_result_url {
            EmptyUrl::Null => Value::Null,
            EmptyUrl::EmptyString => json!(""),
        },
    };
    // An attempt that is tried again has an error too, which is not shown.
    let is_failed = job.state == JobState::Failed;
    let asked: Value = serde_json::from_str(&job.request).unwrap_or_default();
    let format = asked["format"].as_str().and_then(FileFormat::parse);
    let (complete, total) = shown_rows(job);
    Ok(json!({
        "id": job.id,
        "object": "job",
        "result_url": result_url,
        "total_items": total,
        "complete_items": complete,
        "status": status(job.state),
        "progress": progress(app, job, now)?,
        "revision": job.progress.revision,
        "error_code": is_failed.then(|| job.error_code.clone()),
        "error_message": is_failed.then(|| job.error_message.clone()),
        "report": job.subject,
        "content_type": format.map(|format| format.content_type()),
        "file_name": asked["file_name"],
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
    }))
}

/// Returns the numbers of written rows and of all rows. A failed job never looks complete.
fn shown_rows(job: &Job) -> (u64, u64) {
    let total = job.progress.rows_total.unwrap_or(0);
    let complete = job.progress.rows.min(total);
    match job.state {
        JobState::Failed if total > 0 => (complete.min(total - 1), total),
        _ => (complete, total),
    }
}

fn progress(app: &App, job: &Job, now: Instant) -> Result<Value, ApiError> {
    let (complete, total) = shown_rows(job);
    let is_done = matches!(job.state, JobState::Succeeded | JobState::Expired);
    let percent = match (is_done, total) {
        (true, _) => 100,
        (false, 0) => 0,
        (false, total) => complete * 100 / total,
    };
    let seconds = job
        .started_at
        .filter(|_| job.state == JobState::Running)
        .map(|at| (now.micros() - at.micros()) / 1_000_000);
    let rows_per_second =
        seconds.filter(|seconds| *seconds > 0).map(|seconds| complete / seconds.unsigned_abs());
    let position = app.queue_position(job)?;
    Ok(json!({
        "percent": percent,
        "rows_per_second": rows_per_second,
        "queue_position": position,
    }))
}

/// Returns a new download link, valid until the file expires and for one day at most.
fn result_url(app: &App, job: &Job, now: Instant) -> Result<String, ApiError> {
    let end = now.plus_seconds(LINK_S);
    let end = job.expires_at.map_or(end, |expires| expires.min(end));
    let query = download_link::signed_query(app, LinkTarget::JobResult(job.id), end)?;
    Ok(format!("{}/api/v2/jobs/{}/result?{query}", app.base_url(), job.id))
}

/// The words for the states of a job.
const WORDS: [(JobState, &str); 7] = [
    (JobState::Queued, "queued"),
    (JobState::Running, "running"),
    (JobState::Succeeded, "succeeded"),
    (JobState::Failed, "failed"),
    (JobState::Canceled, "canceled"),
    (JobState::Expired, "expired"),
    (JobState::Consumed, "expired"),
];

fn status(state: JobState) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == state).map_or("", |(_, word)| *word)
}

/// Returns the states that a word stands for, or `None` for an unknown word.
pub fn states_of_word(word: &str) -> Option<Vec<JobState>> {
    let states = WORDS.iter().filter(|(_, known)| known.eq_ignore_ascii_case(word));
    let states: Vec<JobState> = states.map(|(state, _)| *state).collect();
    (!states.is_empty()).then_some(states)
}

/// Returns all words for states.
pub fn status_words() -> Vec<&'static str> {
    WORDS[..6].iter().map(|(_, word)| *word).collect()
}

/// Checks a signed link and returns its job and file. Blocking.
pub fn linked_file(
    app: &App,
    id: i64,
    expires: &str,
    signature: &str,
) -> Result<(Job, StoredFile), ApiError> {
    match download_link::check_link(app, LinkTarget::JobResult(id), expires, signature)? {
        LinkValidity::Invalid => return Err(ApiError::not_found()),
        LinkValidity::Expired => {
            let message = "The link is past its time: ask for the job again to get a new one.";
            return Err(ApiError::new(ErrorCode::LinkExpired, message));
        }
        LinkValidity::Valid => {}
    }
    let job =
        app.store().job_of_any_provider(JobId::Number(id)).map_err(ApiError::from_store_error)?;
    let job = job.filter(|job| job.state == JobState::Succeeded).ok_or_else(ApiError::not_found)?;
    download_link::admit_link_request(app, job.id)?;
    let file = job.files.first().ok_or_else(ApiError::not_found)?;
    let download = StoredFile::from_job_file(app, file);
    Ok((job, download))
}
