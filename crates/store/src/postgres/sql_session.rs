//! Statements of the parts that are the same over both databases, run by PostgreSQL.

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::PostgresStore;
use super::connections::{PostgresSession, PostgresTransaction};
use super::errors::failed;
use crate::error::StoreError;
use crate::import::import_session::ImportSession;
use crate::sql::session::{SqlDialect, SqlSession, text_for};
use crate::sql::value::{SqlCell, SqlRow, SqlValue};
use crate::sql::{SqlDatabase, SqlTransaction};

type AnyError = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for SqlValue<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        match self {
            SqlValue::Null => Ok(IsNull::Yes),
            SqlValue::Int(value) => match *kind {
                Type::BOOL => (*value != 0).to_sql(kind, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(kind, out),
                _ => value.to_sql(&Type::INT8, out),
            },
            SqlValue::Text(text) => text.to_sql(kind, out),
            SqlValue::Bytes(bytes) => bytes.to_sql(kind, out),
            SqlValue::Texts(texts) => texts.to_sql(kind, out),
            SqlValue::Ints(ints) => ints.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'r> FromSql<'r> for SqlCell {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, AnyError> {
        Ok(match *kind {
            Type::BOOL => Self::Int(bool::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(<&[u8]>::from_sql(kind, raw)?.to_vec()),
            _ => Self::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, AnyError> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn read_row(row: &Row) -> Result<SqlRow, StoreError> {
    let cells = (0..row.len()).map(|position| row.try_get(position));
    cells.collect::<Result<_, _>>().map(SqlRow).map_err(failed("read a row"))
}

impl SqlSession for PostgresSession<'_> {
    fn dialect(&self) -> SqlDialect {
        SqlDialect::Postgres
    }

    fn run(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<u64, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        Self::run(self, context, &text_for(SqlDialect::Postgres, sql), &values)
    }

    fn all(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let rows = Self::all(self, context, &text_for(SqlDialect::Postgres, sql), &values)?;
        rows.iter().map(read_row).collect()
    }
}

impl SqlTransaction for PostgresTransaction<'_> {
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

impl SqlDatabase for PostgresStore {
    fn write_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.engine.write(|session| work(session))
    }

    fn view_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&*self.engine.begin_view()?)
    }

    fn look_up_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.engine.lookup()?)
    }

    fn look_up_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.engine.lookup()?)
    }

    fn write_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.engine.write(|session| work(session))
    }

    fn view_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&*self.engine.begin_view()?)
    }

    fn begin_records_write(&self) -> Result<Box<dyn SqlTransaction + '_>, StoreError> {
        Ok(Box::new(self.engine.begin_long_write()?))
    }
}
