//! The webhooks of the providers.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::notices::{NewWebhook, Webhook, WebhookStart};
use crate::sql::session::{SqlSession, wait_for_turn};
use crate::sql::value::{SqlRow, json_text, values};

/// Webhooks of one provider are added and changed one at a time.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('rollbook.webhooks', ?1))";
const ALL: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = ?1 ORDER BY id";
const ONE: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = ?1 AND id = ?2";
const IS_TAKEN: &str = "SELECT 1 FROM webhooks WHERE provider_id = ?1 AND url = ?2 AND id <> ?3";
const COUNT: &str = "SELECT count(*) FROM webhooks WHERE provider_id = ?1";
const CREATE: &str = "INSERT INTO webhooks (provider_id, url, description, events, \
    has_all_events, is_enabled, secret, created_at, updated_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, true, ?6, ?7, ?7) RETURNING id";
const UPDATE: &str = "UPDATE webhooks SET url = ?3, description = ?4, events = ?5, \
    has_all_events = ?6, is_enabled = ?7, updated_at = ?8, rests_until = NULL WHERE provider_id = ?1 AND id = ?2";
const REPLACE_SECRET: &str = "UPDATE webhooks SET secret = ?3, updated_at = ?4 \
    WHERE provider_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM webhooks WHERE provider_id = ?1 AND id = ?2";
const DELETE_DELIVERIES: &str = "DELETE FROM deliveries WHERE webhook_id = ?1";

pub(super) fn create(
    session: &dyn SqlSession,
    new: &NewWebhook,
    now: Instant,
) -> Result<WebhookStart, StoreError> {
    let context = "add a webhook";
    wait_for_turn(session, context, TAKE_TURN, values![new.provider.0])?;
    if is_taken(session, new.provider, &new.url, 0)? {
        return Ok(WebhookStart::UrlTaken);
    }
    let count: u64 = session.one(context, COUNT, values![new.provider.0])?.get(0)?;
    if count >= new.count_max {
        return Ok(WebhookStart::TooMany);
    }
    let NewWebhook { provider, url, description, events, has_all_events, secret, .. } = new;
    let events = json_text(events)?;
    let params = values![provider.0, url, description, events, has_all_events, secret, now];
    let created = session.one(context, CREATE, params)?;
    let webhook = one(session, *provider, created.get(0)?)?;
    let webhook =
        webhook.ok_or_else(|| StoreError::damaged("a webhook that was just added is not there"))?;
    Ok(WebhookStart::Created(webhook))
}

fn is_taken(
    session: &dyn SqlSession,
    provider: ProviderId,
    url: &str,
    but: i64,
) -> Result<bool, StoreError> {
    Ok(session.find("look for a webhook", IS_TAKEN, values![provider.0, url, but])?.is_some())
}

pub(super) fn all(
    session: &dyn SqlSession,
    provider: ProviderId,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = session.all("list webhooks", ALL, values![provider.0])?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub(super) fn one(
    session: &dyn SqlSession,
    provider: ProviderId,
    id: i64,
) -> Result<Option<Webhook>, StoreError> {
    let found = session.find("read a webhook", ONE, values![provider.0, id])?;
    found.map(|row| read(&row, 0)).transpose()
}

pub(super) fn update(
    session: &dyn SqlSession,
    webhook: &Webhook,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "change a webhook";
    let Webhook { id, provider, url, description, events, .. } = webhook;
    wait_for_turn(session, context, TAKE_TURN, values![provider.0])?;
    if one(session, *provider, *id)?.is_none() {
        return Ok(false);
    }
    if is_taken(session, *provider, url, *id)? {
        return Err(StoreError::Exists { what: "a webhook with this URL".to_owned() });
    }
    let events = json_text(events)?;
    let (has_all, is_enabled) = (&webhook.has_all_events, &webhook.is_enabled);
    let params = values![provider.0, id, url, description, events, has_all, is_enabled, now];
    session.run(context, UPDATE, params).map(|changed| changed == 1)
}

pub(super) fn replace_secret(
    session: &dyn SqlSession,
    (provider, id): (ProviderId, i64),
    secret: &str,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "change a webhook's secret";
    Ok(session.run(context, REPLACE_SECRET, values![provider.0, id, secret, now])? == 1)
}

pub(super) fn delete(
    session: &dyn SqlSession,
    provider: ProviderId,
    id: i64,
) -> Result<bool, StoreError> {
    let context = "remove a webhook";
    let is_there = session.run(context, DELETE, values![provider.0, id])? == 1;
    if is_there {
        session.run(context, DELETE_DELIVERIES, values![id])?;
    }
    Ok(is_there)
}

/// Reads a webhook whose columns begin at `first`.
pub(super) fn read(row: &SqlRow, first: usize) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.get(first)?,
        provider: ProviderId(row.get(first + 1)?),
        url: row.get(first + 2)?,
        description: row.get(first + 3)?,
        events: row.json(first + 4)?,
        has_all_events: row.get(first + 5)?,
        is_enabled: row.get(first + 6)?,
        secret: row.get(first + 7)?,
        created_at: row.get(first + 8)?,
        updated_at: row.get(first + 9)?,
        failures: row.get(first + 10)?,
    })
}
