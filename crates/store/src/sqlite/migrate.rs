//! Migrates a file to the schema that this program knows. Migrations are numbered SQL files; each
//! runs once, all in one transaction. `user_version` holds the schema version.

use rusqlite::Connection;

use super::errors::{damaged, failed};
use super::file_kind::FileKind;
use crate::error::StoreError;

/// Returns the newest schema version that this program knows.
pub(super) fn newest(kind: &FileKind) -> i64 {
    i64::try_from(kind.migrations.len()).unwrap_or(i64::MAX)
}

/// Migrates to the newest version. Other processes may be opening the same file.
pub(super) fn migrate(connection: &Connection, kind: &FileKind) -> Result<(), StoreError> {
    if version(connection)? == newest(kind) {
        return check_application_and_version(connection, kind);
    }
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed("begin to migrate"))?;
    let migrated = migrate_in_transaction(connection, kind);
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute_batch(end).map_err(failed("finish migrating"));
    migrated.and(ended)
}

/// Checks that the file has the newest schema; changes nothing.
pub(super) fn check_is_newest(connection: &Connection, kind: &FileKind) -> Result<(), StoreError> {
    check_application_and_version(connection, kind)?;
    let (found, known) = (version(connection)?, newest(kind));
    if found < known {
        let reason = format!("it has schema version {found} and must be migrated to {known} first");
        return Err(StoreError::Unavailable { reason });
    }
    Ok(())
}

fn migrate_in_transaction(connection: &Connection, kind: &FileKind) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found == 0 && is_empty(connection)? {
        set_pragma(connection, "application_id", kind.application_id)?;
    }
    check_application_and_version(connection, kind)?;
    let done = usize::try_from(found).map_err(|_| damaged("a negative schema version"))?;
    for migration in kind.migrations.iter().skip(done) {
        connection.execute_batch(migration).map_err(failed("migrate"))?;
    }
    set_pragma(connection, "user_version", newest(kind))
}

fn check_application_and_version(
    connection: &Connection,
    kind: &FileKind,
) -> Result<(), StoreError> {
    if pragma(connection, "application_id")? != kind.application_id {
        let reason =
            "the file is a database of another program, or another file of a store".to_owned();
        return Err(StoreError::Unavailable { reason });
    }
    let (found, known) = (version(connection)?, newest(kind));
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed("look for tables"))
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    pragma(connection, "user_version")
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(failed("read the schema version"))
}

fn set_pragma(connection: &Connection, name: &str, value: i64) -> Result<(), StoreError> {
    connection.pragma_update(None, name, value).map_err(failed("note the schema version"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sqlite::ddl;
    use crate::sqlite::file_kind::{JOBS, RECORDS};

    /// Returns a line for each table, column and index. Columns have no order: added ones come
    /// last.
    fn shape(connection: &Connection) -> BTreeSet<String> {
        let lines = "
            SELECT 'table ' || t.name || ' strict=' || t.strict || ' without_rowid=' || t.wr
            FROM pragma_table_list t WHERE t.schema = 'main'
            UNION SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || ' not_null='
                || c.\"notnull\" || ' key=' || c.pk
            FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main'
            UNION SELECT 'index ' || i.name || ' unique=' || i.\"unique\" || ' ' || c.seqno || '='
                || coalesce(c.name, '')
            FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
            WHERE t.schema = 'main'";
        let mut statement = connection.prepare(lines).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn migrations_arrive_at_the_schema_of_the_catalogue() {
        let migrated = Connection::open_in_memory().unwrap();
        migrate(&migrated, &RECORDS).unwrap();
        let wanted = Connection::open_in_memory().unwrap();
        wanted.execute_batch(&ddl::schema()).unwrap();
        let (migrated, wanted) = (shape(&migrated), shape(&wanted));
        assert!(wanted.len() > 300);
        let hint = "add a migration; before the first release, regenerate the first one: \
            cargo run -p store --example print_schema > \
            crates/store/migrations/sqlite/0001_tables.sql";
        let missing: Vec<_> = wanted.difference(&migrated).collect();
        let stray: Vec<_> = migrated.difference(&wanted).collect();
        assert!(missing.is_empty() && stray.is_empty(), "{missing:#?} {stray:#?}\n{hint}");
    }

    #[test]
    fn migrating_again_changes_nothing_and_newer_schemas_are_refused() {
        for kind in [&RECORDS, &JOBS] {
            migrates_once(kind);
        }
    }

    fn migrates_once(kind: &FileKind) {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, kind).unwrap();
        migrate(&connection, kind).unwrap();
        check_is_newest(&connection, kind).unwrap();
        set_pragma(&connection, "user_version", newest(kind) + 1).unwrap();
        for answer in [migrate(&connection, kind), check_is_newest(&connection, kind)] {
            assert_eq!(answer.unwrap_err().code(), "store_too_new");
        }
    }

    #[test]
    fn files_of_a_store_are_not_taken_for_each_other() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, &RECORDS).unwrap();
        assert_eq!(migrate(&connection, &JOBS).unwrap_err().code(), "store_unavailable");
        assert_eq!(check_is_newest(&connection, &JOBS).unwrap_err().code(), "store_unavailable");
    }

    #[test]
    fn databases_of_other_programs_are_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(migrate(&connection, &JOBS).unwrap_err().code(), "store_unavailable");
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }
}
