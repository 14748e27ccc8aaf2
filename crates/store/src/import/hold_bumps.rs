//! Bumps a customer membership's revision and `updated_at` when one of its holds changes, because
//! usage and reports read both. The bump is applied at the end of the call, so that it is not taken
//! for a row of the input. Rule: spec/data-model.md §2, last paragraph.

use std::collections::BTreeMap;

use model::id::Revision;

use super::import_session::ImportSession;
use super::temp_tables::BUMPS;
use crate::error::StoreError;
use crate::sql::value::{SqlValue, values};

const APPLY: &str = "UPDATE customer_memberships AS m SET rev = ?2, updated_at = (SELECT CASE \
        WHEN b.updated_at > m.updated_at THEN b.updated_at ELSE m.updated_at END \
        FROM bumps b WHERE b.id = m.id) \
    WHERE provider_id = ?1 AND id IN (SELECT id FROM bumps)";

/// Stores as pending the customer memberships whose holds changed, with the instant of the change.
pub(super) fn add_pending(
    session: &dyn ImportSession,
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
    session.add_rows(&BUMPS, &[SqlValue::Ints(&ids), SqlValue::Ints(&instants)])
}

/// Bumps the customer memberships. Returns true if there were any.
pub(super) fn apply_bumps(
    session: &dyn ImportSession,
    provider: i64,
    revision: Revision,
) -> Result<bool, StoreError> {
    let bumped = session.run("bump customer memberships", APPLY, values![provider, revision.0])?;
    Ok(bumped > 0)
}
