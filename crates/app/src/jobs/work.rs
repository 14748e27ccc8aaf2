//! The interface that each kind of job implements, and its results.

use std::path::PathBuf;

use futures::future::BoxFuture;
use mirror::MirrorSession;
use model::id::Revision;
use serde_json::Value;
use store::port::jobs::Job;
use store::port::notices::NewNotice;

use super::attempt::RunningAttempt;
pub use super::work_failure::WorkFailure;
use crate::app::App;

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
