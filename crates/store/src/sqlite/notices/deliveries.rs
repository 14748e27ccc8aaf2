//! Deliveries: claiming them, their results, and their log.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::{Connection, Row};

use super::webhooks;
use crate::error::StoreError;
use crate::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryReceiver, DeliveryResult, Redelivery,
    WAITING_MAX,
};
use crate::sqlite::{fair_queue, query};

/// The greatest number of deliveries that one sweep deletes.
const CLEANUP_DELIVERIES_MAX: u64 = 1000;
/// The position of the webhook's columns in a selected row.
const WEBHOOK: usize = 13;

/// A query whose rows are deliveries, as [`read`] expects them.
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.provider_id, d.mailbox, d.event_id, d.event_type, d.payload, \
             d.attempt, d.state, d.status_code, d.error, d.duration_ms, d.created_at, \
             d.next_attempt_at, w.id, w.provider_id, w.url, w.description, w.events, \
             w.has_all_events, w.is_enabled, w.secret, w.created_at, w.updated_at, w.failures \
             FROM deliveries d LEFT JOIN webhooks w ON w.id = d.webhook_id ",
            $rest
        )
    };
}

/// Selects the next delivery for [`DeliveryChannel::Webhook`]; looks up each webhook once.
const NEXT_TO_WEBHOOK: &str = "SELECT d.id, d.provider_id FROM webhooks w \
    JOIN deliveries d ON d.id = (SELECT x.id FROM deliveries x \
        WHERE x.webhook_id = w.id AND x.next_attempt_at IS NOT NULL AND x.next_attempt_at <= ?1 \
        ORDER BY x.next_attempt_at, x.id LIMIT 1) \
    LEFT JOIN (SELECT provider_id, count(*) AS deliveries FROM deliveries \
        WHERE lease_until IS NOT NULL AND lease_until > ?1 AND webhook_id IS NOT NULL \
        GROUP BY provider_id) busy ON busy.provider_id = w.provider_id \
    LEFT JOIN turns t ON t.queue = ?3 AND t.provider_id = w.provider_id \
    WHERE (w.rests_until IS NULL OR w.rests_until <= ?1) \
        AND NOT EXISTS (SELECT 1 FROM deliveries y WHERE y.webhook_id = w.id \
            AND y.lease_until IS NOT NULL AND y.lease_until > ?1) \
        AND coalesce(busy.deliveries, 0) < ?2 \
    ORDER BY coalesce(busy.deliveries, 0), coalesce(t.turn, 0), d.next_attempt_at, d.id LIMIT 1";
/// Selects the next delivery for [`DeliveryChannel::Mail`].
const NEXT_MAIL: &str = "SELECT d.id, d.provider_id FROM deliveries d \
    LEFT JOIN (SELECT provider_id, count(*) AS deliveries FROM deliveries \
        WHERE lease_until IS NOT NULL AND lease_until > ?1 AND webhook_id IS NULL \
        GROUP BY provider_id) busy ON busy.provider_id = d.provider_id \
    LEFT JOIN turns t ON t.queue = ?3 AND t.provider_id = d.provider_id \
    WHERE d.mailbox IS NOT NULL AND d.next_attempt_at IS NOT NULL AND d.next_attempt_at <= ?1 \
        AND (d.lease_until IS NULL OR d.lease_until <= ?1) \
        AND coalesce(busy.deliveries, 0) < ?2 \
    ORDER BY coalesce(busy.deliveries, 0), coalesce(t.turn, 0), d.next_attempt_at, d.id LIMIT 1";
const TAKE: &str = "UPDATE deliveries SET worker = ?2, lease_until = ?3, attempt = attempt + 1 \
    WHERE id = ?1";
const BY_ID: &str = select_deliveries!("WHERE d.id = ?1");
const FINISH: &str = "UPDATE deliveries SET worker = NULL, lease_until = NULL, state = ?3, \
    status_code = ?4, error = ?5, duration_ms = ?6, next_attempt_at = ?7, \
    ended_at = CASE WHEN ?7 IS NULL THEN ?8 END WHERE id = ?1 AND worker = ?2 \
    RETURNING webhook_id";
const REST: &str = "UPDATE webhooks SET rests_until = ?3, \
    failures = CASE ?2 WHEN 'OK' THEN 0 ELSE failures + 1 END WHERE id = ?1";
const REST_NO_MORE: &str = "UPDATE webhooks SET rests_until = NULL WHERE id = ?1";
const WAITING_FOR: &str = "SELECT count(*) FROM deliveries \
    WHERE webhook_id = ?1 AND next_attempt_at IS NOT NULL";
const WAITING: &str = "SELECT count(*) FROM deliveries \
    WHERE next_attempt_at IS NOT NULL AND (mailbox IS NULL) = (?1 = 'webhook')";
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

/// Returns the number and the provider of the next delivery. Workers ask often, so they look
/// without the write lock before they claim.
pub(super) fn find_next(
    connection: &Connection,
    claim: &DeliveryClaim<'_>,
    now: Instant,
) -> Result<Option<(i64, i64)>, StoreError> {
    let sql = match claim.channel {
        DeliveryChannel::Webhook => NEXT_TO_WEBHOOK,
        DeliveryChannel::Mail => NEXT_MAIL,
    };
    let params = (now.micros(), claim.under_way_per_provider_max, claim.channel.as_str());
    query::find(connection, "look for a delivery", sql, params, |row| row.try_into())
}

pub(super) fn claim(
    connection: &Connection,
    claim: &DeliveryClaim<'_>,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let context = "take a delivery";
    let Some((id, provider)) = find_next(connection, claim, now)? else { return Ok(None) };
    query::run(connection, context, TAKE, (id, claim.worker, claim.lease_until.micros()))?;
    fair_queue::record_turn(connection, claim.channel.as_str(), ProviderId(provider))?;
    query::find(connection, context, BY_ID, [id], read)
}

pub(super) fn finish(
    connection: &Connection,
    worker: &str,
    id: i64,
    result: &DeliveryResult,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "finish a delivery";
    let DeliveryResult { state, status_code, error, duration_ms, .. } = result;
    let next = result.next_attempt_at.map(Instant::micros);
    let params = (id, worker, state, status_code, error, duration_ms, next, now.micros());
    let held =
        query::find(connection, context, FINISH, params, |row| row.get::<_, Option<i64>>(0))?;
    if let Some(Some(webhook)) = held {
        let rests_until = result.rests_until.map(Instant::micros);
        query::run(connection, context, REST, (webhook, state, rests_until))?;
    }
    Ok(held.is_some())
}

pub(super) fn next_at(connection: &Connection) -> Result<Option<Instant>, StoreError> {
    let context = "look for the next delivery";
    let next: Option<i64> = query::one(connection, context, NEXT_AT, [], |row| row.get(0))?;
    Ok(next.map(Instant::from_micros))
}

pub(super) fn list(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    offset: u64,
    limit: u64,
) -> Result<(u64, Vec<Delivery>), StoreError> {
    let context = "list deliveries";
    let count = query::one(connection, context, COUNT, (provider.0, webhook), |row| row.get(0))?;
    let params = (provider.0, webhook, limit, offset);
    Ok((count, query::all(connection, context, PAGE, params, read)?))
}

pub(super) fn one(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    id: i64,
) -> Result<Option<Delivery>, StoreError> {
    query::find(connection, "read a delivery", ONE, (provider.0, webhook, id), read)
}

pub(super) fn redeliver(
    connection: &Connection,
    (provider, webhook): (ProviderId, i64),
    id: i64,
    now: Instant,
) -> Result<Redelivery, StoreError> {
    let context = "queue a delivery again";
    let waiting: u64 = query::one(connection, context, WAITING_FOR, [webhook], |row| row.get(0))?;
    if waiting >= WAITING_MAX && one(connection, (provider, webhook), id)?.is_some() {
        return Ok(Redelivery::TooManyWait);
    }
    let params = (provider.0, webhook, id, now.micros());
    let again: Option<i64> = query::find(connection, context, AGAIN, params, |row| row.get(0))?;
    let Some(id) = again else { return Ok(Redelivery::Unknown) };
    query::run(connection, context, REST_NO_MORE, [webhook])?;
    let queued = query::find(connection, context, BY_ID, [id], read)?;
    Ok(queued.map_or(Redelivery::Unknown, |queued| Redelivery::Queued(Box::new(queued))))
}

pub(super) fn waiting(connection: &Connection, lane: DeliveryChannel) -> Result<u64, StoreError> {
    query::one(connection, "count deliveries", WAITING, [lane.as_str()], |row| row.get(0))
}

pub(super) fn clean_up(connection: &Connection, before: Instant) -> Result<u64, StoreError> {
    let swept = query::run(
        connection,
        "sweep deliveries",
        SWEEP,
        (before.micros(), CLEANUP_DELIVERIES_MAX),
    )?;
    Ok(swept as u64)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let mailbox: Option<String> = row.get(2)?;
    let next: Option<i64> = row.get(12)?;
    Ok(Delivery {
        id: row.get(0)?,
        provider: ProviderId(row.get(1)?),
        receiver: match mailbox {
            Some(mailbox) => DeliveryReceiver::Mailbox(mailbox),
            None => DeliveryReceiver::Webhook(webhooks::read(row, WEBHOOK)?),
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
