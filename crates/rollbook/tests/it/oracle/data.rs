//! The rows of one provider, by table and id.

use std::cell::RefCell;
use std::collections::BTreeMap;

use model::catalogue::{self, ColumnType, Table};
use model::cell::Cell;
use model::provider::Provider;
use model::time::{Date, Instant};

use super::usage_rows;

/// One stored row, with access by column name.
pub(crate) struct OracleRow {
    table: &'static Table,
    cells: Vec<Cell>,
}

impl OracleRow {
    fn cell(&self, column: &str) -> &Cell {
        let position = self.table.position_of(column);
        &self.cells[position.unwrap_or_else(|| panic!("{}.{column}", self.table.name))]
    }

    pub(super) fn new(table: &'static Table, cells: Vec<Cell>) -> Self {
        Self { table, cells }
    }

    pub(crate) fn id(&self) -> i64 {
        self.int("id").expect("every row has an id")
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.cell(column).is_value()
    }

    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        self.cell(column).as_int()
    }

    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        self.cell(column).as_text()
    }

    pub(crate) fn word(&self, column: &str) -> &str {
        self.text(column).unwrap_or_default()
    }

    pub(crate) fn flag(&self, column: &str) -> bool {
        self.int(column) == Some(1)
    }

    pub(crate) fn date(&self, column: &str) -> Option<Date> {
        self.int(column).map(|days| Date::from_days(i32::try_from(days).expect("a date")))
    }

    pub(crate) fn instant(&self, column: &str) -> Option<Instant> {
        self.int(column).map(Instant::from_micros)
    }

    /// Returns an amount in a column without nulls.
    pub(crate) fn amount(&self, column: &str) -> i128 {
        self.int(column).expect("an amount").into()
    }

    pub(crate) fn ids(&self, column: &str) -> Vec<i64> {
        self.text(column).map_or_else(Vec::new, |json| serde_json::from_str(json).expect("ids"))
    }
}

/// All rows of one provider.
#[derive(Default)]
pub(crate) struct OracleTables {
    rows: BTreeMap<&'static str, BTreeMap<i64, OracleRow>>,
    /// For each reference column: ids of the rows that refer to a value.
    named_by: BTreeMap<(&'static str, &'static str), BTreeMap<i64, Vec<i64>>>,
    /// Usage of memberships by date. It is computed once per date and leaked, because tests use few
    /// dates.
    usage: RefCell<BTreeMap<Date, &'static [OracleRow]>>,
}

impl OracleTables {
    /// Collects rows of one provider, with cells in catalogue order.
    pub(crate) fn from_rows<'n>(rows: impl IntoIterator<Item = (&'n str, Vec<Cell>)>) -> Self {
        let mut tables = Self::default();
        for (name, cells) in rows {
            let table = catalogue::table(name).expect("a table of the catalogue");
            assert_eq!(cells.len(), table.columns.len(), "cells of {name}");
            let row = OracleRow { table, cells };
            tables.rows.entry(table.name).or_default().insert(row.id(), row);
        }
        for (name, rows) in &tables.rows {
            let table = catalogue::table(name).expect("a table of the catalogue");
            for column in table.columns.iter().filter(|column| column.references.is_some()) {
                let index = tables.named_by.entry((name, column.name)).or_default();
                for row in rows.values() {
                    let named = match column.kind {
                        ColumnType::IntList => row.ids(column.name),
                        _ => row.int(column.name).into_iter().collect(),
                    };
                    for value in named {
                        index.entry(value).or_default().push(row.id());
                    }
                }
            }
        }
        tables
    }

    /// Returns every row of a table, by id.
    pub(crate) fn all(&self, table: &str) -> Vec<&OracleRow> {
        self.rows.get(table).into_iter().flat_map(BTreeMap::values).collect()
    }

    /// Returns the usage of all memberships on a date.
    pub(super) fn usage(&self, provider: &Provider, date: Date) -> Vec<&OracleRow> {
        let known = self.usage.borrow().get(&date).copied();
        let rows = known.unwrap_or_else(|| Vec::leak(usage_rows::rows(self, provider, date)));
        self.usage.borrow_mut().insert(date, rows);
        rows.iter().collect()
    }

    pub(crate) fn get(&self, table: &str, id: Option<i64>) -> Option<&OracleRow> {
        self.rows.get(table)?.get(&id?)
    }

    /// Returns the rows whose reference (or list of references) `column` contains `value`, by id.
    pub(crate) fn naming(
        &self,
        table: &'static str,
        column: &'static str,
        value: i64,
    ) -> Vec<&OracleRow> {
        let ids = self.named_by.get(&(table, column)).and_then(|index| index.get(&value));
        ids.into_iter().flatten().filter_map(|id| self.get(table, Some(*id))).collect()
    }
}
