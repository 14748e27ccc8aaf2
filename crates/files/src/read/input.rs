//! What to read, and how far reading has come.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::format::{Compression, Format};

/// Where the bytes come from.
pub enum Source {
    /// A local file, read from where it stands.
    File(File),
    /// Any stream. Parquet, which needs to seek, is first copied to a temporary file.
    Stream(Box<dyn Read + Send>),
}

/// How far one input may unpack. The usual one has no bounds: it is for files of one's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes that it may unpack to.
    pub bytes_max: Option<u64>,
    /// How many times its size it may unpack to, once it unpacks to more than
    /// [`super::RATIO_FREE_BYTES`].
    pub ratio_max: Option<u64>,
    /// The binary logarithm of the largest window, in bytes, that unpacking zstd may need.
    pub zstd_window_log_max: Option<u32>,
}

/// One import file.
pub struct Input {
    /// Its bytes.
    pub source: Source,
    /// How rows are written in it.
    pub format: Format,
    /// How it is packed.
    pub compression: Compression,
    /// How far it may unpack; [`super::ReadError::TooLarge`] and
    /// [`super::ReadError::TooDense`] past that.
    pub bounds: Bounds,
    /// Folder for temporary files; without it, that of the system.
    pub spool_dir: Option<PathBuf>,
    progress: Progress,
}

impl Input {
    /// An input without bounds.
    pub fn new(source: Source, format: Format, compression: Compression) -> Self {
        let bytes_total = match &source {
            Source::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Source::Stream(_) => None,
        };
        let progress = Progress(Arc::new(Counters { bytes_total, ..Counters::default() }));
        let bounds = Bounds::default();
        Self { source, format, compression, bounds, spool_dir: None, progress }
    }

    /// Opens the file at `path`. Errors: as [`File::open`].
    pub fn open(path: &Path, format: Format, compression: Compression) -> io::Result<Self> {
        Ok(Self::new(Source::File(File::open(path)?), format, compression))
    }

    /// How far reading has come; stays valid while another thread reads.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

/// How far reading of one input has come. Clones look at the same input.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes_total: Option<u64>,
    bytes_read: AtomicU64,
    rows: AtomicU64,
    has_failed: AtomicBool,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Size of the input as it is packed; none for a stream.
    pub fn bytes_total(&self) -> Option<u64> {
        self.0.bytes_total
    }

    /// Bytes taken so far, before unpacking.
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Ordering::Relaxed)
    }

    /// Rows seen so far, good and bad.
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// Makes reading end soon, with an error: nobody wants what would come.
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

    /// Whether the source itself failed, as opposed to what is made of its bytes.
    pub(super) fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }
}

/// A source that counts what is taken from it.
pub(super) struct Counted {
    source: Source,
    progress: Progress,
}

impl Counted {
    pub(super) fn new(source: Source, progress: Progress) -> Self {
        Self { source, progress }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            Source::File(file) => file.read(buffer),
            Source::Stream(stream) => stream.read(buffer),
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
