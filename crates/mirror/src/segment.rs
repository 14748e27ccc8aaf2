//! One segment: an immutable Parquet file, its footer read once.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use model::catalogue::Table;
use model::id::ProviderId;
use parking_lot::Mutex;

use crate::error::MirrorError;
use crate::folder::Folder;
use crate::manifest::{ProviderRange, SegmentEntry};
use crate::schema;

/// What is known of the files' state; shared by all segments of a mirror.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// A read failed: the checksums should be looked at.
    pub(crate) is_suspect: AtomicBool,
    /// Some segment is damaged and must be written anew.
    pub(crate) is_damaged: AtomicBool,
}

/// One segment of a table.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) entry: SegmentEntry,
    path: PathBuf,
    schema: SchemaRef,
    health: Arc<Health>,
    is_damaged: AtomicBool,
    footer: Mutex<Footer>,
}

#[derive(Debug)]
struct Footer {
    /// Whether the file was written by this process, or compared with its checksum.
    is_trusted: bool,
    metadata: Option<Arc<ParquetMetaData>>,
}

impl Segment {
    /// A segment of `table`. It is compared with its checksum when first used, unless it is
    /// trusted: written by this process just now.
    pub(crate) fn new(
        folder: &Folder,
        table: &'static Table,
        entry: SegmentEntry,
        is_trusted: bool,
        health: &Arc<Health>,
    ) -> Self {
        Self {
            path: folder.file(&entry.file),
            schema: schema::segment_schema(table),
            entry,
            health: Arc::clone(health),
            is_damaged: AtomicBool::new(false),
            footer: Mutex::new(Footer { is_trusted, metadata: None }),
        }
    }

    /// Schema of the file's columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Where a provider's rows lie.
    pub(crate) fn range_of(&self, provider: ProviderId) -> Option<&ProviderRange> {
        let ranges = &self.entry.providers;
        let found = ranges.binary_search_by_key(&provider, |range| range.provider);
        found.ok().map(|position| &ranges[position])
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// The footer with its page index; reads and checks the file on first use.
    pub(crate) fn metadata(&self) -> Result<Arc<ParquetMetaData>, MirrorError> {
        let mut footer = self.footer.lock();
        if let Some(metadata) = &footer.metadata {
            return Ok(Arc::clone(metadata));
        }
        if !footer.is_trusted {
            self.checked(self.compare_checksum())?;
            footer.is_trusted = true;
        }
        let metadata = Arc::new(self.checked(self.read_footer())?);
        footer.metadata = Some(Arc::clone(&metadata));
        Ok(metadata)
    }

    /// The footer in the form in which Arrow's own reader wants it.
    pub(crate) fn arrow_metadata(&self) -> Result<ArrowReaderMetadata, MirrorError> {
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(&self.schema));
        let metadata = ArrowReaderMetadata::try_new(self.metadata()?, options);
        metadata.map_err(|error| MirrorError::file(&self.entry.file, error))
    }

    pub(crate) fn open(&self) -> Result<File, MirrorError> {
        let file = File::open(&self.path);
        self.checked(file.map_err(|error| MirrorError::file(&self.entry.file, error)))
    }

    /// A quick look: the file is there, has its size, and has a readable footer.
    pub(crate) fn look(&self) -> Result<(), MirrorError> {
        let metadata = self.checked(self.read_footer())?;
        // Kept only when nothing more will be looked at before use.
        let mut footer = self.footer.lock();
        if footer.is_trusted {
            footer.metadata = Some(Arc::new(metadata));
        }
        Ok(())
    }

    /// Reads the whole file and compares it with its checksum.
    pub(crate) fn verify_checksum(&self) -> Result<(), MirrorError> {
        self.checked(self.compare_checksum())
    }

    /// Leaves a mark on the segment when it proves damaged, so that it is written anew.
    fn checked<T>(&self, outcome: Result<T, MirrorError>) -> Result<T, MirrorError> {
        outcome.inspect_err(|error| {
            if !self.is_damaged.swap(true, Ordering::Relaxed) {
                tracing::warn!(segment = self.entry.file, %error, "a segment is damaged");
            }
            self.health.is_damaged.store(true, Ordering::Release);
        })
    }

    fn compare_checksum(&self) -> Result<(), MirrorError> {
        let mut hasher = blake3::Hasher::new();
        let mut file = self.open()?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let failed = |error| MirrorError::file(&self.entry.file, error);
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            };
        }
        if hasher.finalize().to_hex().as_str() != self.entry.checksum {
            return Err(self.damaged("has a wrong checksum"));
        }
        Ok(())
    }

    fn read_footer(&self) -> Result<ParquetMetaData, MirrorError> {
        let file = self.open()?;
        let size = file.metadata().map_err(|error| MirrorError::file(&self.entry.file, error))?;
        if size.len() != self.entry.bytes {
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

    fn damaged(&self, what: &str) -> MirrorError {
        MirrorError::damaged(format!("{}: {what}", self.entry.file))
    }
}

/// Reads byte ranges of one segment.
pub(crate) struct SegmentFile {
    segment: Arc<Segment>,
    file: File,
}

impl SegmentFile {
    pub(crate) fn open(segment: &Arc<Segment>) -> Result<Self, MirrorError> {
        Ok(Self { file: segment.open()?, segment: Arc::clone(segment) })
    }

    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    pub(crate) fn read(&mut self, range: &Range<u64>) -> Result<Bytes, std::io::Error> {
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let mut bytes = vec![0; length.map_err(std::io::Error::other)?];
        self.file.seek(SeekFrom::Start(range.start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}
