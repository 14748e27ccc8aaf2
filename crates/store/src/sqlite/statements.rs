//! SQL statements for the catalogue's tables, built once per table from the names in the catalogue.

use std::sync::LazyLock;

use model::catalogue::{Column, Table, tables};

/// The statements for one table. Selected rows have `provider_id, rev`, then the columns.
pub(super) struct SqliteTableSql {
    /// Inserts a row: provider, revision, then the columns.
    pub(super) insert: String,
    /// Inserts [`GROUP_ROWS`] rows: provider, revision, then the columns of each row. After a
    /// failure some may be there, because keeping what could be undone costs a tenth of an import.
    pub(super) insert_group: String,
    /// Overwrites a row by key: provider, revision, then the columns.
    pub(super) update: String,
    /// Deletes a row by key.
    pub(super) delete: String,
    /// Selects one row by key.
    pub(super) row: String,
    /// Selects a provider's rows between two ids, in their order.
    pub(super) rows_by_id: String,
    /// Selects a provider's greatest id.
    pub(super) highest: String,
    /// Selects a provider's ids between two bounds.
    pub(super) ids_between: String,
    /// Selects all rows, ordered by key.
    pub(super) rows: String,
    /// Selects the rows between two keys, ordered by key.
    pub(super) rows_between: String,
    /// Selects the rows written after a revision, ordered by key.
    pub(super) rows_changed_since: String,
    /// Counts the rows.
    pub(super) count: String,
}

/// The number of rows inserted by one statement. Within one statement, SQLite keeps its position at
/// the end of the tree, which halves the cost of a row; larger groups gain no more.
pub(super) const GROUP_ROWS: usize = 16;
/// The position of the revision in a selected row.
pub(super) const REVISION: usize = 1;
/// The position of the table's first column in a selected row.
pub(super) const FIRST_COLUMN: usize = 2;

static STATEMENTS: LazyLock<Vec<SqliteTableSql>> =
    LazyLock::new(|| tables().iter().map(SqliteTableSql::build).collect());

/// Returns the statements for `table`.
pub(super) fn for_table(table: &Table) -> &'static SqliteTableSql {
    &STATEMENTS[table.position]
}

/// Returns the statement that selects a provider's rows by the value of one column, ordered by id.
pub(super) fn select_by_column(table: &Table, column: &Column) -> String {
    let (columns, name) = (column_list(table), table.name);
    let column = column.name;
    format!(
        "SELECT provider_id, rev, {columns} FROM \"{name}\" INDEXED BY \"{name}_{column}\" \
         WHERE provider_id = ?1 AND \"{column}\" = ?2 ORDER BY id"
    )
}

impl SqliteTableSql {
    fn build(table: &'static Table) -> Self {
        let name = table.name;
        let columns = column_list(table);
        let read = format!("SELECT provider_id, rev, {columns} FROM \"{name}\"");
        let first_places = placeholders(table, 0);
        let set = table.columns.iter().zip(&first_places).skip(1);
        let set: Vec<_> = set.map(|(column, n)| format!("\"{}\" = {n}", column.name)).collect();
        Self {
            insert: format!(
                "INSERT OR FAIL INTO \"{name}\" (provider_id, rev, {columns}) \
                 VALUES (?1, ?2, {})",
                first_places.join(", ")
            ),
            insert_group: format!(
                "INSERT OR FAIL INTO \"{name}\" (provider_id, rev, {columns}) VALUES {}",
                (0..GROUP_ROWS)
                    .map(|row| placeholders(table, row))
                    .map(|places| format!("(?1, ?2, {})", places.join(", ")))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            update: format!(
                "UPDATE \"{name}\" SET rev = ?2, {} WHERE provider_id = ?1 AND id = ?3",
                set.join(", ")
            ),
            delete: format!("DELETE FROM \"{name}\" WHERE provider_id = ?1 AND id = ?2"),
            row: format!("{read} WHERE provider_id = ?1 AND id = ?2"),
            // Sums instead of plain parameters: SQLite plans a statement with a range anew whenever
            // a parameter changes, unless parameters are parts of expressions.
            rows_by_id: format!(
                "{read} WHERE provider_id = ?1 + 0 AND id BETWEEN ?2 + 0 AND ?3 + 0 ORDER BY id"
            ),
            highest: format!("SELECT max(id) FROM \"{name}\" WHERE provider_id = ?1"),
            ids_between: format!(
                "SELECT id FROM \"{name}\" WHERE provider_id = ?1 + 0 AND id BETWEEN ?2 + 0 AND ?3 + 0"
            ),
            rows: format!("{read} ORDER BY provider_id, id"),
            rows_between: format!(
                "{read} WHERE (provider_id, id) >= (?1, ?2) AND (provider_id, id) <= (?3, ?4) \
                 ORDER BY provider_id, id"
            ),
            // Keys first: sorting them is far cheaper than sorting whole rows, and reading rows in
            // key order visits each page once. The limit keeps SQLite from merging the sub-query
            // into the outer one. CROSS JOIN makes the sub-query the outer loop, so the result has
            // its order. A second ORDER BY would sort the rows as well.
            rows_changed_since: format!(
                "SELECT t.provider_id, t.rev, {} FROM (SELECT provider_id, id FROM \"{name}\" \
                 INDEXED BY \"{name}_rev\" WHERE rev > ?1 ORDER BY provider_id, id LIMIT -1) k \
                 CROSS JOIN \"{name}\" t ON t.provider_id = k.provider_id AND t.id = k.id",
                table
                    .columns
                    .iter()
                    .map(|c| format!("t.\"{}\"", c.name))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            count: format!("SELECT count(*) FROM \"{name}\""),
        }
    }
}

/// Returns the parameters for the columns of one row of a group; provider and revision come before.
fn placeholders(table: &Table, row: usize) -> Vec<String> {
    let first = 3 + row * table.columns.len();
    (first..first + table.columns.len()).map(|n| format!("?{n}")).collect()
}

fn column_list(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    names.join(", ")
}
