//! Which tallies the measures need, and how a measure is read from them.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::col;

use super::layout::Layout;
use crate::definition::column::{Measure, Role};
use crate::definition::value::{nothing, only_when, wide};
use crate::engine::scope::Scope;
use crate::functions::tally::{cell, merged, rounded_mean, tally};

/// The tallies of one question.
pub(super) struct Tallies {
    /// What is tallied.
    values: Vec<Expr>,
    /// Selected measure (position in the report) and the tallies that it is read from.
    measures: Vec<(usize, Parts)>,
    mask: Option<(Expr, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Parts {
    Count(usize),
    Sum(usize),
    /// Sum and number of the values there are.
    Total(usize, usize),
    /// The same.
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

    /// The tally of the rows themselves.
    fn rows(&mut self) -> usize {
        self.place(lit(1_i64))
    }

    /// What the tallies read of a row, by name.
    pub(super) fn reads(&self) -> Vec<(String, Expr)> {
        let values = self.values.iter().enumerate();
        let values = values.map(|(number, value)| (value_name(number), value.clone()));
        let mask = self.mask.iter().map(|(mask, _)| (MASK.to_owned(), mask.clone()));
        values.chain(mask).collect()
    }

    /// The aggregates over rows.
    pub(super) fn over_rows(&self) -> Vec<Expr> {
        let periods = self.mask.as_ref().map(|(_, periods)| *periods);
        let mask = || periods.map(|periods| (col(MASK), periods));
        let tallies = 0..self.values.len();
        tallies.map(|number| tally(col(value_name(number)), mask()).alias(name(number))).collect()
    }

    /// The aggregates over groups that have these tallies.
    pub(super) fn over_groups(&self) -> Vec<Expr> {
        let periods = self.mask.as_ref().map(|(_, periods)| *periods);
        let tallies = 0..self.values.len();
        tallies.map(|number| merged(col(name(number)), periods).alias(name(number))).collect()
    }

    /// Their columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = Expr> {
        (0..self.values.len()).map(|number| col(name(number)))
    }

    /// A selected measure at one position of its tallies; none when it is not selected.
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

    /// The number of rows at one position.
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
