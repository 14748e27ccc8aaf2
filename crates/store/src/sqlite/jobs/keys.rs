//! Idempotency keys of requests that queued jobs, kept for 24 hours.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use super::row;
use crate::error::StoreError;
use crate::port::IdempotencyKey;
use crate::port::jobs::{Job, JobId, JobKey};
use crate::sqlite::errors::failed;
use crate::sqlite::query;
use crate::sqlite::serde_text::{from_json, json};

const KEPT_SECONDS: i64 = 86_400;

const FIND: &str = "SELECT request_hash, jobs, answer FROM job_keys \
    WHERE provider_id = ?1 AND key = ?2 AND created_at > ?3";
const KEEP: &str = "INSERT OR REPLACE INTO job_keys \
    (provider_id, key, request_hash, jobs, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const FORGET: &str = "DELETE FROM job_keys WHERE (provider_id, key) IN (SELECT provider_id, key \
    FROM job_keys WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)";

/// The earlier use of a key.
pub(super) enum SqliteJobKeyUse {
    /// The key was not used.
    New,
    /// The same request queued these jobs.
    Answered { jobs: Vec<Job>, answer: Option<String> },
    /// The key was used for another request.
    Conflict,
}

pub(super) fn find(
    connection: &Connection,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<SqliteJobKeyUse, StoreError> {
    let params = (provider.0, &key.key, oldest(now));
    let found = query::find(connection, "look for a job's key", FIND, params, |row| {
        let hash: [u8; 32] = row.get(0)?;
        let ids: Vec<i64> = from_json(row, 1)?;
        Ok((hash, ids, row.get(2)?))
    })?;
    let Some((hash, ids, answer)) = found else { return Ok(SqliteJobKeyUse::New) };
    if hash != key.request_hash {
        return Ok(SqliteJobKeyUse::Conflict);
    }
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        jobs.extend(row::find(connection, JobId::Number(id))?);
    }
    Ok(SqliteJobKeyUse::Answered { jobs, answer })
}

pub(super) fn store_key(
    connection: &Connection,
    provider: ProviderId,
    key: &JobKey,
    jobs: &[Job],
    now: Instant,
) -> Result<(), StoreError> {
    let context = "keep a job's key";
    let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
    let ids = json(&ids).map_err(failed(context))?;
    let JobKey { key: IdempotencyKey { key, request_hash }, answer } = key;
    let params = (provider.0, key, request_hash, ids, answer, now.micros());
    query::run(connection, context, KEEP, params).map(drop)
}

/// Deletes expired keys, at most `count_max`.
pub(super) fn delete_expired(
    connection: &Connection,
    now: Instant,
    count_max: u64,
) -> Result<(), StoreError> {
    query::run(connection, "forget keys", FORGET, (oldest(now), count_max)).map(drop)
}

fn oldest(now: Instant) -> i64 {
    now.plus_seconds(-KEPT_SECONDS).micros()
}
