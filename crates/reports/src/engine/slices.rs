//! All matching rows in order, computed one slice after another, so that memory does not grow with
//! their number.
//!
//! A first plan reads the ids in order, to find where slices can end. Then each slice is computed
//! like a page: its ids, and what their columns need. Each relation is read only for the keys in
//! the slice.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{Expr, LogicalPlan, lit};
use datafusion::prelude::col;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use mirror::{MirrorError, MirrorSession};

use super::matching::{self, RowSortKey};
use super::output::ResultColumns;
use super::{base, fetch};
use crate::definition::RowSource;
use crate::error::ReportError;
use crate::query_scope::{QueryScope, ScopeValues};
use crate::rows::RowStream;

/// The number of rows between two cuts, which are the places where a slice can end.
const CUT_ROWS: usize = 1 << 10;
/// The size in bytes that a slice should have. It is small enough to hold in memory with all
/// related rows, and large enough that reading the relations for it pays.
const SLICE_BYTES: usize = 16 << 20;
/// The size of the largest slice, in cuts.
const SLICE_CUTS_MAX: usize = 128;
/// The number of slices that are computed at the same time.
const SLICES_AHEAD: usize = 2;
/// The number of rows of one batch.
const BATCH_ROWS: usize = 1 << 13;

/// The rows of a source, with the cuts between which slices are computed.
pub(crate) struct SlicedRows {
    source: &'static RowSource,
    predicates: Vec<Expr>,
    by: Option<&'static str>,
    cuts: Vec<SlicePosition>,
    /// The number of rows.
    pub(crate) total: u64,
}

/// The place of a row in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SlicePosition {
    /// The value by which rows are ordered before the id; the id itself if there is none.
    key: i64,
    id: i64,
}

/// Reads the matching rows of a stored base in order, to count them and find the cuts. The order is
/// by the column `by` of the base, an id that is never null, and then by the id.
pub(crate) async fn cut_rows(
    scope: &QueryScope<'_>,
    source: &'static RowSource,
    predicates: Vec<Expr>,
    by: Option<&'static str>,
) -> Result<SlicedRows, ReportError> {
    let mut sliced = SlicedRows { source, predicates, by, cuts: Vec::new(), total: 0 };
    let mut batches = scope.session.stream(sliced.places(scope, None)?);
    let mut missing = CUT_ROWS;
    let mut last = None;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let mut at = 0;
        while at < batch.num_rows() {
            let taken = missing.min(batch.num_rows() - at);
            at += taken;
            missing -= taken;
            last = Some(row_place_at(&batch, at - 1));
            if missing == 0 {
                sliced.cuts.extend(last.take());
                missing = CUT_ROWS;
            }
        }
        sliced.total += batch.num_rows() as u64;
    }
    sliced.cuts.extend(last);
    Ok(sliced)
}

fn row_place_at(batch: &RecordBatch, row: usize) -> SlicePosition {
    let value = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
    SlicePosition { key: value(0), id: value(1) }
}

impl SlicedRows {
    /// Returns the rows in the batch layout of `output`.
    pub(crate) fn stream(self, scope: &QueryScope<'_>, output: ResultColumns) -> RowStream {
        let (session, moment) = (scope.session.clone(), scope.values());
        let row_bytes = AtomicUsize::new(SLICE_BYTES / CUT_ROWS);
        let cuts_max = AtomicUsize::new(SLICE_CUTS_MAX);
        let work =
            Arc::new(SliceWork { session, moment, sliced: self, output, row_bytes, cuts_max });
        let slices = {
            let work = Arc::clone(&work);
            let mut begin = 0;
            std::iter::from_fn(move || {
                let slice = begin..work.end_of_slice(begin);
                begin = slice.end;
                (!slice.is_empty()).then_some(slice)
            })
        };
        stream::iter(slices)
            .map(move |slice| {
                let work = Arc::clone(&work);
                let session = work.session.clone();
                let rows = async move { work.rows(slice).await };
                async move { session.engine().spawn(rows.boxed()).await? }
            })
            .buffered(SLICES_AHEAD)
            .map_ok(|made| {
                stream::iter(made.iter().flat_map(split_into_batches).collect::<Vec<_>>())
            })
            .try_flatten()
            .boxed()
    }

    /// Returns a plan with the places of the rows in order: of one slice, or of all.
    fn places(
        &self,
        scope: &QueryScope<'_>,
        slice: Option<&Range<usize>>,
    ) -> Result<LogicalPlan, ReportError> {
        let keys: Vec<RowSortKey> = self
            .by
            .map(|by| RowSortKey { value: col(by), descending: false })
            .into_iter()
            .collect();
        let base = match self.by {
            None => base::candidate_rows_by_id(scope, self.source, &self.predicates)?,
            Some(_) => base::candidate_rows(scope, self.source, &self.predicates)?,
        };
        let base = match slice {
            Some(slice) => base.filter(self.is_in(slice))?,
            None => base,
        };
        let mut values = matching::sort_key_values(&keys);
        values.push(("id".to_owned(), self.source.base_column("id")));
        let rows = matching::select_rows(scope, self.source, base, &self.predicates, &values)?;
        let key = values[0].0.clone();
        let place = vec![col(key).alias("key"), col("id").alias("row_id")];
        Ok(rows.sort(matching::sort_order(&keys))?.project(place)?.build()?)
    }

    /// Returns the condition that a row belongs to the slice of these cuts: it comes after the cut
    /// before them, and not after the last one.
    fn is_in(&self, slice: &Range<usize>) -> Expr {
        let id = self.source.base_column("id");
        let key = self.by.map_or_else(|| id.clone(), col);
        let up_to = |end: SlicePosition| {
            let before = key.clone().lt(lit(end.key));
            before.or(key.clone().eq(lit(end.key)).and(id.clone().lt_eq(lit(end.id))))
        };
        let end = self.cuts[slice.end - 1];
        let until = key.clone().lt_eq(lit(end.key)).and(up_to(end));
        match slice.start.checked_sub(1).map(|before| self.cuts[before]) {
            None => until,
            Some(begin) => {
                let from = key.clone().gt_eq(lit(begin.key));
                let after = key.clone().gt(lit(begin.key));
                let same = key.clone().eq(lit(begin.key)).and(id.clone().gt(lit(begin.id)));
                from.and(until).and(after.or(same))
            }
        }
    }
}

/// The state that all slices share.
struct SliceWork {
    session: MirrorSession,
    moment: ScopeValues,
    sliced: SlicedRows,
    output: ResultColumns,
    /// The bytes per row of the last slice that was computed.
    row_bytes: AtomicUsize,
    /// The largest number of cuts per slice that memory has had room for so far.
    cuts_max: AtomicUsize,
}

impl SliceWork {
    /// Returns the end of the slice that begins at this cut.
    fn end_of_slice(&self, begin: usize) -> usize {
        let rows = SLICE_BYTES / self.row_bytes.load(Ordering::Relaxed).max(1);
        let cuts = (rows / CUT_ROWS).clamp(1, self.cuts_max.load(Ordering::Relaxed));
        self.sliced.cuts.len().min(begin + cuts)
    }

    /// Computes the rows of a slice. If memory runs out, the slice is computed in halves.
    async fn rows(&self, slice: Range<usize>) -> Result<Vec<RecordBatch>, ReportError> {
        let mut made = Vec::new();
        let mut waiting = vec![slice];
        while let Some(slice) = waiting.pop() {
            match self.rows_at_once(&slice).await {
                Err(ReportError::Mirror(MirrorError::MemoryExhausted(_))) if slice.len() > 1 => {
                    let half = slice.len() / 2;
                    self.cuts_max.fetch_min(half, Ordering::Relaxed);
                    let middle = slice.start + half;
                    waiting.extend([middle..slice.end, slice.start..middle]);
                }
                rows => made.push(rows?),
            }
        }
        Ok(made)
    }

    async fn rows_at_once(&self, slice: &Range<usize>) -> Result<RecordBatch, ReportError> {
        let scope = QueryScope::with_values(&self.session, self.moment);
        let places = self.sliced.places(&scope, Some(slice))?;
        let mut ids = Vec::new();
        for batch in scope.session.collect(places).await? {
            ids.extend_from_slice(batch.column(1).as_primitive::<Int64Type>().values());
        }
        let rows = fetch::fetch_rows(&scope, self.sliced.source, &self.output, &ids, None).await?;
        let row_bytes = rows.get_array_memory_size() / rows.num_rows().max(1);
        self.row_bytes.store(row_bytes, Ordering::Relaxed);
        Ok(rows)
    }
}

/// Splits a slice into batches of [`BATCH_ROWS`] rows.
fn split_into_batches(slice: &RecordBatch) -> Vec<Result<RecordBatch, ReportError>> {
    let piece = |first| slice.slice(first, BATCH_ROWS.min(slice.num_rows() - first));
    (0..slice.num_rows()).step_by(BATCH_ROWS).map(|first| Ok(piece(first))).collect()
}
