//! Work in the background: who claims it, how far it is, what came out of it.
//! Rule: spec/reports.md §11; spec/exports.md §2, §5.
//!
//! A job is claimed with a lease. A worker that stops answering loses it to the next one that
//! claims it when the lease has lapsed, and whatever it does afterwards is refused, because it no
//! longer holds the attempt. The file of a job is known to the store only from the transaction
//! that makes the job succeed.

use model::id::{ProviderId, Revision};
use model::time::Instant;

use super::IdempotencyKey;
use super::notices::NewNotice;
use crate::error::StoreError;

/// Code of a job whose file is lost.
pub const FILE_MISSING: &str = "file_missing";

/// The queue. Blocking; safe to share between threads. Never waits for an import.
pub trait JobStore: Send + Sync {
    /// Queues jobs, all or none, together with their notices.
    ///
    /// With a key that was used for the same request within 24 hours nothing is queued and the
    /// jobs of that call are answered. All jobs of a call belong to one provider.
    fn create_jobs(
        &self,
        jobs: &[NewJob],
        key: Option<&JobKey>,
        limits: JobLimits,
        now: Instant,
    ) -> Result<JobStart, StoreError>;

    /// What a key was used for within 24 hours: [`JobStart::Answered`] or
    /// [`JobStart::KeyConflict`]; none when it was not. Queues nothing.
    fn find_key(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<Option<JobStart>, StoreError>;

    /// Takes the next job: queued, or running with a lapsed lease and attempts left; with it all
    /// unfinished ones of its group, which are made together or not at all. By number; empty when
    /// there is nothing to do.
    ///
    /// Fair: of the providers with something to do, the one with the fewest running jobs of this
    /// kind comes first, then the one served longest ago, whose job that waits longest is taken;
    /// a lapsed lease counts as not running. A job whose lease lapsed in its last attempt is handed out once more, as attempt
    /// `attempts_max + 1`, so that its claimant can give it up with all that belongs to that (and
    /// with a number above that, should the claimant die over it). Progress begins anew.
    fn claim_jobs(&self, claim: &Claim<'_>, now: Instant) -> Result<Vec<Job>, StoreError>;

    /// Says that an attempt is alive and how far it is; extends its lease.
    fn report_progress(
        &self,
        attempt: &Attempt<'_>,
        progress: Progress,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Orders, StoreError>;

    /// Ends attempts, with their notices, all in one transaction. False for an attempt that no
    /// longer holds its job: then nothing of that job is changed, and its file must be thrown
    /// away. The notices of an attempt after which the job is queued again are not kept.
    fn finish_jobs(&self, ends: &[Ended<'_>], now: Instant) -> Result<Vec<bool>, StoreError>;

    /// Cancels a queued or running job, with its notices. Its worker is told at its next progress.
    fn cancel_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<Cancel, StoreError>;

    /// One job of a provider.
    fn job(&self, provider: ProviderId, id: JobId<'_>) -> Result<Option<Job>, StoreError>;

    /// One job whoever's it is: for links that carry their own signature.
    fn job_of_any_provider(&self, id: JobId<'_>) -> Result<Option<Job>, StoreError>;

    /// Jobs of a provider, newest first, and how many there are in all.
    fn jobs(
        &self,
        provider: ProviderId,
        filter: &JobFilter<'_>,
    ) -> Result<(u64, Vec<Job>), StoreError>;

    /// How many jobs of its provider and kind are before this one; none unless it is queued. What
    /// waits for others is nothing to its provider.
    fn queue_position(&self, job: &Job) -> Result<Option<u64>, StoreError>;

    /// How many jobs are queued and running, of all providers: `(queued, running)`.
    fn job_counts(&self, kind: JobKind) -> Result<(u64, u64), StoreError>;

    /// Counts the one complete transfer that a file is there for, named by its part; the job
    /// becomes [`JobState::Consumed`] once all its files are consumed. False when the file was
    /// consumed before, or is there no more: then nothing is kept.
    fn consume_file(
        &self,
        id: i64,
        file: &str,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Counts complete transfers of the files of jobs, with their notices, in one transaction.
    /// Jobs that are forgotten are passed over, with their notices.
    fn count_transfers(&self, transfers: &[Transfers], now: Instant) -> Result<(), StoreError>;

    /// Makes a succeeded job expired at once; false when it is not succeeded.
    fn expire_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Marks a succeeded job as failed because its file is lost ([`FILE_MISSING`]), with its
    /// notices; false when it is not succeeded.
    fn lose_files(&self, id: i64, notices: &[NewNotice], now: Instant) -> Result<bool, StoreError>;

    /// Makes succeeded jobs past their time expired, forgets finished ones created before
    /// `forget_before`, and answers how many of both there were. Bounded work per call.
    fn sweep_jobs(&self, now: Instant, forget_before: Instant) -> Result<(u64, u64), StoreError>;

    /// Names under the files folder that some succeeded job refers to, of those given, consumed
    /// ones left out: what is not answered may be deleted.
    fn known_files(&self, paths: &[String]) -> Result<Vec<String>, StoreError>;

    /// What the folder of the files that jobs make is marked with; none until one was kept.
    fn files_mark(&self) -> Result<Option<[u8; 32]>, StoreError>;

    /// Keeps what that folder is marked with, unless something is kept already; what is kept now.
    fn keep_files_mark(&self, mark: [u8; 32]) -> Result<[u8; 32], StoreError>;

    /// The number kept for a person or system that comes with a JWT's `sub`; made on first use.
    fn identity(&self, subject: &str) -> Result<i64, StoreError>;
}

/// What kind of work it is; each kind has its own queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// A report's file (`/api/v2/jobs`).
    Report,
    /// An export, accounting packages included (`/api/v1/core/exports`).
    Export,
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Its files are there.
    Succeeded,
    /// It is given up.
    Failed,
    /// Somebody did not want it any more.
    Canceled,
    /// Its files were there, and their time is over.
    Expired,
    /// Its files were fetched, each as often as was allowed: once.
    Consumed,
}

impl JobKind {
    /// Its name, as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Export => "export",
        }
    }

    /// The kind with this name.
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

    /// Its name, as it is stored.
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

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether work is still to be done.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// Either name of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobId<'i> {
    /// Its number.
    Number(i64),
    /// Its UUID.
    Uuid(&'i str),
}

/// A job as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// UUID, version 7, lower case.
    pub uuid: String,
    /// Whose rows it reads.
    pub provider: ProviderId,
    /// Its queue.
    pub kind: JobKind,
    /// The report or the type of export: `customer_memberships.grouped`, `credit_note`.
    pub subject: String,
    /// Everything that decides its bytes, as JSON that only its maker reads.
    pub request: String,
    /// Who asked.
    pub requester: Requester,
    /// What was asked for together with it.
    pub group: Option<String>,
    /// Id of the request that asked, for the log.
    pub request_id: String,
    /// The revision when it was asked for: its file is not older.
    pub revision_min: Revision,
    /// Whether a second one of its provider, kind and subject is refused while it is unfinished.
    pub is_exclusive: bool,
    /// Its event `requested`, where it has one.
    pub notices: Vec<NewNotice>,
}

/// Who asked for a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requester {
    /// The token's id, or the number kept for a JWT's `sub`.
    pub id: Option<i64>,
    /// Where its notices go.
    pub email: Option<String>,
}

/// The caller's key for a request that queues jobs, kept for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKey {
    /// The key and what it stands for.
    pub key: IdempotencyKey,
    /// What the request is answered with, where that is known before the jobs have numbers.
    pub answer: Option<String>,
}

/// How many jobs of one kind a provider may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// Queued ones, beside which no further one is taken.
    pub queued_max: u64,
    /// Queued and running ones together.
    pub unfinished_max: u64,
}

/// How a request for jobs is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStart {
    /// They are queued.
    Created(Vec<Job>),
    /// The same request was made before, with these jobs and this answer.
    Answered {
        /// The jobs as they are now.
        jobs: Vec<Job>,
        /// What was kept with the key.
        answer: Option<String>,
    },
    /// The key was used with another request.
    KeyConflict,
    /// An exclusive one with this subject is unfinished.
    InProgress {
        /// The subject.
        subject: String,
    },
    /// The provider has as many as it may.
    TooMany,
}

/// Who takes a job, and within which bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'c> {
    /// The queue.
    pub kind: JobKind,
    /// Name of the worker, one per process.
    pub worker: &'c str,
    /// A provider with so many running jobs of this kind is passed over.
    pub running_per_provider_max: u64,
    /// A job is tried so often.
    pub attempts_max: u32,
    /// Until when the attempt is believed to be alive.
    pub lease_until: Instant,
}

/// One worker's hold on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The job.
    pub job: i64,
    /// Who holds it.
    pub worker: &'a str,
    /// Which attempt it is, from 1.
    pub number: u32,
}

/// An attempt that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended<'a> {
    /// Whose it was.
    pub attempt: Attempt<'a>,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What is said of it.
    pub notices: &'a [NewNotice],
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// Rows there will be; none until they are counted.
    pub rows_total: Option<u64>,
    /// The revision that it reads; none until it has begun to read.
    pub revision: Option<Revision>,
}

/// What a worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    /// Go on.
    Continue,
    /// Stop: the job is canceled.
    Cancel,
    /// Stop: another worker has the job.
    Lost,
}

/// How an attempt ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The files are in place.
    Succeeded(Success),
    /// It cannot succeed.
    Failed {
        /// Stable code.
        code: String,
        /// For people.
        message: String,
    },
    /// It is queued again, as long as attempts are left; else it is failed.
    Retry {
        /// Stable code.
        code: String,
        /// For people.
        message: String,
        /// Not before this instant.
        at: Instant,
    },
    /// The worker stops: the job is queued again, and the attempt does not count.
    Released,
}

/// What a job made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// Its files; the first one is what a download without a name gives.
    pub files: Vec<JobFile>,
    /// The manifest, as JSON.
    pub manifest: String,
    /// Data rows.
    pub rows: u64,
    /// The revision of the data.
    pub revision: Revision,
    /// End of the files' life.
    pub expires_at: Instant,
}

/// One file of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFile {
    /// What it is called among the job's files: `file`, `full`.
    pub part: String,
    /// Where it is, below the files folder.
    pub path: String,
    /// What it is called when it is saved.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Whether its one transfer is over.
    pub is_consumed: bool,
}

/// Complete transfers of a job's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfers {
    /// The job.
    pub job: i64,
    /// How many there were.
    pub count: u64,
    /// What is said of them.
    pub notices: Vec<NewNotice>,
}

/// How a cancellation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancel {
    /// It is canceled now, or was before.
    Canceled(Job),
    /// It is finished.
    TooLate(Job),
    /// There is no such job.
    Unknown,
}

/// Which jobs are listed.
#[derive(Debug, Clone, Default)]
pub struct JobFilter<'f> {
    /// Of this kind only.
    pub kind: Option<JobKind>,
    /// In one of these states only; none = any.
    pub states: Option<&'f [JobState]>,
    /// About one of these subjects only; none = any.
    pub subjects: Option<&'f [String]>,
    /// So many are left out at the front.
    pub offset: u64,
    /// At most so many.
    pub limit: u64,
}

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// As it was asked for, without notices.
    pub uuid: String,
    /// Whose rows it reads.
    pub provider: ProviderId,
    /// Its queue.
    pub kind: JobKind,
    /// The report or the type of export.
    pub subject: String,
    /// Everything that decides its bytes.
    pub request: String,
    /// Who asked.
    pub requester: Requester,
    /// What was asked for together with it.
    pub group: Option<String>,
    /// Id of the request that asked.
    pub request_id: String,
    /// The revision when it was asked for.
    pub revision_min: Revision,
    /// Where it is in its life.
    pub state: JobState,
    /// How far it is.
    pub progress: Progress,
    /// Attempts begun.
    pub attempts: u32,
    /// Code of what went wrong: of a failed job, or of the attempt before.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When an attempt first began.
    pub started_at: Option<Instant>,
    /// When it came to its end, whatever that was.
    pub finished_at: Option<Instant>,
    /// When anything about it last changed.
    pub updated_at: Instant,
    /// End of its files' life.
    pub expires_at: Option<Instant>,
    /// Its files; empty unless it succeeded.
    pub files: Vec<JobFile>,
    /// Its manifest; none unless it succeeded (kept when the files are gone).
    pub manifest: Option<String>,
    /// Complete transfers of its files.
    pub downloads: u64,
}
