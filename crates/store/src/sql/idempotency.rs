//! Answers to imports, stored under the caller's idempotency key. The answer is written in the
//! import's transaction, so either both are stored or neither. Rule: spec/data-model.md §3.

use model::id::ProviderId;
use model::import::ImportOutcome;
use model::time::Instant;

use super::session::SqlSession;
use super::value::{json_text, values};
use crate::error::StoreError;
use crate::port::{IdempotencyKey, KeyUse};

/// The time for which an answer is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;

const FIND: &str = "SELECT request_hash, answer FROM idempotency_keys \
    WHERE provider_id = ?1 AND key = ?2 AND created_at >= ?3";
const STORE: &str = "INSERT INTO idempotency_keys \
    (provider_id, key, request_hash, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (provider_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
    answer = excluded.answer, created_at = excluded.created_at";
/// Deletes a bounded number: a call stays cheap, and deletes more keys than it adds.
const PURGE: &str = "DELETE FROM idempotency_keys WHERE (provider_id, key) IN \
    (SELECT provider_id, key FROM idempotency_keys WHERE created_at < ?1 \
     ORDER BY created_at LIMIT 100)";

pub(crate) fn find(
    session: &dyn SqlSession,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<KeyUse, StoreError> {
    let (context, oldest) = ("look for an idempotency key", oldest(now));
    let found = session.find(context, FIND, values![provider.0, key.key, oldest])?;
    let Some(row) = found else { return Ok(KeyUse::New) };
    if row.get::<[u8; 32]>(0)? == key.request_hash {
        Ok(KeyUse::Answered(row.json(1)?))
    } else {
        Ok(KeyUse::Conflict)
    }
}

/// Stores an answer, and deletes some that have expired.
pub(crate) fn store_answer(
    session: &dyn SqlSession,
    provider: ProviderId,
    key: &IdempotencyKey,
    answer: &ImportOutcome,
    now: Instant,
) -> Result<(), StoreError> {
    let context = "store an idempotency key";
    session.run(context, PURGE, values![oldest(now)])?;
    let (hash, answer) = (key.request_hash.as_slice(), json_text(answer)?);
    session.run(context, STORE, values![provider.0, key.key, hash, answer, now])?;
    Ok(())
}

fn oldest(now: Instant) -> Instant {
    now.plus_seconds(-KEPT_SECONDS)
}
