//! Look-up, cancellation and removal of one export. Rule: spec/exports.md §5.1, §7.2.

use store::port::jobs::{CancelOutcome, Job, JobId, JobKind, JobState};

use super::export_caller::ExportCaller;
use super::notices::{self, CANCELED};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::jobs::early_removal;
use crate::settings::ExportRules;

/// Returns the error for an unknown export. The message is always the same, so that the cases
/// cannot be told apart.
pub fn export_not_found() -> ApiError {
    let message = "The requested file was not found, please try to export again.";
    ApiError::new(ErrorCode::ExportNotFound, message)
}

/// Returns true if the job is an export that is still remembered.
pub(crate) fn is_remembered(app: &App, job: &Job, rules: &ExportRules) -> bool {
    let forgotten = app.clock().now().plus_seconds(-rules.history_days * 86_400);
    job.kind == JobKind::Export && job.created_at > forgotten
}

/// Returns the export with this UUID if the caller may see it. Blocking.
pub fn find_export(app: &App, caller: &ExportCaller, uuid: &str) -> Result<Job, ApiError> {
    let uuid = uuid.to_ascii_lowercase();
    let job = app
        .store()
        .job(caller.provider(), JobId::Uuid(&uuid))
        .map_err(ApiError::from_store_error)?;
    let job =
        job.filter(|job| is_remembered(app, job, &caller.rules)).ok_or_else(export_not_found)?;
    if let Some(kind) = reports::exports::find_export_type(&job.subject) {
        caller.check_may_export(kind)?;
    }
    Ok(job)
}

/// Cancels an unfinished export. Blocking.
pub fn cancel_export(app: &App, job: &Job) -> Result<Job, ApiError> {
    let now = app.clock().now();
    let canceled = Job { state: JobState::Canceled, updated_at: now, ..job.clone() };
    let notice = [notices::export_event(app, CANCELED, &canceled)?];
    let (provider, id) = (job.provider, JobId::Number(job.id));
    let ended =
        app.store().cancel_job(provider, id, &notice, now).map_err(ApiError::from_store_error)?;
    app.notice_wakeup().notify_waiters();
    match ended {
        CancelOutcome::Canceled(job) => Ok(job),
        CancelOutcome::Unknown => Err(export_not_found()),
        CancelOutcome::TooLate(_) => {
            Err(ApiError::new(ErrorCode::ExportFinished, "The export is finished already."))
        }
    }
}

/// Removes the files of a finished export before they expire. Blocking.
pub fn remove_export_files(app: &App, job: &Job) -> Result<Job, ApiError> {
    if job.state.is_unfinished() {
        let message = "The export is not finished yet: cancel it instead.";
        return Err(ApiError::new(ErrorCode::ExportNotFinished, message));
    }
    early_removal::expire_job_files(app, job)?.ok_or_else(export_not_found)
}
