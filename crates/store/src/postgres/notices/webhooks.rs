//! The webhooks of the providers.

use model::id::ProviderId;
use model::time::Instant;
use tokio_postgres::Row;

use crate::error::StoreError;
use crate::port::notices::{NewWebhook, Webhook, WebhookStart};
use crate::postgres::connections::PostgresSession;
use crate::postgres::errors::damaged;
use crate::postgres::row::{get, get_instant, get_narrow, get_unsigned};
use crate::postgres::serde_text::{from_json, json};

/// Webhooks of one provider are added and changed one at a time.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('rollbook.webhooks', $1))";
const ALL: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = $1 ORDER BY id";
const ONE: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = $1 AND id = $2";
const IS_TAKEN: &str = "SELECT 1 FROM webhooks WHERE provider_id = $1 AND url = $2 AND id <> $3";
const COUNT: &str = "SELECT count(*) FROM webhooks WHERE provider_id = $1";
const CREATE: &str = "INSERT INTO webhooks (provider_id, url, description, events, \
    has_all_events, is_enabled, secret, created_at, updated_at) \
    VALUES ($1, $2, $3, $4, $5, true, $6, $7, $7) RETURNING id";
const UPDATE: &str = "UPDATE webhooks SET url = $3, description = $4, events = $5, \
    has_all_events = $6, is_enabled = $7, updated_at = $8, rests_until = NULL WHERE provider_id = $1 AND id = $2";
const REPLACE_SECRET: &str = "UPDATE webhooks SET secret = $3, updated_at = $4 \
    WHERE provider_id = $1 AND id = $2";
const DELETE: &str = "DELETE FROM webhooks WHERE provider_id = $1 AND id = $2";
const DELETE_DELIVERIES: &str = "DELETE FROM deliveries WHERE webhook_id = $1";

pub(super) fn create(
    session: &PostgresSession<'_>,
    new: &NewWebhook,
    now: Instant,
) -> Result<WebhookStart, StoreError> {
    let context = "add a webhook";
    session.one(context, TAKE_TURN, &[&new.provider.0])?;
    if is_taken(session, new.provider, &new.url, 0)? {
        return Ok(WebhookStart::UrlTaken);
    }
    let count = get_unsigned(&session.one(context, COUNT, &[&new.provider.0])?, 0)?;
    if count >= new.count_max {
        return Ok(WebhookStart::TooMany);
    }
    let NewWebhook { provider, url, description, events, has_all_events, secret, .. } = new;
    let (events, now) = (json(events)?, now.micros());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, url, description, &events, has_all_events, secret, &now];
    let created = session.one(context, CREATE, params)?;
    let webhook = one(session, *provider, get(&created, 0)?)?;
    let webhook = webhook.ok_or_else(|| damaged("a webhook that was just added is not there"))?;
    Ok(WebhookStart::Created(webhook))
}

fn is_taken(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    url: &str,
    but: i64,
) -> Result<bool, StoreError> {
    Ok(session.find("look for a webhook", IS_TAKEN, &[&provider.0, &url, &but])?.is_some())
}

pub(super) fn all(
    session: &PostgresSession<'_>,
    provider: ProviderId,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = session.all("list webhooks", ALL, &[&provider.0])?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub(super) fn one(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    id: i64,
) -> Result<Option<Webhook>, StoreError> {
    let found = session.find("read a webhook", ONE, &[&provider.0, &id])?;
    found.map(|row| read(&row, 0)).transpose()
}

pub(super) fn update(
    session: &PostgresSession<'_>,
    webhook: &Webhook,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "change a webhook";
    let Webhook { id, provider, url, description, events, .. } = webhook;
    session.one(context, TAKE_TURN, &[&provider.0])?;
    if one(session, *provider, *id)?.is_none() {
        return Ok(false);
    }
    if is_taken(session, *provider, url, *id)? {
        return Err(StoreError::Exists { what: "a webhook with this URL".to_owned() });
    }
    let (events, now) = (json(events)?, now.micros());
    let (has_all, is_enabled) = (&webhook.has_all_events, &webhook.is_enabled);
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, id, url, description, &events, has_all, is_enabled, &now];
    session.run(context, UPDATE, params).map(|changed| changed == 1)
}

pub(super) fn replace_secret(
    session: &PostgresSession<'_>,
    (provider, id): (ProviderId, i64),
    secret: &str,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "change a webhook's secret";
    Ok(session.run(context, REPLACE_SECRET, &[&provider.0, &id, &secret, &now.micros()])? == 1)
}

pub(super) fn delete(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    id: i64,
) -> Result<bool, StoreError> {
    let context = "remove a webhook";
    let is_there = session.run(context, DELETE, &[&provider.0, &id])? == 1;
    if is_there {
        session.run(context, DELETE_DELIVERIES, &[&id])?;
    }
    Ok(is_there)
}

/// Reads a webhook whose columns begin at `first`.
pub(super) fn read(row: &Row, first: usize) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: get(row, first)?,
        provider: ProviderId(get(row, first + 1)?),
        url: get(row, first + 2)?,
        description: get(row, first + 3)?,
        events: from_json(row, first + 4)?,
        has_all_events: get(row, first + 5)?,
        is_enabled: get(row, first + 6)?,
        secret: get(row, first + 7)?,
        created_at: get_instant(row, first + 8)?,
        updated_at: get_instant(row, first + 9)?,
        failures: get_narrow(row, first + 10)?,
    })
}
