//! The job queue in SQLite. Each change of a job is one transaction, which also stores the notices.
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
use rusqlite::Connection;

use self::keys::SqliteJobKeyUse;
use super::{SqliteStore, query, secret};
use crate::error::StoreError;
use crate::port::IdempotencyKey;
use crate::port::jobs::{
    AttemptEnd, CancelOutcome, FileTransfers, Job, JobAttempt, JobClaim, JobFilter, JobId, JobKey,
    JobKind, JobLimits, JobProgress, JobStart, JobStore, NewJob, ProgressReply,
};
use crate::port::notices::NewNotice;

impl JobStore for SqliteStore {
    fn create_jobs(
        &self,
        jobs: &[NewJob],
        key: Option<&JobKey>,
        limits: JobLimits,
        now: Instant,
    ) -> Result<JobStart, StoreError> {
        self.jobs.write(|connection| create::create(connection, jobs, key, limits, now))
    }

    fn find_job_key(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<Option<JobStart>, StoreError> {
        self.jobs.view(|connection| {
            Ok(match keys::find(connection, provider, key, now)? {
                SqliteJobKeyUse::New => None,
                SqliteJobKeyUse::Answered { jobs, answer } => {
                    Some(JobStart::Answered { jobs, answer })
                }
                SqliteJobKeyUse::Conflict => Some(JobStart::KeyConflict),
            })
        })
    }

    fn claim_jobs(&self, claim: &JobClaim<'_>, now: Instant) -> Result<Vec<Job>, StoreError> {
        // Idle workers ask often. Without this look, each of them would take the write lock.
        if !claim::is_any_due(&*self.jobs.lookup()?, claim, now)? {
            return Ok(Vec::new());
        }
        self.jobs.write(|connection| claim::claim(connection, claim, now))
    }

    fn report_progress(
        &self,
        attempt: &JobAttempt<'_>,
        progress: JobProgress,
        lease_until: Instant,
        now: Instant,
    ) -> Result<ProgressReply, StoreError> {
        self.jobs
            .write(|connection| attempt::report(connection, attempt, progress, lease_until, now))
    }

    fn finish_jobs(&self, ends: &[AttemptEnd<'_>], now: Instant) -> Result<Vec<bool>, StoreError> {
        self.jobs.write(|connection| {
            ends.iter().map(|ended| attempt::finish(connection, ended, now)).collect()
        })
    }

    fn cancel_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<CancelOutcome, StoreError> {
        self.jobs.write(|connection| lifecycle::cancel(connection, (provider, id), notices, now))
    }

    fn job(&self, provider: ProviderId, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
        let job = self.job_of_any_provider(id)?;
        Ok(job.filter(|job| job.provider == provider))
    }

    fn job_of_any_provider(&self, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
        self.jobs.view(|connection| row::find(connection, id))
    }

    fn jobs(
        &self,
        provider: ProviderId,
        filter: &JobFilter<'_>,
    ) -> Result<(u64, Vec<Job>), StoreError> {
        self.jobs.view(|connection| list::list(connection, provider, filter))
    }

    fn queue_position(&self, job: &Job) -> Result<Option<u64>, StoreError> {
        list::queue_position(&*self.jobs.lookup()?, job.id)
    }

    fn job_counts(&self, kind: JobKind) -> Result<(u64, u64), StoreError> {
        list::counts(&*self.jobs.lookup()?, kind)
    }

    fn consume_file(
        &self,
        id: i64,
        file: &str,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.jobs.write(|connection| lifecycle::consume_file(connection, (id, file), notices, now))
    }

    fn count_transfers(&self, transfers: &[FileTransfers], now: Instant) -> Result<(), StoreError> {
        self.jobs.write(|connection| lifecycle::count_transfers(connection, transfers, now))
    }

    fn expire_job(
        &self,
        provider: ProviderId,
        id: JobId<'_>,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.jobs.write(|connection| lifecycle::expire(connection, provider, id, now))
    }

    fn fail_job_without_files(
        &self,
        id: i64,
        notices: &[NewNotice],
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.jobs
            .write(|connection| lifecycle::fail_job_without_files(connection, id, notices, now))
    }

    fn clean_up_jobs(
        &self,
        now: Instant,
        forget_before: Instant,
    ) -> Result<(u64, u64), StoreError> {
        self.jobs.write(|connection| lifecycle::clean_up(connection, now, forget_before))
    }

    fn known_files(&self, paths: &[String]) -> Result<Vec<String>, StoreError> {
        list::known_files(&*self.jobs.lookup()?, paths)
    }

    fn files_folder_id(&self) -> Result<Option<[u8; 32]>, StoreError> {
        secret::find(&*self.records.lookup()?, secret::FILES)
    }

    fn keep_files_folder_id(&self, mark: [u8; 32]) -> Result<[u8; 32], StoreError> {
        self.records.write(|connection| secret::store_if_absent(connection, secret::FILES, mark))
    }

    fn identity_number(&self, subject: &str) -> Result<i64, StoreError> {
        match identity::find(&*self.jobs.lookup()?, subject)? {
            Some(id) => Ok(id),
            None => self.jobs.write(|connection| identity::assign(connection, subject)),
        }
    }
}

/// Checks the jobs file and returns one line for each fault found.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    const CHECKS: &[(&str, &str)] = &[
        (
            "SELECT count(*) FROM jobs WHERE (state = 'running') <> (lease_until IS NOT NULL)",
            "jobs whose lease does not fit their state",
        ),
        (
            "SELECT count(*) FROM jobs j WHERE (state = 'succeeded') <> \
            EXISTS (SELECT 1 FROM job_files f WHERE f.job_id = j.id)",
            "jobs whose files do not fit their state",
        ),
        (
            "SELECT count(*) FROM job_files f WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = f.job_id)",
            "files of jobs that do not exist",
        ),
        (
            "SELECT count(*) FROM deliveries d WHERE webhook_id IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id)",
            "deliveries to webhooks that do not exist",
        ),
        (
            "SELECT count(*) FROM deliveries WHERE (next_attempt_at IS NULL) <> (ended_at IS NOT NULL)",
            "deliveries that neither wait nor ended",
        ),
    ];
    let mut found = super::check::integrity(connection)?;
    if !found.is_empty() {
        return Ok(found);
    }
    for (sql, what) in CHECKS {
        let count: i64 = query::one(connection, "check jobs", sql, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} {what}"));
        }
    }
    Ok(found)
}
