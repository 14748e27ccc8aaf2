//! The columns of groups as they are computed: those of the result, then hidden ones.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, SortExpr, cast};
use datafusion::prelude::col;

use super::keys::CURRENCY_COLUMN;
use super::layout::{CurrencyPosition, GroupLayout};
use super::result_columns::{self, GroupedColumn};
use super::tallies::QueryTallies;
use crate::definition::column::MeasureAggregation;
use crate::engine::output::arrow_type;
use crate::functions::tally::SUM_BEFORE;
use crate::query_scope::QueryScope;

/// The columns of a plan with one row per group.
pub(super) struct GroupTable {
    pub(super) columns: Vec<GroupedColumn>,
    /// The position of the currency, if it is not one of the shown columns.
    pub(super) currency: Option<usize>,
    /// The position of the number of rows before the first period.
    pub(super) before: Option<usize>,
    /// The expressions of the columns that follow the shown ones.
    hidden: Vec<Expr>,
    /// The sort keys, each with a flag that is true for descending order. They are the last
    /// columns.
    keys: Vec<(Expr, bool)>,
}

impl GroupTable {
    pub(super) fn build(
        scope: &QueryScope<'_>,
        layout: &GroupLayout<'_>,
        tallies: &QueryTallies,
        predicates: &[Expr],
    ) -> Self {
        let columns = result_columns::grouped_columns(layout, tallies);
        let mut hidden = Vec::new();
        let mut add = |value: Expr| {
            hidden.push(value);
            columns.len() + hidden.len() - 1
        };
        let currency =
            (layout.currency == CurrencyPosition::Added).then(|| add(col(CURRENCY_COLUMN)));
        let before = layout.spread.as_ref().and_then(|_| tallies.row_count(SUM_BEFORE));
        let before = before.map(|rows| add(cast(rows, DataType::Int64)));
        let keys = result_columns::group_sort_keys(scope, layout, &columns, predicates);
        Self { columns, currency, before, hidden, keys }
    }

    /// Returns the expressions of all columns, each under a unique name.
    pub(super) fn expressions(&self) -> Vec<Expr> {
        let shown =
            self.columns.iter().map(GroupedColumn::value).chain(self.hidden.iter().cloned());
        let shown = shown.enumerate().map(|(place, value)| value.alias(format!("column_{place}")));
        let keys = self.keys.iter().enumerate();
        shown
            .chain(keys.map(|(place, (key, _))| key.clone().alias(sort_column_name(place))))
            .collect()
    }

    /// Returns the order of the rows.
    pub(super) fn order(&self) -> Vec<SortExpr> {
        let keys = self.keys.iter().enumerate();
        let keys = keys
            .map(|(place, (_, descending))| col(sort_column_name(place)).sort(!descending, false));
        keys.collect()
    }

    /// Returns the position of the first sort key.
    pub(super) fn keys_from(&self) -> usize {
        self.columns.len() + self.hidden.len()
    }

    pub(super) fn descending(&self) -> Vec<bool> {
        self.keys.iter().map(|(_, descending)| *descending).collect()
    }

    /// Returns the single row of a result without rows: counts and amounts are 0, means and totals
    /// null.
    pub(super) fn total_row_of_nothing(&self, scope: &QueryScope<'_>) -> Result<RecordBatch> {
        let schema = self.schema();
        let columns = self.columns.iter().zip(schema.fields());
        let shown_values = columns.map(|(column, field)| -> Result<ArrayRef> {
            Ok(match column.measure {
                Some(MeasureAggregation::Count) => Arc::new(Int64Array::from(vec![0])),
                Some(MeasureAggregation::Sum) => {
                    let nothing = Decimal128Array::from(vec![0]);
                    Arc::new(nothing.with_precision_and_scale(38, 0)?)
                }
                Some(MeasureAggregation::Mean | MeasureAggregation::Total) | None => {
                    new_null_array(field.data_type(), 1)
                }
            })
        });
        let mut values = shown_values.collect::<Result<Vec<_>>>()?;
        if self.currency.is_some() {
            let currency = scope.provider().currency;
            values.push(Arc::new(StringArray::from(vec![currency.code()])));
        }
        RecordBatch::try_new(schema, values).map_err(DataFusionError::from)
    }

    /// Returns the schema of the shown columns by key, then the currency.
    pub(super) fn schema(&self) -> SchemaRef {
        let shown = self
            .columns
            .iter()
            .map(|column| Field::new(&column.output.key, arrow_type(&column.output.kind), true));
        let currency = self.currency.map(|_| Field::new(CURRENCY_COLUMN, DataType::Utf8, true));
        Arc::new(Schema::new(shown.chain(currency).collect::<Vec<_>>()))
    }
}

fn sort_column_name(place: usize) -> String {
    format!("sort_{place}")
}
