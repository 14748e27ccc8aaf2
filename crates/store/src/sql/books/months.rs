//! Closings of months and their reopening.

use model::id::{ProviderId, Revision};
use model::time::{Date, Instant};

use super::audit;
use crate::error::StoreError;
use crate::port::books::{
    AuditEntry, ClosedMonth, MONTH_CLOSED, MONTH_REOPENED, MonthReopening, NewClosedMonth,
    ReopenOutcome,
};
use crate::sql::session::{SqlSession, wait_for_turn};
use crate::sql::value::{SqlRow, values};

/// Months of one provider are closed and reopened one at a time.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('rollbook.months', ?1))";
const ALL: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months WHERE provider_id = ?1 \
    ORDER BY month, version";
const IN_FORCE: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months \
    WHERE provider_id = ?1 AND month = ?2 AND reopened_at IS NULL";
const LATEST: &str = "SELECT month FROM closed_months WHERE provider_id = ?1 \
    AND reopened_at IS NULL ORDER BY month DESC LIMIT 1";
const NEXT_VERSION: &str = "SELECT coalesce(max(version), 0) + 1 FROM closed_months \
    WHERE provider_id = ?1 AND month = ?2";
const ADD: &str = "INSERT INTO closed_months (provider_id, month, version, closed_at, closed_by, \
    note, revision, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const REOPEN: &str = "UPDATE closed_months SET reopened_at = ?4, reopened_by = ?5, \
    reopen_reason = ?6 WHERE provider_id = ?1 AND month = ?2 AND version = ?3";

pub(super) fn lock_provider_months(
    session: &dyn SqlSession,
    provider: ProviderId,
) -> Result<(), StoreError> {
    wait_for_turn(session, "wait for another closing", TAKE_TURN, values![provider.0])
}

pub(super) fn all(
    session: &dyn SqlSession,
    provider: ProviderId,
) -> Result<Vec<ClosedMonth>, StoreError> {
    session.all("list closed months", ALL, values![provider.0])?.iter().map(read).collect()
}

/// Returns the latest closed month in force.
pub(super) fn latest(
    session: &dyn SqlSession,
    provider: ProviderId,
) -> Result<Option<Date>, StoreError> {
    let latest = session.find("look for the latest closed month", LATEST, values![provider.0])?;
    latest.map(|row| row.get(0)).transpose()
}

fn in_force(
    session: &dyn SqlSession,
    provider: ProviderId,
    month: Date,
) -> Result<Option<ClosedMonth>, StoreError> {
    let found = session.find("read a closed month", IN_FORCE, values![provider.0, month])?;
    found.as_ref().map(read).transpose()
}

/// Adds a closing in force and returns its version.
pub(super) fn add(
    session: &dyn SqlSession,
    provider: ProviderId,
    new: &NewClosedMonth,
) -> Result<u32, StoreError> {
    let context = "close a month";
    let NewClosedMonth { month, closed_at, closed_by, note, revision, facts } = new;
    if in_force(session, provider, *month)?.is_some() {
        return Err(StoreError::Exists { what: format!("a closing of the month from {month}") });
    }
    let version: u32 = session.one(context, NEXT_VERSION, values![provider.0, month])?.get(0)?;
    let row = values![provider.0, month, version, closed_at, closed_by, note, revision.0, facts];
    session.run(context, ADD, row)?;
    let what = AuditEntry::describe_closing(new, version);
    audit::add_entry(session, provider, (new.closed_at, closed_by), MONTH_CLOSED, what)?;
    Ok(version)
}

pub(super) fn reopen(
    session: &dyn SqlSession,
    (provider, month): (ProviderId, Date),
    (by, reason): (&str, &str),
    now: Instant,
) -> Result<ReopenOutcome, StoreError> {
    lock_provider_months(session, provider)?;
    let Some(closed) = in_force(session, provider, month)? else {
        return Ok(ReopenOutcome::NotClosed);
    };
    if latest(session, provider)? != Some(month) {
        return Ok(ReopenOutcome::NotLatest);
    }
    let reopening = values![provider.0, month, closed.version, now, by, reason];
    session.run("reopen a month", REOPEN, reopening)?;
    let what = AuditEntry::describe_reopening(month, closed.version, reason);
    audit::add_entry(session, provider, (now, by), MONTH_REOPENED, what)?;
    let reopened = MonthReopening { at: now, by: by.to_owned(), reason: reason.to_owned() };
    Ok(ReopenOutcome::Reopened(ClosedMonth { reopened: Some(reopened), ..closed }))
}

fn read(row: &SqlRow) -> Result<ClosedMonth, StoreError> {
    let reopened = match row.get(7)? {
        None => None,
        Some(at) => Some(MonthReopening { at, by: row.get(8)?, reason: row.get(9)? }),
    };
    Ok(ClosedMonth {
        month: row.get(0)?,
        version: row.get(1)?,
        closed_at: row.get(2)?,
        closed_by: row.get(3)?,
        note: row.get(4)?,
        revision: Revision(row.get(5)?),
        facts: row.get(6)?,
        reopened,
    })
}
