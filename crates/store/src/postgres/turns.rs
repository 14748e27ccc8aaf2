//! Turns of the providers at a queue. Rule: spec/exports.md §3 (shared fairly between providers).

use model::id::ProviderId;

use super::engine::Session;
use crate::error::StoreError;

/// Whoever takes something off a queue waits here for the others: two at once would each see the
/// same provider as served longest ago, and room for one more of it.
const WAIT: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7))";
const TAKE: &str = "INSERT INTO turns (queue, provider_id, turn) \
    VALUES ($1, $2, (SELECT coalesce(max(turn), 0) + 1 FROM turns WHERE queue = $1)) \
    ON CONFLICT (queue, provider_id) DO UPDATE SET turn = excluded.turn";

/// Waits until nobody else takes something off this queue, and keeps others from it until the
/// transaction ends.
pub(super) fn wait(session: &Session<'_>, queue: &str) -> Result<(), StoreError> {
    session.one("wait for a turn", WAIT, &[&queue]).map(drop)
}

/// Notes that a provider is served now: at this queue it comes after all others.
pub(super) fn take(
    session: &Session<'_>,
    queue: &str,
    provider: ProviderId,
) -> Result<(), StoreError> {
    session.run("take a turn", TAKE, &[&queue, &provider.0]).map(drop)
}
