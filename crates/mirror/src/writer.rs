//! Writes rows of the store as segments. One thread reads the store, another encodes; a few batches
//! may wait between them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use model::catalogue::Table;
use store::{KeyRange, RowKey, Snapshot, StoreError, crash};

use crate::block_checksums::BlockChecksums;
use crate::blocks::BlockWriter;
use crate::columns::{RowBuilder, SegmentRows};
use crate::error::MirrorError;
use crate::folder::{MirrorFolder, SEGMENT_SUFFIX, create_private};
use crate::manifest::{ProviderRange, SegmentEntry};
use crate::row_index::RowIndexBuilder;
use crate::schema;
use crate::stream::panic_message;

/// The number of rows that the reading thread hands to the encoding thread at a time.
const BATCH_ROWS: usize = 8_192;
/// The maximum number of batches that wait between the two threads.
const BATCHES_AHEAD: usize = 4;
/// The maximum number of rows in a page. A row that is found by its key costs a page of each column
/// that is read.
const PAGE_ROWS_MAX: usize = 4_096;
/// The size of a dictionary, in bytes, from which on values are written as they are. Whoever reads
/// one row of a row group reads its dictionaries whole.
const DICTIONARY_BYTES_MAX: usize = 64 << 10;

/// Limits on the size of segments and row groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentLimits {
    /// The maximum number of rows in a segment.
    pub(crate) segment_rows: u64,
    /// The maximum number of rows in a row group. In a row group that is at least half full, a new
    /// provider starts a new row group.
    pub(crate) group_rows: u64,
}

/// New segments of one refresh. Unless [`UncommittedSegments::keep`] is called, their files are deleted on drop.
pub(crate) struct UncommittedSegments<'m> {
    folder: &'m MirrorFolder,
    generation: u64,
    names: Vec<String>,
    number: u64,
    is_kept: bool,
    stop: &'m AtomicBool,
    /// The number of rows written so far, for status reports.
    rows: &'m AtomicU64,
}

impl<'m> UncommittedSegments<'m> {
    pub(crate) fn new(
        folder: &'m MirrorFolder,
        generation: u64,
        stop: &'m AtomicBool,
        rows: &'m AtomicU64,
    ) -> Self {
        rows.store(0, Ordering::Relaxed);
        Self { folder, generation, names: Vec::new(), number: 0, is_kept: false, stop, rows }
    }

    /// Writes the store's rows with keys in `range` as new segments, in key order. Memory use does
    /// not depend on the number of rows.
    pub(crate) fn write(
        &mut self,
        snapshot: &dyn Snapshot,
        table: &'static Table,
        range: KeyRange,
        limits: SegmentLimits,
    ) -> Result<Vec<SegmentEntry>, MirrorError> {
        let stop = self.stop;
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        std::thread::scope(|scope| {
            let encoder =
                scope.spawn(move || SegmentSplitter::new(self, table, limits).run(&receiver));
            let reading = send_rows(snapshot, table, range, sender, stop);
            let encoded = encoder.join().unwrap_or_else(|panic| {
                Err(MirrorError::Panicked { message: panic_message(panic.as_ref()) })
            });
            // A failed encoder also makes the reading fail, so the encoder's error is reported
            // first.
            encoded.and_then(|entries| reading.map(|()| entries))
        })
    }

    /// Keeps the segments' files, because the manifest now refers to them.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }

    fn next_name(&mut self, table: &Table) -> String {
        self.number += 1;
        let name =
            format!("{}-g{}-{:04}{SEGMENT_SUFFIX}", table.name, self.generation, self.number);
        self.names.push(name.clone());
        name
    }
}

impl Drop for UncommittedSegments<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        for name in &self.names {
            // Files that cannot be removed now are removed when the mirror is next opened.
            let _ = self.folder.remove(name);
            let _ = std::fs::remove_file(self.folder.unfinished(name));
        }
    }
}

fn send_rows(
    snapshot: &dyn Snapshot,
    table: &'static Table,
    range: KeyRange,
    sender: SyncSender<SegmentRows>,
    stop: &AtomicBool,
) -> Result<(), MirrorError> {
    let mut builder = RowBuilder::new(table);
    let send = |builder: &mut RowBuilder| {
        if stop.load(Ordering::Relaxed) {
            return Err(MirrorError::Stopped);
        }
        sender.send(builder.finish_segment()?).map_err(|_| MirrorError::Stopped)
    };
    let outcome = snapshot.rows(table, range, &mut |row| {
        builder.push(row)?;
        if builder.len() == BATCH_ROWS {
            send(&mut builder).map_err(|error| StoreError::Visitor(Box::new(error)))?;
        }
        Ok(())
    });
    outcome.map_err(unwrap_visitor)?;
    if builder.len() > 0 { send(&mut builder) } else { Ok(()) }
}

/// Unwraps the mirror's own error from the error of a row visitor.
pub(crate) fn unwrap_visitor(error: StoreError) -> MirrorError {
    match error {
        StoreError::Visitor(inner) => match inner.downcast::<MirrorError>() {
            Ok(ours) => *ours,
            Err(inner) => MirrorError::Store(StoreError::Visitor(inner)),
        },
        error => MirrorError::Store(error),
    }
}

/// Divides a stream of rows into segments and row groups.
struct SegmentSplitter<'d, 'm> {
    draft: &'d mut UncommittedSegments<'m>,
    table: &'static Table,
    limits: SegmentLimits,
    open: Option<SegmentWriter>,
    entries: Vec<SegmentEntry>,
}

impl<'d, 'm> SegmentSplitter<'d, 'm> {
    fn new(
        draft: &'d mut UncommittedSegments<'m>,
        table: &'static Table,
        limits: SegmentLimits,
    ) -> Self {
        Self { draft, table, limits, open: None, entries: Vec::new() }
    }

    fn run(mut self, batches: &Receiver<SegmentRows>) -> Result<Vec<SegmentEntry>, MirrorError> {
        for rows in batches {
            self.add(&rows)?;
            self.draft.rows.fetch_add(rows.keys.len() as u64, Ordering::Relaxed);
        }
        self.close()?;
        Ok(self.entries)
    }

    fn add(&mut self, rows: &SegmentRows) -> Result<(), MirrorError> {
        let mut start = 0;
        while start < rows.keys.len() {
            let writer = match &mut self.open {
                Some(writer) => writer,
                closed => {
                    let name = self.draft.next_name(self.table);
                    closed.insert(SegmentWriter::create(
                        self.draft.folder,
                        self.table,
                        name,
                        self.limits,
                    )?)
                }
            };
            start += writer.add(rows, start, self.limits)?;
            if writer.entry.rows >= self.limits.segment_rows {
                self.close()?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), MirrorError> {
        if let Some(writer) = self.open.take() {
            self.entries.push(writer.close(self.draft.folder)?);
        }
        Ok(())
    }
}

/// Writes one segment.
struct SegmentWriter {
    writer: ArrowWriter<BlockWriter>,
    entry: SegmentEntry,
    group_rows: u64,
    indexes: RowIndexBuilder,
}

impl SegmentWriter {
    fn create(
        folder: &MirrorFolder,
        table: &'static Table,
        name: String,
        limits: SegmentLimits,
    ) -> Result<Self, MirrorError> {
        let file = create_private(&folder.unfinished(&name));
        let file = BlockWriter::new(file.map_err(|error| MirrorError::file(&name, error))?);
        let writer =
            ArrowWriter::try_new(file, schema::segment_schema(table), Some(properties(limits)));
        let writer = writer.map_err(|error| MirrorError::file(&name, error))?;
        let checksums = BlockChecksums::default();
        let entry =
            SegmentEntry { file: name, bytes: 0, checksums, rows: 0, providers: Vec::new() };
        Ok(Self { writer, entry, group_rows: 0, indexes: RowIndexBuilder::new(table) })
    }

    /// Adds rows from `start` up to the next limit, and returns the number of rows added.
    fn add(
        &mut self,
        rows: &SegmentRows,
        start: usize,
        limits: SegmentLimits,
    ) -> Result<usize, MirrorError> {
        let last = self.entry.last();
        if self.group_rows >= limits.group_rows / 2
            && last.is_some_and(|last| last.provider != rows.keys[start].provider)
        {
            self.flush()?;
        }
        let room = (limits.segment_rows - self.entry.rows).min(limits.group_rows - self.group_rows);
        let mut end = rows.keys.len().min(start.saturating_add(room as usize));
        if self.group_rows + (end - start) as u64 > limits.group_rows / 2 {
            end = self.end_at_provider(&rows.keys, start, end, limits);
        }
        let slice = rows.batch.slice(start, end - start);
        self.writer.write(&slice).map_err(|error| MirrorError::file(&self.entry.file, error))?;
        self.indexes.add(&slice);
        rows.keys[start..end].iter().for_each(|key| self.note(*key));
        self.group_rows += (end - start) as u64;
        if self.group_rows >= limits.group_rows {
            self.flush()?;
        }
        Ok(end - start)
    }

    /// Returns an earlier end if a provider's rows end in the second half of the row group.
    fn end_at_provider(
        &self,
        keys: &[RowKey],
        start: usize,
        end: usize,
        limits: SegmentLimits,
    ) -> usize {
        let half = (limits.group_rows / 2).saturating_sub(self.group_rows) as usize;
        let from = start + half.max(1);
        let change = (from..end).find(|&row| keys[row - 1].provider != keys[row].provider);
        change.unwrap_or(end)
    }

    fn note(&mut self, key: RowKey) {
        let start = self.entry.rows;
        self.entry.rows += 1;
        match self.entry.providers.last_mut() {
            Some(range) if range.provider == key.provider => {
                range.rows += 1;
                range.last_id = key.id;
            }
            _ => self.entry.providers.push(ProviderRange {
                provider: key.provider,
                start,
                rows: 1,
                first_id: key.id,
                last_id: key.id,
            }),
        }
    }

    fn flush(&mut self) -> Result<(), MirrorError> {
        self.group_rows = 0;
        self.writer.flush().map_err(|error| MirrorError::file(&self.entry.file, error))
    }

    /// Finishes the file, syncs it, and gives it its final name.
    fn close(self, folder: &MirrorFolder) -> Result<SegmentEntry, MirrorError> {
        let Self { mut writer, mut entry, indexes, .. } = self;
        let end = || -> Result<BlockWriter, ParquetError> {
            writer.flush()?;
            for index in indexes.encode() {
                let offset = writer.bytes_written();
                writer.write_all(&index.bytes)?;
                writer.append_key_value_metadata(index.footer_entry(offset));
            }
            writer.into_inner()
        };
        let file = end().map_err(|error| MirrorError::file(&entry.file, error))?;
        let finished = file.finish().map_err(|error| MirrorError::file(&entry.file, error))?;
        (entry.bytes, entry.checksums) = finished;
        crash::point("segment_written");
        folder.publish(&entry.file)?;
        Ok(entry)
    }
}

fn properties(limits: SegmentLimits) -> WriterProperties {
    // A scan reads one page to find a changed row, so pages are small.
    let page_rows = (limits.group_rows as usize / 4).clamp(1, PAGE_ROWS_MAX);
    let sorted = [schema::PROVIDER_ID, "id", schema::REVISION];
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(page_rows)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_write_batch_size(page_rows.min(1_024))
        .set_created_by("rollbook".to_owned());
    for name in sorted {
        let column = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}
