//! The columns in which groups are handed out: those of the answer, then hidden ones.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, SortExpr, cast};
use datafusion::prelude::col;

use super::answer::{self, AnswerColumn};
use super::keys::CURRENCY_COLUMN;
use super::layout::{CurrencyPlace, Layout};
use super::tallies::Tallies;
use crate::definition::column::Measure;
use crate::engine::output::arrow_type;
use crate::engine::scope::Scope;
use crate::functions::tally::BEFORE;

/// One row per group.
pub(super) struct Table {
    pub(super) columns: Vec<AnswerColumn>,
    /// Position of the currency, where it is not among the columns.
    pub(super) currency: Option<usize>,
    /// Position of the number of rows before the first period.
    pub(super) before: Option<usize>,
    /// The columns that follow the answer's.
    hidden: Vec<Expr>,
    /// What the rows are sorted by, and whether descending; these columns come last.
    keys: Vec<(Expr, bool)>,
}

impl Table {
    pub(super) fn of(
        scope: &Scope<'_>,
        layout: &Layout<'_>,
        tallies: &Tallies,
        predicates: &[Expr],
    ) -> Self {
        let columns = answer::columns(layout, tallies);
        let mut hidden = Vec::new();
        let mut add = |value: Expr| {
            hidden.push(value);
            columns.len() + hidden.len() - 1
        };
        let currency =
            (layout.currency == CurrencyPlace::Joined).then(|| add(col(CURRENCY_COLUMN)));
        let before = layout.spread.as_ref().and_then(|_| tallies.row_count(BEFORE));
        let before = before.map(|rows| add(cast(rows, DataType::Int64)));
        let keys = answer::sort_keys(scope, layout, &columns, predicates);
        Self { columns, currency, before, hidden, keys }
    }

    /// All columns, each under a name of its own.
    pub(super) fn expressions(&self) -> Vec<Expr> {
        let shown = self.columns.iter().map(AnswerColumn::value).chain(self.hidden.iter().cloned());
        let shown = shown.enumerate().map(|(place, value)| value.alias(format!("column_{place}")));
        let keys = self.keys.iter().enumerate();
        shown.chain(keys.map(|(place, (key, _))| key.clone().alias(sort_name(place)))).collect()
    }

    /// The order of the rows.
    pub(super) fn order(&self) -> Vec<SortExpr> {
        let keys = self.keys.iter().enumerate();
        let keys =
            keys.map(|(place, (_, descending))| col(sort_name(place)).sort(!descending, false));
        keys.collect()
    }

    /// Position of the first column that the rows are sorted by.
    pub(super) fn keys_from(&self) -> usize {
        self.columns.len() + self.hidden.len()
    }

    pub(super) fn descending(&self) -> Vec<bool> {
        self.keys.iter().map(|(_, descending)| *descending).collect()
    }

    /// The one row of a report without rows: counts and amounts are 0, means null.
    pub(super) fn nothing(&self, scope: &Scope<'_>) -> Result<RecordBatch> {
        let schema = self.schema();
        let values = self.columns.iter().zip(schema.fields());
        let values = values.map(|(column, field)| -> Result<ArrayRef> {
            Ok(match column.measure {
                Some(Measure::Count) => Arc::new(Int64Array::from(vec![0])),
                Some(Measure::Sum) => {
                    let nothing = Decimal128Array::from(vec![0]);
                    Arc::new(nothing.with_precision_and_scale(38, 0)?)
                }
                Some(Measure::Mean | Measure::Total) | None => new_null_array(field.data_type(), 1),
            })
        });
        let mut values = values.collect::<Result<Vec<_>>>()?;
        if self.currency.is_some() {
            let currency = scope.provider().currency;
            values.push(Arc::new(StringArray::from(vec![currency.code()])));
        }
        RecordBatch::try_new(schema, values).map_err(DataFusionError::from)
    }

    /// The answer's columns by key, then the currency.
    pub(super) fn schema(&self) -> SchemaRef {
        let shown = self
            .columns
            .iter()
            .map(|column| Field::new(&column.output.key, arrow_type(&column.output.kind), true));
        let currency = self.currency.map(|_| Field::new(CURRENCY_COLUMN, DataType::Utf8, true));
        Arc::new(Schema::new(shown.chain(currency).collect::<Vec<_>>()))
    }
}

fn sort_name(place: usize) -> String {
    format!("sort_{place}")
}
