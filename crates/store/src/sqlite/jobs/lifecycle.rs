//! Changes of jobs by others than their workers: cancellation, downloads, expiry of files, and
//! deletion of old jobs.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use super::{keys, row};
use crate::error::StoreError;
use crate::port::jobs::{CancelOutcome, FILE_MISSING, FileTransfers, JobId, JobState};
use crate::port::notices::NewNotice;
use crate::sqlite::{notices, query};

/// The greatest number of jobs of each kind that one sweep expires or deletes.
const CLEANUP_JOBS_MAX: u64 = 500;

/// Keeps the worker's name, so that its next progress report can be answered with the cancellation.
const CANCEL: &str = "UPDATE jobs SET state = 'canceled', lease_until = NULL, finished_at = ?2, \
    updated_at = ?2 WHERE id = ?1";
const CONSUME: &str = "UPDATE job_files SET is_consumed = 1 \
    WHERE job_id = ?1 AND part = ?2 AND is_consumed = 0 \
    AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND state = 'succeeded')";
const COUNT: &str = "UPDATE jobs SET downloads = downloads + ?3, updated_at = ?2 WHERE id = ?1 \
    RETURNING provider_id, EXISTS (SELECT 1 FROM job_files WHERE job_id = ?1 AND is_consumed = 0)";
const CONSUMED: &str = "UPDATE jobs SET state = 'consumed' WHERE id = ?1";
const EXPIRE: &str = "UPDATE jobs SET state = 'expired', expires_at = min(expires_at, ?2), \
    updated_at = ?2 WHERE id = ?1 AND state = 'succeeded'";
const LOSE: &str = "UPDATE jobs SET state = 'failed', error_code = ?3, \
    error_message = 'the file of this job is lost', manifest = NULL, expires_at = NULL, \
    updated_at = ?2 WHERE id = ?1 AND state = 'succeeded' RETURNING provider_id";
const DROP_FILES: &str = "DELETE FROM job_files WHERE job_id = ?1";
const PAST_THEIR_TIME: &str = "SELECT id FROM jobs WHERE state = 'succeeded' \
    AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
const FORGOTTEN: &str = "SELECT id FROM jobs WHERE created_at < ?1 \
    AND state NOT IN ('queued', 'running') ORDER BY created_at LIMIT ?2";
const FORGET: &str = "DELETE FROM jobs WHERE id = ?1";

pub(super) fn cancel(
    connection: &Connection,
    (provider, id): (ProviderId, JobId<'_>),
    notices: &[NewNotice],
    now: Instant,
) -> Result<CancelOutcome, StoreError> {
    let Some(job) = row::find_of(connection, provider, id)? else {
        return Ok(CancelOutcome::Unknown);
    };
    match job.state {
        JobState::Canceled => return Ok(CancelOutcome::Canceled(job)),
        state if !state.is_unfinished() => return Ok(CancelOutcome::TooLate(job)),
        _ => {}
    }
    query::run(connection, "cancel a job", CANCEL, (job.id, now.micros()))?;
    notices::store_notices(connection, provider, notices, now)?;
    let canceled = row::find(connection, JobId::Number(job.id))?;
    Ok(canceled.map_or(CancelOutcome::Unknown, CancelOutcome::Canceled))
}

pub(super) fn consume_file(
    connection: &Connection,
    (id, part): (i64, &str),
    notices: &[NewNotice],
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "count a download";
    if query::run(connection, context, CONSUME, (id, part))? == 0 {
        return Ok(false);
    }
    let (provider, has_more): (i64, bool) =
        query::one(connection, context, COUNT, (id, now.micros(), 1), |row| row.try_into())?;
    if !has_more {
        query::run(connection, context, CONSUMED, [id])?;
        query::run(connection, context, DROP_FILES, [id])?;
    }
    notices::store_notices(connection, ProviderId(provider), notices, now)?;
    Ok(true)
}

pub(super) fn count_transfers(
    connection: &Connection,
    transfers: &[FileTransfers],
    now: Instant,
) -> Result<(), StoreError> {
    for FileTransfers { job, count, notices } in transfers {
        let params = (job, now.micros(), count);
        let provider: Option<i64> =
            query::find(connection, "count downloads", COUNT, params, |row| row.get(0))?;
        if let Some(provider) = provider {
            notices::store_notices(connection, ProviderId(provider), notices, now)?;
        }
    }
    Ok(())
}

pub(super) fn expire(
    connection: &Connection,
    provider: ProviderId,
    id: JobId<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let Some(job) = row::find_of(connection, provider, id)? else { return Ok(false) };
    expire_one(connection, job.id, now)
}

fn expire_one(connection: &Connection, id: i64, now: Instant) -> Result<bool, StoreError> {
    let context = "expire a job";
    let is_expired = query::run(connection, context, EXPIRE, (id, now.micros()))? == 1;
    if is_expired {
        query::run(connection, context, DROP_FILES, [id])?;
    }
    Ok(is_expired)
}

pub(super) fn fail_job_without_files(
    connection: &Connection,
    id: i64,
    notices: &[NewNotice],
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "note a lost file";
    let params = (id, now.micros(), FILE_MISSING);
    let provider: Option<i64> = query::find(connection, context, LOSE, params, |row| row.get(0))?;
    let Some(provider) = provider else { return Ok(false) };
    query::run(connection, context, DROP_FILES, [id])?;
    notices::store_notices(connection, ProviderId(provider), notices, now)?;
    Ok(true)
}

pub(super) fn clean_up(
    connection: &Connection,
    now: Instant,
    forget_before: Instant,
) -> Result<(u64, u64), StoreError> {
    let context = "sweep jobs";
    let mut counts = (0, 0);
    let params = (now.micros(), CLEANUP_JOBS_MAX);
    let past: Vec<i64> =
        query::all(connection, context, PAST_THEIR_TIME, params, |row| row.get(0))?;
    for id in past {
        counts.0 += u64::from(expire_one(connection, id, now)?);
    }
    let params = (forget_before.micros(), CLEANUP_JOBS_MAX);
    let forgotten: Vec<i64> = query::all(connection, context, FORGOTTEN, params, |row| row.get(0))?;
    for id in forgotten {
        query::run(connection, context, DROP_FILES, [id])?;
        query::run(connection, context, FORGET, [id])?;
        counts.1 += 1;
    }
    keys::delete_expired(connection, now, CLEANUP_JOBS_MAX)?;
    Ok(counts)
}
