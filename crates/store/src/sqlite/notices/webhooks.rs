//! The webhooks of the providers.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::{Connection, Row};

use crate::error::StoreError;
use crate::port::notices::{NewWebhook, Webhook, WebhookStart};
use crate::sqlite::errors::{damaged, failed};
use crate::sqlite::query;
use crate::sqlite::serde_text::{from_json, json};

const ALL: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = ?1 ORDER BY id";
const ONE: &str = "SELECT id, provider_id, url, description, events, has_all_events, is_enabled, \
    secret, created_at, updated_at, failures FROM webhooks WHERE provider_id = ?1 AND id = ?2";
const IS_TAKEN: &str = "SELECT 1 FROM webhooks WHERE provider_id = ?1 AND url = ?2 AND id <> ?3";
const COUNT: &str = "SELECT count(*) FROM webhooks WHERE provider_id = ?1";
const CREATE: &str = "INSERT INTO webhooks (provider_id, url, description, events, \
    has_all_events, is_enabled, secret, created_at, updated_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?7)";
const UPDATE: &str = "UPDATE webhooks SET url = ?3, description = ?4, events = ?5, \
    has_all_events = ?6, is_enabled = ?7, updated_at = ?8, rests_until = NULL WHERE provider_id = ?1 AND id = ?2";
const REPLACE_SECRET: &str = "UPDATE webhooks SET secret = ?3, updated_at = ?4 \
    WHERE provider_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM webhooks WHERE provider_id = ?1 AND id = ?2";
const DELETE_DELIVERIES: &str = "DELETE FROM deliveries WHERE webhook_id = ?1";

pub(super) fn create(
    connection: &Connection,
    new: &NewWebhook,
    now: Instant,
) -> Result<WebhookStart, StoreError> {
    let context = "add a webhook";
    if is_taken(connection, new.provider, &new.url, 0)? {
        return Ok(WebhookStart::UrlTaken);
    }
    let count: u64 = query::one(connection, context, COUNT, [new.provider.0], |row| row.get(0))?;
    if count >= new.count_max {
        return Ok(WebhookStart::TooMany);
    }
    let NewWebhook { provider, url, description, events, has_all_events, secret, .. } = new;
    let events = json(events).map_err(failed(context))?;
    let params = (provider.0, url, description, events, has_all_events, secret, now.micros());
    query::run(connection, context, CREATE, params)?;
    let webhook = one(connection, *provider, connection.last_insert_rowid())?;
    let webhook = webhook.ok_or_else(|| damaged("a webhook that was just added is not there"))?;
    Ok(WebhookStart::Created(webhook))
}

fn is_taken(
    connection: &Connection,
    provider: ProviderId,
    url: &str,
    but: i64,
) -> Result<bool, StoreError> {
    let params = (provider.0, url, but);
    Ok(query::find(connection, "look for a webhook", IS_TAKEN, params, |_| Ok(()))?.is_some())
}

pub(super) fn all(
    connection: &Connection,
    provider: ProviderId,
) -> Result<Vec<Webhook>, StoreError> {
    query::all(connection, "list webhooks", ALL, [provider.0], |row| read(row, 0))
}

pub(super) fn one(
    connection: &Connection,
    provider: ProviderId,
    id: i64,
) -> Result<Option<Webhook>, StoreError> {
    query::find(connection, "read a webhook", ONE, (provider.0, id), |row| read(row, 0))
}

pub(super) fn update(
    connection: &Connection,
    webhook: &Webhook,
    now: Instant,
) -> Result<bool, StoreError> {
    let context = "change a webhook";
    let Webhook { id, provider, url, description, events, .. } = webhook;
    if one(connection, *provider, *id)?.is_none() {
        return Ok(false);
    }
    if is_taken(connection, *provider, url, *id)? {
        return Err(StoreError::Exists { what: "a webhook with this URL".to_owned() });
    }
    let events = json(events).map_err(failed(context))?;
    let flags = (webhook.has_all_events, webhook.is_enabled);
    let params = (provider.0, id, url, description, events, flags.0, flags.1, now.micros());
    query::run(connection, context, UPDATE, params).map(|changed| changed == 1)
}

pub(super) fn replace_secret(
    connection: &Connection,
    (provider, id): (ProviderId, i64),
    secret: &str,
    now: Instant,
) -> Result<bool, StoreError> {
    let params = (provider.0, id, secret, now.micros());
    Ok(query::run(connection, "change a webhook's secret", REPLACE_SECRET, params)? == 1)
}

pub(super) fn delete(
    connection: &Connection,
    provider: ProviderId,
    id: i64,
) -> Result<bool, StoreError> {
    let context = "remove a webhook";
    let is_there = query::run(connection, context, DELETE, (provider.0, id))? == 1;
    if is_there {
        query::run(connection, context, DELETE_DELIVERIES, [id])?;
    }
    Ok(is_there)
}

/// Reads a webhook whose columns begin at `first`.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: row.get(first)?,
        provider: ProviderId(row.get(first + 1)?),
        url: row.get(first + 2)?,
        description: row.get(first + 3)?,
        events: from_json(row, first + 4)?,
        has_all_events: row.get(first + 5)?,
        is_enabled: row.get(first + 6)?,
        secret: row.get(first + 7)?,
        created_at: Instant::from_micros(row.get(first + 8)?),
        updated_at: Instant::from_micros(row.get(first + 9)?),
        failures: row.get(first + 10)?,
    })
}
