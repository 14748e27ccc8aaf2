//! Answers to imports, stored under the caller's idempotency key. The answer is written in the
//! import's transaction, so either both are stored or neither. Rule: spec/data-model.md §3.

use model::id::ProviderId;
use model::import::ImportOutcome;
use model::time::Instant;

use super::connections::PostgresSession;
use super::row::get;
use super::serde_text::{from_json, json};
use crate::error::StoreError;
use crate::port::{IdempotencyKey, KeyUse};

/// The time for which an answer is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;

const FIND: &str = "SELECT request_hash, answer FROM idempotency_keys \
    WHERE provider_id = $1 AND key = $2 AND created_at >= $3";
const STORE: &str = "INSERT INTO idempotency_keys \
    (provider_id, key, request_hash, answer, created_at) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (provider_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
    answer = excluded.answer, created_at = excluded.created_at";
/// Deletes a bounded number: a call stays cheap, and deletes more keys than it adds.
const PURGE: &str = "DELETE FROM idempotency_keys WHERE (provider_id, key) IN \
    (SELECT provider_id, key FROM idempotency_keys WHERE created_at < $1 \
     ORDER BY created_at LIMIT 100)";

pub(super) fn find(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<KeyUse, StoreError> {
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, &key.key, &oldest(now)];
    let Some(row) = session.find("look for an idempotency key", FIND, params)? else {
        return Ok(KeyUse::New);
    };
    if get::<&[u8]>(&row, 0)? == key.request_hash {
        Ok(KeyUse::Answered(from_json(&row, 1)?))
    } else {
        Ok(KeyUse::Conflict)
    }
}

/// Stores an answer, and deletes some that have expired.
pub(super) fn store_answer(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    key: &IdempotencyKey,
    answer: &ImportOutcome,
    now: Instant,
) -> Result<(), StoreError> {
    let context = "store an idempotency key";
    session.run(context, PURGE, &[&oldest(now)])?;
    let (hash, answer) = (key.request_hash.as_slice(), json(answer)?);
    session.run(context, STORE, &[&provider.0, &key.key, &hash, &answer, &now.micros()])?;
    Ok(())
}

fn oldest(now: Instant) -> i64 {
    now.plus_seconds(-KEPT_SECONDS).micros()
}
