//! What is sent, and what became of it.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::{Connection, Row};

use super::webhooks;
use crate::error::StoreError;
use crate::port::notices::{Delivery, DeliveryResult, Receiver};
use crate::sqlite::ask;

/// Bound of one sweep.
const SWEPT_MAX: u64 = 1000;
/// Position of the webhook's columns in a row that is read.
const WEBHOOK: usize = 13;

/// A question whose rows are deliveries, for [`read`].
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.provider_id, d.mailbox, d.event_id, d.event_type, d.payload, \
             d.attempt, d.state, d.status_code, d.error, d.duration_ms, d.created_at, \
             d.next_attempt_at, w.id, w.provider_id, w.url, w.description, w.events, \
             w.has_all_events, w.is_enabled, w.secret, w.created_at, w.updated_at \
             FROM deliveries d LEFT JOIN webhooks w ON w.id = d.webhook_id ",
            $rest
        )
    };
}

const IS_ANY_DUE: &str = "SELECT 1 FROM deliveries WHERE next_attempt_at <= ?1 \
    AND (lease_until IS NULL OR lease_until <= ?1) LIMIT 1";
const TAKE: &str = "UPDATE deliveries SET worker = ?1, lease_until = ?2, attempt = attempt + 1 \
    WHERE id = (SELECT id FROM deliveries WHERE next_attempt_at <= ?3 \
        AND (lease_until IS NULL OR lease_until <= ?3) ORDER BY next_attempt_at, id LIMIT 1) \
    RETURNING id";
const BY_ID: &str = select_deliveries!("WHERE d.id = ?1");
const FINISH: &str = "UPDATE deliveries SET worker = NULL, lease_until = NULL, state = ?3, \
    status_code = ?4, error = ?5, duration_ms = ?6, next_attempt_at = ?7, \
    ended_at = CASE WHEN ?7 IS NULL THEN ?8 END WHERE id = ?1 AND worker = ?2";
const NEXT_AT: &str = "SELECT min(max(next_attempt_at, coalesce(lease_until, next_attempt_at))) \
    FROM deliveries WHERE next_attempt_at IS NOT NULL";
const COUNT: &str = "SELECT count(*) FROM deliveries WHERE provider_id = ?1 AND webhook_id = ?2";
const PAGE: &str = select_deliveries!(
    "WHERE d.provider_id = ?1 AND d.webhook_id = ?2 ORDER BY d.id DESC LIMIT ?3 OFFSET ?4"
);
const ONE: &str =
    select_deliveries!("WHERE d.provider_id = ?1 AND d.webhook_id = ?2 AND d.id = ?3");
const AGAIN: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, event_type, \
        payload, created_at, next_attempt_at) \
    SELECT provider_id, webhook_id, event_id, event_type, payload, created_at, ?4 \
    FROM deliveries WHERE provider_id = ?1 AND webhook_id = ?2 AND id = ?3 RETURNING id";
const SWEEP: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
    WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";

/// Whether something may be sent, looked up without the write lock.
pub(super) fn is_any_due(connection: &Connection, now: Instant) -> Result<bool, StoreError> {
    let context = "look for a delivery";
    Ok(ask::find(connection, context, IS_ANY_DUE, [now.micros()], |_| Ok(()))?.is_some())
}

pub(super) fn claim(
    connection: &Connection,
    worker: &str,
    lease_until: Instant,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let context = "take a delivery";
    let params = (worker, lease_until.micros(), now.micros());
    let taken: Option<i64> = ask::find(connection, context, TAKE, params, |row| row.get(0))?;
    let Some(id) = taken else { return Ok(None) };
    ask::find(connection, context, BY_ID, [id], read)
}

pub(super) fn finish(
    connection: &Connection,
    worker: &str,
    id: i64,
    result: &DeliveryResult,
    now: Instant,
) -> Result<bool, StoreError> {
    let DeliveryResult { state, status_code, error, duration_ms, next_attempt_at } = result;
    let next = next_attempt_at.map(Instant::micros);
    let params = (id, worker, state, status_code, error, duration_ms, next, now.micros());
    Ok(ask::run(connection, "finish a delivery", FINISH, params)? == 1)
}

pub(super) fn next_at(connection: &Connection) -> Result<Option<Instant>, StoreError> {
    let context = "look for the next delivery";
    let next: Option<i64> = ask::one(connection, context, NEXT_AT, [], |row| row.get(0))?;
    Ok(next.map(Instant::from_micros))
}

pub(super) fn list(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    offset: u64,
    limit: u64,
) -> Result<(u64, Vec<Delivery>), StoreError> {
    let context = "list deliveries";
    let count = ask::one(connection, context, COUNT, (provider.0, webhook), |row| row.get(0))?;
    let params = (provider.0, webhook, limit, offset);
    Ok((count, ask::all(connection, context, PAGE, params, read)?))
}

pub(super) fn one(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    id: i64,
) -> Result<Option<Delivery>, StoreError> {
    ask::find(connection, "read a delivery", ONE, (provider.0, webhook, id), read)
}

pub(super) fn redeliver(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    id: i64,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let context = "queue a delivery again";
    let params = (provider.0, webhook, id, now.micros());
    let again: Option<i64> = ask::find(connection, context, AGAIN, params, |row| row.get(0))?;
    let Some(id) = again else { return Ok(None) };
    ask::find(connection, context, BY_ID, [id], read)
}

pub(super) fn sweep(connection: &Connection, before: Instant) -> Result<u64, StoreError> {
    let swept = ask::run(connection, "sweep deliveries", SWEEP, (before.micros(), SWEPT_MAX))?;
    Ok(swept as u64)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let mailbox: Option<String> = row.get(2)?;
    let next: Option<i64> = row.get(12)?;
    Ok(Delivery {
        id: row.get(0)?,
        provider: ProviderId(row.get(1)?),
        receiver: match mailbox {
            Some(mailbox) => Receiver::Mailbox(mailbox),
            None => Receiver::Webhook(webhooks::read(row, WEBHOOK)?),
        },
        event_id: row.get(3)?,
        event_type: row.get(4)?,
        payload: row.get(5)?,
        attempt: row.get(6)?,
        state: row.get(7)?,
        status_code: row.get(8)?,
        error: row.get(9)?,
        duration_ms: row.get(10)?,
        created_at: Instant::from_micros(row.get(11)?),
        next_attempt_at: next.map(Instant::from_micros),
    })
}
