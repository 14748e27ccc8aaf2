//! Background jobs: their queue, their progress and their files.
//! Rule: spec/reports.md §11; spec/exports.md §2, §5.
//!
//! A worker claims a job with a lease. When a worker stops answering, its lease lapses and another
//! worker may claim the job. Whatever the first worker does afterwards is refused, because it no
//! longer holds the attempt. The store learns of a job's files only in the transaction that makes
//! the job succeed.

use model::id::{ProviderId, Revision};
use model::time::Instant;

use super::IdempotencyKey;
use super::notices::NewNotice;
use crate::error::StoreError;

/// The error code of a job whose file is lost.
pub const FILE_MISSING: &str = "file_missing";

/// The job queue. Blocking; safe to share between threads. Never waits for an import.
pub trait JobStore: Send + Sync {
    /// Queues jobs together with their notices: all or none. All jobs of a call belong to one
    /// provider.
    ///
    /// If the key was used for the same request within 24 hours, nothing is queued, and the jobs of
    /// that earlier call are returned.
    fn create_jobs(
        &self,
        jobs: &[NewJob],
        key: Option<&JobKey>,
        limits: JobLimits,
        now: Instant,
    ) -> Result<JobStart, StoreError>;

    /// Looks up what a key was used for within 24 hours: [`JobStart::Answered`] or
    /// [`JobStart::KeyConflict`]; none when it was not used. Queues nothing.
    fn find_job_key(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<Option<JobStart>, StoreError>;

    /// Claims the next job, and with it all unfinished jobs of its group, because a group's files
    /// are published together or not at all. Returns them ordered by number; empty when nothing is
    /// due. A job can be claimed when it is queued and due, or running with a lapsed lease. Its
    /// progress begins anew.
    ///
    /// Fair between providers: the provider with the fewest running jobs of this kind comes first,
    /// then the one that was served longest ago; of its jobs, the one that waits longest is taken.
    /// A job with a lapsed lease does not count as running.
    ///
    /// A job whose lease lapsed in its last attempt is claimed once more, with a number one above
    /// `attempts_max`, so that the worker can mark it as failed and clean up after it. If that
    /// worker dies too, the job is claimed again, with a higher number.
    fn claim_jobs(&self, claim: &JobClaim<'_>, now: Instant) -> Result<Vec<Job>, StoreError>;

    /// Stores the progress of a running attempt and extends its lease. Tells the worker to go on or
    /// stop.
    fn report_progress(
        &self,
        attempt: &JobAttempt<'_>,
        progress: JobProgress,
        lease_until: Instant,
        now: Instant,
    ) -> Result<ProgressReply, StoreError>;

    /// Ends attempts, with their notices, all in one transaction. Returns one bool per attempt:
    /// false if the attempt no longer held its job. Then nothing of that job is changed, and the
    /// caller must delete its file. If the job is queued again, the notices of the attempt are
    /// dropped.
    fn finish_jobs(&self, ends: &[AttemptEnd<'_>], now: Instant) -> Result<Vec<bool>, StoreError>;

    /// Cancels a queued or running job, with its notices. Its worker learns of it when it next
    /// reports progress.
    fn cancel_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<CancelOutcome, StoreError>;

    /// Returns one job of a provider; none if there is none.
    fn job(&self, provider: ProviderId, id: JobId<'_>) -> Result<Option<Job>, StoreError>;

    /// Returns one job, whatever its provider: for download links, which carry a signature of their
    /// own.
    fn job_of_any_provider(&self, id: JobId<'_>) -> Result<Option<Job>, StoreError>;

    /// Returns jobs of a provider, newest first, and the number of all that the filter matches.
    fn jobs(
        &self,
        provider: ProviderId,
        filter: &JobFilter<'_>,
    ) -> Result<(u64, Vec<Job>), StoreError>;

    /// Returns the number of jobs of the same provider and kind that are queued before this one;
    /// none unless it is queued. Jobs of other providers do not count.
    fn queue_position(&self, job: &Job) -> Result<Option<u64>, StoreError>;

    /// Returns the numbers of queued and running jobs of all providers: `(queued, running)`.
    fn job_counts(&self, kind: JobKind) -> Result<(u64, u64), StoreError>;

    /// Records the one complete transfer of a file, named by its part. The job becomes
    /// [`JobState::Consumed`] when all its files are consumed. Returns false if the file was
    /// consumed before or is gone; then the notices are not stored.
    fn consume_file(
        &self,
        id: i64,
        file: &str,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Adds complete transfers to the download counts of jobs, with their notices, in one
    /// transaction. Skips jobs that no longer exist, and their notices.
    fn count_transfers(&self, transfers: &[FileTransfers], now: Instant) -> Result<(), StoreError>;

    /// Makes a succeeded job expired at once. Returns false if the job is not succeeded.
    fn expire_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Marks a succeeded job as failed because its file is lost ([`FILE_MISSING`]), with its
    /// notices. Returns false if the job is not succeeded.
    fn fail_job_without_files(
        &self,
        id: i64,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Makes succeeded jobs past their expiry expired, and deletes finished jobs created before
    /// `forget_before`. Returns the numbers of both: `(expired, forgotten)`. Bounded work per call.
    fn clean_up_jobs(&self, now: Instant, forget_before: Instant)
    -> Result<(u64, u64), StoreError>;

    /// Returns those of the given paths (below the files folder) that a succeeded job refers to.
    /// Files already consumed are left out. The caller may delete every path that is not returned.
    fn known_files(&self, paths: &[String]) -> Result<Vec<String>, StoreError>;

    /// Returns the stored mark of the folder for job files; none until one was stored.
    fn files_folder_id(&self) -> Result<Option<[u8; 32]>, StoreError>;

    /// Stores the mark of that folder, unless one is stored already. Returns the mark stored now.
    fn keep_files_folder_id(&self, mark: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// Returns the number that stands for a JWT's `sub`, and assigns one on first use.
    fn identity_number(&self, subject: &str) -> Result<i64, StoreError>;
}

/// The kind of a job; each kind has its own queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// A report file (`/api/v2/jobs`).
    Report,
    /// An export, accounting packages included (`/api/v1/core/exports`).
    Export,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// The job waits for a worker.
    Queued,
    /// A worker has claimed it.
    Running,
    /// The job is done, and its files are available.
    Succeeded,
    /// It failed for good.
    Failed,
    /// A caller canceled it.
    Canceled,
    /// The job was done, and its files have expired.
    Expired,
    /// Each of its files was downloaded once, which is as often as is allowed.
    Consumed,
}

impl JobKind {
    /// Returns the stored name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Export => "export",
        }
    }

    /// Returns the kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Report, Self::Export].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::Consumed,
    ];

    /// Returns the stored name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Consumed => "consumed",
        }
    }

    /// Returns the state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Returns true if the job is queued or running.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// An identifier of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobId<'i> {
    /// The number of the job.
    Number(i64),
    /// The UUID of the job.
    Uuid(&'i str),
}

/// A job to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The UUID, version 7, lower case.
    pub uuid: String,
    /// The provider whose rows it reads.
    pub provider: ProviderId,
    /// The kind, which decides the queue.
    pub kind: JobKind,
    /// The report or the type of export, such as `customer_memberships.grouped` or `credit_note`.
    pub subject: String,
    /// Everything that decides the bytes of its file, as JSON that the store does not read.
    pub request: String,
    /// The caller who asked for it.
    pub requester: JobCaller,
    /// The group of jobs that were requested together; none for a single job.
    pub group: Option<String>,
    /// The id of the request that asked for it, for the log.
    pub request_id: String,
    /// The revision at the time of the request. The file is computed from this revision or a later
    /// one.
    pub revision_min: Revision,
    /// True if the job is exclusive: it is refused while another exclusive job of its provider,
    /// kind and subject is unfinished.
    pub is_exclusive: bool,
    /// The notices of its `requested` event, if it has one.
    pub notices: Vec<NewNotice>,
}

/// The caller who asked for a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobCaller {
    /// The token's id, or the number kept for a JWT's `sub`.
    pub id: Option<i64>,
    /// The mail address that notices are sent to.
    pub email: Option<String>,
}

/// An idempotency key of a request that queues jobs, kept for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKey {
    /// The key and the hash of its request.
    pub key: IdempotencyKey,
    /// The answer to the request, where it is known before the jobs have numbers.
    pub answer: Option<String>,
}

/// Limits on the number of jobs of one kind that a provider may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// The greatest number of queued jobs; a further job is refused.
    pub queued_max: u64,
    /// The greatest number of queued and running jobs together.
    pub unfinished_max: u64,
}

/// The result of a request for jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStart {
    /// The jobs are queued.
    Created(Vec<Job>),
    /// The same request was made before, with these jobs and this answer.
    Answered {
        /// The jobs in their present state.
        jobs: Vec<Job>,
        /// The answer stored with the key.
        answer: Option<String>,
    },
    /// The key was used for another request.
    KeyConflict,
    /// Another exclusive job with this subject is unfinished.
    InProgress {
        /// The subject.
        subject: String,
    },
    /// The provider has reached one of its limits.
    TooMany,
}

/// A worker's request for a job, with its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobClaim<'c> {
    /// The kind, which decides the queue.
    pub kind: JobKind,
    /// The name of the worker, one per process.
    pub worker: &'c str,
    /// A provider with this many running jobs of this kind is passed over.
    pub running_per_provider_max: u64,
    /// The greatest number of attempts at a job.
    pub attempts_max: u32,
    /// The end of the lease.
    pub lease_until: Instant,
}

/// An attempt at a job by a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobAttempt<'a> {
    /// The number of the job.
    pub job: i64,
    /// The name of the worker.
    pub worker: &'a str,
    /// The number of the attempt, from 1.
    pub number: u32,
}

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptEnd<'a> {
    /// The attempt.
    pub attempt: JobAttempt<'a>,
    /// The outcome of the attempt.
    pub outcome: &'a AttemptOutcome,
    /// The notices to send.
    pub notices: &'a [NewNotice],
}

/// The progress of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobProgress {
    /// The number of rows written.
    pub rows: u64,
    /// The number of rows expected; none until they are counted.
    pub rows_total: Option<u64>,
    /// The revision that the attempt reads; none until it has begun to read.
    pub revision: Option<Revision>,
}

/// The answer to a progress report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressReply {
    /// Go on with the attempt.
    Continue,
    /// Stop: the job was canceled.
    Cancel,
    /// Stop: the attempt no longer holds the job.
    LeaseLost,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The attempt succeeded, and its files are in place.
    Succeeded(JobSuccess),
    /// The job failed for good.
    Failed {
        /// The stable error code.
        code: String,
        /// The error message, for people.
        message: String,
    },
    /// The job is queued again while attempts are left; else it fails.
    Retry {
        /// The stable error code.
        code: String,
        /// The error message, for people.
        message: String,
        /// The instant before which the job is not tried again.
        at: Instant,
    },
    /// The worker shuts down: the job is queued again, and the attempt does not count.
    Released,
}

/// The result of a job that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSuccess {
    /// The files. The first one is served to a download that names no part.
    pub files: Vec<JobFile>,
    /// The manifest, as JSON.
    pub manifest: String,
    /// The number of data rows.
    pub rows: u64,
    /// The revision that the data was read at.
    pub revision: Revision,
    /// The instant at which the files expire.
    pub expires_at: Instant,
}

/// One file of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFile {
    /// The name of the part among the files of the job: `file`, `full`.
    pub part: String,
    /// The path below the files folder.
    pub path: String,
    /// The file name that a download suggests.
    pub name: String,
    /// The content type.
    pub content_type: String,
    /// The size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// True if its one transfer is complete.
    pub is_consumed: bool,
}

/// Complete transfers of the files of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTransfers {
    /// The number of the job.
    pub job: i64,
    /// The number of transfers.
    pub count: u64,
    /// The notices to send.
    pub notices: Vec<NewNotice>,
}

/// The result of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The job is canceled, now or since an earlier call.
    Canceled(Job),
    /// The job had finished already.
    TooLate(Job),
    /// There is no such job.
    Unknown,
}

/// A filter and a page for a list of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobFilter<'f> {
    /// Only jobs of this kind; none = any.
    pub kind: Option<JobKind>,
    /// Only jobs in one of these states; none = any.
    pub states: Option<&'f [JobState]>,
    /// Only jobs with one of these subjects; none = any.
    pub subjects: Option<&'f [String]>,
    /// The number of jobs to skip.
    pub offset: u64,
    /// The greatest number of jobs to return.
    pub limit: u64,
}

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The number of the job.
    pub id: i64,
    /// The UUID, version 7, lower case.
    pub uuid: String,
    /// The provider whose rows it reads.
    pub provider: ProviderId,
    /// The kind, which decides the queue.
    pub kind: JobKind,
    /// The report or the type of export.
    pub subject: String,
    /// Everything that decides the bytes of its file.
    pub request: String,
    /// The caller who asked for it.
    pub requester: JobCaller,
    /// The group of jobs that were requested together; none for a single job.
    pub group: Option<String>,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// The revision at the time of the request.
    pub revision_min: Revision,
    /// The state of the job.
    pub state: JobState,
    /// The progress of the last attempt.
    pub progress: JobProgress,
    /// The number of attempts begun.
    pub attempts: u32,
    /// The error code: of a failed job, or of the attempt before this one.
    pub error_code: Option<String>,
    /// The error message, for people.
    pub error_message: Option<String>,
    /// The instant of the request.
    pub created_at: Instant,
    /// The instant at which the first attempt began.
    pub started_at: Option<Instant>,
    /// The instant at which the job finished, in whatever state.
    pub finished_at: Option<Instant>,
    /// The instant of the last change.
    pub updated_at: Instant,
    /// The instant at which its files expire.
    pub expires_at: Option<Instant>,
    /// The files; empty unless the job succeeded and its files are still there.
    pub files: Vec<JobFile>,
    /// The manifest; none unless the job succeeded. It is kept after the files are gone.
    pub manifest: Option<String>,
    /// The number of complete transfers of its files.
    pub downloads: u64,
}
