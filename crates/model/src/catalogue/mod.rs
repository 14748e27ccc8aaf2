//! The table catalogue: every table and column, defined once. DDL, Arrow schemas, import
//! validation, the import reference and `rollbook schema` derive from it.
//! Rule: spec/data-model.md §1, §2.
//!
//! | module | holds |
//! | --- | --- |
//! | `column` | the definition of a column, and short constructors for it |
//! | `tables` | the definitions of the tables |

mod column;
mod tables;

use std::sync::LazyLock;

pub use column::{Column, ColumnDefault, ColumnType, Presence, RowRule};

/// One table: `id`, its own columns, `created_at`, `updated_at`. The store adds two more columns:
/// the provider and the revision of the last write.
#[derive(Debug)]
pub struct Table {
    /// The table's name in import paths and in the mirror.
    pub name: &'static str,
    /// A description of one row.
    pub doc: &'static str,
    /// The columns that can be imported: `id` first, `created_at` and `updated_at` last.
    pub columns: Vec<Column>,
    /// Rules between columns.
    pub rules: &'static [RowRule],
    /// The table's position in [`tables`].
    pub position: usize,
}

/// The column position of `id` in every table.
pub const ID: usize = 0;

static CATALOGUE: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let number = tables::TABLES.iter().enumerate();
    number.map(|(position, table)| Table::build(position, table)).collect()
});

/// Returns all tables. A table comes after those it references, except where references form a
/// cycle.
pub fn tables() -> &'static [Table] {
    &CATALOGUE
}

/// Returns the table with this name.
pub fn table(name: &str) -> Option<&'static Table> {
    tables().iter().find(|table| table.name == name)
}

impl Table {
    fn build(position: usize, entry: &'static tables::TableDefinition) -> Self {
        let columns = std::iter::once(column::ID).chain(entry.columns.iter().cloned());
        let columns = columns.chain([column::CREATED_AT, column::UPDATED_AT]).collect();
        Self { name: entry.name, doc: entry.doc, columns, rules: entry.rules, position }
    }

    /// Returns the position of the column with this name.
    pub fn position_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// Returns the position of `created_at`.
    pub fn created_at(&self) -> usize {
        self.columns.len() - 2
    }

    /// Returns the position of `updated_at`.
    pub fn updated_at(&self) -> usize {
        self.columns.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_names_a_table_and_every_rule_a_column() {
        for table in tables() {
            for column in &table.columns {
                if let Some(target) = column.references {
                    assert!(super::table(target).is_some(), "{}.{}", table.name, column.name);
                }
                if let Presence::Default(ColumnDefault::Column(source)) = column.presence {
                    assert!(table.position_of(source).is_some(), "{}.{source}", table.name);
                }
                if let Presence::Default(ColumnDefault::Parent { via, column: source, times }) =
                    column.presence
                {
                    let via = &table.columns[table.position_of(via).unwrap()];
                    let parent = super::table(via.references.unwrap()).unwrap();
                    assert!(parent.position_of(source).is_some());
                    assert!(times.is_none_or(|name| table.position_of(name).is_some()));
                }
            }
            for name in table.rules.iter().flat_map(RowRule::columns) {
                assert!(table.position_of(name).is_some(), "{}: {name}", table.name);
            }
        }
    }

    #[test]
    fn names_are_unique() {
        for (position, table) in tables().iter().enumerate() {
            assert_eq!(super::table(table.name).unwrap().position, position);
            for (index, column) in table.columns.iter().enumerate() {
                assert_eq!(table.position_of(column.name), Some(index), "{}", table.name);
            }
        }
    }
}
