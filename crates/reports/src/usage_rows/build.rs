//! Usage to columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Int64Builder, RecordBatch, StringViewBuilder,
};
use datafusion::error::Result;
use model::time::Date;
use usage::{Count, LimitEntry, Limits, Usage};

use super::schema::{FIRST_NUMBER, schema};

/// Collects the rows of some memberships.
#[derive(Default)]
pub(super) struct Rows {
    ids: Int64Builder,
    memberships: Int64Builder,
    periods: StringViewBuilder,
    limit_types: StringViewBuilder,
    offering_types: Int64Builder,
    extras: BooleanBuilder,
    numbers: Numbers,
}

/// The computed columns.
#[derive(Default)]
struct Numbers {
    starts: Date32Builder,
    ends: Date32Builder,
    counts: [Int64Builder; 7],
}

/// How many rows a membership with these limits has.
pub(super) fn rows_of(limits: &Limits) -> i64 {
    i64::try_from(limits.entries().count()).unwrap_or(i64::MAX).max(1)
}

impl Rows {
    /// The rows of a membership whose limits these are, as far as `is_wanted` by their ids, which
    /// count from `first`; numbers only where usage was computed.
    pub(super) fn push(
        &mut self,
        membership: i64,
        limits: &Limits,
        usage: Option<&Usage>,
        first: i64,
        is_wanted: impl Fn(i64) -> bool,
    ) {
        let entries = limits.entries().map(Some);
        let none = limits.entries().next().is_none().then_some(None);
        let mut counts = usage.into_iter().flat_map(numbers_of);
        for (id, entry) in (first..).zip(entries.chain(none)) {
            let numbers = counts.next();
            if is_wanted(id) {
                self.push_entry(id, membership, entry);
                if usage.is_some() {
                    self.numbers.push(numbers.unwrap_or_default());
                }
            }
        }
    }

    fn push_entry(&mut self, id: i64, membership: i64, entry: Option<LimitEntry>) {
        self.ids.append_value(id);
        self.memberships.append_value(membership);
        self.periods.append_option(entry.map(|entry| entry.period.as_str()));
        self.limit_types.append_option(entry.map(|entry| entry.limit_type.as_str()));
        let own = entry.and_then(|entry| entry.own);
        self.offering_types.append_option(own.map(|(id, _)| id));
        self.extras.append_option(own.map(|(_, is_extra)| is_extra));
    }

    /// The rows so far; begins anew. Numbers that were not computed are null.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.ids.finish()),
            Arc::new(self.memberships.finish()),
            Arc::new(self.periods.finish()),
            Arc::new(self.limit_types.finish()),
            Arc::new(self.offering_types.finish()),
            Arc::new(self.extras.finish()),
        ];
        let rows = columns[0].len();
        let numbers = self
            .numbers
            .finish()
            .into_iter()
            .zip(schema().fields().iter().skip(FIRST_NUMBER).cloned().collect::<Vec<_>>());
        columns.extend(numbers.map(|(numbers, field)| match numbers.len() == rows {
            true => numbers,
            false => datafusion::arrow::array::new_null_array(field.data_type(), rows),
        }));
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

/// The numbers of one row.
#[derive(Default)]
struct RowNumbers<'u> {
    days: [Option<Date>; 2],
    count: Option<&'u Count>,
    /// Uses of a membership without limits.
    used_count: Option<i64>,
}

/// The numbers of each row of a membership, in their order.
fn numbers_of(usage: &Usage) -> Vec<RowNumbers<'_>> {
    let mut rows = Vec::new();
    for period in &usage.periods {
        let days = [period.start_date, period.end_date];
        let own = period.offering_types.iter().map(|own| &own.count);
        for count in std::iter::once(&period.count).chain(own) {
            rows.push(RowNumbers { days, count: Some(count), used_count: None });
        }
    }
    if rows.is_empty() {
        rows.push(RowNumbers { used_count: Some(usage.used_count), ..RowNumbers::default() });
    }
    rows
}

impl Numbers {
    fn push(&mut self, row: RowNumbers<'_>) {
        let [start, end] = row.days.map(|day| day.map(Date::days));
        self.starts.append_option(start);
        self.ends.append_option(end);
        let count = row.count;
        let adjusted = count.and_then(|count| count.prorate_adjustment.as_ref());
        let values = [
            count.and_then(|count| count.max_uses),
            count.map(|count| count.used_count).or(row.used_count),
            count.and_then(|count| count.remaining_count),
            count.and_then(|count| count.bookable_count),
            adjusted.map(|adjusted| adjusted.original_max_uses),
            adjusted.map(|adjusted| adjusted.active_days),
            adjusted.map(|adjusted| adjusted.total_days),
        ];
        for (builder, value) in self.counts.iter_mut().zip(values) {
            builder.append_option(value);
        }
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(self.starts.finish()), Arc::new(self.ends.finish())];
        columns.extend(self.counts.iter_mut().map(|count| Arc::new(count.finish()) as ArrayRef));
        columns
    }
}
