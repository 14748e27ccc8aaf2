//! Published files that are missing.

use store::port::notices::NewNotice;

use super::mark::FolderError;
use crate::app::App;
use crate::error::{self, ApiError};

/// Records that the files of a job are lost, and queues the notices about it. Fails as unavailable
/// while the folder itself is missing, because the files may still exist then. Blocking.
pub fn note(app: &App, job: i64, notices: &[NewNotice]) -> Result<(), ApiError> {
    app.files().must_be_there().map_err(|error| unavailable(&error))?;
    let noted = app.store().lose_files(job, notices, app.clock().now());
    if noted.map_err(ApiError::of_store)? {
        app.notice_bell().notify_waiters();
    }
    Ok(())
}

/// Returns the error for a missing folder of files, and logs it.
pub fn unavailable(error: &FolderError) -> ApiError {
    error::log(error.code(), error);
    ApiError::unavailable("The folder of files is not available.")
}
