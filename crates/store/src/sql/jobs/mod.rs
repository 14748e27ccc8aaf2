//! The job queue in a database. Each change of a job is one transaction, which also stores the
//! notices.
//!
//! | module | holds |
//! | --- | --- |
//! | `row` | reading stored jobs |
//! | `create`, `keys` | queueing jobs; the caller's idempotency keys |
//! | `claim`, `attempt` | claiming a job; the reports of its worker |
//! | `lifecycle` | cancellation, downloads, expiry, deletion of old jobs |
//! | `list`, `identity` | lists and counts; numbers for the subjects of JWTs |

mod attempt;
mod claim;
mod create;
mod identity;
mod keys;
mod lifecycle;
mod list;
mod row;

use model::id::ProviderId;
use model::time::Instant;

use super::SqlDatabase;
use crate::error::StoreError;
use crate::port::IdempotencyKey;
use crate::port::jobs::{
    AttemptEnd, CancelOutcome, FileTransfers, Job, JobAttempt, JobClaim, JobFilter, JobId, JobKey,
    JobKind, JobLimits, JobProgress, JobStart, JobStore, NewJob, ProgressReply,
};
use crate::port::notices::NewNotice;
use keys::JobKeyUse;

impl<D: SqlDatabase> JobStore for D {
    fn create_jobs(
        &self,
        jobs: &[NewJob],
        key: Option<&JobKey>,
        limits: JobLimits,
        now: Instant,
    ) -> Result<JobStart, StoreError> {
        self.write_jobs(|session| create::create(session, jobs, key, limits, now))
    }

    fn find_job_key(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<Option<JobStart>, StoreError> {
        Ok(match self.view_jobs(|session| keys::find(session, provider, key, now))? {
            JobKeyUse::New => None,
            JobKeyUse::Answered { jobs, answer } => Some(JobStart::Answered { jobs, answer }),
            JobKeyUse::Conflict => Some(JobStart::KeyConflict),
        })
    }

    fn claim_jobs(&self, claim: &JobClaim<'_>, now: Instant) -> Result<Vec<Job>, StoreError> {
        // Idle workers ask often: without looking first, each of them would make others wait.
        if !self.look_up_jobs(|session| claim::is_any_due(session, claim, now))? {
            return Ok(Vec::new());
        }
        self.write_jobs(|session| claim::claim(session, claim, now))
    }

    fn report_progress(
        &self,
        attempt: &JobAttempt<'_>,
        progress: JobProgress,
        lease_until: Instant,
        now: Instant,
    ) -> Result<ProgressReply, StoreError> {
        self.write_jobs(|session| attempt::report(session, attempt, progress, lease_until, now))
    }

    fn finish_jobs(&self, ends: &[AttemptEnd<'_>], now: Instant) -> Result<Vec<bool>, StoreError> {
        self.write_jobs(|session| {
            ends.iter().map(|ended| attempt::finish(session, ended, now)).collect()
        })
    }

    fn cancel_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<CancelOutcome, StoreError> {
        self.write_jobs(|session| lifecycle::cancel(session, (provider, id), notices, now))
    }

    fn job(&self, provider: ProviderId, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
        let job = self.job_of_any_provider(id)?;
        Ok(job.filter(|job| job.provider == provider))
    }

    fn job_of_any_provider(&self, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
        self.view_jobs(|session| row::find(session, id))
    }

    fn jobs(
        &self,
        provider: ProviderId,
        filter: &JobFilter<'_>,
    ) -> Result<(u64, Vec<Job>), StoreError> {
        self.view_jobs(|session| list::list(session, provider, filter))
    }

    fn queue_position(&self, job: &Job) -> Result<Option<u64>, StoreError> {
        self.look_up_jobs(|session| list::queue_position(session, job.id))
    }

    fn job_counts(&self, kind: JobKind) -> Result<(u64, u64), StoreError> {
        self.look_up_jobs(|session| list::counts(session, kind))
    }

    fn consume_file(
        &self,
        id: i64,
        file: &str,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write_jobs(|session| lifecycle::consume_file(session, (id, file), notices, now))
    }

    fn count_transfers(&self, transfers: &[FileTransfers], now: Instant) -> Result<(), StoreError> {
        self.write_jobs(|session| lifecycle::count_transfers(session, transfers, now))
    }

    fn expire_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write_jobs(|session| lifecycle::expire(session, provider, id, now))
    }

    fn fail_job_without_files(
        &self,
        id: i64,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write_jobs(|session| lifecycle::fail_job_without_files(session, id, notices, now))
    }

    fn clean_up_jobs(
        &self,
        now: Instant,
        forget_before: Instant,
    ) -> Result<(u64, u64), StoreError> {
        self.write_jobs(|session| lifecycle::clean_up(session, now, forget_before))
    }

    fn known_files(&self, paths: &[String]) -> Result<Vec<String>, StoreError> {
        self.look_up_jobs(|session| list::known_files(session, paths))
    }

    fn files_folder_id(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.look_up_records(|session| crate::sql::secret::find(session, crate::sql::secret::FILES))
    }

    fn keep_files_folder_id(&self, mark: [u8; 32]) -> Result<[u8; 32], StoreError> {
        self.write_records(|session| {
            crate::sql::secret::store_if_absent(session, crate::sql::secret::FILES, mark)
        })
    }

    fn identity_number(&self, subject: &str) -> Result<i64, StoreError> {
        match self.look_up_jobs(|session| identity::find(session, subject))? {
            Some(number) => Ok(number),
            None => self.write_jobs(|session| identity::assign(session, subject)),
        }
    }
}
