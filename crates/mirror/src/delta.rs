//! The delta: changes after the revision that the segments cover, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use datafusion::arrow::compute::interleave_record_batch;
use datafusion::arrow::datatypes::Int64Type;
use model::catalogue::{self, Table};
use model::id::{ProviderId, Revision};
use parking_lot::Mutex;
use store::{Snapshot, StoreError};

use crate::columns::RowBuilder;
use crate::error::MirrorError;
use crate::locate::RowMasks;
use crate::writer::unwrap_visitor;

/// The number of text buffers in one column of a delta above which they are copied into one.
const TEXT_BUFFERS_MAX: usize = 64;

/// The changes in one table, by provider.
pub(crate) type TableDelta = BTreeMap<ProviderId, Arc<ProviderDelta>>;

/// The changes of one provider in one table.
#[derive(Debug)]
pub(crate) struct ProviderDelta {
    /// Ids of written and deleted rows, ascending. Scans must leave these rows out of segments.
    pub(crate) changed: Arc<[i64]>,
    /// The changed rows that still exist, in id order.
    pub(crate) rows: RecordBatch,
    /// The positions of the changed ids in the segments.
    pub(crate) places: Mutex<ChangedRowPositions>,
}

/// The known positions of changed ids in the segments. They are only searched for when a session
/// reads the table.
#[derive(Debug, Default)]
pub(crate) struct ChangedRowPositions {
    /// The rows of the ids searched for so far.
    pub(crate) found: Arc<RowMasks>,
    /// Ids that were not searched for yet, ascending.
    pub(crate) pending_ids: Vec<i64>,
}

/// Changes of one provider in one table, as read from the store.
struct ProviderChanges {
    written: Vec<i64>,
    rows: RecordBatch,
    deleted: Vec<i64>,
}

/// The number of changes that may still be added to the deltas in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangeBudget {
    left: u64,
}

impl ChangeBudget {
    pub(crate) fn new(left: u64) -> Self {
        Self { left }
    }

    #[must_use]
    fn take(&mut self, changes: u64) -> bool {
        let enough = self.left >= changes;
        self.left = self.left.saturating_sub(changes);
        enough
    }

    pub(crate) fn left(self) -> u64 {
        self.left
    }
}

/// The error with which a row visitor stops when the budget is exceeded.
#[derive(Debug, thiserror::Error)]
#[error("more changes than the delta may hold")]
struct BudgetSpent;

/// Returns the table's delta with the changes after revision `after` added, or `None` if there are
/// more changes than the budget allows.
pub(crate) fn advance_table_delta(
    snapshot: &dyn Snapshot,
    table: &'static Table,
    old: &TableDelta,
    after: Revision,
    budget: &mut ChangeBudget,
) -> Result<Option<TableDelta>, MirrorError> {
    let Some(changes) = read_changes(snapshot, table, after, budget)? else { return Ok(None) };
    let mut delta = old.clone();
    for (provider, changes) in changes {
        let next = match old.get(&provider) {
            Some(old) => old.with(changes)?,
            None => ProviderDelta::new(changes),
        };
        delta.insert(provider, Arc::new(next));
    }
    Ok(Some(delta))
}

fn read_changes(
    snapshot: &dyn Snapshot,
    table: &'static Table,
    after: Revision,
    budget: &mut ChangeBudget,
) -> Result<Option<BTreeMap<ProviderId, ProviderChanges>>, MirrorError> {
    let mut changes = BTreeMap::new();
    let mut builder = RowBuilder::new(table);
    let mut written = Vec::new();
    let mut finish = |builder: &mut RowBuilder, written: &mut Vec<i64>| {
        let Some(key) = builder.last_key() else { return Ok(()) };
        let (rows, written) = (builder.finish_table()?, std::mem::take(written));
        changes.insert(key.provider, ProviderChanges { written, rows, deleted: Vec::new() });
        Ok::<_, MirrorError>(())
    };
    let outcome = snapshot.rows_changed_since(table, after, &mut |row| {
        let key = row.key();
        if !budget.take(1) {
            return Err(StoreError::Visitor(Box::new(BudgetSpent)));
        }
        if builder.last_key().is_some_and(|last| last.provider != key.provider) {
            let finished = finish(&mut builder, &mut written);
            finished.map_err(|error| StoreError::Visitor(Box::new(error)))?;
        }
        written.push(key.id);
        builder.push(row)
    });
    match outcome {
        Err(StoreError::Visitor(stopped)) if stopped.is::<BudgetSpent>() => return Ok(None),
        outcome => outcome.map_err(unwrap_visitor)?,
    }
    finish(&mut builder, &mut written)?;
    let deleted = snapshot.keys_deleted_since(table, after)?;
    if !budget.take(deleted.len() as u64) {
        return Ok(None);
    }
    for key in deleted {
        let of_provider = changes.entry(key.provider).or_insert_with(|| ProviderChanges {
            written: Vec::new(),
            rows: RecordBatch::new_empty(crate::schema::table_schema(table)),
            deleted: Vec::new(),
        });
        of_provider.deleted.push(key.id);
    }
    Ok(Some(changes))
}

impl ProviderChanges {
    /// Returns the ids of written and deleted rows, ascending.
    fn ids(&self) -> Vec<i64> {
        let mut ids = [self.written.as_slice(), &self.deleted].concat();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl ProviderDelta {
    fn new(changes: ProviderChanges) -> Self {
        let changed: Arc<[i64]> = changes.ids().into();
        let places = ChangedRowPositions { found: Arc::default(), pending_ids: changed.to_vec() };
        Self { changed, rows: changes.rows, places: Mutex::new(places) }
    }

    /// Returns this delta with further changes added. The cost depends on the size of both, not on
    /// the size of the table.
    fn with(&self, changes: ProviderChanges) -> Result<Self, MirrorError> {
        let ids = changes.ids();
        let rows = merge_rows(&self.rows, &ids, &changes.rows, &changes.written)?;
        let unknown = ids.iter().copied().filter(|id| self.changed.binary_search(id).is_err());
        let unknown: Vec<i64> = unknown.collect();
        let places = {
            let places = self.places.lock();
            let sought = merge_ids(&places.pending_ids, &unknown);
            ChangedRowPositions { found: Arc::clone(&places.found), pending_ids: sought }
        };
        let changed = merge_ids(&self.changed, &unknown).into();
        Ok(Self { changed, rows, places: Mutex::new(places) })
    }
}

/// Returns the `id` column of rows that have the columns of a plan's table.
pub(crate) fn ids_of(rows: &RecordBatch) -> &[i64] {
    rows.column(catalogue::ID).as_primitive::<Int64Type>().values()
}

/// Merges two ascending lists that have no ids in common.
fn merge_ids(left: &[i64], right: &[i64]) -> Vec<i64> {
    let mut merged = [left, right].concat();
    // The stable sort detects two sorted runs and merges them in one pass.
    merged.sort();
    merged
}

/// Merges the old rows, without the changed ids, with the new rows, in id order.
fn merge_rows(
    old: &RecordBatch,
    changed: &[i64],
    new: &RecordBatch,
    new_ids: &[i64],
) -> Result<RecordBatch, MirrorError> {
    let mut picks = Vec::with_capacity(old.num_rows() + new.num_rows());
    let mut changed = changed.iter().peekable();
    let mut next = 0;
    for (row, id) in ids_of(old).iter().enumerate() {
        while new_ids.get(next).is_some_and(|new_id| new_id <= id) {
            picks.push((1, next));
            next += 1;
        }
        while changed.peek().is_some_and(|change| *change < id) {
            changed.next();
        }
        if changed.peek() != Some(&id) {
            picks.push((0, row));
        }
    }
    picks.extend((next..new_ids.len()).map(|row| (1, row)));
    merge_text_buffers(interleave_record_batch(&[old, new], &picks)?)
}

/// Copies text into one buffer if a column has many. Interleaving keeps the buffers of both inputs.
fn merge_text_buffers(rows: RecordBatch) -> Result<RecordBatch, MirrorError> {
    let is_scattered = |text: &&StringViewArray| text.data_buffers().len() > TEXT_BUFFERS_MAX;
    if !rows.columns().iter().any(|c| c.as_string_view_opt().as_ref().is_some_and(is_scattered)) {
        return Ok(rows);
    }
    let columns = rows.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(text) => Arc::new(text.gc()) as Arc<dyn Array>,
        None => Arc::clone(column),
    });
    Ok(RecordBatch::try_new(rows.schema(), columns.collect())?)
}
