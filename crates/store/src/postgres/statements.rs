//! SQL statements for the catalogue's tables, built once per table from the names in the catalogue.

use std::sync::LazyLock;

use model::catalogue::{Column, Table, tables};

/// The statements for one table. Selected rows have `provider_id, rev`, then the columns.
pub(super) struct PostgresTableSql {
    /// Selects all rows, in no order.
    pub(super) all: String,
    /// Selects one row by key.
    pub(super) row: String,
    /// Selects a provider's rows that have one of the given ids.
    pub(super) rows_with: String,
    /// Selects those of the given ids that exist.
    pub(super) ids_with: String,
    /// Selects a provider's greatest id.
    pub(super) highest: String,
    /// Deletes the rows with the given ids.
    pub(super) delete: String,
    /// Counts the rows.
    pub(super) count: String,
    /// Selects the keys deleted since a revision.
    pub(super) deleted_since: String,
}

static STATEMENTS: LazyLock<Vec<PostgresTableSql>> =
    LazyLock::new(|| tables().iter().map(PostgresTableSql::build).collect());

/// Returns the statements for `table`.
pub(super) fn for_table(table: &Table) -> &'static PostgresTableSql {
    &STATEMENTS[table.position]
}

/// Returns the statement that selects a provider's rows by the value of one column, ordered by id.
pub(super) fn select_by_column(table: &Table, column: &Column) -> String {
    let (read, column) = (&for_table(table).all, column.name);
    format!("{read} WHERE provider_id = $1 AND \"{column}\" = $2 ORDER BY id")
}

impl PostgresTableSql {
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
