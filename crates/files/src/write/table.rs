//! The columns of a file that has one cell per column: all but JSON and NDJSON.
//! Rule: spec/reports.md §7.2 no. 2 and 4, §7.3.

use arrow::array::RecordBatch;
use model::output::{OutputColumn, OutputKind};

use super::WriteError;
use super::dialect::Dialect;
use super::values::Values;

/// Key of a currency: of a column of its own, and of a field beside an amount.
pub(super) const CURRENCY_KEY: &str = "currency";

/// One column of a table.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    /// Position in the batch.
    index: usize,
    /// Key, label and kind; of a currency column, those that it is shown with.
    pub(super) column: OutputColumn,
    /// Whether it holds currency codes that are shown in upper case.
    pub(super) is_upper_currency: bool,
    /// Whether its cells hold JSON.
    pub(super) is_json: bool,
}

impl TableColumn {
    /// The values of this column.
    pub(super) fn values(&self, batch: &RecordBatch) -> Result<Values, WriteError> {
        Values::of_column(batch, self.index, &self.column)
    }
}

/// The columns of a table whose rows have `columns`: these, then the currencies.
pub(super) fn table_columns(columns: &[OutputColumn], dialect: Dialect) -> Vec<TableColumn> {
    let shown = columns.iter().enumerate().map(|(index, column)| TableColumn {
        index,
        column: column.clone(),
        is_upper_currency: dialect.is_upper_currency(column),
        is_json: dialect.is_json_cell(&column.kind),
    });
    let mut table: Vec<TableColumn> = shown.collect();
    let shows_currency = table.iter().any(|column| column.is_upper_currency);
    if dialect.adds_currencies() && !shows_currency {
        table.extend(currencies(columns));
    }
    table
}

/// One where all amounts share theirs; else one for each amount.
fn currencies(columns: &[OutputColumn]) -> Vec<TableColumn> {
    let amounts = columns.iter().filter_map(|column| match column.kind {
        OutputKind::Money { currency } | OutputKind::Decimal { currency } => {
            let (key, label) =
                (format!("{}_currency", column.key), format!("{} Currency", column.label));
            Some(currency_column(currency, key, label))
        }
        _ => None,
    });
    let mut currencies: Vec<TableColumn> = amounts.collect();
    let is_shared = currencies.windows(2).all(|pair| pair[0].index == pair[1].index);
    if is_shared {
        currencies.truncate(1);
        for currency in &mut currencies {
            let label = "Currency".to_owned();
            *currency = currency_column(currency.index, CURRENCY_KEY.to_owned(), label);
        }
    }
    currencies
}

fn currency_column(index: usize, key: String, label: String) -> TableColumn {
    let column = OutputColumn { key, label, kind: OutputKind::Text };
    TableColumn { index, column, is_upper_currency: true, is_json: false }
}
