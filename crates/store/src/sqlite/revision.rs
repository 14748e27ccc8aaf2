//! The revision counter.

use model::catalogue::Table;
use model::id::Revision;
use rusqlite::Connection;

use super::errors::failed;
use crate::error::StoreError;

/// Returns the revision of the last commit.
pub(super) fn current(connection: &Connection) -> Result<Revision, StoreError> {
    let context = "read the revision";
    let mut statement =
        connection.prepare_cached("SELECT current FROM revision").map_err(failed(context))?;
    statement.query_row([], |row| row.get(0).map(Revision)).map_err(failed(context))
}

/// Sets the revision that the current transaction makes.
pub(super) fn set(connection: &Connection, revision: Revision) -> Result<(), StoreError> {
    connection
        .execute("UPDATE revision SET current = ?1", [revision.0])
        .map(drop)
        .map_err(failed("write the revision"))
}

/// Records that the current transaction wrote or deleted rows of `table`.
pub(super) fn set_table_revision(
    connection: &Connection,
    table: &Table,
    revision: Revision,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO table_revisions (table_name, rev) VALUES (?1, ?2) \
               ON CONFLICT (table_name) DO UPDATE SET rev = excluded.rev";
    connection
        .execute(sql, (table.name, revision.0))
        .map(drop)
        .map_err(failed("write a table's revision"))
}

/// Returns for each table, in catalogue order, the revision of the last commit that wrote it (0 =
/// never).
pub(super) fn table_revisions(connection: &Connection) -> Result<Vec<Revision>, StoreError> {
    let context = "read the tables' revisions";
    let mut revisions = vec![Revision(0); model::catalogue::tables().len()];
    let sql = "SELECT table_name, rev FROM table_revisions";
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    let mut rows = statement.query([]).map_err(failed(context))?;
    while let Some(row) = rows.next().map_err(failed(context))? {
        let name: String = row.get(0).map_err(failed(context))?;
        if let Some(table) = model::catalogue::table(&name) {
            revisions[table.position] = Revision(row.get(1).map_err(failed(context))?);
        }
    }
    Ok(revisions)
}
