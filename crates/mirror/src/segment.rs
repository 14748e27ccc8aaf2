//! One segment: an immutable Parquet file whose footer is read once and kept in memory.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use model::catalogue::Table;
use model::id::ProviderId;
use parking_lot::Mutex;

use crate::blocks::SegmentFile;
use crate::error::MirrorError;
use crate::folder::{MirrorFolder, create_private};
use crate::manifest::{ProviderRange, SegmentEntry};
use crate::row_index::{OpenRowIndexes, ReadBytes, RowIndex};
use crate::schema;

/// A flag shared by all segments of a mirror that tells whether any of them is damaged.
#[derive(Debug, Default)]
pub(crate) struct DamageFlag {
    /// True if some segment is damaged and must be rewritten.
    pub(crate) is_damaged: AtomicBool,
}

/// One segment of a table.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) entry: SegmentEntry,
    path: PathBuf,
    /// The path of the file that reports this segment as damaged to other processes.
    damage_report: PathBuf,
    schema: SchemaRef,
    health: Arc<DamageFlag>,
    is_damaged: AtomicBool,
    footer: Mutex<Option<Arc<ParquetMetaData>>>,
    indexes: Mutex<OpenRowIndexes>,
}

impl Segment {
    /// Creates a segment of `table` from its entry in the manifest.
    pub(crate) fn new(
        folder: &MirrorFolder,
        table: &'static Table,
        entry: SegmentEntry,
        health: &Arc<DamageFlag>,
    ) -> Self {
        Self {
            path: folder.file(&entry.file),
            damage_report: folder.damage_report(&entry.file),
            schema: schema::segment_schema(table),
            entry,
            health: Arc::clone(health),
            is_damaged: AtomicBool::new(false),
            footer: Mutex::default(),
            indexes: Mutex::default(),
        }
    }

    /// Returns the schema of the file's columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the position of a provider's rows, or `None` if the segment has none.
    pub(crate) fn range_of(&self, provider: ProviderId) -> Option<&ProviderRange> {
        let ranges = &self.entry.providers;
        let found = ranges.binary_search_by_key(&provider, |range| range.provider);
        found.ok().map(|position| &ranges[position])
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// Opens the file. Everything read from it is compared with its checksums.
    pub(crate) fn open(self: &Arc<Self>) -> Result<SegmentFile, MirrorError> {
        let file = File::open(&self.path);
        let file =
            self.mark_if_damaged(file.map_err(|error| MirrorError::file(&self.entry.file, error)))?;
        Ok(SegmentFile::new(Arc::clone(self), file))
    }

    /// Returns the footer with its page index. The footer is read on first use.
    pub(crate) fn metadata(self: &Arc<Self>) -> Result<Arc<ParquetMetaData>, MirrorError> {
        let mut footer = self.footer.lock();
        if let Some(metadata) = footer.as_ref() {
            return Ok(Arc::clone(metadata));
        }
        let metadata = Arc::new(self.mark_if_damaged(self.read_footer())?);
        *footer = Some(Arc::clone(&metadata));
        Ok(metadata)
    }

    /// Returns the footer in the form that Arrow's Parquet reader needs.
    pub(crate) fn arrow_metadata(self: &Arc<Self>) -> Result<ArrowReaderMetadata, MirrorError> {
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(&self.schema));
        let metadata = ArrowReaderMetadata::try_new(self.metadata()?, options);
        metadata.map_err(|error| MirrorError::file(&self.entry.file, error))
    }

    /// Returns the rows `within` of the segment that have one of these keys in the column at this
    /// position of the table, ascending. Returns `None` if the segment has no index of the column, or
    /// if they are so many that all rows should be read. `keys` must be ascending.
    pub(crate) fn rows_with_keys(
        self: &Arc<Self>,
        column: usize,
        keys: &[i64],
        within: &Range<usize>,
    ) -> Result<Option<Vec<usize>>, MirrorError> {
        let file = self.open()?;
        let read = |range: &Range<u64>| file.read(range);
        match self.row_index(&read, column)? {
            Some(index) => index.rows_with_keys(&read, keys, within),
            None => Ok(None),
        }
    }

    /// Returns the index of a column. It is opened on first use.
    fn row_index(
        self: &Arc<Self>,
        read: &ReadBytes<'_>,
        column: usize,
    ) -> Result<Option<Arc<RowIndex>>, MirrorError> {
        if let Some(known) = self.indexes.lock().get(&column) {
            return Ok(known.clone());
        }
        // The first column of a segment is the provider.
        let name = self.schema.field(column + 1).name();
        let index = RowIndex::open(read, &*self.metadata()?, name)?.map(Arc::new);
        self.indexes.lock().insert(column, index.clone());
        Ok(index)
    }

    /// Checks the file before it is used: reads the footer, and verifies the whole file if a
    /// process reported it as damaged.
    pub(crate) fn check_on_open(self: &Arc<Self>) -> Result<(), MirrorError> {
        self.metadata()?;
        if self.damage_report.exists() { self.verify_checksums() } else { Ok(()) }
    }

    /// Reads the whole file and compares it with its checksums.
    pub(crate) fn verify_checksums(self: &Arc<Self>) -> Result<(), MirrorError> {
        self.open()?.check()
    }

    /// Passes `outcome` on. If it is an error that shows damage, marks the segment as damaged for
    /// this process and for others. A damaged segment is rewritten before the next session starts.
    pub(crate) fn mark_if_damaged<T>(
        &self,
        outcome: Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        outcome.inspect_err(|error| {
            if !is_damage(error) {
                return;
            }
            if !self.is_damaged.swap(true, Ordering::Relaxed) {
                tracing::warn!(segment = self.entry.file, %error, "a segment is damaged");
                if let Err(error) = create_private(&self.damage_report) {
                    tracing::warn!(%error, "other processes could not be told of the damage");
                }
            }
            self.health.is_damaged.store(true, Ordering::Release);
        })
    }

    fn read_footer(self: &Arc<Self>) -> Result<ParquetMetaData, MirrorError> {
        let file = self.open()?;
        if file.size_on_disk()? != self.entry.bytes {
            return Err(self.damaged("has a wrong size"));
        }
        let reader = ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_column_index_policy(PageIndexPolicy::Optional);
        let metadata = reader.parse_and_finish(&file);
        let metadata = metadata.map_err(|error| self.damaged(&error.to_string()))?;
        if u64::try_from(metadata.file_metadata().num_rows()) != Ok(self.entry.rows) {
            return Err(self.damaged("has a wrong number of rows"));
        }
        Ok(metadata)
    }

    pub(crate) fn damaged(&self, what: &str) -> MirrorError {
        MirrorError::damaged(format!("{}: {what}", self.entry.file))
    }
}

/// Returns true if the error means that the file is not what was written. Returns false if only
/// this process cannot read it at the moment.
fn is_damage(error: &MirrorError) -> bool {
    let MirrorError::File { source, .. } = error else { return true };
    let Some(error) = source.downcast_ref::<std::io::Error>() else { return true };
    let is_of_this_process = matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::OutOfMemory | ErrorKind::Interrupted
    );
    // ENFILE and EMFILE: too many files are open on this machine or in this process.
    !is_of_this_process && !matches!(error.raw_os_error(), Some(23 | 24))
}
