//! Providers and their settings.

use model::id::{ProviderId, Revision};
use model::provider::Provider;

use super::revision;
use super::session::SqlSession;
use super::value::{SqlRow, serde_text, values};
use crate::error::StoreError;

const ALL: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers ORDER BY id";
const ONE: &str = "SELECT id, name, timezone, currency, week_starts_on, usage_alignment, \
    usage_rounding, exports_enabled FROM providers WHERE id = ?1";
const WRITE: &str = "INSERT INTO providers (id, name, timezone, currency, week_starts_on, \
    usage_alignment, usage_rounding, exports_enabled, rev) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET \
    name = excluded.name, timezone = excluded.timezone, currency = excluded.currency, \
    week_starts_on = excluded.week_starts_on, usage_alignment = excluded.usage_alignment, \
    usage_rounding = excluded.usage_rounding, exports_enabled = excluded.exports_enabled, \
    rev = excluded.rev";

pub(crate) fn all(session: &dyn SqlSession) -> Result<Vec<Provider>, StoreError> {
    session.all("read providers", ALL, values![])?.iter().map(read).collect()
}

pub(crate) fn one(
    session: &dyn SqlSession,
    id: ProviderId,
) -> Result<Option<Provider>, StoreError> {
    session.find("read a provider", ONE, values![id.0])?.as_ref().map(read).transpose()
}

/// Returns [`StoreError::NotFound`] if no provider has this id.
pub(crate) fn check_exists(session: &dyn SqlSession, id: ProviderId) -> Result<(), StoreError> {
    match one(session, id)? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: format!("provider {id}") }),
    }
}

pub(crate) fn create(
    session: &dyn SqlSession,
    provider: &Provider,
) -> Result<Revision, StoreError> {
    let before = revision::lock_revision(session)?;
    if one(session, provider.id)?.is_some() {
        return Err(StoreError::Exists { what: format!("provider {}", provider.id) });
    }
    write(session, provider, before.next())
}

pub(crate) fn update(
    session: &dyn SqlSession,
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
    session: &dyn SqlSession,
    provider: &Provider,
    revision: Revision,
) -> Result<Revision, StoreError> {
    revision::set(session, revision)?;
    session.run(
        "write a provider",
        WRITE,
        values![
            provider.id.0,
            provider.name,
            provider.timezone.name(),
            provider.currency.code(),
            serde_text(&provider.week_starts_on)?,
            serde_text(&provider.usage_alignment)?,
            serde_text(&provider.usage_rounding)?,
            provider.exports_enabled,
            revision.0,
        ],
    )?;
    Ok(revision)
}

fn read(row: &SqlRow) -> Result<Provider, StoreError> {
    Ok(Provider {
        id: ProviderId(row.get(0)?),
        name: row.get(1)?,
        timezone: row.serde_text(2)?,
        currency: row.serde_text(3)?,
        week_starts_on: row.serde_text(4)?,
        usage_alignment: row.serde_text(5)?,
        usage_rounding: row.serde_text(6)?,
        exports_enabled: row.get(7)?,
    })
}
