//! The revision counter. A transaction that makes a revision locks the counter's row until it
//! commits, so revisions become visible in order and without gaps.

use model::catalogue::Table;
use model::id::Revision;

use super::connections::PostgresSession;
use super::row::get;
use crate::error::StoreError;

const CURRENT: &str = "SELECT current FROM revision";
const TAKE_TURN: &str = "SELECT current FROM revision FOR UPDATE";
const SET: &str = "UPDATE revision SET current = $1";
const SET_OF_TABLE: &str = "INSERT INTO table_revisions (table_name, rev) VALUES ($1, $2) \
    ON CONFLICT (table_name) DO UPDATE SET rev = excluded.rev";
const OF_TABLES: &str = "SELECT table_name, rev FROM table_revisions";

/// Returns the revision of the last commit.
pub(super) fn current(session: &PostgresSession<'_>) -> Result<Revision, StoreError> {
    get(&session.one("read the revision", CURRENT, &[])?, 0).map(Revision)
}

/// Waits until no other transaction writes records, and blocks others until this one ends. Returns
/// the revision of the last commit.
pub(super) fn lock_revision(session: &PostgresSession<'_>) -> Result<Revision, StoreError> {
    get(&session.one("wait for another writer", TAKE_TURN, &[])?, 0).map(Revision)
}

/// Sets the revision that the current transaction makes.
pub(super) fn set(session: &PostgresSession<'_>, revision: Revision) -> Result<(), StoreError> {
    session.run("write the revision", SET, &[&revision.0]).map(drop)
}

/// Records that the current transaction wrote or deleted rows of `table`.
pub(super) fn set_table_revision(
    session: &PostgresSession<'_>,
    table: &Table,
    revision: Revision,
) -> Result<(), StoreError> {
    session.run("write a table's revision", SET_OF_TABLE, &[&table.name, &revision.0]).map(drop)
}

/// Returns for each table, in catalogue order, the revision of the last commit that wrote it (0 =
/// never).
pub(super) fn table_revisions(session: &PostgresSession<'_>) -> Result<Vec<Revision>, StoreError> {
    let mut revisions = vec![Revision(0); model::catalogue::tables().len()];
    for row in session.all("read the tables' revisions", OF_TABLES, &[])? {
        if let Some(table) = model::catalogue::table(get(&row, 0)?) {
            revisions[table.position] = Revision(get(&row, 1)?);
        }
    }
    Ok(revisions)
}
