//! Deliveries: claiming them, their results, and their log.

use model::id::ProviderId;
use model::time::Instant;

use super::webhooks;
use crate::error::StoreError;
use crate::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryReceiver, DeliveryResult, Redelivery,
    WAITING_MAX,
};
use crate::sql::fair_queue;
use crate::sql::session::SqlSession;
use crate::sql::value::{SqlRow, values};

/// The greatest number of deliveries that one sweep deletes.
const CLEANUP_DELIVERIES_MAX: i64 = 1000;
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
        WHERE x.webhook_id = w.id AND x.next_attempt_at <= ?1 \
        ORDER BY x.next_attempt_at, x.id LIMIT 1) \
    LEFT JOIN (SELECT provider_id, count(*) AS deliveries FROM deliveries \
        WHERE lease_until > ?1 AND webhook_id IS NOT NULL \
        GROUP BY provider_id) busy ON busy.provider_id = w.provider_id \
    LEFT JOIN turns t ON t.queue = ?3 AND t.provider_id = w.provider_id \
    WHERE (w.rests_until IS NULL OR w.rests_until <= ?1) \
        AND NOT EXISTS (SELECT 1 FROM deliveries y \
            WHERE y.webhook_id = w.id AND y.lease_until > ?1) \
        AND coalesce(busy.deliveries, 0) < ?2 \
    ORDER BY coalesce(busy.deliveries, 0), coalesce(t.turn, 0), d.next_attempt_at, d.id LIMIT 1";
/// Selects the next delivery for [`DeliveryChannel::Mail`].
const NEXT_MAIL: &str = "SELECT d.id, d.provider_id FROM deliveries d \
    LEFT JOIN (SELECT provider_id, count(*) AS deliveries FROM deliveries \
        WHERE lease_until > ?1 AND webhook_id IS NULL \
        GROUP BY provider_id) busy ON busy.provider_id = d.provider_id \
    LEFT JOIN turns t ON t.queue = ?3 AND t.provider_id = d.provider_id \
    WHERE d.mailbox IS NOT NULL AND d.next_attempt_at <= ?1 \
        AND (d.lease_until IS NULL OR d.lease_until <= ?1) \
        AND coalesce(busy.deliveries, 0) < ?2 \
    ORDER BY coalesce(busy.deliveries, 0), coalesce(t.turn, 0), d.next_attempt_at, d.id LIMIT 1";
const TAKE: &str = "UPDATE deliveries SET worker = ?2, lease_until = ?3, attempt = attempt + 1 \
    WHERE id = ?1";
const BY_ID: &str = select_deliveries!("WHERE d.id = ?1");
const FINISH: &str = "UPDATE deliveries SET worker = NULL, lease_until = NULL, state = ?3, \
    status_code = ?4, error = ?5, duration_ms = ?6, next_attempt_at = ?7, \
    ended_at = CASE WHEN {int ?7} IS NULL THEN {int ?8} END WHERE id = ?1 AND worker = ?2 \
    RETURNING webhook_id";
const PAUSE_WEBHOOK: &str = "UPDATE webhooks SET rests_until = ?3, \
    failures = CASE WHEN ?2 = 'OK' THEN 0 ELSE failures + 1 END WHERE id = ?1";
const RESUME_WEBHOOK: &str = "UPDATE webhooks SET rests_until = NULL WHERE id = ?1";
const WAITING_FOR: &str = "SELECT count(*) FROM deliveries \
    WHERE webhook_id = ?1 AND next_attempt_at IS NOT NULL";
const WAITING: &str = "SELECT count(*) FROM deliveries \
    WHERE next_attempt_at IS NOT NULL AND (mailbox IS NULL) = (?1 = 'webhook')";
const NEXT_AT: &str = "SELECT min(CASE WHEN lease_until > next_attempt_at \
    THEN lease_until ELSE next_attempt_at END) FROM deliveries WHERE next_attempt_at IS NOT NULL";
const COUNT: &str = "SELECT count(*) FROM deliveries WHERE provider_id = ?1 AND webhook_id = ?2";
const PAGE: &str = select_deliveries!(
    "WHERE d.provider_id = ?1 AND d.webhook_id = ?2 ORDER BY d.id DESC LIMIT ?3 OFFSET ?4"
);
const ONE: &str =
    select_deliveries!("WHERE d.provider_id = ?1 AND d.webhook_id = ?2 AND d.id = ?3");
const REDELIVER: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, event_type, \
        payload, created_at, next_attempt_at) \
    SELECT provider_id, webhook_id, event_id, event_type, payload, created_at, {int ?4} \
    FROM deliveries WHERE provider_id = ?1 AND webhook_id = ?2 AND id = ?3 RETURNING id";
const SWEEP: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
    WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";

/// Returns the number and the provider of the next delivery. Workers ask often, so they look
/// without a lock before they claim.
pub(super) fn find_next(
    session: &dyn SqlSession,
    claim: &DeliveryClaim<'_>,
    now: Instant,
) -> Result<Option<(i64, ProviderId)>, StoreError> {
    let sql = match claim.channel {
        DeliveryChannel::Webhook => NEXT_TO_WEBHOOK,
        DeliveryChannel::Mail => NEXT_MAIL,
    };
    let (max, queue) = (claim.under_way_per_provider_max, claim.channel.as_str());
    let next = session.find("look for a delivery", sql, values![now, max, queue])?;
    next.map(|row| Ok((row.get(0)?, ProviderId(row.get(1)?)))).transpose()
}

pub(super) fn claim(
    session: &dyn SqlSession,
    claim: &DeliveryClaim<'_>,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let queue = claim.channel.as_str();
    fair_queue::lock_queue(session, queue)?;
    let Some((id, provider)) = find_next(session, claim, now)? else { return Ok(None) };
    session.run("take a delivery", TAKE, values![id, claim.worker, claim.lease_until])?;
    fair_queue::record_turn(session, queue, provider)?;
    by_id(session, id)
}

fn by_id(session: &dyn SqlSession, id: i64) -> Result<Option<Delivery>, StoreError> {
    session.find("read a delivery", BY_ID, values![id])?.map(|row| read(&row)).transpose()
}

pub(super) fn finish(
    session: &dyn SqlSession,
    worker: &str,
    id: i64,
    result: &DeliveryResult,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "finish a delivery";
    let DeliveryResult { state, status_code, error, duration_ms, next_attempt_at, rests_until } =
        result;
    let ended = values![id, worker, state, status_code, error, duration_ms, next_attempt_at, now];
    let Some(held) = session.find(context, FINISH, ended)? else { return Ok(false) };
    if let Some(webhook) = held.get::<Option<i64>>(0)? {
        session.run(context, PAUSE_WEBHOOK, values![webhook, state, rests_until])?;
    }
    Ok(true)
}

pub(super) fn next_at(session: &dyn SqlSession) -> Result<Option<Instant>, StoreError> {
    session.one("look for the next delivery", NEXT_AT, values![])?.get(0)
}

pub(super) fn list(
    session: &dyn SqlSession,
    (provider, webhook): (ProviderId, i64),
    offset: u64,
    limit: u64,
) -> Result<(u64, Vec<Delivery>), StoreError> {
    let context = "list deliveries";
    let count = session.one(context, COUNT, values![provider.0, webhook])?;
    let page = session.all(context, PAGE, values![provider.0, webhook, limit, offset])?;
    Ok((count.get(0)?, page.iter().map(read).collect::<Result<_, _>>()?))
}

pub(super) fn one(
    session: &dyn SqlSession,
    (provider, webhook): (ProviderId, i64),
    id: i64,
) -> Result<Option<Delivery>, StoreError> {
    let found = session.find("read a delivery", ONE, values![provider.0, webhook, id])?;
    found.map(|row| read(&row)).transpose()
}

pub(super) fn redeliver(
    session: &dyn SqlSession,
    (provider, webhook): (ProviderId, i64),
    id: i64,
    now: Instant,
) -> Result<Redelivery, StoreError> {
    let context = "queue a delivery again";
    let waiting: u64 = session.one(context, WAITING_FOR, values![webhook])?.get(0)?;
    if waiting >= WAITING_MAX && one(session, (provider, webhook), id)?.is_some() {
        return Ok(Redelivery::TooManyWait);
    }
    let again = session.find(context, REDELIVER, values![provider.0, webhook, id, now])?;
    let Some(again) = again else { return Ok(Redelivery::Unknown) };
    session.run(context, RESUME_WEBHOOK, values![webhook])?;
    let queued = by_id(session, again.get(0)?)?;
    Ok(queued.map_or(Redelivery::Unknown, |queued| Redelivery::Queued(Box::new(queued))))
}

pub(super) fn waiting(
    session: &dyn SqlSession,
    channel: DeliveryChannel,
) -> Result<u64, StoreError> {
    session.one("count deliveries", WAITING, values![channel.as_str()])?.get(0)
}

pub(super) fn clean_up(session: &dyn SqlSession, before: Instant) -> Result<u64, StoreError> {
    session.run("sweep deliveries", SWEEP, values![before, CLEANUP_DELIVERIES_MAX])
}

fn read(row: &SqlRow) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.get(0)?,
        provider: ProviderId(row.get(1)?),
        receiver: match row.get::<Option<String>>(2)? {
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
        created_at: row.get(11)?,
        next_attempt_at: row.get(12)?,
    })
}
