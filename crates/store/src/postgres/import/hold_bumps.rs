//! Writing or deleting a hold also bumps the revision and `updated_at` of its customer membership,
//! because usage and reports read both. The bump is applied at the end of the call, so that it is
//! not taken for a row of the input. Rule: spec/data-model.md §2, last paragraph.

use std::collections::BTreeMap;

use model::id::Revision;

use crate::error::StoreError;
use crate::postgres::connections::PostgresSession;

const WAIT: &str = "INSERT INTO pg_temp.bumps (id, updated_at) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[]) \
    ON CONFLICT (id) DO UPDATE SET updated_at = greatest(bumps.updated_at, excluded.updated_at)";
const APPLY: &str = "UPDATE customer_memberships m SET rev = $2, \
    updated_at = greatest(m.updated_at, b.updated_at) FROM pg_temp.bumps b \
    WHERE m.provider_id = $1 AND m.id = b.id";

/// Stores as pending the customer memberships whose holds changed, with the instant of the change.
pub(super) fn add_pending(
    session: &PostgresSession<'_>,
    bumps: &[(i64, i64)],
) -> Result<(), StoreError> {
    if bumps.is_empty() {
        return Ok(());
    }
    let mut latest = BTreeMap::new();
    for (id, updated_at) in bumps {
        let at = latest.entry(*id).or_insert(*updated_at);
        *at = (*at).max(*updated_at);
    }
    let (ids, instants): (Vec<i64>, Vec<i64>) = latest.into_iter().unzip();
    session.run("remember holds", WAIT, &[&ids, &instants]).map(drop)
}

/// Bumps the customer memberships. Returns true if there were any.
pub(super) fn apply_bumps(
    session: &PostgresSession<'_>,
    provider: i64,
    revision: Revision,
) -> Result<bool, StoreError> {
    let bumped = session.run("bump customer memberships", APPLY, &[&provider, &revision.0])?;
    Ok(bumped > 0)
}
