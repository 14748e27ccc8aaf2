//! Closings of months and their reopening.

use model::id::{ProviderId, Revision};
use model::time::{Date, Instant};
use rusqlite::{Connection, Row};

use super::audit;
use crate::error::StoreError;
use crate::port::books::{
    AuditEntry, ClosedMonth, MONTH_CLOSED, MONTH_REOPENED, MonthReopening, NewClosedMonth,
    ReopenOutcome,
};
use crate::sqlite::query;

const ALL: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months WHERE provider_id = ?1 \
    ORDER BY month, version";
const IN_FORCE: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months \
    WHERE provider_id = ?1 AND month = ?2 AND reopened_at IS NULL";
const LATEST: &str =
    "SELECT max(month) FROM closed_months WHERE provider_id = ?1 AND reopened_at IS NULL";
const NEXT_VERSION: &str = "SELECT coalesce(max(version), 0) + 1 FROM closed_months \
    WHERE provider_id = ?1 AND month = ?2";
const ADD: &str = "INSERT INTO closed_months (provider_id, month, version, closed_at, closed_by, \
    note, revision, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const REOPEN: &str = "UPDATE closed_months SET reopened_at = ?4, reopened_by = ?5, \
    reopen_reason = ?6 WHERE provider_id = ?1 AND month = ?2 AND version = ?3";

pub(super) fn all(
    connection: &Connection,
    provider: ProviderId,
) -> Result<Vec<ClosedMonth>, StoreError> {
    query::all(connection, "list closed months", ALL, [provider.0], read)
}

/// Returns the latest closed month in force.
pub(super) fn latest(
    connection: &Connection,
    provider: ProviderId,
) -> Result<Option<Date>, StoreError> {
    let context = "look for the latest closed month";
    let days: Option<i32> =
        query::one(connection, context, LATEST, [provider.0], |row| row.get(0))?;
    Ok(days.map(Date::from_days))
}

fn in_force(
    connection: &Connection,
    provider: ProviderId,
    month: Date,
) -> Result<Option<ClosedMonth>, StoreError> {
    query::find(connection, "read a closed month", IN_FORCE, (provider.0, month.days()), read)
}

/// Adds a closing in force and returns its version.
pub(super) fn add(
    connection: &Connection,
    provider: ProviderId,
    new: &NewClosedMonth,
) -> Result<u32, StoreError> {
    let context = "close a month";
    let NewClosedMonth { month, closed_at, closed_by, note, revision, facts } = new;
    if in_force(connection, provider, *month)?.is_some() {
        return Err(StoreError::Exists { what: format!("a closing of the month from {month}") });
    }
    let key = (provider.0, month.days());
    let version: u32 = query::one(connection, context, NEXT_VERSION, key, |row| row.get(0))?;
    let closed_at = closed_at.micros();
    let params = (key.0, key.1, version, closed_at, closed_by, note, revision.0, facts);
    query::run(connection, context, ADD, params)?;
    let what = AuditEntry::describe_closing(new, version);
    audit::add_entry(connection, provider, (new.closed_at, closed_by), MONTH_CLOSED, what)?;
    Ok(version)
}

pub(super) fn reopen(
    connection: &Connection,
    (provider, month): (ProviderId, Date),
    (by, reason): (&str, &str),
    now: Instant,
) -> Result<ReopenOutcome, StoreError> {
    let Some(closed) = in_force(connection, provider, month)? else {
        return Ok(ReopenOutcome::NotClosed);
    };
    if latest(connection, provider)? != Some(month) {
        return Ok(ReopenOutcome::NotLatest);
    }
    let params = (provider.0, month.days(), closed.version, now.micros(), by, reason);
    query::run(connection, "reopen a month", REOPEN, params)?;
    let what = AuditEntry::describe_reopening(month, closed.version, reason);
    audit::add_entry(connection, provider, (now, by), MONTH_REOPENED, what)?;
    let reopened = MonthReopening { at: now, by: by.to_owned(), reason: reason.to_owned() };
    Ok(ReopenOutcome::Reopened(ClosedMonth { reopened: Some(reopened), ..closed }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<ClosedMonth> {
    let reopened = match row.get::<_, Option<i64>>(7)? {
        None => None,
        Some(at) => {
            let at = Instant::from_micros(at);
            Some(MonthReopening { at, by: row.get(8)?, reason: row.get(9)? })
        }
    };
    Ok(ClosedMonth {
        month: Date::from_days(row.get(0)?),
        version: row.get(1)?,
        closed_at: Instant::from_micros(row.get(2)?),
        closed_by: row.get(3)?,
        note: row.get(4)?,
        revision: Revision(row.get(5)?),
        facts: row.get(6)?,
        reopened,
    })
}
