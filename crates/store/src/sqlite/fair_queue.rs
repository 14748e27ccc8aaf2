//! Fair shares of a queue: the order in which its providers are served.
//! Rule: spec/exports.md §3 (shared fairly between providers).

use model::id::ProviderId;
use rusqlite::Connection;

use super::query;
use crate::error::StoreError;

const TAKE: &str = "INSERT INTO turns (queue, provider_id, turn) \
    VALUES (?1, ?2, (SELECT coalesce(max(turn), 0) + 1 FROM turns WHERE queue = ?1)) \
    ON CONFLICT (queue, provider_id) DO UPDATE SET turn = excluded.turn";

/// Records that a provider was served now, which puts it last in the queue's order.
pub(super) fn record_turn(
    connection: &Connection,
    queue: &str,
    provider: ProviderId,
) -> Result<(), StoreError> {
    query::run(connection, "take a turn", TAKE, (queue, provider.0)).map(drop)
}
