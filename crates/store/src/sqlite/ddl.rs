//! The schema of the records file, as the catalogue asks for it. The migrations must lead to the
//! same schema (a test compares them). Rule: spec/data-model.md, opening.

use std::fmt::Write;

use model::catalogue::{Column, ColumnDefault, Presence, Table, tables};

/// The store's own tables, beside those of the catalogue.
const OWN_TABLES: &str = r#"CREATE TABLE revision (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    current INTEGER NOT NULL
) STRICT;
INSERT INTO revision (one, current) VALUES (1, 0);

CREATE TABLE table_revisions (
    table_name TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deleted_rows (
    table_name TEXT NOT NULL,
    provider_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (table_name, provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_rows_rev ON deleted_rows (table_name, rev);

CREATE TABLE providers (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    currency TEXT NOT NULL,
    week_starts_on TEXT NOT NULL,
    usage_alignment TEXT NOT NULL,
    usage_rounding TEXT NOT NULL,
    exports_enabled INTEGER NOT NULL,
    rev INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT,
    email TEXT,
    providers TEXT NOT NULL,
    permissions TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    customer_id INTEGER,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_on INTEGER
) STRICT;

CREATE TABLE idempotency_keys (
    provider_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"#;

/// The tables of closed months, which a migration of their own adds.
const CLOSED_MONTHS: &str = include_str!("../../migrations/sqlite/0002_closed_months.sql");

/// Returns the whole schema of the records file as SQL.
pub fn schema() -> String {
    let mut sql = String::from(OWN_TABLES);
    for table in tables() {
        sql.push('\n');
        create_table(&mut sql, table);
    }
    sql.push('\n');
    sql.push_str(CLOSED_MONTHS);
    sql
}

fn create_table(sql: &mut String, table: &Table) {
    let name = table.name;
    let _ = writeln!(sql, "CREATE TABLE \"{name}\" (\n    provider_id INTEGER NOT NULL,");
    for column in &table.columns {
        let kind = if column.is_integer() { "INTEGER" } else { "TEXT" };
        let not_null = if may_be_null(column) { "" } else { " NOT NULL" };
        let _ = writeln!(sql, "    \"{}\" {kind}{not_null},", column.name);
    }
    let _ = writeln!(sql, "    rev INTEGER NOT NULL,\n    PRIMARY KEY (provider_id, id)");
    let _ = writeln!(sql, ") STRICT, WITHOUT ROWID;");
    let _ = writeln!(sql, "CREATE INDEX \"{name}_rev\" ON \"{name}\" (rev);");
    for column in table.columns.iter().filter(|column| column.has_index) {
        let column = column.name;
        let index = format!("{name}_{column}");
        let _ =
            writeln!(sql, "CREATE INDEX \"{index}\" ON \"{name}\" (provider_id, \"{column}\");");
    }
}

/// A default that comes from a parent row is filled at the end of a call; the column is null
/// before.
fn may_be_null(column: &Column) -> bool {
    column.is_nullable()
        || matches!(column.presence, Presence::Default(ColumnDefault::Parent { .. }))
}
