//! The reports of a worker on its attempt: progress, and the end.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::jobs::{
    AttemptEnd, AttemptOutcome, JobAttempt, JobFile, JobProgress, JobSuccess, ProgressReply,
};
use crate::sqlite::{notices, query};

const REPORT: &str = "UPDATE jobs SET rows_done = ?4, rows_total = ?5, revision = ?6, \
    lease_until = ?7, updated_at = ?8 \
    WHERE id = ?1 AND state = 'running' AND worker = ?2 AND attempts = ?3";
const IS_CANCELED: &str = "SELECT 1 FROM jobs \
    WHERE id = ?1 AND state = 'canceled' AND worker = ?2 AND attempts = ?3";
const HELD: &str = "SELECT provider_id, attempts >= attempts_max FROM jobs \
    WHERE id = ?1 AND state = 'running' AND worker = ?2 AND attempts = ?3";
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
    connection: &Connection,
    attempt: &JobAttempt<'_>,
    progress: JobProgress,
    lease_until: Instant,
    now: Instant,
) -> Result<ProgressReply, StoreError> {
    let context = "note a job's progress";
    let params = (
        attempt.job,
        attempt.worker,
        attempt.number,
        progress.rows,
        progress.rows_total,
        progress.revision.map(|revision| revision.0),
        lease_until.micros(),
        now.micros(),
    );
    if query::run(connection, context, REPORT, params)? == 1 {
        return Ok(ProgressReply::Continue);
    }
    let params = (attempt.job, attempt.worker, attempt.number);
    let canceled = query::find(connection, context, IS_CANCELED, params, |_| Ok(()))?;
    Ok(if canceled.is_some() { ProgressReply::Cancel } else { ProgressReply::LeaseLost })
}

pub(super) fn finish(
    connection: &Connection,
    ended: &AttemptEnd<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let AttemptEnd { attempt, outcome, notices } = ended;
    let context = "finish a job";
    let params = (attempt.job, attempt.worker, attempt.number);
    let held: Option<(i64, bool)> =
        query::find(connection, context, HELD, params, |row| row.try_into())?;
    let Some((provider, is_last)) = held else { return Ok(false) };
    let (id, now_micros) = (attempt.job, now.micros());
    match outcome {
        AttemptOutcome::Succeeded(success) => succeed(connection, id, success, now)?,
        AttemptOutcome::Retry { code, message, at } if !is_last => {
            query::run(connection, context, RETRY, (id, now_micros, code, message, at.micros()))?;
            return Ok(true);
        }
        AttemptOutcome::Released => {
            query::run(connection, context, RELEASE, (id, now_micros))?;
            return Ok(true);
        }
        AttemptOutcome::Failed { code, message } | AttemptOutcome::Retry { code, message, .. } => {
            query::run(connection, context, FAIL, (id, now_micros, code, message))?;
        }
    }
    notices::store_notices(connection, ProviderId(provider), notices, now)?;
    Ok(true)
}

fn succeed(
    connection: &Connection,
    id: i64,
    success: &JobSuccess,
    now: Instant,
) -> Result<(), StoreError> {
    let context = "finish a job";
    let JobSuccess { files, manifest, rows, revision, expires_at } = success;
    let params = (id, now.micros(), rows, revision.0, expires_at.micros(), manifest);
    query::run(connection, context, SUCCEED, params)?;
    for (position, file) in files.iter().enumerate() {
        let JobFile { part, path, name, content_type, bytes, sha256, is_consumed } = file;
        let params = (id, position, part, path, name, content_type, bytes, sha256, is_consumed);
        query::run(connection, context, FILE, params)?;
    }
    Ok(())
}
