//! Published files that are missing.

use store::port::notices::NewNotice;

use super::folder_marker::FolderError;
use crate::app::App;
use crate::error::{self, ApiError};

/// Records that the files of a job are lost, and queues the notices about it. Fails as unavailable
/// while the folder itself is missing, because the files may still exist then. Blocking.
pub fn record_lost_files(app: &App, job: i64, notices: &[NewNotice]) -> Result<(), ApiError> {
    app.files().check_present().map_err(|error| folder_unavailable(&error))?;
    let noted = app.store().fail_job_without_files(job, notices, app.clock().now());
    if noted.map_err(ApiError::from_store_error)? {
        app.notice_wakeup().notify_waiters();
    }
    Ok(())
}

/// Returns the error for a missing folder of files, and logs it.
pub fn folder_unavailable(error: &FolderError) -> ApiError {
    error::log_error(error.code(), error);
    ApiError::unavailable("The folder of files is not available.")
}
