//! Statements of the parts that are the same over both databases, run by SQLite.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::SqliteStore;
use super::database::SqliteTransaction;
use super::errors::failed;
use crate::error::StoreError;
use crate::import::import_session::ImportSession;
use crate::sql::session::{SqlDialect, SqlSession, text_for};
use crate::sql::value::{SqlCell, SqlRow, SqlValue};
use crate::sql::{SqlDatabase, SqlTransaction};

impl ToSql for SqlValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let list = |json: serde_json::Result<String>| {
            let text =
                json.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            Ok(ToSqlOutput::Owned(Value::Text(text)))
        };
        match self {
            SqlValue::Null => Ok(ToSqlOutput::Owned(Value::Null)),
            SqlValue::Int(value) => Ok(ToSqlOutput::Owned(Value::Integer(*value))),
            SqlValue::Text(text) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
            SqlValue::Bytes(bytes) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes))),
            SqlValue::Texts(texts) => list(serde_json::to_string(texts)),
            SqlValue::Ints(ints) => list(serde_json::to_string(ints)),
        }
    }
}

fn read_row(row: &Row<'_>, width: usize) -> rusqlite::Result<SqlRow> {
    let cell = |position| {
        Ok(match row.get_ref(position)? {
            ValueRef::Null => SqlCell::Null,
            ValueRef::Integer(value) => SqlCell::Int(value),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text);
                SqlCell::Text(text.map_err(|e| rusqlite::Error::Utf8Error(position, e))?.to_owned())
            }
            ValueRef::Blob(bytes) => SqlCell::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => {
                let name = format!("column {position}");
                return Err(rusqlite::Error::InvalidColumnType(
                    position,
                    name,
                    rusqlite::types::Type::Real,
                ));
            }
        })
    };
    (0..width).map(cell).collect::<rusqlite::Result<_>>().map(SqlRow)
}

impl SqlSession for Connection {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Sqlite
    }

    fn run(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<u64, StoreError> {
        let sql = text_for(SqlDialect::Sqlite, sql);
        let mut statement = self.prepare_cached(&sql).map_err(failed(context))?;
        let changed = statement.execute(params_from_iter(values)).map_err(failed(context))?;
        Ok(changed as u64)
    }

    fn all(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        let sql = text_for(SqlDialect::Sqlite, sql);
        let mut statement = self.prepare_cached(&sql).map_err(failed(context))?;
        let width = statement.column_count();
        let rows = statement
            .query_map(params_from_iter(values), |row| read_row(row, width))
            .map_err(failed(context))?;
        rows.collect::<Result<_, _>>().map_err(failed(context))
    }
}

impl SqlTransaction for SqliteTransaction<'_> {
    fn session(&self) -> &dyn SqlSession {
        &**self
    }

    fn import_session(&self) -> &dyn ImportSession {
        &**self
    }

    fn commit(self: Box<Self>, context: &'static str) -> Result<(), StoreError> {
        Self::commit(*self, context)
    }
}

impl SqlDatabase for SqliteStore {
    fn write_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.jobs.write(|connection| work(connection))
    }

    fn view_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.jobs.view(|connection| work(connection))
    }

    fn look_up_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&*self.jobs.lookup()?)
    }

    fn look_up_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&*self.records.lookup()?)
    }

    fn write_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.records.write(|connection| work(connection))
    }

    fn view_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.records.view(|connection| work(connection))
    }

    fn begin_records_write(&self) -> Result<Box<dyn SqlTransaction + '_>, StoreError> {
        Ok(Box::new(self.records.begin_write()?))
    }
}
