//! The reasons why the work of a job ends without its files.

use std::io;

use mirror::MirrorError;
use reports::ReportError;
use store::StoreError;

use crate::error::MIRROR_DAMAGED;

/// The reason why a job's work stopped early.
#[derive(Debug, Clone)]
pub enum WorkFailure {
    /// The job was canceled, another worker has claimed it, or the server is stopping.
    Canceled,
    /// The job cannot succeed.
    Failed {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The job may succeed when it is tried again.
    Transient {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: String,
    },
}

impl WorkFailure {
    /// The message for an internal failure.
    pub(crate) const INTERNAL: &'static str = "The export met an internal error.";

    /// Creates a failure that no further attempt can fix.
    pub(crate) fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed { code, message: message.into() }
    }

    /// Returns the failure of work that finds no room on the disk.
    pub(crate) fn disk_full() -> Self {
        Self::permanent("disk_full", "There is no room for the file.")
    }

    /// Logs an internal failure in full, and returns it with a neutral message. The job is tried
    /// again.
    pub(crate) fn transient(code: &'static str, error: &dyn std::error::Error) -> Self {
        crate::error::log_error(code, error);
        Self::Transient { code: "internal_error", message: Self::INTERNAL.to_owned() }
    }
}

impl From<io::Error> for WorkFailure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::disk_full(),
            _ => Self::transient("file_failed", &error),
        }
    }
}

impl From<StoreError> for WorkFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::disk_full(),
            error => Self::transient(error.code(), &error),
        }
    }
}

impl From<MirrorError> for WorkFailure {
    fn from(error: MirrorError) -> Self {
        let stop = Self::transient(error.code(), &error);
        match stop {
            Self::Transient { code, .. } if error.is_read_failure() => {
                Self::Transient { code, message: MIRROR_DAMAGED.to_owned() }
            }
            stop => stop,
        }
    }
}

impl From<ReportError> for WorkFailure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Mirror(error) => error.into(),
            error => Self::permanent(error.code(), format!("{error}.")),
        }
    }
}
