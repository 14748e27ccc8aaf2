//! The revision counter. A transaction that makes a revision locks the counter's row until it
//! commits, so revisions become visible in order and without gaps.

use model::catalogue::Table;
use model::id::Revision;

use super::session::SqlSession;
use super::value::values;
use crate::error::StoreError;

const CURRENT: &str = "SELECT current FROM revision";
const TAKE_TURN: &str = "SELECT current FROM revision {lock}";
const SET: &str = "UPDATE revision SET current = ?1";
const SET_OF_TABLE: &str = "INSERT INTO table_revisions (table_name, rev) VALUES (?1, ?2) \
    ON CONFLICT (table_name) DO UPDATE SET rev = excluded.rev";
const OF_TABLES: &str = "SELECT table_name, rev FROM table_revisions";

/// Returns the revision of the last commit.
pub(crate) fn current(session: &dyn SqlSession) -> Result<Revision, StoreError> {
    session.one("read the revision", CURRENT, values![])?.get(0).map(Revision)
}

/// Waits until no other transaction writes records, and blocks others until this one ends. Returns
/// the revision of the last commit.
pub(crate) fn lock_revision(session: &dyn SqlSession) -> Result<Revision, StoreError> {
    session.one("wait for another writer", TAKE_TURN, values![])?.get(0).map(Revision)
}

/// Sets the revision that the current transaction makes.
pub(crate) fn set(session: &dyn SqlSession, revision: Revision) -> Result<(), StoreError> {
    session.run("write the revision", SET, values![revision.0]).map(drop)
}

/// Records that the current transaction wrote or deleted rows of `table`.
pub(crate) fn set_table_revision(
    session: &dyn SqlSession,
    table: &Table,
    revision: Revision,
) -> Result<(), StoreError> {
    session.run("write a table's revision", SET_OF_TABLE, values![table.name, revision.0]).map(drop)
}

/// Returns for each table, in catalogue order, the revision of the last commit that wrote it (0 =
/// never).
pub(crate) fn table_revisions(session: &dyn SqlSession) -> Result<Vec<Revision>, StoreError> {
    let mut revisions = vec![Revision(0); model::catalogue::tables().len()];
    for row in session.all("read the tables' revisions", OF_TABLES, values![])? {
        if let Some(table) = model::catalogue::table(&row.get::<String>(0)?) {
            revisions[table.position] = Revision(row.get(1)?);
        }
    }
    Ok(revisions)
}
