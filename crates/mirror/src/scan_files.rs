//! Division of a scan into files and row ranges that threads share.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::parquet::arrow::arrow_reader::RowSelection;
use datafusion::parquet::file::metadata::ParquetMetaData;
use model::catalogue;
use model::id::ProviderId;

use crate::error::MirrorError;
use crate::locate;
use crate::manifest::ProviderRange;
use crate::segment::Segment;
use crate::session::ScanKeys;

/// The number of rows below which a scan runs on one thread.
const ROWS_FOR_TWO: usize = 32_768;
/// The number of rows that a scan goes through in the time that it takes to read a single row.
const ROWS_PER_FOUND_ROW: usize = 512;
/// The number of files per thread, so that a thread that finishes early can take over work of
/// others.
const UNITS_PER_THREAD: usize = 4;

/// The rows of one provider in one segment that a scan returns.
#[derive(Debug)]
pub(crate) struct SegmentSlice {
    pub(crate) segment: Arc<Segment>,
    pub(crate) range: ProviderRange,
    /// Rows of the file to leave out, ascending.
    masked: Vec<usize>,
    /// The only rows of the file to return, ascending, without masked ones; all if none.
    wanted: Option<Vec<usize>>,
}

/// A range of rows in one row group.
#[derive(Debug)]
struct RowGroupSlice {
    group: usize,
    /// The rows, counted from the start of the row group.
    rows: Range<usize>,
}

impl SegmentSlice {
    /// Creates the part, or returns `None` if it would have no rows. With `keys`, rows that have
    /// none of them may be left out.
    pub(crate) fn new(
        segment: &Arc<Segment>,
        provider: ProviderId,
        masked: &[usize],
        keys: Option<&ScanKeys>,
    ) -> Result<Option<Self>, MirrorError> {
        let Some(range) = segment.range_of(provider).copied() else { return Ok(None) };
        let rows = range.start as usize..(range.start + range.rows) as usize;
        let wanted = match keys {
            Some(keys) if keys.column == catalogue::ID => {
                Some(locate::find_rows(segment, &range, &keys.ids)?)
            }
            Some(keys) => segment.rows_with_keys(keys.column, &keys.ids, &rows)?,
            None => None,
        };
        let is_shown = |row: &usize| masked.binary_search(row).is_err();
        let wanted = wanted.map(|rows| rows.into_iter().filter(is_shown).collect());
        let part = Self { segment: Arc::clone(segment), range, masked: masked.to_vec(), wanted };
        Ok((part.rows_shown() > 0).then_some(part))
    }

    pub(crate) fn rows_shown(&self) -> usize {
        match &self.wanted {
            Some(rows) => rows.len(),
            None => (self.range.rows as usize).saturating_sub(self.masked.len()),
        }
    }

    /// Returns the cost of reading this part, in rows of a scan.
    fn cost(&self) -> usize {
        match &self.wanted {
            Some(rows) => (rows.len() * ROWS_PER_FOUND_ROW).min(self.range.rows as usize),
            None => self.range.rows as usize,
        }
    }

    /// Returns the row ranges of this part, one for each row group that contains some of its rows.
    fn pieces(&self, metadata: &ParquetMetaData) -> Vec<RowGroupSlice> {
        let (start, end) =
            (self.range.start as usize, (self.range.start + self.range.rows) as usize);
        let mut pieces = Vec::new();
        let mut group_start = 0;
        for (group, rows) in group_sizes(metadata).into_iter().enumerate() {
            let group_end = group_start + rows;
            let rows = start.max(group_start)..end.min(group_end);
            if !rows.is_empty() {
                pieces.push(RowGroupSlice {
                    group,
                    rows: rows.start - group_start..rows.end - group_start,
                });
            }
            group_start = group_end;
        }
        pieces
    }

    /// Returns a file for the scan that yields only the rows of these pieces.
    fn file(&self, metadata: &ParquetMetaData, pieces: &[RowGroupSlice]) -> PartitionedFile {
        let sizes = group_sizes(metadata);
        let mut access = vec![RowGroupAccess::Skip; sizes.len()];
        for piece in pieces {
            let start: usize = sizes[..piece.group].iter().sum();
            access[piece.group] = self.access(piece, start, sizes[piece.group]);
        }
        PartitionedFile::new(self.segment.entry.file.clone(), self.segment.entry.bytes)
            .with_arrow_schema(Arc::clone(self.segment.schema()))
            .with_extension(ParquetAccessPlan::new(access))
            .with_extension(Arc::clone(&self.segment))
    }

    fn access(
        &self,
        piece: &RowGroupSlice,
        group_start: usize,
        group_rows: usize,
    ) -> RowGroupAccess {
        let (from, to) = (group_start + piece.rows.start, group_start + piece.rows.end);
        if let Some(wanted) = &self.wanted {
            let first = wanted.partition_point(|row| *row < from);
            let last = wanted.partition_point(|row| *row < to);
            let rows = wanted[first..last].iter().map(|row| row - group_start);
            let rows = rows.map(|row| row..row + 1);
            if first == last {
                return RowGroupAccess::Skip;
            }
            let selection = RowSelection::from_consecutive_ranges(rows, group_rows);
            return RowGroupAccess::Selection(selection);
        }
        let first = self.masked.partition_point(|row| *row < from);
        let last = self.masked.partition_point(|row| *row < to);
        let masked = &self.masked[first..last];
        if masked.is_empty() && piece.rows == (0..group_rows) {
            return RowGroupAccess::Scan;
        }
        if masked.len() == piece.rows.len() {
            return RowGroupAccess::Skip;
        }
        let starts = std::iter::once(from).chain(masked.iter().map(|row| row + 1));
        let ends = masked.iter().copied().chain([to]);
        let shown = starts.zip(ends).filter(|(start, end)| start < end);
        let shown = shown.map(|(start, end)| start - group_start..end - group_start);
        RowGroupAccess::Selection(RowSelection::from_consecutive_ranges(shown, group_rows))
    }
}

fn group_sizes(metadata: &ParquetMetaData) -> Vec<usize> {
    metadata.row_groups().iter().map(|group| group.num_rows() as usize).collect()
}

/// Returns the files of a scan, in one group per thread. A small scan has one group.
pub(crate) fn divide_into_file_groups(
    parts: &[SegmentSlice],
    threads: usize,
) -> Result<Vec<Vec<PartitionedFile>>, MirrorError> {
    let rows: usize = parts.iter().map(SegmentSlice::cost).sum();
    let threads = if rows < ROWS_FOR_TWO { 1 } else { threads.max(1) };
    let unit_rows = rows.div_ceil(threads * UNITS_PER_THREAD).max(ROWS_FOR_TWO / 2);
    let mut files = Vec::new();
    for part in parts {
        let metadata = part.segment.metadata()?;
        let pieces = part.pieces(&metadata);
        let pieces =
            if threads == 1 { pieces } else { divide_row_groups(pieces, threads, unit_rows) };
        let mut unit: Vec<RowGroupSlice> = Vec::new();
        for piece in pieces {
            // A file can hold only one row selection per row group.
            let is_full = unit.last().is_some_and(|last| last.group == piece.group)
                || unit.iter().map(|piece| piece.rows.len()).sum::<usize>() >= unit_rows;
            if threads > 1 && is_full {
                files.push((unit_size(&unit), part.file(&metadata, &std::mem::take(&mut unit))));
            }
            unit.push(piece);
        }
        files.push((unit_size(&unit), part.file(&metadata, &unit)));
    }
    Ok(distribute_files(files, rows, threads))
}

/// Returns the files of a scan in id order, with the statistics that prove the order.
pub(crate) fn files_by_id(
    schema: &SchemaRef,
    parts: &[SegmentSlice],
) -> Result<Vec<PartitionedFile>, MirrorError> {
    let file = |part: &SegmentSlice| {
        let metadata = part.segment.metadata()?;
        let file = part.file(&metadata, &part.pieces(&metadata));
        let bounds = id_bounds(schema, std::slice::from_ref(part));
        Ok(file.with_statistics(Arc::new(bounds)))
    };
    parts.iter().map(file).collect()
}

/// Returns statistics with the smallest and the greatest id of all parts.
pub(crate) fn id_bounds(schema: &SchemaRef, parts: &[SegmentSlice]) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    let least = parts.iter().map(|part| part.range.first_id).min();
    let greatest = parts.iter().map(|part| part.range.last_id).max();
    let bound = |id: Option<i64>| Precision::Inexact(ScalarValue::Int64(id));
    statistics.column_statistics[catalogue::ID] = ColumnStatistics::new_unknown()
        .with_null_count(Precision::Exact(0))
        .with_min_value(bound(least))
        .with_max_value(bound(greatest));
    statistics
}

fn unit_size(unit: &[RowGroupSlice]) -> usize {
    unit.iter().map(|piece| piece.rows.len()).sum()
}

/// Divides row groups only if there are fewer than threads, because each piece of a divided row
/// group reads the group's dictionaries again.
fn divide_row_groups(
    pieces: Vec<RowGroupSlice>,
    threads: usize,
    unit_rows: usize,
) -> Vec<RowGroupSlice> {
    if pieces.len() >= threads {
        return pieces;
    }
    let cut = |piece: RowGroupSlice| {
        let count = piece.rows.len().div_ceil(unit_rows).min(threads).max(1);
        let size = piece.rows.len().div_ceil(count);
        let end = piece.rows.end;
        let group = piece.group;
        piece
            .rows
            .step_by(size)
            .map(move |start| RowGroupSlice { group, rows: start..end.min(start + size) })
    };
    pieces.into_iter().flat_map(cut).collect()
}

/// Distributes files in order over the threads, with about the same number of rows each.
fn distribute_files(
    files: Vec<(usize, PartitionedFile)>,
    rows: usize,
    threads: usize,
) -> Vec<Vec<PartitionedFile>> {
    let share = rows.div_ceil(threads).max(1);
    let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new()];
    let mut dealt = 0;
    for (size, file) in files {
        if dealt >= share * groups.len() && groups.len() < threads {
            groups.push(Vec::new());
        }
        dealt += size;
        if let Some(group) = groups.last_mut() {
            group.push(file);
        }
    }
    groups
}
