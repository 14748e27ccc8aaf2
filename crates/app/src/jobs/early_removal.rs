//! Removal of a job's files before they expire.

use store::port::jobs::{Job, JobId};

use crate::app::App;
use crate::error::ApiError;

/// Marks a finished job as expired and removes its files. A job without files stays as it is.
/// Returns the job afterwards, or `None` if it is no longer remembered. Blocking.
pub(crate) fn expire_job_files(app: &App, job: &Job) -> Result<Option<Job>, ApiError> {
    let (id, now) = (JobId::Number(job.id), app.clock().now());
    if app.store().expire_job(job.provider, id, now).map_err(ApiError::from_store_error)? {
        job.files.iter().for_each(|file| discard_file(app, &file.path));
    }
    app.store().job(job.provider, id).map_err(ApiError::from_store_error)
}

/// Removes a file that may not be downloaded any more. A failure is logged, and the file is left to
/// the cleanup.
pub(crate) fn discard_file(app: &App, path: &str) {
    if let Err(error) = app.files().remove(path) {
        crate::error::log_error("file_failed", &error);
    }
}
