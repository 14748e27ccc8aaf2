//! Imports, from HTTP or the command line: files are read into changes, which one transaction
//! stores.
//! Rule: spec/data-model.md §3.
//!
//! All input is read and checked before the transaction begins, so that other writers wait only for
//! the storing: decision 13.
//!
//! | module | holds |
//! | --- | --- |
//! | `decode` | reading of sources into changes, or errors |
//! | `apply` | storing of the changes in one transaction |
//! | `limits` | time limit and cancellation |

mod apply;
mod decode;
mod limits;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use files::format::Compression;
use files::read::{self, ImportMode, UnpackLimits};
use model::catalogue::Table;
use model::file_format::FileFormat;
use model::id::ProviderId;
use model::import::{ImportErrors, ImportOutcome};
use model::time::Instant;
use store::StoreError;
use store::port::{IdempotencyKey, KeyUse, Store};

use decode::DecodedInput;
use limits::ImportLimits;

/// The number of batches that may wait between the reading and the receiving thread.
const BATCHES_AHEAD: usize = 4;

/// The table or tables that the rows of a source belong to.
#[derive(Debug, Clone, Copy)]
pub enum ImportTarget {
    /// All rows belong to one table.
    Table(&'static Table, ImportMode),
    /// Each NDJSON line names its table.
    ManyTables,
}

/// One local file to import.
#[derive(Debug, Clone)]
pub struct ImportSource {
    /// The file.
    pub path: PathBuf,
    /// The table or tables of the rows.
    pub target: ImportTarget,
    /// The format of the file.
    pub format: FileFormat,
    /// The compression of the file.
    pub compression: Compression,
}

/// One import. All of it is committed together, or nothing is.
#[derive(Debug, Clone)]
pub struct Import {
    /// The provider of the rows.
    pub provider: ProviderId,
    /// The instant for rows without times of their own.
    pub now: Instant,
    /// The idempotency key, by which a repeated call is recognized.
    pub key: Option<IdempotencyKey>,
    /// The files, in the order in which they are read.
    pub sources: Vec<ImportSource>,
    /// Limits of the decompressed size of each source.
    pub bounds: UnpackLimits,
    /// The folder for temporary files with changes that are not stored yet.
    pub temp_dir: PathBuf,
    /// The time limit for the whole import, including the wait for other writers; `None` means no
    /// limit.
    pub time_max: Option<Duration>,
    /// True if the import waits for other writers without limit, instead of failing when the store
    /// is busy.
    pub waits_without_limit: bool,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportAnswer {
    /// The import was committed, now or by an earlier call with the same key.
    Done(ImportOutcome),
    /// The input has errors; nothing is stored.
    Invalid(ImportErrors),
    /// The same key was used with another request; nothing is stored.
    KeyConflict,
}

/// The reason why an import did not finish; nothing is stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A source could not be read.
    #[error("{path} could not be read")]
    File {
        /// The source.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// A temporary file could not be written or read.
    #[error("a temporary file could not be used")]
    TempFile(#[source] io::Error),
    /// A source is larger after decompression than allowed.
    #[error("the unpacked input is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// The ratio of a source's decompressed size to its size is larger than allowed.
    #[error("the input unpacks to more than {ratio_max} times its size")]
    TooDense {
        /// The bound.
        ratio_max: u64,
    },
    /// The import passed its time limit.
    #[error("the import took longer than {} seconds", .time_max.as_secs())]
    OutOfTime {
        /// The bound.
        time_max: Duration,
    },
    /// The import was canceled.
    #[error("the import was told to stop")]
    Stopped,
}

/// The receiver of an import's progress, which can also cancel the import.
pub trait ImportObserver: Sync {
    /// Called when reading of a source begins, with its position and a handle to the progress.
    fn reading(&self, _source: usize, _progress: &read::ReadProgress) {}
    /// Called when all sources are read and the import waits for other writers.
    fn waiting(&self) {}
    /// Called when `rows` of `rows_total` rows are stored.
    fn storing(&self, _rows: u64, _rows_total: u64) {}
    /// Called when all rows are stored, before references are checked and the commit is made
    /// durable.
    fn committing(&self) {}
    /// Returns true if the import has to stop and store nothing. Asked until the commit begins.
    fn is_canceled(&self) -> bool {
        false
    }
}

/// Runs an import on this thread, with a second thread for reading. Blocking.
pub fn run_import(
    store: &dyn Store,
    import: &Import,
    watcher: &dyn ImportObserver,
) -> Result<ImportAnswer, ImportFailure> {
    if let Some(key) = &import.key {
        match store.find_keyed_import(import.provider, key, import.now)? {
            KeyUse::New => {}
            KeyUse::Answered(outcome) => return Ok(ImportAnswer::Done(outcome)),
            KeyUse::Conflict => return Ok(ImportAnswer::KeyConflict),
        }
    }
    let course = ImportLimits::begin(import.time_max, watcher);
    match decode::decode_sources(import, &course)? {
        DecodedInput::Changes(spooled) => apply::store_changes(store, import, spooled, &course),
        DecodedInput::Errors(errors) => Ok(ImportAnswer::Invalid(errors)),
    }
}
