//! Refresh: rewrites segments whose key range changed, damaged segments, or all of them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::catalogue::{self, Table};
use model::id::{ProviderId, Revision};
use store::{KeyRange, RowKey, Snapshot};

use crate::error::MirrorError;
use crate::manifest::SegmentEntry;
use crate::segment::{DamageFlag, Segment};
use crate::state::SegmentSet;
use crate::writer::{SegmentLimits, UncommittedSegments, unwrap_visitor};

/// The set of segments that a refresh rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshScope {
    /// Segments whose rows changed since they were written, and damaged ones.
    Changed,
    /// All segments.
    All,
}

/// One refresh of all tables.
pub(crate) struct RefreshPass<'p, 'm> {
    pub(crate) snapshot: &'p dyn Snapshot,
    pub(crate) old: &'p SegmentSet,
    pub(crate) draft: &'p mut UncommittedSegments<'m>,
    pub(crate) folder: &'m crate::folder::MirrorFolder,
    pub(crate) health: &'p Arc<DamageFlag>,
    pub(crate) limits: SegmentLimits,
    pub(crate) scope: RefreshScope,
}

/// The segments of one table that must be rewritten.
struct ChangedSegments {
    /// For each segment, the number of changes in its key range. `None` means that it is kept.
    changes: Vec<Option<u64>>,
}

/// A run of neighbouring segments that are replaced together.
struct SegmentRun {
    segments: RangeInclusive<usize>,
    /// The maximum number of rows to expect.
    rows: u64,
}

impl RefreshPass<'_, '_> {
    /// Rewrites segments as needed, and returns the base at the snapshot's revision.
    pub(crate) fn run(mut self, generation: u64) -> Result<SegmentSet, MirrorError> {
        let table_revisions = self.snapshot.table_revisions()?;
        let tables = catalogue::tables()
            .iter()
            .map(|table| self.table(table, table_revisions[table.position]))
            .collect::<Result<_, _>>()?;
        Ok(SegmentSet { generation, revision: self.snapshot.revision(), tables, table_revisions })
    }

    fn table(
        &mut self,
        table: &'static Table,
        last_written: Revision,
    ) -> Result<Vec<Arc<Segment>>, MirrorError> {
        let old = &self.old.tables[table.position];
        let is_unchanged = last_written <= self.old.revision;
        let is_sound = old.iter().all(|segment| !segment.is_damaged());
        if self.scope == RefreshScope::Changed && is_unchanged && is_sound {
            return Ok(old.clone());
        }
        if self.scope == RefreshScope::All || old.is_empty() {
            let written = self.draft.write(self.snapshot, table, KeyRange::ALL, self.limits)?;
            return Ok(self.segments(table, written));
        }
        let touched = ChangedSegments::find(self.snapshot, table, old, self.old.revision)?;
        let mut segments = Vec::with_capacity(old.len());
        let mut next = 0;
        for run in touched.runs(old, self.limits.segment_rows) {
            segments.extend_from_slice(&old[next..*run.segments.start()]);
            let range = key_range(old, &run.segments);
            let written = self.draft.write(self.snapshot, table, range, self.even_limits(&run))?;
            segments.extend(self.segments(table, written));
            next = run.segments.end() + 1;
        }
        segments.extend_from_slice(&old[next..]);
        Ok(segments)
    }

    /// Returns limits that divide a run into segments of about equal size, so that no small segment
    /// remains. A segment may exceed the usual size by a quarter, so that a full segment with a few
    /// changes is not split.
    fn even_limits(&self, run: &SegmentRun) -> SegmentLimits {
        let rows_max = self.limits.segment_rows.saturating_add(self.limits.segment_rows / 4);
        let count = run.rows.div_ceil(rows_max).max(1);
        let segment_rows = run.rows.div_ceil(count).max(1);
        SegmentLimits { segment_rows, ..self.limits }
    }

    fn segments(&self, table: &'static Table, written: Vec<SegmentEntry>) -> Vec<Arc<Segment>> {
        let segment = |entry| Arc::new(Segment::new(self.folder, table, entry, self.health));
        written.into_iter().map(segment).collect()
    }
}

impl ChangedSegments {
    fn find(
        snapshot: &dyn Snapshot,
        table: &'static Table,
        segments: &[Arc<Segment>],
        after: Revision,
    ) -> Result<Self, MirrorError> {
        let damaged = segments.iter().map(|segment| segment.is_damaged().then_some(0));
        let mut changes: Vec<Option<u64>> = damaged.collect();
        let mut note = |key: RowKey| {
            let count = &mut changes[segment_position_for(segments, key)];
            *count = Some(count.unwrap_or(0) + 1);
        };
        let written = snapshot.rows_changed_since(table, after, &mut |row| {
            note(row.key());
            Ok(())
        });
        written.map_err(unwrap_visitor)?;
        snapshot.keys_deleted_since(table, after)?.into_iter().for_each(note);
        Ok(Self { changes })
    }

    /// Returns the runs of segments to replace. A run includes neighbours that fit into one segment
    /// with it.
    fn runs(&self, segments: &[Arc<Segment>], segment_rows: u64) -> Vec<SegmentRun> {
        let rows_of =
            |position: usize| segments[position].entry.rows + self.changes[position].unwrap_or(0);
        let mut runs: Vec<SegmentRun> = Vec::new();
        let mut next = 0;
        while let Some(offset) = self.changes[next..].iter().position(Option::is_some) {
            let mut run = SegmentRun {
                segments: next + offset..=next + offset,
                rows: rows_of(next + offset),
            };
            while *run.segments.start() > next
                && run.rows + rows_of(run.segments.start() - 1) <= segment_rows
            {
                run.rows += rows_of(run.segments.start() - 1);
                run.segments = run.segments.start() - 1..=*run.segments.end();
            }
            while let Some(change) = self.changes.get(run.segments.end() + 1)
                && (change.is_some() || run.rows + rows_of(run.segments.end() + 1) <= segment_rows)
            {
                run.rows += rows_of(run.segments.end() + 1);
                run.segments = *run.segments.start()..=run.segments.end() + 1;
            }
            next = run.segments.end() + 1;
            runs.push(run);
        }
        runs
    }
}

/// Returns the position of the segment whose key range contains `key`. A range extends to the next
/// segment's first key; the first one also contains all smaller keys.
fn segment_position_for(segments: &[Arc<Segment>], key: RowKey) -> usize {
    let after = segments.partition_point(|segment| segment.entry.first() <= Some(key));
    after.saturating_sub(1)
}

/// Returns the key range of a run of neighbouring segments.
fn key_range(segments: &[Arc<Segment>], run: &RangeInclusive<usize>) -> KeyRange {
    let first_of = |position: usize| segments.get(position).and_then(|s| s.entry.first());
    let first = if *run.start() == 0 { None } else { first_of(*run.start()) };
    let last = first_of(run.end() + 1).map(key_before);
    KeyRange {
        first: first.unwrap_or(KeyRange::ALL.first),
        last: last.unwrap_or(KeyRange::ALL.last),
    }
}

fn key_before(key: RowKey) -> RowKey {
    match key.id.checked_sub(1) {
        Some(id) => RowKey { id, ..key },
        None => RowKey { provider: ProviderId(key.provider.0.saturating_sub(1)), id: i64::MAX },
    }
}

/// Updates the damage flag after a refresh: it stays set if a segment is still marked as damaged.
pub(crate) fn update_damage_flag(health: &DamageFlag, base: &SegmentSet) {
    let is_damaged = base.segments().any(|segment| segment.is_damaged());
    health.is_damaged.store(is_damaged, Ordering::Release);
}
