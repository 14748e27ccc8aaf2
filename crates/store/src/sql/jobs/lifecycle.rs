//! Changes of jobs by others than their workers: cancellation, downloads, expiry of files, and
//! deletion of old jobs.

use model::id::ProviderId;
use model::time::Instant;

use super::{keys, row};
use crate::error::StoreError;
use crate::port::jobs::{CancelOutcome, FILE_MISSING, FileTransfers, JobId, JobState};
use crate::port::notices::NewNotice;
use crate::sql::notices;
use crate::sql::session::SqlSession;
use crate::sql::value::values;

/// The greatest number of jobs of each kind that one sweep expires or deletes.
const CLEANUP_JOBS_MAX: i64 = 500;

/// Keeps the worker's name, so that its next progress report can be answered with the cancellation.
const CANCEL: &str = "UPDATE jobs SET state = 'canceled', lease_until = NULL, finished_at = ?2, \
    updated_at = ?2 WHERE id = ?1";
const SUCCEEDED: &str = "SELECT provider_id FROM jobs WHERE id = ?1 AND state = 'succeeded' {lock}";
const CONSUME: &str = "UPDATE job_files SET is_consumed = true \
    WHERE job_id = ?1 AND part = ?2 AND NOT is_consumed";
const COUNT: &str = "UPDATE jobs SET downloads = downloads + ?3, updated_at = ?2 WHERE id = ?1 \
    RETURNING provider_id";
const HAS_MORE: &str =
    "SELECT EXISTS (SELECT 1 FROM job_files WHERE job_id = ?1 AND NOT is_consumed)";
const CONSUMED: &str = "UPDATE jobs SET state = 'consumed' WHERE id = ?1";
const EXPIRE: &str = "UPDATE jobs SET state = 'expired', expires_at = CASE WHEN expires_at < ?2 THEN expires_at ELSE ?2 END, \
    updated_at = ?2 WHERE id = ?1 AND state = 'succeeded'";
const FAIL_FILE_MISSING: &str = "UPDATE jobs SET state = 'failed', error_code = ?3, \
    error_message = 'the file of this job is lost', manifest = NULL, expires_at = NULL, \
    updated_at = ?2 WHERE id = ?1 AND state = 'succeeded' RETURNING provider_id";
const DROP_FILES: &str = "DELETE FROM job_files WHERE job_id {in ?1}";
const EXPIRE_SOME: &str = "UPDATE jobs SET state = 'expired', updated_at = ?1 WHERE id IN \
    (SELECT id FROM jobs WHERE state = 'succeeded' AND expires_at <= ?1 \
     ORDER BY expires_at LIMIT ?2 {lock free}) RETURNING id";
const FORGET_SOME: &str = "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs \
    WHERE created_at < ?1 AND state NOT IN ('queued', 'running') \
    ORDER BY created_at LIMIT ?2 {lock free}) RETURNING id";

pub(super) fn cancel(
    session: &dyn SqlSession,
    (provider, id): (ProviderId, JobId<'_>),
    notices: &[NewNotice],
    now: Instant,
) -> Result<CancelOutcome, StoreError> {
    let Some(job) = row::find_locked(session, provider, id)? else {
        return Ok(CancelOutcome::Unknown);
    };
    match job.state {
        JobState::Canceled => return Ok(CancelOutcome::Canceled(job)),
        state if !state.is_unfinished() => return Ok(CancelOutcome::TooLate(job)),
        _ => {}
    }
    session.run("cancel a job", CANCEL, values![job.id, now])?;
    notices::store_notices(session, provider, notices, now)?;
    let canceled = row::find(session, JobId::Number(job.id))?;
    Ok(canceled.map_or(CancelOutcome::Unknown, CancelOutcome::Canceled))
}

pub(super) fn consume_file(
    session: &dyn SqlSession,
    (id, part): (i64, &str),
    notices: &[NewNotice],
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "count a download";
    let Some(job) = session.find(context, SUCCEEDED, values![id])? else { return Ok(false) };
    if session.run(context, CONSUME, values![id, part])? == 0 {
        return Ok(false);
    }
    session.one(context, COUNT, values![id, now, 1_i64])?;
    if !session.one(context, HAS_MORE, values![id])?.get::<bool>(0)? {
        session.run(context, CONSUMED, values![id])?;
        drop_files(session, &[id])?;
    }
    notices::store_notices(session, ProviderId(job.get(0)?), notices, now)?;
    Ok(true)
}

pub(super) fn count_transfers(
    session: &dyn SqlSession,
    transfers: &[FileTransfers],
    now: Instant,
) -> Result<(), StoreError> {
    for FileTransfers { job, count, notices } in transfers {
        let params = values![job, now, *count];
        if let Some(counted) = session.find("count downloads", COUNT, params)? {
            notices::store_notices(session, ProviderId(counted.get(0)?), notices, now)?;
        }
    }
    Ok(())
}

pub(super) fn expire(
    session: &dyn SqlSession,
    provider: ProviderId,
    id: JobId<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let Some(job) = row::find_locked(session, provider, id)? else { return Ok(false) };
    let is_expired = session.run("expire a job", EXPIRE, values![job.id, now])? == 1;
    if is_expired {
        drop_files(session, &[job.id])?;
    }
    Ok(is_expired)
}

pub(super) fn fail_job_without_files(
    session: &dyn SqlSession,
    id: i64,
    notices: &[NewNotice],
    now: Instant,
) -> Result<bool, StoreError> {
    let lost =
        session.find("note a lost file", FAIL_FILE_MISSING, values![id, now, FILE_MISSING])?;
    let Some(lost) = lost else { return Ok(false) };
    drop_files(session, &[id])?;
    notices::store_notices(session, ProviderId(lost.get(0)?), notices, now)?;
    Ok(true)
}

fn drop_files(session: &dyn SqlSession, jobs: &[i64]) -> Result<(), StoreError> {
    session.run("forget files", DROP_FILES, values![jobs]).map(drop)
}

pub(super) fn clean_up(
    session: &dyn SqlSession,
    now: Instant,
    forget_before: Instant,
) -> Result<(u64, u64), StoreError> {
    let expired = clean_up_some(session, EXPIRE_SOME, now)?;
    let forgotten = clean_up_some(session, FORGET_SOME, forget_before)?;
    keys::delete_expired(session, now, CLEANUP_JOBS_MAX)?;
    Ok((expired, forgotten))
}

fn clean_up_some(session: &dyn SqlSession, sql: &str, bound: Instant) -> Result<u64, StoreError> {
    let swept = session.all("sweep jobs", sql, values![bound, CLEANUP_JOBS_MAX])?;
    let ids: Vec<i64> = swept.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    drop_files(session, &ids)?;
    Ok(ids.len() as u64)
}
