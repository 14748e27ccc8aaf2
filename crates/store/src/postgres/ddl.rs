//! The schema that the catalogue asks for, as one text. The migrations together must lead to the
//! same schema (a test compares both in a database). Rule: spec/data-model.md, opening.

use std::fmt::Write;

use model::catalogue::{Column, ColumnDefault, Presence, Table, tables};

/// The store's own tables, beside those of the catalogue.
const OWN_TABLES: &str = include_str!("own_tables.sql");

/// Returns the whole schema as SQL.
pub fn schema() -> String {
    let mut sql = String::from(OWN_TABLES);
    for table in tables() {
        sql.push('\n');
        create_table(&mut sql, table);
    }
    sql
}

fn create_table(sql: &mut String, table: &Table) {
    let name = table.name;
    let _ = writeln!(sql, "CREATE TABLE \"{name}\" (\n    provider_id BIGINT NOT NULL,");
    for column in &table.columns {
        let kind = if column.is_integer() { "BIGINT" } else { "TEXT" };
        let not_null = if may_be_null(column) { "" } else { " NOT NULL" };
        let _ = writeln!(sql, "    \"{}\" {kind}{not_null},", column.name);
    }
    let _ = writeln!(sql, "    rev BIGINT NOT NULL,\n    PRIMARY KEY (provider_id, id)");
    let _ = writeln!(sql, ");");
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
