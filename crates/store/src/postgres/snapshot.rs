//! A snapshot: reads at one revision, in a repeatable-read transaction on its own connection.

use futures::StreamExt;
use model::catalogue::Table;
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use model::provider::Provider;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connections::{PostgresSession, PostgresTransaction};
use super::copy;
use super::errors::failed;
use super::row::{get, get_unsigned};
use super::statements;
use crate::error::StoreError;
use crate::port::{KeyRange, RowKey, RowVisitor, Snapshot, StoredRow};
use crate::sql::{providers, revision};

/// The position of the table's first column in a selected row.
pub(super) const FIRST_COLUMN: usize = 2;
/// The position of the revision in a selected row.
pub(super) const REVISION: usize = 1;
/// The number of rows fetched per call into the runtime.
const ROWS_AT_ONCE: usize = 256;

pub(super) struct PostgresSnapshot<'s> {
    transaction: PostgresTransaction<'s>,
    revision: Revision,
}

impl<'s> PostgresSnapshot<'s> {
    pub(super) fn begin(transaction: PostgresTransaction<'s>) -> Result<Self, StoreError> {
        // The first read fixes what the transaction sees.
        let revision = revision::current(&*transaction)?;
        Ok(Self { transaction, revision })
    }

    /// Visits the rows with a key.
    fn visit_some(
        &self,
        table: &'static Table,
        sql: &str,
        key: (i64, i64),
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        visit_rows(&self.transaction, table, sql, &[&key.0, &key.1], visit)
    }
}

/// Visits few rows, with a statement that stays prepared.
pub(super) fn visit_rows(
    session: &PostgresSession<'_>,
    table: &'static Table,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    visit: &mut RowVisitor<'_>,
) -> Result<(), StoreError> {
    let read = failed("read rows");
    let (engine, client) = (session.engine, &session.client);
    let rows = engine.block_on(async {
        let statement = client.prepare_cached(sql).await?;
        client.query_raw(&statement, params.iter().copied()).await
    });
    let mut rows = Box::pin(rows.map_err(read)?).ready_chunks(ROWS_AT_ONCE);
    while let Some(chunk) = engine.block_on(rows.next()) {
        for row in chunk {
            visit(&FetchedRow { table, row: row.map_err(read)? })?;
        }
    }
    Ok(())
}

impl Snapshot for PostgresSnapshot<'_> {
    fn revision(&self) -> Revision {
        self.revision
    }

    fn providers(&self) -> Result<Vec<Provider>, StoreError> {
        providers::all(&*self.transaction)
    }

    fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        providers::one(&*self.transaction, id)
    }

    fn table_revisions(&self) -> Result<Vec<Revision>, StoreError> {
        revision::table_revisions(&*self.transaction)
    }

    fn rows(
        &self,
        table: &'static Table,
        range: KeyRange,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let KeyRange { first, last } = range;
        let within = match range {
            KeyRange::ALL => String::new(),
            _ => format!(
                " WHERE (provider_id, id) >= ({}, {}) AND (provider_id, id) <= ({}, {})",
                literal(first.provider.0),
                literal(first.id),
                literal(last.provider.0),
                literal(last.id)
            ),
        };
        let query =
            format!("{}{within} ORDER BY provider_id, id", statements::for_table(table).all);
        copy::visit(&self.transaction, table, &query, visit)
    }

    fn rows_changed_since(
        &self,
        table: &'static Table,
        after: Revision,
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        if after.0 <= 0 {
            return self.rows(table, KeyRange::ALL, visit);
        }
        let all = &statements::for_table(table).all;
        let query = format!("{all} WHERE rev > {} ORDER BY provider_id, id", literal(after.0));
        copy::visit(&self.transaction, table, &query, visit)
    }

    fn keys_deleted_since(
        &self,
        table: &'static Table,
        after: Revision,
    ) -> Result<Vec<RowKey>, StoreError> {
        let sql = &statements::for_table(table).deleted_since;
        let rows = self.transaction.all("read deleted keys", sql, &[&table.name, &after.0])?;
        let key = |row: &Row| Ok(RowKey { provider: ProviderId(get(row, 0)?), id: get(row, 1)? });
        rows.iter().map(key).collect()
    }

    fn row(&self, table: &'static Table, key: RowKey) -> Result<Option<Vec<Cell>>, StoreError> {
        let mut found = None;
        let sql = &statements::for_table(table).row;
        self.visit_some(table, sql, (key.provider.0, key.id), &mut |row| {
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
        self.visit_some(
            table,
            &statements::select_by_column(table, column),
            (provider.0, value),
            visit,
        )
    }

    fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        get_unsigned(
            &self.transaction.one("count rows", &statements::for_table(table).count, &[])?,
            0,
        )
    }
}

/// COPY takes no parameters, so numbers become literals. The smallest number has no literal of its
/// own.
fn literal(value: i64) -> String {
    match value {
        i64::MIN => "(-9223372036854775807 - 1)".to_owned(),
        value => format!("({value})"),
    }
}

pub(super) struct FetchedRow {
    pub(super) table: &'static Table,
    pub(super) row: Row,
}

impl StoredRow for FetchedRow {
    fn key(&self) -> RowKey {
        let int = |at| self.row.try_get(at).unwrap_or_default();
        RowKey { provider: ProviderId(int(0)), id: int(FIRST_COLUMN) }
    }

    fn revision(&self) -> Revision {
        Revision(self.row.try_get(REVISION).unwrap_or_default())
    }

    fn cell(&self, position: usize) -> CellRef<'_> {
        let at = position + FIRST_COLUMN;
        if self.table.columns[position].is_integer() {
            self.row.try_get(at).ok().flatten().map_or(CellRef::Null, CellRef::Int)
        } else {
            self.row.try_get(at).ok().flatten().map_or(CellRef::Null, CellRef::Text)
        }
    }
}
