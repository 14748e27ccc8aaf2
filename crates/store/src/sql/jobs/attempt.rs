//! The reports of a worker on its attempt: progress, and the end.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::jobs::{
    AttemptEnd, AttemptOutcome, JobAttempt, JobFile, JobProgress, JobSuccess, ProgressReply,
};
use crate::sql::notices;
use crate::sql::session::SqlSession;
use crate::sql::value::values;

const REPORT: &str = "UPDATE jobs SET rows_done = ?4, rows_total = ?5, revision = ?6, \
    lease_until = ?7, updated_at = ?8 \
    WHERE id = ?1 AND state = 'running' AND worker = ?2 AND attempts = ?3";
const IS_CANCELED: &str = "SELECT 1 FROM jobs \
    WHERE id = ?1 AND state = 'canceled' AND worker = ?2 AND attempts = ?3";
const LOCK_IF_HELD: &str = "SELECT provider_id, attempts >= attempts_max FROM jobs \
    WHERE id = ?1 AND state = 'running' AND worker = ?2 AND attempts = ?3 {lock}";
const SUCCEED: &str = "UPDATE jobs SET state = 'succeeded', worker = NULL, lease_until = NULL, \
    rows_done = ?3, rows_total = ?3, revision = ?4, expires_at = ?5, manifest = ?6, \
    error_code = NULL, error_message = NULL, finished_at = ?2, updated_at = ?2 WHERE id = ?1";
const FILE: &str = "INSERT INTO job_files (job_id, position, part, path, name, content_type, \
    bytes, sha256, is_consumed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const FAIL: &str = "UPDATE jobs SET state = 'failed', worker = NULL, lease_until = NULL, \
    error_code = ?3, error_message = ?4, finished_at = ?2, updated_at = ?2 WHERE id = ?1";
const RETRY: &str = "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, \
    rows_done = 0, rows_total = NULL, revision = NULL, error_code = ?3, error_message = ?4, \
    not_before = ?5, updated_at = ?2 WHERE id = ?1";
const RELEASE: &str = "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, \
    rows_done = 0, rows_total = NULL, revision = NULL, attempts = attempts - 1, not_before = ?2, \
    updated_at = ?2 WHERE id = ?1";

pub(super) fn report(
    session: &dyn SqlSession,
    attempt: &JobAttempt<'_>,
    progress: JobProgress,
    lease_until: Instant,
    now: Instant,
) -> Result<ProgressReply, StoreError> {
    let context = "note a job's progress";
    let (job, number) = (attempt.job, attempt.number);
    let changed = session.run(
        context,
        REPORT,
        values![
            job,
            attempt.worker,
            number,
            progress.rows,
            progress.rows_total,
            progress.revision.map(|revision| revision.0),
            lease_until,
            now
        ],
    )?;
    if changed == 1 {
        return Ok(ProgressReply::Continue);
    }
    let canceled = session.find(context, IS_CANCELED, values![job, attempt.worker, number])?;
    Ok(if canceled.is_some() { ProgressReply::Cancel } else { ProgressReply::LeaseLost })
}

pub(super) fn finish(
    session: &dyn SqlSession,
    ended: &AttemptEnd<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let AttemptEnd { attempt, outcome, notices } = ended;
    let (context, id) = ("finish a job", attempt.job);
    let number = attempt.number;
    let held = session.find(context, LOCK_IF_HELD, values![id, attempt.worker, number])?;
    let Some(held) = held else { return Ok(false) };
    let (provider, is_last): (i64, bool) = (held.get(0)?, held.get(1)?);
    match outcome {
        AttemptOutcome::Succeeded(success) => succeed(session, id, success, now)?,
        AttemptOutcome::Retry { code, message, at } if !is_last => {
            session.run(context, RETRY, values![id, now, code, message, at])?;
            return Ok(true);
        }
        AttemptOutcome::Released => {
            session.run(context, RELEASE, values![id, now])?;
            return Ok(true);
        }
        AttemptOutcome::Failed { code, message } | AttemptOutcome::Retry { code, message, .. } => {
            session.run(context, FAIL, values![id, now, code, message])?;
        }
    }
    notices::store_notices(session, ProviderId(provider), notices, now)?;
    Ok(true)
}

fn succeed(
    session: &dyn SqlSession,
    id: i64,
    success: &JobSuccess,
    now: Instant,
) -> Result<(), StoreError> {
    let context = "finish a job";
    let JobSuccess { files, manifest, rows, revision, expires_at } = success;
    session.run(context, SUCCEED, values![id, now, rows, revision.0, expires_at, manifest])?;
    for (position, file) in (0_i64..).zip(files) {
        let JobFile { part, path, name, content_type, bytes, sha256, is_consumed } = file;
        session.run(
            context,
            FILE,
            values![id, position, part, path, name, content_type, bytes, sha256, is_consumed],
        )?;
    }
    Ok(())
}
