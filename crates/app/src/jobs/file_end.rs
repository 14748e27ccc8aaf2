//! The end of a job's files before their time.

use store::port::jobs::{Job, JobId};

use crate::app::App;
use crate::error::ApiError;

/// Makes a finished job expired and removes its files; the job as it is then, or none when it is
/// forgotten. A job without files stays as it is. Blocking.
pub(crate) fn expire(app: &App, job: &Job) -> Result<Option<Job>, ApiError> {
    let (id, now) = (JobId::Number(job.id), app.clock().now());
    if app.store().expire_job(job.provider, id, now).map_err(ApiError::of_store)? {
        job.files.iter().for_each(|file| discard(app, &file.path));
    }
    app.store().job(job.provider, id).map_err(ApiError::of_store)
}

/// Removes a file that nobody may have any more; what cannot be removed is left to the sweep.
pub(crate) fn discard(app: &App, path: &str) {
    if let Err(error) = app.files().remove(path) {
        crate::error::log("file_failed", &error);
    }
}
