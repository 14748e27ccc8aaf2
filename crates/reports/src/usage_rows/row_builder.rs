//! Builds record batches from usage.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::Result;
use model::time::Date;
use usage::{LimitCounts, LimitEntry, Usage, UsageLimits};

use super::schema::{UsageColumn, schema_of};

/// A builder of batches that collects the rows of memberships.
pub(super) struct UsageRowsBuilder {
    schema: SchemaRef,
    columns: Vec<(UsageColumn, UsageColumnBuilder)>,
    count: usize,
}

enum UsageColumnBuilder {
    Int(Int64Builder),
    Text(StringViewBuilder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
}

/// One row of the table.
struct UsageRow<'u> {
    id: i64,
    membership: i64,
    entry: Option<LimitEntry>,
    numbers: UsageNumbers<'u>,
}

/// The computed numbers of one row; empty if they were not computed.
#[derive(Default)]
struct UsageNumbers<'u> {
    days: [Option<Date>; 2],
    count: Option<&'u LimitCounts>,
    /// The number of uses of a membership without limits.
    used_count: Option<i64>,
}

/// Returns the number of rows of a membership with these limits.
pub(super) fn row_count_of_limits(limits: &UsageLimits) -> i64 {
    i64::try_from(limits.entries().count()).unwrap_or(i64::MAX).max(1)
}

impl UsageRowsBuilder {
    /// Makes an empty builder with these columns.
    pub(super) fn for_columns(columns: &[UsageColumn]) -> Self {
        let schema = schema_of(columns);
        let types =
            schema.fields().iter().map(|field| UsageColumnBuilder::for_type(field.data_type()));
        let columns = columns.iter().copied().zip(types).collect();
        Self { schema, columns, count: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the rows of a membership with these limits, if `is_wanted` is true for their ids. The
    /// ids count up from `first`. Numbers are set only if `usage` is given.
    pub(super) fn push(
        &mut self,
        membership: i64,
        limits: &UsageLimits,
        usage: Option<&Usage>,
        first: i64,
        is_wanted: impl Fn(i64) -> bool,
    ) {
        let entries = limits.entries().map(Some);
        let none = limits.entries().next().is_none().then_some(None);
        let mut numbers = usage.into_iter().flat_map(numbers_of_usage);
        for (id, entry) in (first..).zip(entries.chain(none)) {
            let numbers = numbers.next().unwrap_or_default();
            if is_wanted(id) {
                self.add(&UsageRow { id, membership, entry, numbers });
            }
        }
    }

    fn add(&mut self, row: &UsageRow<'_>) {
        self.count += 1;
        for (column, builder) in &mut self.columns {
            match builder {
                UsageColumnBuilder::Int(values) => values.append_option(row.int(*column)),
                UsageColumnBuilder::Text(values) => values.append_option(row.text(*column)),
                UsageColumnBuilder::Bool(values) => values.append_option(row.flag(*column)),
                UsageColumnBuilder::Date(values) => {
                    values.append_option(row.day(*column).map(Date::days))
                }
            }
        }
    }

    /// Returns the rows collected so far as a batch, and starts a new one.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self.columns.iter_mut().map(|(_, builder)| builder.finish()).collect();
        let count = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.count)));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &count)?)
    }
}

impl UsageColumnBuilder {
    fn for_type(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8View => Self::Text(StringViewBuilder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            _ => Self::Int(Int64Builder::new()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(values) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
        }
    }
}

impl UsageRow<'_> {
    fn int(&self, column: UsageColumn) -> Option<i64> {
        let count = self.numbers.count;
        let adjusted = || count.and_then(|count| count.prorate_adjustment.as_ref());
        match column {
            UsageColumn::Id => Some(self.id),
            UsageColumn::Owner => Some(self.membership),
            UsageColumn::OfferingType => self.own().map(|(id, _)| id),
            UsageColumn::MaxUses => count.and_then(|count| count.max_uses),
            UsageColumn::UsedCount => {
                count.map(|count| count.used_count).or(self.numbers.used_count)
            }
            UsageColumn::RemainingCount => count.and_then(|count| count.remaining_count),
            UsageColumn::BookableCount => count.and_then(|count| count.bookable_count),
            UsageColumn::OriginalMaxUses => adjusted().map(|adjusted| adjusted.original_max_uses),
            UsageColumn::ActiveDays => adjusted().map(|adjusted| adjusted.active_days),
            UsageColumn::TotalDays => adjusted().map(|adjusted| adjusted.total_days),
            _ => None,
        }
    }

    fn text(&self, column: UsageColumn) -> Option<&'static str> {
        match column {
            UsageColumn::PeriodType => self.entry.map(|entry| entry.period.as_str()),
            UsageColumn::LimitType => self.entry.map(|entry| entry.limit_type.as_str()),
            _ => None,
        }
    }

    fn flag(&self, column: UsageColumn) -> Option<bool> {
        self.own().filter(|_| column == UsageColumn::IsExtra).map(|(_, is_extra)| is_extra)
    }

    fn day(&self, column: UsageColumn) -> Option<Date> {
        let [start, end] = self.numbers.days;
        match column {
            UsageColumn::StartDate => start,
            UsageColumn::EndDate => end,
            _ => None,
        }
    }

    fn own(&self) -> Option<(i64, bool)> {
        self.entry.and_then(|entry| entry.own)
    }
}

/// Returns the numbers of each row of a membership, in order.
fn numbers_of_usage(usage: &Usage) -> Vec<UsageNumbers<'_>> {
    let mut rows = Vec::new();
    for period in &usage.periods {
        let days = [period.start_date, period.end_date];
        let own = period.offering_types.iter().map(|own| &own.count);
        for count in std::iter::once(&period.count).chain(own) {
            rows.push(UsageNumbers { days, count: Some(count), used_count: None });
        }
    }
    if rows.is_empty() {
        rows.push(UsageNumbers { used_count: Some(usage.used_count), ..UsageNumbers::default() });
    }
    rows
}
