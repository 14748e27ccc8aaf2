//! A published file of a job, ready to be sent.

use store::port::jobs::JobFile;

use super::FilesFolder;
use crate::app::App;

/// A published file with the values that its download needs.
pub struct StoredFile {
    /// Folder that holds the file.
    pub folder: FilesFolder,
    /// Path of the file, relative to the folder.
    pub path: String,
    /// Size in bytes, as recorded in the store.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hex.
    pub sha256: String,
    /// File name that clients save it under.
    pub name: String,
    /// Media type that it is sent with.
    pub content_type: String,
}

impl StoredFile {
    /// Returns the file as the store records it.
    pub(crate) fn from_job_file(app: &App, file: &JobFile) -> Self {
        Self {
            folder: app.files().clone(),
            path: file.path.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            name: file.name.clone(),
            content_type: file.content_type.clone(),
        }
    }
}
