//! SQL over catalogue tables, written once per table from the catalogue's own names.

use std::sync::LazyLock;

use model::catalogue::{Column, Table, tables};

/// The statements of one table. Rows are read as `provider_id, rev`, then the columns.
pub(super) struct TableSql {
    /// Everything of the table, without an order.
    pub(super) all: String,
    /// One row by key.
    pub(super) row: String,
    /// Rows of a provider with one of the ids given.
    pub(super) rows_with: String,
    /// Which of the ids given exist.
    pub(super) ids_with: String,
    /// The greatest id of a provider.
    pub(super) highest: String,
    /// Delete the ids given.
    pub(super) delete: String,
    /// How many rows there are.
    pub(super) count: String,
    /// Keys deleted since a revision.
    pub(super) deleted_since: String,
}

static STATEMENTS: LazyLock<Vec<TableSql>> =
    LazyLock::new(|| tables().iter().map(TableSql::build).collect());

/// The statements of `table`.
pub(super) fn of(table: &Table) -> &'static TableSql {
    &STATEMENTS[table.position]
}

/// Rows of a provider whose column has a value, by id.
pub(super) fn rows_by(table: &Table, column: &Column) -> String {
    let (read, column) = (&of(table).all, column.name);
    format!("{read} WHERE provider_id = $1 AND \"{column}\" = $2 ORDER BY id")
}

impl TableSql {
    fn build(table: &'static Table) -> Self {
        let name = table.name;
        let columns: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let all = format!("SELECT provider_id, rev, {} FROM \"{name}\"", columns.join(", "));
        Self {
            row: format!("{all} WHERE provider_id = $1 AND id = $2"),
            rows_with: format!("{all} WHERE provider_id = $1 AND id = ANY($2)"),
            ids_with: format!("SELECT id FROM \"{name}\" WHERE provider_id = $1 AND id = ANY($2)"),
            highest: format!("SELECT max(id) FROM \"{name}\" WHERE provider_id = $1"),
            delete: format!("DELETE FROM \"{name}\" WHERE provider_id = $1 AND id = ANY($2)"),
            count: format!("SELECT count(*) FROM \"{name}\""),
            deleted_since: format!(
                "SELECT provider_id, id FROM deleted_rows d WHERE table_name = $1 AND rev > $2 \
                 AND NOT EXISTS (SELECT 1 FROM \"{name}\" t \
                    WHERE t.provider_id = d.provider_id AND t.id = d.id) \
                 ORDER BY provider_id, id"
            ),
            all,
        }
    }
}
