//! Closings of months and their reopening.

use model::id::{ProviderId, Revision};
use model::time::{Date, Instant};
use tokio_postgres::Row;

use super::audit;
use crate::error::StoreError;
use crate::port::books::{
    AuditEntry, ClosedMonth, MONTH_CLOSED, MONTH_REOPENED, MonthReopening, NewClosedMonth,
    ReopenOutcome,
};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{get, get_instant, get_narrow, get_optional_instant};

/// Months of one provider are closed and reopened one at a time.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('rollbook.months', $1))";
const ALL: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months WHERE provider_id = $1 \
    ORDER BY month, version";
const IN_FORCE: &str = "SELECT month, version, closed_at, closed_by, note, revision, facts, \
    reopened_at, reopened_by, reopen_reason FROM closed_months \
    WHERE provider_id = $1 AND month = $2 AND reopened_at IS NULL";
const LATEST: &str = "SELECT month FROM closed_months WHERE provider_id = $1 \
    AND reopened_at IS NULL ORDER BY month DESC LIMIT 1";
const NEXT_VERSION: &str = "SELECT coalesce(max(version), 0) + 1 FROM closed_months \
    WHERE provider_id = $1 AND month = $2";
const ADD: &str = "INSERT INTO closed_months (provider_id, month, version, closed_at, closed_by, \
    note, revision, facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const REOPEN: &str = "UPDATE closed_months SET reopened_at = $4, reopened_by = $5, \
    reopen_reason = $6 WHERE provider_id = $1 AND month = $2 AND version = $3";

pub(super) fn lock_provider_months(
    session: &PostgresSession<'_>,
    provider: ProviderId,
) -> Result<(), StoreError> {
    session.one("wait for another closing", TAKE_TURN, &[&provider.0]).map(drop)
}

pub(super) fn all(
    session: &PostgresSession<'_>,
    provider: ProviderId,
) -> Result<Vec<ClosedMonth>, StoreError> {
    session.all("list closed months", ALL, &[&provider.0])?.iter().map(read).collect()
}

/// Returns the latest closed month in force.
pub(super) fn latest(
    session: &PostgresSession<'_>,
    provider: ProviderId,
) -> Result<Option<Date>, StoreError> {
    let latest = session.find("look for the latest closed month", LATEST, &[&provider.0])?;
    latest.map(|row| get_narrow(&row, 0).map(Date::from_days)).transpose()
}

fn days(month: Date) -> i64 {
    i64::from(month.days())
}

fn in_force(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    month: Date,
) -> Result<Option<ClosedMonth>, StoreError> {
    let found = session.find("read a closed month", IN_FORCE, &[&provider.0, &days(month)])?;
    found.as_ref().map(read).transpose()
}

/// Adds a closing in force and returns its version.
pub(super) fn add(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    new: &NewClosedMonth,
) -> Result<u32, StoreError> {
    let context = "close a month";
    let NewClosedMonth { month, closed_at, closed_by, note, revision, facts } = new;
    if in_force(session, provider, *month)?.is_some() {
        return Err(StoreError::Exists { what: format!("a closing of the month from {month}") });
    }
    let (days, at) = (days(*month), closed_at.micros());
    let next = session.one(context, NEXT_VERSION, &[&provider.0, &days])?;
    let (version, number): (u32, i64) = (get_narrow(&next, 0)?, get(&next, 0)?);
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, &days, &number, &at, closed_by, note, &revision.0, facts];
    session.run(context, ADD, params)?;
    let what = AuditEntry::describe_closing(new, version);
    audit::add_entry(session, provider, (new.closed_at, closed_by), MONTH_CLOSED, what)?;
    Ok(version)
}

pub(super) fn reopen(
    session: &PostgresSession<'_>,
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
    let (days, version, at) = (days(month), i64::from(closed.version), now.micros());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, &days, &version, &at, &by, &reason];
    session.run("reopen a month", REOPEN, params)?;
    let what = AuditEntry::describe_reopening(month, closed.version, reason);
    audit::add_entry(session, provider, (now, by), MONTH_REOPENED, what)?;
    let reopened = MonthReopening { at: now, by: by.to_owned(), reason: reason.to_owned() };
    Ok(ReopenOutcome::Reopened(ClosedMonth { reopened: Some(reopened), ..closed }))
}

fn read(row: &Row) -> Result<ClosedMonth, StoreError> {
    let reopened = match get_optional_instant(row, 7)? {
        None => None,
        Some(at) => Some(MonthReopening { at, by: get(row, 8)?, reason: get(row, 9)? }),
    };
    Ok(ClosedMonth {
        month: Date::from_days(get_narrow(row, 0)?),
        version: get_narrow(row, 1)?,
        closed_at: get_instant(row, 2)?,
        closed_by: get(row, 3)?,
        note: get(row, 4)?,
        revision: Revision(get(row, 5)?),
        facts: get(row, 6)?,
        reopened,
    })
}
