//! Providers and their settings.

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use tokio_postgres::Row;

use super::connections::PostgresSession;
use super::revision;
use super::row::get;
use super::serde_text::{from_serde_text, to_serde_text};
use crate::error::StoreError;

const ALL: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers ORDER BY id";
const ONE: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers WHERE id = $1";
const WRITE: &str = "INSERT INTO providers (id, name, timezone, currency, week_starts_on, \
    usage_alignment, usage_rounding, exports_enabled, rev) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET \
    name = excluded.name, timezone = excluded.timezone, currency = excluded.currency, \
    week_starts_on = excluded.week_starts_on, usage_alignment = excluded.usage_alignment, \
    usage_rounding = excluded.usage_rounding, exports_enabled = excluded.exports_enabled, \
    rev = excluded.rev";

pub(super) fn all(session: &PostgresSession<'_>) -> Result<Vec<Provider>, StoreError> {
    session.all("read providers", ALL, &[])?.iter().map(read).collect()
}

pub(super) fn one(
    session: &PostgresSession<'_>,
    id: ProviderId,
) -> Result<Option<Provider>, StoreError> {
    session.find("read a provider", ONE, &[&id.0])?.as_ref().map(read).transpose()
}

/// Returns [`StoreError::NotFound`] if no provider has this id.
pub(super) fn check_exists(
    session: &PostgresSession<'_>,
    id: ProviderId,
) -> Result<(), StoreError> {
    match one(session, id)? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: format!("provider {id}") }),
    }
}

pub(super) fn create(
    session: &PostgresSession<'_>,
    provider: &Provider,
) -> Result<Revision, StoreError> {
    let before = revision::lock_revision(session)?;
    if one(session, provider.id)?.is_some() {
        return Err(StoreError::Exists { what: format!("provider {}", provider.id) });
    }
    write(session, provider, before.next())
}

pub(super) fn update(
    session: &PostgresSession<'_>,
    provider: &Provider,
) -> Result<Revision, StoreError> {
    let before = revision::lock_revision(session)?;
    check_exists(session, provider.id)?;
    match one(session, provider.id)? {
        Some(stored) if stored == *provider => Ok(before),
        _ => write(session, provider, before.next()),
    }
}

fn write(
    session: &PostgresSession<'_>,
    provider: &Provider,
    revision: Revision,
) -> Result<Revision, StoreError> {
    revision::set(session, revision)?;
    session.run(
        "write a provider",
        WRITE,
        &[
            &provider.id.0,
            &provider.name,
            &provider.timezone.name(),
            &provider.currency.code(),
            &to_serde_text(&provider.week_starts_on)?,
            &to_serde_text(&provider.usage_alignment)?,
            &to_serde_text(&provider.usage_rounding)?,
            &provider.exports_enabled,
            &revision.0,
        ],
    )?;
    Ok(revision)
}

fn read(row: &Row) -> Result<Provider, StoreError> {
    Ok(Provider {
        id: ProviderId(get(row, 0)?),
        name: get(row, 1)?,
        timezone: from_serde_text(row, 2)?,
        currency: from_serde_text(row, 3)?,
        week_starts_on: from_serde_text(row, 4)?,
        usage_alignment: from_serde_text(row, 5)?,
        usage_rounding: from_serde_text(row, 6)?,
        exports_enabled: get(row, 7)?,
    })
}
