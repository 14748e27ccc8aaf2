//! The counter of commits. Whoever makes a revision holds its row until the commit, so revisions
//! become visible in their order, and none is seen without the one before.

use model::catalogue::Table;
use model::id::Revision;

use super::engine::Session;
use super::row::get;
use crate::error::StoreError;

const CURRENT: &str = "SELECT current FROM revision";
const TAKE_TURN: &str = "SELECT current FROM revision FOR UPDATE";
const SET: &str = "UPDATE revision SET current = $1";
const SET_OF_TABLE: &str = "INSERT INTO table_revisions (table_name, rev) VALUES ($1, $2) \
    ON CONFLICT (table_name) DO UPDATE SET rev = excluded.rev";
const OF_TABLES: &str = "SELECT table_name, rev FROM table_revisions";

/// The revision of the last commit.
pub(super) fn current(session: &Session<'_>) -> Result<Revision, StoreError> {
    get(&session.one("read the revision", CURRENT, &[])?, 0).map(Revision)
}

/// Waits until no other writer is at work, and keeps others waiting until the transaction ends.
pub(super) fn take_turn(session: &Session<'_>) -> Result<Revision, StoreError> {
    get(&session.one("wait for another writer", TAKE_TURN, &[])?, 0).map(Revision)
}

/// Sets the revision of the commit that is being written.
pub(super) fn set(session: &Session<'_>, revision: Revision) -> Result<(), StoreError> {
    session.run("write the revision", SET, &[&revision.0]).map(drop)
}

/// Notes that rows of `table` were written or deleted by the commit that is being written.
pub(super) fn set_of_table(
    session: &Session<'_>,
    table: &Table,
    revision: Revision,
) -> Result<(), StoreError> {
    session.run("write a table's revision", SET_OF_TABLE, &[&table.name, &revision.0]).map(drop)
}

/// The revision of the last commit that wrote each table, in catalogue order; 0 = never.
pub(super) fn of_tables(session: &Session<'_>) -> Result<Vec<Revision>, StoreError> {
    let mut revisions = vec![Revision(0); model::catalogue::tables().len()];
    for row in session.all("read the tables' revisions", OF_TABLES, &[])? {
        if let Some(table) = model::catalogue::table(get(&row, 0)?) {
            revisions[table.position] = Revision(get(&row, 1)?);
        }
    }
    Ok(revisions)
}
