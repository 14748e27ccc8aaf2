//! The rows of an import in PostgreSQL, read and written in sets.

use model::catalogue::Table;
use model::cell::Cell;
use model::id::Revision;

use super::connections::PostgresSession;
use super::row::get;
use super::{copy, snapshot, statements};
use crate::error::StoreError;
use crate::import::import_session::{ImportSession, RowChanges};
use crate::import::temp_tables::{self, TempTable};
use crate::port::RowVisitor;
use crate::sql::session::{SqlDialect, SqlSession};
use crate::sql::value::SqlValue;

const TOMBSTONES: &str = "INSERT INTO deleted_rows (table_name, provider_id, id, rev) \
    SELECT $1::text, $2::bigint, unnest($3::bigint[]), $4::bigint \
    ON CONFLICT (table_name, provider_id, id) DO UPDATE SET rev = excluded.rev";

impl ImportSession for PostgresSession<'_> {
    fn prepare_import(&self) -> Result<(), StoreError> {
        let create = temp_tables::create_all(SqlDialect::Postgres);
        let sql = format!("SET LOCAL client_min_messages = warning;\n{create}");
        self.run_script("prepare for an import", &sql)
    }

    fn forget_import(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn highest_id(&self, table: &Table, provider: i64) -> Result<i64, StoreError> {
        let sql = &statements::for_table(table).highest;
        let highest: Option<i64> = get(&self.one("read the highest id", sql, &[&provider])?, 0)?;
        Ok(highest.unwrap_or(0))
    }

    fn visit_rows(
        &self,
        table: &'static Table,
        provider: i64,
        ids: &[i64],
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let sql = &statements::for_table(table).rows_with;
        snapshot::visit_rows(self, table, sql, &[&provider, &ids], visit)
    }

    fn existing_ids(
        &self,
        table: &Table,
        provider: i64,
        ids: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let sql = &statements::for_table(table).ids_with;
        let rows = self.all("look up references", sql, &[&provider, &ids])?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    fn write_rows(
        &self,
        table: &'static Table,
        (provider, revision): (i64, Revision),
        changes: &RowChanges<'_>,
    ) -> Result<(), StoreError> {
        let RowChanges { inserted, updated, deleted } = changes;
        let id = |cells: &&[Cell]| cells[model::catalogue::ID].as_int();
        let cleared: Vec<_> =
            updated.iter().filter_map(id).chain(deleted.iter().copied()).collect();
        if !cleared.is_empty() {
            let sql = &statements::for_table(table).delete;
            self.run("clear rows", sql, &[&provider, &cleared])?;
        }
        if !deleted.is_empty() {
            let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                &[&table.name, &provider, &deleted, &revision.0];
            self.run("note deleted rows", TOMBSTONES, params)?;
        }
        if inserted.len() + updated.len() > 0 {
            let rows = inserted.iter().chain(updated).copied();
            copy::write_rows(self, table, (provider, revision), rows)?;
        }
        Ok(())
    }

    fn add_rows(&self, table: &TempTable, columns: &[SqlValue<'_>]) -> Result<(), StoreError> {
        let list = |position: usize| {
            let kind = if table.is_text(position) { "text" } else { "bigint" };
            format!("?{}::{kind}[]", position + 1)
        };
        let lists: Vec<_> = (0..columns.len()).map(list).collect();
        let (name, on_conflict) = (table.name, table.on_conflict);
        let (into, lists) = (table.columns.join(", "), lists.join(", "));
        let sql =
            format!("INSERT INTO {name} ({into}) SELECT * FROM unnest({lists}) {on_conflict}");
        SqlSession::run(self, "remember rows", &sql, columns).map(drop)
    }
}
