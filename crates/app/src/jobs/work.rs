//! The interface that each kind of job implements, and its results.

use std::io;
use std::path::PathBuf;

use futures::future::BoxFuture;
use mirror::{MirrorError, MirrorSession};
use model::id::Revision;
use reports::ReportError;
use serde_json::Value;
use store::StoreError;
use store::port::jobs::{Job, JobKind};
use store::port::notices::NewNotice;

use super::attempt::RunningAttempt;
use crate::app::App;
use crate::error::MIRROR_DAMAGED;

/// The work of one kind of job.
pub(crate) trait JobWork: Send + Sync {
    /// Writes the job's files into the attempt's folder, from the rows of this session.
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a RunningAttempt,
        session: MirrorSession,
    ) -> BoxFuture<'a, Result<JobOutput, WorkFailure>>;

    /// Returns the notices to send when the job ends this way; none by default.
    fn notices(&self, _app: &App, _job: &Job, _end: &JobEnd<'_>) -> Vec<NewNotice> {
        Vec::new()
    }
}

/// The end of a job, as its notices report it.
pub(crate) enum JobEnd<'e> {
    /// The job has succeeded.
    Succeeded(&'e store::port::jobs::JobSuccess),
    /// The job has failed for good.
    Failed {
        /// Stable code.
        code: &'e str,
        /// The reason, for people.
        message: &'e str,
    },
}

/// Returns the work of a job's kind.
pub(crate) fn work_of_job(job: &Job) -> &'static dyn JobWork {
    match job.kind {
        JobKind::Report => &super::report::ReportWork,
        JobKind::Export => &super::export::ExportWork,
    }
}

/// The result of a job's work.
pub(crate) struct JobOutput {
    /// The job's files, the main one first.
    pub(crate) files: Vec<JobOutputFile>,
    /// The manifest.
    pub(crate) manifest: Value,
    /// The number of data rows.
    pub(crate) rows: u64,
    /// The revision that the rows were read at.
    pub(crate) revision: Revision,
}

/// A finished file that is not published yet.
pub(crate) struct JobOutputFile {
    /// The file's name among the job's files.
    pub(crate) part: &'static str,
    /// The path of the unpublished file.
    pub(crate) path: PathBuf,
    /// The file name that a download gets.
    pub(crate) name: String,
    /// The content type of the file.
    pub(crate) content_type: &'static str,
    /// The size of the file.
    pub(crate) bytes: u64,
    /// The SHA-256 of the file, lower-case hex.
    pub(crate) sha256: String,
}

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
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::permanent("disk_full", "There is no room for the file.")
            }
            _ => Self::transient("file_failed", &error),
        }
    }
}

impl From<StoreError> for WorkFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::permanent("disk_full", "There is no room for the file."),
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
