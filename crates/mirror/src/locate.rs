//! Finds the segment rows of changed ids, so that scans can leave them out.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use model::id::ProviderId;

use crate::delta::ProviderDelta;
use crate::error::MirrorError;
use crate::manifest::ProviderRange;
use crate::segment::Segment;

/// The position of the column `id` in a segment. Position 0 is the provider.
const ID_COLUMN: usize = 1;

/// The rows of one provider that scans of a table must leave out. An entry is the position of a
/// segment in the table and the row numbers in that segment, ascending.
#[derive(Debug, Default)]
pub(crate) struct RowMasks {
    segments: Vec<(usize, Vec<usize>)>,
}

impl RowMasks {
    /// Returns the rows of a segment to leave out, ascending.
    pub(crate) fn rows_in_segment(&self, segment: usize) -> &[usize] {
        let found = self.segments.binary_search_by_key(&segment, |(position, _)| *position);
        found.map_or(&[], |position| &self.segments[position].1)
    }
}

/// Finds the rows of a provider's changed ids in the segments. Only searches for ids that were not
/// searched for before.
pub(crate) fn find_masks(
    segments: &[Arc<Segment>],
    provider: ProviderId,
    delta: &ProviderDelta,
) -> Result<Arc<RowMasks>, MirrorError> {
    let mut places = delta.places.lock();
    if places.pending_ids.is_empty() {
        return Ok(Arc::clone(&places.found));
    }
    let mut found = Vec::new();
    for (position, segment) in segments.iter().enumerate() {
        let Some(range) = segment.range_of(provider) else { continue };
        let mut rows = places.found.rows_in_segment(position).to_vec();
        rows.extend(find_rows(segment, range, &places.pending_ids)?);
        rows.sort_unstable();
        if !rows.is_empty() {
            found.push((position, rows));
        }
    }
    places.found = Arc::new(RowMasks { segments: found });
    places.pending_ids.clear();
    Ok(Arc::clone(&places.found))
}

/// Returns the rows within `range` that have one of the ids, ascending. `ids` must be ascending.
pub(crate) fn find_rows(
    segment: &Arc<Segment>,
    range: &ProviderRange,
    ids: &[i64],
) -> Result<Vec<usize>, MirrorError> {
    let from = ids.partition_point(|id| *id < range.first_id);
    let to = ids.partition_point(|id| *id <= range.last_id);
    let ids = &ids[from..to];
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error| MirrorError::file(&segment.entry.file, error);
    let metadata = segment.arrow_metadata()?;
    let pages = candidate_pages(metadata.metadata(), range, ids);
    let columns = ProjectionMask::leaves(metadata.parquet_schema(), [ID_COLUMN]);
    let rows_in_file = segment.entry.rows as usize;
    let selection = RowSelection::from_consecutive_ranges(pages.iter().cloned(), rows_in_file);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(segment.open()?, metadata)
        .with_projection(columns)
        .with_row_selection(selection)
        .build();
    let mut rows_read = pages.into_iter().flatten();
    let mut found = Vec::with_capacity(ids.len());
    let mut ids = ids.iter().peekable();
    for batch in reader.map_err(failed)? {
        let batch = batch?;
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            let Some(row) = rows_read.next() else { break };
            while ids.next_if(|sought| *sought < id).is_some() {}
            if ids.next_if_eq(&id).is_some() {
                found.push(row);
            }
        }
    }
    Ok(found)
}

/// Returns the row ranges of pages that can contain one of the ids, limited to the provider's rows.
fn candidate_pages(
    metadata: &ParquetMetaData,
    range: &ProviderRange,
    ids: &[i64],
) -> Vec<Range<usize>> {
    let (start, end) = (range.start as usize, (range.start + range.rows) as usize);
    let mut candidates: Vec<Range<usize>> = Vec::new();
    let mut group_start = 0;
    for group in 0..metadata.num_row_groups() {
        let group_end = group_start + metadata.row_group(group).num_rows() as usize;
        for page in id_pages(metadata, group, group_start..group_end) {
            let rows = page.rows.start.max(start)..page.rows.end.min(end);
            if rows.is_empty() {
                continue;
            }
            // The bounds of a page that holds several providers do not apply to one provider's ids.
            let is_own = rows == page.rows;
            if is_own && page.bounds.is_some_and(|bounds| !any_within(ids, bounds)) {
                continue;
            }
            match candidates.last_mut() {
                Some(last) if last.end == rows.start => last.end = rows.end,
                _ => candidates.push(rows),
            }
        }
        group_start = group_end;
    }
    candidates
}

struct IdPage {
    rows: Range<usize>,
    bounds: Option<(i64, i64)>,
}

/// Returns the pages of the id column in one row group.
fn id_pages(metadata: &ParquetMetaData, group: usize, rows: Range<usize>) -> Vec<IdPage> {
    let locations = metadata.offset_index().map(|index| index[group][ID_COLUMN].page_locations());
    let bounds = match metadata.column_index().map(|index| &index[group][ID_COLUMN]) {
        Some(ColumnIndexMetaData::INT64(index)) => Some(index),
        _ => None,
    };
    let Some(locations) = locations else { return vec![IdPage { rows, bounds: None }] };
    let starts = locations.iter().map(|page| rows.start + page.first_row_index as usize);
    let ends = starts.clone().skip(1).chain([rows.end]);
    let page = |(number, (start, end))| {
        let bounds =
            bounds.and_then(|b| b.min_value(number).copied().zip(b.max_value(number).copied()));
        IdPage { rows: start..end, bounds }
    };
    starts.zip(ends).enumerate().map(page).collect()
}

fn any_within(ids: &[i64], (least, greatest): (i64, i64)) -> bool {
    let next = ids.partition_point(|id| *id < least);
    ids.get(next).is_some_and(|id| *id <= greatest)
}
