//! Idempotency keys of requests that queued jobs, kept for 24 hours.

use model::id::ProviderId;
use model::time::Instant;

use super::row;
use crate::error::StoreError;
use crate::port::IdempotencyKey;
use crate::port::jobs::{Job, JobId, JobKey};
use crate::sql::session::SqlSession;
use crate::sql::value::{json_text, values};

const KEPT_SECONDS: i64 = 86_400;

const FIND: &str = "SELECT request_hash, jobs, answer FROM job_keys \
    WHERE provider_id = ?1 AND key = ?2 AND created_at > ?3";
const KEEP: &str = "INSERT INTO job_keys \
    (provider_id, key, request_hash, jobs, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT (provider_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
    jobs = excluded.jobs, answer = excluded.answer, created_at = excluded.created_at";
const FORGET: &str = "DELETE FROM job_keys WHERE (provider_id, key) IN (SELECT provider_id, key \
    FROM job_keys WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)";

/// The earlier use of a key.
pub(super) enum JobKeyUse {
    /// The key was not used.
    New,
    /// The same request queued these jobs.
    Answered { jobs: Vec<Job>, answer: Option<String> },
    /// The key was used for another request.
    Conflict,
}

pub(super) fn find(
    session: &dyn SqlSession,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<JobKeyUse, StoreError> {
    let oldest = oldest(now);
    let found = session.find("look for a job's key", FIND, values![provider.0, key.key, oldest])?;
    let Some(found) = found else { return Ok(JobKeyUse::New) };
    if found.get::<[u8; 32]>(0)? != key.request_hash {
        return Ok(JobKeyUse::Conflict);
    }
    let ids: Vec<i64> = found.json(1)?;
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        jobs.extend(row::find(session, JobId::Number(id))?);
    }
    Ok(JobKeyUse::Answered { jobs, answer: found.get(2)? })
}

pub(super) fn store_key(
    session: &dyn SqlSession,
    provider: ProviderId,
    key: &JobKey,
    jobs: &[Job],
    now: Instant,
) -> Result<(), StoreError> {
    let ids = json_text(&jobs.iter().map(|job| job.id).collect::<Vec<_>>())?;
    let JobKey { key: IdempotencyKey { key, request_hash }, answer } = key;
    let params = values![provider.0, key, request_hash, ids, answer, now];
    session.run("keep a job's key", KEEP, params).map(drop)
}

/// Deletes expired keys, at most `count_max`.
pub(super) fn delete_expired(
    session: &dyn SqlSession,
    now: Instant,
    count_max: i64,
) -> Result<(), StoreError> {
    session.run("forget keys", FORGET, values![oldest(now), count_max]).map(drop)
}

fn oldest(now: Instant) -> Instant {
    now.plus_seconds(-KEPT_SECONDS)
}
