//! The input of a reader, its limits and its progress.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use model::file_format::FileFormat;

use crate::format::Compression;

/// The source of the bytes.
pub enum InputSource {
    /// A local file, read from its current position.
    File(File),
    /// Any stream. Parquet needs to seek, so it is first copied to a temporary file.
    Stream(Box<dyn Read + Send>),
}

/// Limits on unpacking one input. The default has no limits and is for trusted files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnpackLimits {
    /// The maximum unpacked size, in bytes.
    pub bytes_max: Option<u64>,
    /// The maximum ratio of unpacked to packed size. It applies once the unpacked size exceeds
    /// [`super::RATIO_FREE_BYTES`].
    pub ratio_max: Option<u64>,
    /// The binary logarithm of the largest window, in bytes, that zstd decompression may use.
    pub zstd_window_log_max: Option<u32>,
}

/// One import file.
pub struct ImportInput {
    /// The source of the file's bytes.
    pub source: InputSource,
    /// The file's format.
    pub format: FileFormat,
    /// The file's compression.
    pub compression: Compression,
    /// The limits on unpacking. Beyond them, reading fails with [`super::ReadError::TooLarge`] or
    /// [`super::ReadError::TooDense`].
    pub bounds: UnpackLimits,
    /// The folder for temporary files. `None` means the system's folder.
    pub spool_dir: Option<PathBuf>,
    progress: ReadProgress,
}

impl ImportInput {
    /// Creates an input without limits.
    pub fn new(source: InputSource, format: FileFormat, compression: Compression) -> Self {
        let bytes_total = match &source {
            InputSource::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            InputSource::Stream(_) => None,
        };
        let progress =
            ReadProgress(Arc::new(ReadCounters { bytes_total, ..ReadCounters::default() }));
        let bounds = UnpackLimits::default();
        Self { source, format, compression, bounds, spool_dir: None, progress }
    }

    /// Opens the file at `path`. Errors: those of [`File::open`].
    pub fn open(path: &Path, format: FileFormat, compression: Compression) -> io::Result<Self> {
        Ok(Self::new(InputSource::File(File::open(path)?), format, compression))
    }

    /// Returns the progress of reading. It stays up to date while another thread reads.
    pub fn progress(&self) -> ReadProgress {
        self.progress.clone()
    }
}

/// The progress of reading one input. Clones share the same counters.
#[derive(Debug, Clone)]
pub struct ReadProgress(Arc<ReadCounters>);

#[derive(Debug, Default)]
struct ReadCounters {
    bytes_total: Option<u64>,
    bytes_read: AtomicU64,
    rows: AtomicU64,
    has_failed: AtomicBool,
    is_stopped: AtomicBool,
}

impl ReadProgress {
    /// Returns the packed size of the input, in bytes, or `None` for a stream.
    pub fn bytes_total(&self) -> Option<u64> {
        self.0.bytes_total
    }

    /// Returns the number of packed bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Ordering::Relaxed)
    }

    /// Returns the number of rows read so far, good and bad.
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// Makes reading fail soon, because the result is no longer needed.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    pub(super) fn add_rows(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn set_bytes_read(&self, bytes: u64) {
        self.0.bytes_read.store(bytes, Ordering::Relaxed);
    }

    /// Returns true if the source itself failed, rather than the decoding of its bytes.
    pub(super) fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }
}

/// A source that counts the bytes read from it.
pub(super) struct CountedSource {
    source: InputSource,
    progress: ReadProgress,
}

impl CountedSource {
    pub(super) fn new(source: InputSource, progress: ReadProgress) -> Self {
        Self { source, progress }
    }
}

impl Read for CountedSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            InputSource::File(file) => file.read(buffer),
            InputSource::Stream(stream) => stream.read(buffer),
        };
        let counters = &self.progress.0;
        match &read {
            Ok(count) => {
                counters.bytes_read.fetch_add(*count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => counters.has_failed.store(true, Ordering::Relaxed),
        }
        read
    }
}
