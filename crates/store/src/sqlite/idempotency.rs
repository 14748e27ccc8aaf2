//! Answers to imports, stored under the caller's idempotency key. The answer is written in the
//! import's transaction, so either both are stored or neither. Rule: spec/data-model.md §3.

use model::id::ProviderId;
use model::import::ImportOutcome;
use model::time::Instant;
use rusqlite::{Connection, OptionalExtension};

use super::errors::failed;
use super::serde_text::{from_json, json};
use crate::error::StoreError;
use crate::port::{IdempotencyKey, KeyUse};

/// The time for which an answer is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;

const FIND: &str = "SELECT request_hash, answer FROM idempotency_keys \
    WHERE provider_id = ?1 AND key = ?2 AND created_at >= ?3";
const STORE: &str = "INSERT OR REPLACE INTO idempotency_keys \
    (provider_id, key, request_hash, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
/// Deletes a bounded number: a call stays cheap, and deletes more keys than it adds.
const PURGE: &str = "DELETE FROM idempotency_keys WHERE (provider_id, key) IN \
    (SELECT provider_id, key FROM idempotency_keys WHERE created_at < ?1 \
     ORDER BY created_at LIMIT 100)";

pub(super) fn find(
    connection: &Connection,
    provider: ProviderId,
    key: &IdempotencyKey,
    now: Instant,
) -> Result<KeyUse, StoreError> {
    let oldest = now.plus_seconds(-KEPT_SECONDS).micros();
    let found = connection
        .query_row(FIND, (provider.0, &key.key, oldest), |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, from_json(row, 1)?))
        })
        .optional()
        .map_err(failed("look for an idempotency key"))?;
    Ok(match found {
        None => KeyUse::New,
        Some((hash, answer)) if hash == key.request_hash => KeyUse::Answered(answer),
        Some(_) => KeyUse::Conflict,
    })
}

/// Stores an answer, and deletes some that have expired.
pub(super) fn store_answer(
    connection: &Connection,
    provider: ProviderId,
    key: &IdempotencyKey,
    answer: &ImportOutcome,
    now: Instant,
) -> Result<(), StoreError> {
    let context = "store an idempotency key";
    let oldest = now.plus_seconds(-KEPT_SECONDS).micros();
    connection.execute(PURGE, [oldest]).map_err(failed(context))?;
    let answer = json(answer).map_err(failed(context))?;
    let row = (provider.0, &key.key, key.request_hash, answer, now.micros());
    connection.execute(STORE, row).map(drop).map_err(failed(context))
}
