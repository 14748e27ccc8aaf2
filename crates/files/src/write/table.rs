//! The columns of files with one cell per column: all formats but JSON and NDJSON.
//! Rule: spec/reports.md §7.2 no. 2 and 4, §7.3.

use arrow::array::RecordBatch;
use model::output::{OutputColumn, OutputKind};

use super::dialect::Dialect;
use super::values::OutputValues;
use super::{CURRENCY_KEY, WriteError};

/// One column of a file.
#[derive(Debug, Clone)]
pub(super) struct FileColumn {
    /// The column's position in the batch.
    index: usize,
    /// The column's key, label and kind. For an added currency column, the key and label of that
    /// column.
    pub(super) column: OutputColumn,
    /// True if the column holds currency codes, which are shown in upper case.
    pub(super) is_upper_currency: bool,
    /// True if the column's cells hold JSON.
    pub(super) is_json: bool,
}

impl FileColumn {
    /// Returns the values of this column in a batch.
    pub(super) fn values(&self, batch: &RecordBatch) -> Result<OutputValues, WriteError> {
        OutputValues::from_batch_column(batch, self.index, &self.column)
    }
}

/// Returns the columns of a file: `columns`, followed by the currency columns that the dialect
/// adds.
pub(super) fn table_columns(columns: &[OutputColumn], dialect: Dialect) -> Vec<FileColumn> {
    let shown = columns.iter().enumerate().map(|(index, column)| FileColumn {
        index,
        column: column.clone(),
        is_upper_currency: dialect.is_upper_currency(column),
        is_json: dialect.is_json_cell(&column.kind),
    });
    let mut table: Vec<FileColumn> = shown.collect();
    let shows_currency = table.iter().any(|column| column.is_upper_currency);
    if dialect.adds_currencies() && !shows_currency {
        table.extend(currencies(columns));
    }
    table
}

/// Returns one currency column if all amounts have the same currency column in the batch. Otherwise
/// returns one per amount.
fn currencies(columns: &[OutputColumn]) -> Vec<FileColumn> {
    let amounts = columns.iter().filter_map(|column| match column.kind {
        OutputKind::Money { currency } | OutputKind::Decimal { currency } => {
            let (key, label) =
                (format!("{}_currency", column.key), format!("{} Currency", column.label));
            Some(currency_column(currency, key, label))
        }
        _ => None,
    });
    let mut currencies: Vec<FileColumn> = amounts.collect();
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

fn currency_column(index: usize, key: String, label: String) -> FileColumn {
    let column = OutputColumn { key, label, kind: OutputKind::Text };
    FileColumn { index, column, is_upper_currency: true, is_json: false }
}
