//! Providers and their settings.

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use rusqlite::{Connection, OptionalExtension, Row};

use super::errors::failed;
use super::revision;
use super::serde_text::{from_serde_text, to_serde_text};
use crate::error::StoreError;

const ALL: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers ORDER BY id";
const ONE: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers WHERE id = ?1";
const WRITE: &str = "INSERT OR REPLACE INTO providers (id, name, timezone, currency, \
    week_starts_on, usage_alignment, usage_rounding, exports_enabled, rev) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

pub(super) fn all(connection: &Connection) -> Result<Vec<Provider>, StoreError> {
    let context = "read providers";
    let mut statement = connection.prepare_cached(ALL).map_err(failed(context))?;
    let providers = statement.query_map([], read).map_err(failed(context))?;
    providers.collect::<Result<_, _>>().map_err(failed(context))
}

pub(super) fn one(connection: &Connection, id: ProviderId) -> Result<Option<Provider>, StoreError> {
    let context = "read a provider";
    let mut statement = connection.prepare_cached(ONE).map_err(failed(context))?;
    statement.query_row([id.0], read).optional().map_err(failed(context))
}

/// Returns [`StoreError::NotFound`] if no provider has this id.
pub(super) fn check_exists(connection: &Connection, id: ProviderId) -> Result<(), StoreError> {
    match one(connection, id)? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: format!("provider {id}") }),
    }
}

pub(super) fn create(connection: &Connection, provider: &Provider) -> Result<Revision, StoreError> {
    if one(connection, provider.id)?.is_some() {
        return Err(StoreError::Exists { what: format!("provider {}", provider.id) });
    }
    write(connection, provider)
}

pub(super) fn update(connection: &Connection, provider: &Provider) -> Result<Revision, StoreError> {
    check_exists(connection, provider.id)?;
    match one(connection, provider.id)? {
        Some(stored) if stored == *provider => revision::current(connection),
        _ => write(connection, provider),
    }
}

fn write(connection: &Connection, provider: &Provider) -> Result<Revision, StoreError> {
    let context = "write a provider";
    let revision = revision::current(connection)?.next();
    revision::set(connection, revision)?;
    let row = (
        provider.id.0,
        &provider.name,
        provider.timezone.name(),
        provider.currency.code(),
        to_serde_text(&provider.week_starts_on).map_err(failed(context))?,
        to_serde_text(&provider.usage_alignment).map_err(failed(context))?,
        to_serde_text(&provider.usage_rounding).map_err(failed(context))?,
        provider.exports_enabled,
        revision.0,
    );
    connection.execute(WRITE, row).map_err(failed(context))?;
    Ok(revision)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Provider> {
    Ok(Provider {
        id: ProviderId(row.get(0)?),
        name: row.get(1)?,
        timezone: from_serde_text(row, 2)?,
        currency: from_serde_text(row, 3)?,
        week_starts_on: from_serde_text(row, 4)?,
        usage_alignment: from_serde_text(row, 5)?,
        usage_rounding: from_serde_text(row, 6)?,
        exports_enabled: row.get(7)?,
    })
}
