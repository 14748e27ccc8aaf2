//! The tallies that the measures of a query need, and the reading of measures from them.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::col;

use super::layout::GroupLayout;
use crate::definition::column::{ColumnRole, MeasureAggregation};
use crate::definition::scoped_expr::{null_unless, widen_amount, zero_amount};
use crate::functions::tally::{merge_tallies, rounded_mean, tally, tally_cell};
use crate::query_scope::QueryScope;

/// The tallies of one query.
pub(super) struct QueryTallies {
    /// The values that are tallied.
    values: Vec<Expr>,
    /// The selected measures: position in the report, and the tallies from which it is read.
    measures: Vec<(usize, MeasureTallies)>,
    mask: Option<(Expr, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum MeasureTallies {
    Count(usize),
    Sum(usize),
    /// The sum of the values, and the number of those that are not null.
    Total(usize, usize),
    /// The sum of the values, and the number of those that are not null.
    Mean(usize, usize),
}

impl QueryTallies {
    pub(super) fn for_query(scope: &QueryScope<'_>, layout: &GroupLayout<'_>) -> Self {
        let mask = layout.spread.as_ref();
        let mask = mask.map(|spread| (spread.mask.clone(), spread.periods.len()));
        let mut tallies = Self { values: vec![], measures: vec![], mask };
        for position in &layout.selected {
            let column = layout.column(*position);
            let ColumnRole::Measure(measure) = column.role else { continue };
            let value = (column.value)(scope);
            let parts = match measure {
                MeasureAggregation::Count => MeasureTallies::Count(tallies.tally_position(value)),
                MeasureAggregation::Sum => MeasureTallies::Sum(tallies.tally_position(value)),
                MeasureAggregation::Total | MeasureAggregation::Mean => {
                    let is_there = null_unless(value.clone().is_not_null(), lit(1_i64));
                    let (sum, number) =
                        (tallies.tally_position(value), tallies.tally_position(is_there));
                    match measure {
                        MeasureAggregation::Mean => MeasureTallies::Mean(sum, number),
                        _ => MeasureTallies::Total(sum, number),
                    }
                }
            };
            tallies.measures.push((*position, parts));
        }
        if tallies.mask.is_some() {
            tallies.row_tally();
        }
        tallies
    }

    fn tally_position(&mut self, value: Expr) -> usize {
        let known = self.values.iter().position(|known| *known == value);
        known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }

    /// Returns the position of the tally that counts rows.
    fn row_tally(&mut self) -> usize {
        self.tally_position(lit(1_i64))
    }

    /// Returns the values of a row that the tallies read, by name.
    pub(super) fn row_values(&self) -> Vec<(String, Expr)> {
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
        tallies
            .map(|number| tally(col(value_name(number)), mask()).alias(tally_name(number)))
            .collect()
    }

    /// Returns the aggregates over groups that already have these tallies.
    pub(super) fn over_groups(&self) -> Vec<Expr> {
        let periods = self.mask.as_ref().map(|(_, periods)| *periods);
        let tallies = 0..self.values.len();
        tallies
            .map(|number| merge_tallies(col(tally_name(number)), periods).alias(tally_name(number)))
            .collect()
    }

    /// Returns the columns of the tallies.
    pub(super) fn columns(&self) -> impl Iterator<Item = Expr> {
        (0..self.values.len()).map(|number| col(tally_name(number)))
    }

    /// Returns a selected measure at position `at` of its tallies; none if the measure is not
    /// selected.
    pub(super) fn measure(&self, position: usize, at: usize) -> Option<Expr> {
        let parts = self.measures.iter().find(|(measure, _)| *measure == position)?.1;
        let sum = |tally: usize| tally_cell(col(tally_name(tally)), at);
        Some(match parts {
            MeasureTallies::Count(tally) => cast(sum(tally), DataType::Int64),
            MeasureTallies::Sum(tally) => sum(tally),
            MeasureTallies::Total(total, count) => {
                let total = cast(sum(total), DataType::Int64);
                null_unless(widen_amount(sum(count)).gt(zero_amount()), total)
            }
            MeasureTallies::Mean(total, count) => rounded_mean(sum(total), sum(count)),
        })
    }

    /// Returns the number of rows at position `at` of the tallies.
    pub(super) fn row_count(&self, at: usize) -> Option<Expr> {
        let number = self.values.iter().position(|value| *value == lit(1_i64))?;
        Some(widen_amount(tally_cell(col(tally_name(number)), at)))
    }
}

const MASK: &str = "mask";

fn value_name(number: usize) -> String {
    format!("value_{number}")
}

fn tally_name(number: usize) -> String {
    format!("tally_{number}")
}
