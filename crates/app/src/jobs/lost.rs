//! A file that is not where it was put.

use store::port::notices::NewNotice;

use super::mark::FolderError;
use crate::app::App;
use crate::error::{self, ApiError};

/// Notes that the files of a job are lost, and tells of it. Not while the folder itself is not
/// there: then they may be, and the caller is to come again. Blocking.
pub fn note(app: &App, job: i64, notices: &[NewNotice]) -> Result<(), ApiError> {
    app.files().must_be_there().map_err(|error| unavailable(&error))?;
    let noted = app.store().lose_files(job, notices, app.clock().now());
    if noted.map_err(ApiError::of_store)? {
        app.notice_bell().notify_waiters();
    }
    Ok(())
}

/// The folder of files is not there. Logged here, once.
pub fn unavailable(error: &FolderError) -> ApiError {
    error::log(error.code(), error);
    ApiError::unavailable("The folder of files is not available.")
}
