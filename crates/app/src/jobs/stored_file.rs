//! A finished file of a job, as it can be sent.

use super::FilesFolder;

/// A finished file, and what is said of it when it is sent.
pub struct StoredFile {
    /// The folder that it is in.
    pub folder: FilesFolder,
    /// Where, below that.
    pub path: String,
    /// Its size, as the store knows it.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// What it is called when it is saved.
    pub name: String,
    /// What it is sent as.
    pub content_type: String,
}
