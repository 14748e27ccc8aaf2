//! What a kind of job does, and what it answers.

use std::io;
use std::path::PathBuf;

use futures::future::BoxFuture;
use mirror::{MirrorError, Session};
use model::id::Revision;
use reports::ReportError;
use serde_json::Value;
use store::StoreError;
use store::port::jobs::{Job, JobKind};
use store::port::notices::NewNotice;

use super::attempt::Attempt;
use crate::app::App;
use crate::error::MIRROR_DAMAGED;

/// What one kind of job does.
pub(crate) trait Work: Send + Sync {
    /// Makes the job's files in the attempt's folder, from the rows of this session.
    fn run<'a>(
        &'a self,
        app: &'a App,
        job: &'a Job,
        attempt: &'a Attempt,
        session: Session,
    ) -> BoxFuture<'a, Result<Made, Stop>>;

    /// What is said to others when the job has come to this end; nothing by default.
    fn notices(&self, _app: &App, _job: &Job, _end: &End<'_>) -> Vec<NewNotice> {
        Vec::new()
    }
}

/// How a job ended, for its notices.
pub(crate) enum End<'e> {
    /// Its files are about to be published.
    Made(&'e store::port::jobs::Success),
    /// It is given up.
    Failed {
        /// Stable code.
        code: &'e str,
        /// What is wrong, for people.
        message: &'e str,
    },
}

/// The work of a job.
pub(crate) fn of(job: &Job) -> &'static dyn Work {
    match job.kind {
        JobKind::Report => &super::report::ReportWork,
        JobKind::Export => &super::export::ExportWork,
    }
}

/// What a job made.
pub(crate) struct Made {
    /// Its files, the main one first.
    pub(crate) files: Vec<MadeFile>,
    /// The manifest.
    pub(crate) manifest: Value,
    /// Data rows.
    pub(crate) rows: u64,
    /// The revision that they were read at.
    pub(crate) revision: Revision,
}

/// A finished file that nobody can see yet.
pub(crate) struct MadeFile {
    /// What it is called among the job's files.
    pub(crate) part: &'static str,
    /// Where it is now.
    pub(crate) path: PathBuf,
    /// What it is called when it is saved.
    pub(crate) name: String,
    /// Its type.
    pub(crate) content_type: &'static str,
    /// Its size.
    pub(crate) bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub(crate) sha256: String,
}

/// Why a job's work stopped before its end.
#[derive(Debug, Clone)]
pub enum Stop {
    /// Nobody wants it any more, or another worker has it, or the server stops.
    Told,
    /// It cannot succeed: a stable code, and words for people.
    Failed {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// It may succeed another time.
    Broken {
        /// Stable code.
        code: &'static str,
        /// For people.
        message: String,
    },
}

impl Stop {
    /// What is said of a failure of ours.
    pub(crate) const INTERNAL: &'static str = "The export met an internal error.";

    /// The work found something that no attempt can mend.
    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed { code, message: message.into() }
    }

    /// A failure of ours: logged in full, answered blandly, tried again.
    pub(crate) fn broken(code: &'static str, error: &dyn std::error::Error) -> Self {
        crate::error::log(code, error);
        Self::Broken { code: "internal_error", message: Self::INTERNAL.to_owned() }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::failed("disk_full", "There is no room for the file.")
            }
            _ => Self::broken("file_failed", &error),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::failed("disk_full", "There is no room for the file."),
            error => Self::broken(error.code(), &error),
        }
    }
}

impl From<MirrorError> for Stop {
    fn from(error: MirrorError) -> Self {
        let stop = Self::broken(error.code(), &error);
        match stop {
            Self::Broken { code, .. } if error.is_read_failure() => {
                Self::Broken { code, message: MIRROR_DAMAGED.to_owned() }
            }
            stop => stop,
        }
    }
}

impl From<ReportError> for Stop {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Mirror(error) => error.into(),
            error => Self::failed(error.code(), format!("{error}.")),
        }
    }
}
