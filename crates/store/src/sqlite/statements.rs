//! SQL over catalogue tables, written once per table from the catalogue's own names.

use std::sync::LazyLock;

use model::catalogue::{Column, Table, tables};

/// The statements of one table. Rows are read as `provider_id, rev`, then the columns.
pub(super) struct TableSql {
    /// Insert unless the key exists: provider, revision, then the columns.
    pub(super) insert: String,
    /// Insert [`GROUP_ROWS`] rows, leaving out those whose key exists: provider, revision, then
    /// the columns of each row.
    pub(super) insert_group: String,
    /// Overwrite by key: provider, revision, then the columns.
    pub(super) update: String,
    /// Delete by key.
    pub(super) delete: String,
    /// One row by key.
    pub(super) row: String,
    /// Whether a key exists.
    pub(super) exists: String,
    /// The ids of a provider within bounds.
    pub(super) ids_between: String,
    /// All rows by key.
    pub(super) rows: String,
    /// Rows between two keys, by key.
    pub(super) rows_between: String,
    /// Rows written after a revision, by key.
    pub(super) rows_changed_since: String,
    /// How many rows there are.
    pub(super) count: String,
}

/// Rows inserted by one statement. It keeps its place at the end of the tree from row to row,
/// which halves the cost of a row; larger groups gain no more.
pub(super) const GROUP_ROWS: usize = 16;
/// Position of the revision in a row that is read.
pub(super) const REVISION: usize = 1;
/// Position of the table's first column in a row that is read.
pub(super) const FIRST_COLUMN: usize = 2;

static STATEMENTS: LazyLock<Vec<TableSql>> =
    LazyLock::new(|| tables().iter().map(TableSql::build).collect());

/// The statements of `table`.
pub(super) fn of(table: &Table) -> &'static TableSql {
    &STATEMENTS[table.position]
}

/// Rows of a provider whose column has a value, by id.
pub(super) fn rows_by(table: &Table, column: &Column) -> String {
    let (columns, name) = (column_list(table), table.name);
    let column = column.name;
    format!(
        "SELECT provider_id, rev, {columns} FROM \"{name}\" INDEXED BY \"{name}_{column}\" \
         WHERE provider_id = ?1 AND \"{column}\" = ?2 ORDER BY id"
    )
}

impl TableSql {
    fn build(table: &'static Table) -> Self {
        let name = table.name;
        let columns = column_list(table);
        let read = format!("SELECT provider_id, rev, {columns} FROM \"{name}\"");
        let first_places = places(table, 0);
        let set = table.columns.iter().zip(&first_places).skip(1);
        let set: Vec<_> = set.map(|(column, n)| format!("\"{}\" = {n}", column.name)).collect();
        Self {
            insert: format!(
                "INSERT INTO \"{name}\" (provider_id, rev, {columns}) VALUES (?1, ?2, {}) \
                 ON CONFLICT DO NOTHING",
                first_places.join(", ")
            ),
            insert_group: format!(
                "INSERT OR IGNORE INTO \"{name}\" (provider_id, rev, {columns}) VALUES {}",
                (0..GROUP_ROWS)
                    .map(|row| places(table, row))
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
            exists: format!("SELECT 1 FROM \"{name}\" WHERE provider_id = ?1 AND id = ?2"),
            ids_between: format!(
                "SELECT id FROM \"{name}\" WHERE provider_id = ?1 AND id BETWEEN ?2 AND ?3"
            ),
            rows: format!("{read} ORDER BY provider_id, id"),
            rows_between: format!(
                "{read} WHERE (provider_id, id) >= (?1, ?2) AND (provider_id, id) <= (?3, ?4) \
                 ORDER BY provider_id, id"
            ),
            // Keys first: sorting them is far cheaper than sorting whole rows, and reading rows
            // in key order visits each page once. The limit keeps the sub-query from being
            // merged into the outer one; CROSS JOIN keeps it on the outside, so its order is the
            // order of the answer. Asking for that order again would sort the rows as well.
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

/// Parameters for the columns of one row of a group, after provider and revision.
fn places(table: &Table, row: usize) -> Vec<String> {
    let first = 3 + row * table.columns.len();
    (first..first + table.columns.len()).map(|n| format!("?{n}")).collect()
}

fn column_list(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    names.join(", ")
}
