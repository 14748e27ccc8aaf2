//! Fair shares of a queue: the order in which its providers are served.
//! Rule: spec/exports.md §3 (shared fairly between providers).

use model::id::ProviderId;

use super::session::{SqlDialect, SqlSession};
use super::value::values;
use crate::error::StoreError;

/// Claims from one queue run one at a time. Two at once would both pick the provider that was
/// served longest ago, and could exceed that provider's limit.
const WAIT: &str = "SELECT pg_advisory_xact_lock(hashtextextended(?1, 7))";
const TAKE: &str = "INSERT INTO turns (queue, provider_id, turn) \
    VALUES (?1, ?2, (SELECT coalesce(max(turn), 0) + 1 FROM turns WHERE queue = ?1)) \
    ON CONFLICT (queue, provider_id) DO UPDATE SET turn = excluded.turn";

/// Waits until no other transaction claims from this queue, and blocks others until this one ends.
pub(crate) fn lock_queue(session: &dyn SqlSession, queue: &str) -> Result<(), StoreError> {
    match session.dialect() {
        // There is one writer at a time.
        SqlDialect::Sqlite => Ok(()),
        SqlDialect::Postgres => session.run("wait for a turn", WAIT, values![queue]).map(drop),
    }
}

/// Records that a provider was served now, which puts it last in the queue's order.
pub(crate) fn record_turn(
    session: &dyn SqlSession,
    queue: &str,
    provider: ProviderId,
) -> Result<(), StoreError> {
    session.run("take a turn", TAKE, values![queue, provider.0]).map(drop)
}
