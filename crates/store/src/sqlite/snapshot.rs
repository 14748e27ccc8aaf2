//! A snapshot: reads at one revision, in a read transaction on a pooled connection.

use std::cell::Cell as Flag;

use model::catalogue::Table;
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use model::provider::Provider;
use rusqlite::types::ValueRef;
use rusqlite::{Params, Row};

use super::errors::{damaged, failed};
use super::pool::PooledReader;
use super::statements::{self, FIRST_COLUMN, REVISION};
use crate::error::StoreError;
use crate::port::{KeyRange, RowKey, RowVisitor, Snapshot, StoredRow};
use crate::sql::{providers, revision};

pub(super) struct SqliteSnapshot<'s> {
    connection: PooledReader<'s>,
    revision: Revision,
}

impl<'s> SqliteSnapshot<'s> {
    /// Begins the read transaction. It ends when the connection returns to its pool.
    pub(super) fn begin(connection: PooledReader<'s>) -> Result<Self, StoreError> {
        connection.execute_batch("BEGIN").map_err(failed("begin to read"))?;
        // The first read fixes what the transaction sees.
        let revision = revision::current(&*connection)?;
        Ok(Self { connection, revision })
    }

    fn visit(
        &self,
        sql: &str,
        params: impl Params,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let read = failed("read rows");
        let mut statement = self.connection.prepare_cached(sql).map_err(read)?;
        let mut rows = statement.query(params).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let row = SqliteRow { row, is_damaged: Flag::new(false) };
            visit(&row)?;
            if row.is_damaged.get() {
                return Err(damaged(format!("row {:?} cannot be read", row.key())));
            }
        }
        Ok(())
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn revision(&self) -> Revision {
        self.revision
    }

    fn providers(&self) -> Result<Vec<Provider>, StoreError> {
        providers::all(&*self.connection)
    }

    fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        providers::one(&*self.connection, id)
    }

    fn table_revisions(&self) -> Result<Vec<Revision>, StoreError> {
        revision::table_revisions(&*self.connection)
    }

    fn rows(
        &self,
        table: &'static Table,
        range: KeyRange,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let sql = statements::for_table(table);
        if range == KeyRange::ALL {
            return self.visit(&sql.rows, [], visit);
        }
        let KeyRange { first, last } = range;
        let bounds = (first.provider.0, first.id, last.provider.0, last.id);
        self.visit(&sql.rows_between, bounds, visit)
    }

    fn rows_changed_since(
        &self,
        table: &'static Table,
        after: Revision,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let sql = statements::for_table(table);
        match after.0 {
            ..=0 => self.visit(&sql.rows, [], visit),
            after => self.visit(&sql.rows_changed_since, [after], visit),
        }
    }

    fn keys_deleted_since(
        &self,
        table: &'static Table,
        after: Revision,
    ) -> Result<Vec<RowKey>, StoreError> {
        let read = failed("read deleted keys");
        let sql = format!(
            "SELECT provider_id, id FROM deleted_rows d INDEXED BY deleted_rows_rev \
             WHERE table_name = ?1 AND rev > ?2 \
             AND NOT EXISTS (SELECT 1 FROM \"{}\" t \
                WHERE t.provider_id = d.provider_id AND t.id = d.id) \
             ORDER BY provider_id, id",
            table.name
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(read)?;
        let keys = statement
            .query_map((table.name, after.0), |row| {
                Ok(RowKey { provider: ProviderId(row.get(0)?), id: row.get(1)? })
            })
            .map_err(read)?;
        keys.collect::<Result<_, _>>().map_err(read)
    }

    fn row(&self, table: &'static Table, key: RowKey) -> Result<Option<Vec<Cell>>, StoreError> {
        let mut found = None;
        let key = (key.provider.0, key.id);
        self.visit(&statements::for_table(table).row, key, &mut |row| {
            let positions = 0..table.columns.len();
            found = Some(positions.map(|position| row.cell(position).to_cell()).collect());
            Ok(())
        })?;
        Ok(found)
    }

    fn rows_by(
        &self,
        table: &'static Table,
        provider: ProviderId,
        column: &'static str,
        value: i64,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let indexed = table.columns.iter().find(|c| c.name == column && c.has_index);
        let Some(column) = indexed else {
            let what = format!("an index on {}.{column}", table.name);
            return Err(StoreError::NotFound { what });
        };
        self.visit(&statements::select_by_column(table, column), (provider.0, value), visit)
    }

    fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        let count = failed("count rows");
        let mut statement =
            self.connection.prepare_cached(&statements::for_table(table).count).map_err(count)?;
        let rows: i64 = statement.query_row([], |row| row.get(0)).map_err(count)?;
        Ok(rows.unsigned_abs())
    }
}

pub(super) struct SqliteRow<'r, 's> {
    pub(super) row: &'r Row<'s>,
    /// Set when a value has a type that the store never writes; checked after each visit.
    pub(super) is_damaged: Flag<bool>,
}

impl SqliteRow<'_, '_> {
    fn int(&self, position: usize) -> i64 {
        match cell_at(self.row, position) {
            Some(CellRef::Int(value)) => value,
            _ => {
                self.is_damaged.set(true);
                0
            }
        }
    }
}

impl StoredRow for SqliteRow<'_, '_> {
    fn key(&self) -> RowKey {
        RowKey { provider: ProviderId(self.int(0)), id: self.int(FIRST_COLUMN) }
    }

    fn revision(&self) -> Revision {
        Revision(self.int(REVISION))
    }

    fn cell(&self, position: usize) -> CellRef<'_> {
        cell_at(self.row, position + FIRST_COLUMN).unwrap_or_else(|| {
            self.is_damaged.set(true);
            CellRef::Null
        })
    }
}

/// Returns the value at a position of a selected row; none if the store never writes its type.
fn cell_at<'r>(row: &'r Row<'_>, position: usize) -> Option<CellRef<'r>> {
    match row.get_ref(position) {
        Ok(ValueRef::Null) => Some(CellRef::Null),
        Ok(ValueRef::Integer(value)) => Some(CellRef::Int(value)),
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok().map(CellRef::Text),
        Ok(ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => None,
    }
}
