//! The rows of one page of groups, collected while all groups are counted.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{
    SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch,
};
use datafusion::arrow::error::ArrowError;

/// The number of rows that are collected at least before those behind the page are dropped.
const ROWS_KEPT: usize = 8_192;

fn concat_all(batches: &[RecordBatch]) -> Result<Option<RecordBatch>, ArrowError> {
    let Some(first) = batches.first() else { return Ok(None) };
    concat_batches(&first.schema(), batches).map(Some)
}

/// Keeps the first rows, in a given order, of batches that come in any order.
pub(super) struct TopRows {
    /// The number of first rows to keep.
    wanted: usize,
    /// The number of those rows that come before the page.
    offset: usize,
    /// The position of the first sort key; the sort keys are the last columns.
    keys_from: usize,
    /// True for each sort key in descending order.
    descending: Vec<bool>,
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl TopRows {
    pub(super) fn new(
        wanted: usize,
        offset: usize,
        keys_from: usize,
        descending: Vec<bool>,
    ) -> Self {
        Self { wanted, offset, keys_from, descending, batches: vec![], rows: 0 }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if self.wanted == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        self.batches.push(batch.clone());
        if self.rows > self.wanted.saturating_mul(2).max(ROWS_KEPT) {
            let first = self.sorted()?;
            self.rows = first.as_ref().map_or(0, RecordBatch::num_rows);
            self.batches = first.into_iter().collect();
        }
        Ok(())
    }

    /// The page's rows, in order; none when it has none.
    pub(super) fn rows(mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let rows = self.sorted()?.filter(|rows| rows.num_rows() > self.offset);
        Ok(rows.map(|rows| rows.slice(self.offset, rows.num_rows() - self.offset)))
    }

    fn sorted(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let Some(rows) = concat_all(&std::mem::take(&mut self.batches))? else { return Ok(None) };
        if self.descending.is_empty() {
            return Ok(Some(rows.slice(0, self.wanted.min(rows.num_rows()))));
        }
        let keys = rows.columns()[self.keys_from..].iter().zip(&self.descending);
        let keys = keys.map(|(values, descending)| SortColumn {
            values: ArrayRef::clone(values),
            options: Some(SortOptions { descending: *descending, nulls_first: false }),
        });
        let order = lexsort_to_indices(&keys.collect::<Vec<_>>(), Some(self.wanted))?;
        take_record_batch(&rows, &order).map(Some)
    }
}

/// Cuts a page out of batches that come in order.
pub(super) struct BatchWindow {
    offset: u64,
    last: u64,
    seen: u64,
    batches: Vec<RecordBatch>,
}

impl BatchWindow {
    pub(super) fn new(offset: u64, limit: u64) -> Self {
        Self { offset, last: offset.saturating_add(limit), seen: 0, batches: vec![] }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let rows = batch.num_rows() as u64;
        let from = self.offset.saturating_sub(self.seen).min(rows);
        let until = self.last.saturating_sub(self.seen).min(rows);
        self.seen += rows;
        if from < until {
            // Both are at most the number of rows of a batch.
            self.batches.push(batch.slice(from as usize, (until - from) as usize));
        }
    }

    /// Returns true if no later row belongs to the page.
    pub(super) fn is_full(&self) -> bool {
        self.seen >= self.last
    }

    /// The page's rows, in order; none when it has none.
    pub(super) fn rows(self) -> Result<Option<RecordBatch>, ArrowError> {
        concat_all(&self.batches)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{AsArray, Int64Array};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn batch(numbers: Vec<i64>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("number", DataType::Int64, true)]);
        let column: ArrayRef = Arc::new(Int64Array::from(numbers));
        RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
    }

    fn numbers(rows: Option<RecordBatch>) -> Vec<i64> {
        let rows = rows.map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec());
        rows.unwrap_or_default()
    }

    #[test]
    fn pages_are_the_same_in_any_order_and_in_order() {
        let count = 3 * ROWS_KEPT as i64;
        let mixed = (0..count).map(|n| (n * 7_919) % count).collect::<Vec<_>>();
        for (offset, limit) in [(0, 5), (3, 4), (9_000, 100), (count - 2, 10), (count, 1)] {
            let expected = (offset..count.min(offset + limit)).collect::<Vec<_>>();
            let wanted = usize::try_from(offset + limit).unwrap();
            let mut first = TopRows::new(wanted, offset as usize, 0, vec![false]);
            for numbers in mixed.chunks(1_000) {
                first.add(&batch(numbers.to_vec())).unwrap();
            }
            assert_eq!(numbers(first.rows().unwrap()), expected, "{offset} {limit}");
            let mut window = BatchWindow::new(offset as u64, limit as u64);
            for start in (0..count).step_by(1_000) {
                window.add(&batch((start..count.min(start + 1_000)).collect()));
            }
            assert_eq!(numbers(window.rows().unwrap()), expected, "{offset} {limit}");
        }
    }
}
