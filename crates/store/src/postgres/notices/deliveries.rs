//! What is sent, and what became of it.

use model::id::ProviderId;
use model::time::Instant;
use tokio_postgres::Row;

use super::webhooks;
use crate::error::StoreError;
use crate::port::notices::{Delivery, DeliveryResult, Receiver};
use crate::postgres::engine::Session;
use crate::postgres::row::{get, instant, maybe_instant, signed, small, unsigned};

/// Bound of one sweep.
const SWEPT_MAX: i64 = 1000;
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

const IS_ANY_DUE: &str = "SELECT 1 FROM deliveries WHERE next_attempt_at <= $1 \
    AND (lease_until IS NULL OR lease_until <= $1) LIMIT 1";
const NEXT: &str = "SELECT id FROM deliveries WHERE next_attempt_at <= $1 \
    AND (lease_until IS NULL OR lease_until <= $1) ORDER BY next_attempt_at, id LIMIT 1 \
    FOR UPDATE SKIP LOCKED";
const TAKE: &str = "UPDATE deliveries SET worker = $2, lease_until = $3, attempt = attempt + 1 \
    WHERE id = $1";
const BY_ID: &str = select_deliveries!("WHERE d.id = $1");
const FINISH: &str = "UPDATE deliveries SET worker = NULL, lease_until = NULL, state = $3, \
    status_code = $4, error = $5, duration_ms = $6, next_attempt_at = $7, \
    ended_at = CASE WHEN $7::bigint IS NULL THEN $8::bigint END WHERE id = $1 AND worker = $2";
const NEXT_AT: &str = "SELECT min(greatest(next_attempt_at, lease_until)) \
    FROM deliveries WHERE next_attempt_at IS NOT NULL";
const COUNT: &str = "SELECT count(*) FROM deliveries WHERE provider_id = $1 AND webhook_id = $2";
const PAGE: &str = select_deliveries!(
    "WHERE d.provider_id = $1 AND d.webhook_id = $2 ORDER BY d.id DESC LIMIT $3 OFFSET $4"
);
const ONE: &str =
    select_deliveries!("WHERE d.provider_id = $1 AND d.webhook_id = $2 AND d.id = $3");
const AGAIN: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, event_type, \
        payload, created_at, next_attempt_at) \
    SELECT provider_id, webhook_id, event_id, event_type, payload, created_at, $4::bigint \
    FROM deliveries WHERE provider_id = $1 AND webhook_id = $2 AND id = $3 RETURNING id";
const SWEEP: &str = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries \
    WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";

/// Whether something may be sent, looked up without a lock.
pub(super) fn is_any_due(session: &Session<'_>, now: Instant) -> Result<bool, StoreError> {
    Ok(session.find("look for a delivery", IS_ANY_DUE, &[&now.micros()])?.is_some())
}

pub(super) fn claim(
    session: &Session<'_>,
    worker: &str,
    lease_until: Instant,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let context = "take a delivery";
    let Some(next) = session.find(context, NEXT, &[&now.micros()])? else { return Ok(None) };
    let id: i64 = get(&next, 0)?;
    session.run(context, TAKE, &[&id, &worker, &lease_until.micros()])?;
    by_id(session, id)
}

fn by_id(session: &Session<'_>, id: i64) -> Result<Option<Delivery>, StoreError> {
    session.find("read a delivery", BY_ID, &[&id])?.map(|row| read(&row)).transpose()
}

pub(super) fn finish(
    session: &Session<'_>,
    worker: &str,
    id: i64,
    result: &DeliveryResult,
    now: Instant,
) -> Result<bool, StoreError> {
    let DeliveryResult { state, status_code, error, duration_ms, next_attempt_at } = result;
    let (status, took) = (status_code.map(i64::from), signed(*duration_ms));
    let (next, now) = (next_attempt_at.map(Instant::micros), now.micros());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&id, &worker, state, &status, error, &took, &next, &now];
    Ok(session.run("finish a delivery", FINISH, params)? == 1)
}

pub(super) fn next_at(session: &Session<'_>) -> Result<Option<Instant>, StoreError> {
    maybe_instant(&session.one("look for the next delivery", NEXT_AT, &[])?, 0)
}

pub(super) fn list(
    session: &Session<'_>,
    (provider, webhook): (ProviderId, i64),
    offset: u64,
    limit: u64,
) -> Result<(u64, Vec<Delivery>), StoreError> {
    let context = "list deliveries";
    let count = session.one(context, COUNT, &[&provider.0, &webhook])?;
    let (limit, offset) = (signed(limit), signed(offset));
    let page = session.all(context, PAGE, &[&provider.0, &webhook, &limit, &offset])?;
    Ok((unsigned(&count, 0)?, page.iter().map(read).collect::<Result<_, _>>()?))
}

pub(super) fn one(
    session: &Session<'_>,
    (provider, webhook): (ProviderId, i64),
    id: i64,
) -> Result<Option<Delivery>, StoreError> {
    let found = session.find("read a delivery", ONE, &[&provider.0, &webhook, &id])?;
    found.map(|row| read(&row)).transpose()
}

pub(super) fn redeliver(
    session: &Session<'_>,
    (provider, webhook): (ProviderId, i64),
    id: i64,
    now: Instant,
) -> Result<Option<Delivery>, StoreError> {
    let context = "queue a delivery again";
    let again = session.find(context, AGAIN, &[&provider.0, &webhook, &id, &now.micros()])?;
    let Some(again) = again else { return Ok(None) };
    by_id(session, get(&again, 0)?)
}

pub(super) fn sweep(session: &Session<'_>, before: Instant) -> Result<u64, StoreError> {
    session.run("sweep deliveries", SWEEP, &[&before.micros(), &SWEPT_MAX])
}

fn read(row: &Row) -> Result<Delivery, StoreError> {
    let maybe = |position| Ok::<_, StoreError>(get::<Option<i64>>(row, position)?.is_some());
    Ok(Delivery {
        id: get(row, 0)?,
        provider: ProviderId(get(row, 1)?),
        receiver: match get::<Option<String>>(row, 2)? {
            Some(mailbox) => Receiver::Mailbox(mailbox),
            None => Receiver::Webhook(webhooks::read(row, WEBHOOK)?),
        },
        event_id: get(row, 3)?,
        event_type: get(row, 4)?,
        payload: get(row, 5)?,
        attempt: small(row, 6)?,
        state: get(row, 7)?,
        status_code: if maybe(8)? { Some(small(row, 8)?) } else { None },
        error: get(row, 9)?,
        duration_ms: if maybe(10)? { Some(unsigned(row, 10)?) } else { None },
        created_at: instant(row, 11)?,
        next_attempt_at: maybe_instant(row, 12)?,
    })
}
