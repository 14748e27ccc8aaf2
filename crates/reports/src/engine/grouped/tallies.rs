//! The tallies that the measures of a query need, and the reading of measures from them.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::col;

use super::layout::Layout;
use crate::definition::column::{Measure, Role};
use crate::definition::value::{nothing, only_when, wide};
use crate::engine::scope::Scope;
use crate::functions::tally::{cell, merged, rounded_mean, tally};

/// The tallies of one query.
pub(super) struct Tallies {
    /// The values that are tallied.
    values: Vec<Expr>,
    /// The selected measures: position in the report, and the tallies from which it is read.
    measures: Vec<(usize, Parts)>,
    mask: Option<(Expr, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Parts {
    Count(usize),
    Sum(usize),
    /// The sum of the values, and the number of those that are not null.
    Total(usize, usize),
    /// The sum of the values, and the number of those that are not null.
    Mean(usize, usize),
}

impl Tallies {
    pub(super) fn of(scope: &Scope<'_>, layout: &Layout<'_>) -> Self {
        let mask = layout.spread.as_ref();
        let mask = mask.map(|spread| (spread.mask.clone(), spread.periods.len()));
        let mut tallies = Self { values: vec![], measures: vec![], mask };
        for position in &layout.selected {
            let column = layout.column(*position);
            let Role::Measure(measure) = column.role else { continue };
            let value = (column.value)(scope);
            let parts = match measure {
                Measure::Count => Parts::Count(tallies.place(value)),
                Measure::Sum => Parts::Sum(tallies.place(value)),
                Measure::Total | Measure::Mean => {
                    let is_there = only_when(value.clone().is_not_null(), lit(1_i64));
                    let (sum, number) = (tallies.place(value), tallies.place(is_there));
                    match measure {
                        Measure::Mean => Parts::Mean(sum, number),
                        _ => Parts::Total(sum, number),
                    }
                }
            };
            tallies.measures.push((*position, parts));
        }
        if tallies.mask.is_some() {
            tallies.rows();
        }
        tallies
    }

    fn place(&mut self, value: Expr) -> usize {
        let known = self.values.iter().position(|known| *known == value);
        known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }

    /// Returns the position of the tally that counts rows.
    fn rows(&mut self) -> usize {
        self.place(lit(1_i64))
    }

    /// Returns the values of a row that the tallies read, by name.
    pub(super) fn reads(&self) -> Vec<(String, Expr)> {
        let values = self.values.iter().enumerate();
        let values = values.map(|(number, value)| (value_name(number), value.clone()));
        let mask = self.mask.iter().map(|(mask, _)| (MASK.to_owned(), mask.clone()));
        values.chain(mask).collect()
    }

    /// Returns the aggregates over rows.
    pub(super) fn over_rows(&self) -> Vec<Expr> {
        let periods = self.mask.as_ref().map(|(_, periods)| *periods);
        let mask = || periods.map(|periods| (col(MASK), periods));
        let tallies = 0..self.values.len();
        tallies.map(|number| tally(col(value_name(number)), mask()).alias(name(number))).collect()
    }

    /// Returns the aggregates over groups that already have these tallies.
    pub(super) fn over_groups(&self) -> Vec<Expr> {
        let periods = self.mask.as_ref().map(|(_, periods)| *periods);
        let tallies = 0..self.values.len();
        tallies.map(|number| merged(col(name(number)), periods).alias(name(number))).collect()
    }

    /// Returns the columns of the tallies.
    pub(super) fn columns(&self) -> impl Iterator<Item = Expr> {
        (0..self.values.len()).map(|number| col(name(number)))
    }

    /// Returns a selected measure at position `at` of its tallies; none if the measure is not
    /// selected.
    pub(super) fn measure(&self, position: usize, at: usize) -> Option<Expr> {
        let parts = self.measures.iter().find(|(measure, _)| *measure == position)?.1;
        let sum = |tally: usize| cell(col(name(tally)), at);
        Some(match parts {
            Parts::Count(tally) => cast(sum(tally), DataType::Int64),
            Parts::Sum(tally) => sum(tally),
            Parts::Total(total, count) => {
                let total = cast(sum(total), DataType::Int64);
                only_when(wide(sum(count)).gt(nothing()), total)
            }
            Parts::Mean(total, count) => rounded_mean(sum(total), sum(count)),
        })
    }

    /// Returns the number of rows at position `at` of the tallies.
    pub(super) fn row_count(&self, at: usize) -> Option<Expr> {
        let number = self.values.iter().position(|value| *value == lit(1_i64))?;
        Some(wide(cell(col(name(number)), at)))
    }
}

const MASK: &str = "mask";

fn value_name(number: usize) -> String {
    format!("value_{number}")
}

fn name(number: usize) -> String {
    format!("tally_{number}")
}
