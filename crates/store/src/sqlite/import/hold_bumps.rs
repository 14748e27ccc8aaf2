//! Writing or deleting a hold also bumps the revision and `updated_at` of its customer membership,
//! because usage and reports read both. The bump is applied at the end of the call, so that it is
//! not taken for a row of the input. Rule: spec/data-model.md §2, last paragraph.

use model::cell::Cell;
use model::id::Revision;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::errors::failed;

const WAIT: &str = "INSERT INTO temp.bumps (id, updated_at) VALUES (?1, ?2) \
    ON CONFLICT (id) DO UPDATE SET updated_at = max(updated_at, excluded.updated_at)";
const APPLY: &str = "UPDATE main.customer_memberships SET rev = ?2, updated_at = \
    max(updated_at, (SELECT b.updated_at FROM temp.bumps b WHERE b.id = customer_memberships.id)) \
    WHERE provider_id = ?1 AND id IN (SELECT id FROM temp.bumps)";

/// Stores as pending that a hold of `membership` was written or deleted at `updated_at`.
pub(super) fn add_pending(
    connection: &Connection,
    membership: &Cell,
    updated_at: i64,
) -> Result<(), StoreError> {
    let Some(membership) = membership.as_int() else { return Ok(()) };
    let wait = failed("remember holds");
    let mut statement = connection.prepare_cached(WAIT).map_err(wait)?;
    statement.execute((membership, updated_at)).map(drop).map_err(wait)
}

/// Bumps the customer memberships. Returns true if there were any.
pub(super) fn apply_bumps(
    connection: &Connection,
    provider: i64,
    revision: Revision,
) -> Result<bool, StoreError> {
    let bumped = connection.execute(APPLY, (provider, revision.0));
    bumped.map(|count| count > 0).map_err(failed("bump customer memberships"))
}
