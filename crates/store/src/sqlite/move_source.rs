//! Reads the tables of a store that is moved to another database.

use std::path::Path;

use rusqlite::types::ValueRef;

use super::check_file_exists;
use super::database::DatabaseFile;
use super::errors::{damaged, failed};
use super::file_kind::{JOBS, RECORDS, jobs_file_path};
use super::open::SqliteOptions;
use crate::error::StoreError;
use crate::sql::session::SqlSession;
use crate::sql::value::values;
use crate::sql::{revision, secret};
use crate::store_move::{MovedValue, StoreFingerprint, StoredTable};

/// A store that is read as a whole, to be moved.
pub(crate) struct MoveSource {
    records: DatabaseFile,
    work: DatabaseFile,
}

impl MoveSource {
    /// Opens the store whose records are in the file at `path`, and migrates it as needed.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        check_file_exists(path)?;
        let options = SqliteOptions::default();
        let records = DatabaseFile::open(path, &RECORDS, &options)?;
        let work = DatabaseFile::open(&jobs_file_path(path), &JOBS, &options)?;
        let source = Self { records, work };
        // The store's identity is a hash of its secret, so it needs one.
        source.records.write(|connection| match secret::find(connection, secret::SIGNING)? {
            Some(_) => Ok(()),
            None => secret::store_if_absent(connection, secret::SIGNING, rand::random()).map(drop),
        })?;
        Ok(source)
    }

    /// Returns the identity of the store at its present revision.
    pub(crate) fn fingerprint(&self) -> Result<StoreFingerprint, StoreError> {
        self.records.view(|connection| {
            let secret = secret::find(connection, secret::SIGNING)?.unwrap_or_default();
            Ok(StoreFingerprint::new(&secret, revision::current(connection)?))
        })
    }

    fn database(&self, table: &StoredTable) -> &DatabaseFile {
        if table.is_in_jobs_file { &self.work } else { &self.records }
    }

    /// Visits every row of a table, ordered by key.
    pub(crate) fn read(
        &self,
        table: &StoredTable,
        visit: &mut dyn FnMut(&[MovedValue<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let read = failed("read a table");
        let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let key = names[..table.key_columns].join(", ");
        let sql = format!("SELECT {} FROM \"{}\" ORDER BY {key}", names.join(", "), table.name);
        self.database(table).view(|connection| {
            let mut statement = connection.prepare(&sql).map_err(read)?;
            let mut rows = statement.query([]).map_err(read)?;
            while let Some(row) = rows.next().map_err(read)? {
                let mut values = Vec::with_capacity(names.len());
                for position in 0..names.len() {
                    values.push(value(row.get_ref(position).map_err(read)?)?);
                }
                visit(&values)?;
            }
            Ok(())
        })
    }

    /// Returns the greatest number that a table has ever assigned; none if it assigns no numbers.
    pub(crate) fn last_id(&self, table: &StoredTable) -> Result<Option<i64>, StoreError> {
        if !table.has_generated_ids {
            return Ok(None);
        }
        let sql = format!(
            "SELECT max(coalesce((SELECT max(id) FROM \"{0}\"), 0), \
             coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{0}'), 0))",
            table.name
        );
        self.database(table).view(|connection| {
            connection.one("read the last number", &sql, values![])?.get(0).map(Some)
        })
    }
}

fn value(value: ValueRef<'_>) -> Result<MovedValue<'_>, StoreError> {
    match value {
        ValueRef::Null => Ok(MovedValue::Null),
        ValueRef::Integer(value) => Ok(MovedValue::Int(value)),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .map(MovedValue::Text)
            .map_err(|_| damaged("a text that is not UTF-8")),
        ValueRef::Blob(bytes) => Ok(MovedValue::Bytes(bytes)),
        ValueRef::Real(_) => Err(damaged("a number with a fraction")),
    }
}
