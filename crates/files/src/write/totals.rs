//! Control totals: the sums of a file's amounts, so that a copy of the file can be checked.
//! Rule: spec/exports.md §9.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use model::money::Currency;
use model::output::{OutputColumn, OutputKind};
use serde_json::{Map, Value, json};

use super::WriteError;
use super::values::{AmountValues, OutputValues};

/// The number of rows, and for each currency and amount column the exact sum and number of amounts.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlTotals {
    rows: u64,
    columns: Vec<AmountColumn>,
    /// For each currency, one sum per amount column.
    sums: BTreeMap<String, Vec<AmountSum>>,
}

#[derive(Debug, Clone, PartialEq)]
struct AmountColumn {
    index: usize,
    column: OutputColumn,
}

/// An exact sum in minor units, and the number of amounts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct AmountSum {
    minor: i128,
    count: u64,
}

impl AmountSum {
    fn add(&mut self, other: Self, key: &str) -> Result<(), WriteError> {
        let too_large = || WriteError::AmountTooLarge { place: format!("the sum of column {key}") };
        self.minor = self.minor.checked_add(other.minor).ok_or_else(too_large)?;
        self.count += other.count;
        Ok(())
    }
}

impl ControlTotals {
    /// Creates the totals of zero rows with these columns.
    pub fn new(columns: &[OutputColumn]) -> Self {
        let has_amounts = |column: &OutputColumn| {
            matches!(column.kind, OutputKind::Money { .. } | OutputKind::Decimal { .. })
        };
        let columns = columns.iter().enumerate().filter(|(_, column)| has_amounts(column));
        let columns = columns.map(|(index, column)| AmountColumn { index, column: column.clone() });
        Self { rows: 0, columns: columns.collect(), sums: BTreeMap::new() }
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds the rows of `batch`.
    ///
    /// Errors: a batch of another shape, [`WriteError::CurrencyUnknown`],
    /// [`WriteError::AmountTooLarge`] for a sum of more than 128 bits.
    pub fn add_batch(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        for position in 0..self.columns.len() {
            let AmountColumn { index, column } = &self.columns[position];
            if let OutputValues::Amount(amount) =
                OutputValues::from_batch_column(batch, *index, column)?
            {
                self.add_column(position, &amount, batch.num_rows())?;
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Adds the amounts of one column. Consecutive amounts in one currency are summed up first.
    fn add_column(
        &mut self,
        position: usize,
        amount: &AmountValues,
        rows: usize,
    ) -> Result<(), WriteError> {
        let (mut run, mut run_currency) = (AmountSum::default(), "");
        for row in 0..rows {
            let Some(minor) = amount.minor(row) else {
                continue;
            };
            let currency = amount.currency(row, row);
            if currency != run_currency || run.count == 0 {
                self.add(position, run_currency, run)?;
                (run, run_currency) = (AmountSum::default(), currency);
            }
            run.add(AmountSum { minor, count: 1 }, &self.columns[position].column.key)?;
        }
        self.add(position, run_currency, run)
    }

    fn add(&mut self, position: usize, currency: &str, sum: AmountSum) -> Result<(), WriteError> {
        if sum.count == 0 {
            return Ok(());
        }
        let key = &self.columns[position].column.key;
        if !self.sums.contains_key(currency) {
            if Currency::parse(currency).is_none() {
                let currency = currency.to_owned();
                return Err(WriteError::CurrencyUnknown { key: key.clone(), currency });
            }
            self.sums.insert(currency.to_owned(), vec![AmountSum::default(); self.columns.len()]);
        }
        match self.sums.get_mut(currency) {
            Some(sums) => sums[position].add(sum, key),
            None => Ok(()),
        }
    }

    /// Adds the totals of other rows with the same columns.
    ///
    /// Errors: [`WriteError::AmountTooLarge`].
    pub fn merge(&mut self, other: &Self) -> Result<(), WriteError> {
        for (currency, sums) in &other.sums {
            for (position, sum) in sums.iter().enumerate().take(self.columns.len()) {
                self.add(position, currency, *sum)?;
            }
        }
        self.rows += other.rows;
        Ok(())
    }

    /// Returns the totals as JSON: `{"usd":{"total":{"sum":"11000","count":1}}}`. Each currency
    /// that occurs has an entry for every amount column; sums are in minor units.
    pub fn to_json(&self) -> Value {
        let currencies = self.sums.iter().map(|(currency, sums)| {
            let columns = self.columns.iter().zip(sums).map(|(column, sum)| {
                let sum = json!({"sum": sum.minor.to_string(), "count": sum.count});
                (column.column.key.clone(), sum)
            });
            (currency.clone(), Value::Object(columns.collect::<Map<_, _>>()))
        });
        Value::Object(currencies.collect())
    }
}
