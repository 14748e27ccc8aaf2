//! Idempotency keys of requests that queued jobs, kept for 24 hours.

use model::id::ProviderId;
use model::time::Instant;

use super::row;
use crate::error::StoreError;
use crate::port::IdempotencyKey;
use crate::port::jobs::{Job, JobId, JobKey};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;
use crate::postgres::serde_text::{from_json, json};

const KEPT_SECONDS: i64 = 86_400;

const FIND: &str = "SELECT request_hash, jobs, answer FROM job_keys \
    WHERE provider_id = $1 AND key = $2 AND created_at > $3";
const KEEP: &str = "INSERT INTO job_keys \
    (provider_id, key, request_hash, jobs, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (provider_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
    jobs = excluded.jobs, answer = excluded.answer, created_at = excluded.created_at";
const FORGET: &str = "DELETE FROM job_keys WHERE (provider_id, key) IN (SELECT provider_id, key \
    FROM job_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";

/// The earlier use of a key.
pub(super) enum PostgresJobKeyUse {
    /// The key was not used.
    New,
    /// The same request queued these jobs.
    Answered { jobs: Vec<Job>, answer: Option<String> },
    /// The key was used for another request.
    Conflict,
}

pub(super) fn find(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<PostgresJobKeyUse, StoreError> {
    let oldest = oldest(now);
    let found = session.find("look for a job's key", FIND, &[&provider.0, &key.key, &oldest])?;
    let Some(found) = found else { return Ok(PostgresJobKeyUse::New) };
    if get::<&[u8]>(&found, 0)? != key.request_hash {
        return Ok(PostgresJobKeyUse::Conflict);
    }
    let ids: Vec<i64> = from_json(&found, 1)?;
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        jobs.extend(row::find(session, JobId::Number(id))?);
    }
    Ok(PostgresJobKeyUse::Answered { jobs, answer: get(&found, 2)? })
}

pub(super) fn store_key(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    key: &JobKey,
    jobs: &[Job],
    now: Instant,
) -> Result<(), StoreError> {
    let ids = json(&jobs.iter().map(|job| job.id).collect::<Vec<_>>())?;
    let JobKey { key: IdempotencyKey { key, request_hash }, answer } = key;
    let (hash, now) = (request_hash.as_slice(), now.micros());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, key, &hash, &ids, answer, &now];
    session.run("keep a job's key", KEEP, params).map(drop)
}

/// Deletes expired keys, at most `count_max`.
pub(super) fn delete_expired(
    session: &PostgresSession<'_>,
    now: Instant,
    count_max: i64,
) -> Result<(), StoreError> {
    session.run("forget keys", FORGET, &[&oldest(now), &count_max]).map(drop)
}

fn oldest(now: Instant) -> i64 {
    now.plus_seconds(-KEPT_SECONDS).micros()
}
