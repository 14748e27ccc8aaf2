//! One import, whichever door it came through: files to changes to one commit.
//! Rule: spec/data-model.md §3.
//!
//! Everything is read and checked before the store's turn is taken, so that others wait for nothing
//! but storing: decision 13.
//!
//! | module | holds |
//! | --- | --- |
//! | `decode` | sources to changes that are set aside, or to their errors |
//! | `apply` | what is set aside to one commit |
//! | `course` | what ends an import before it is done |

mod apply;
mod course;
mod decode;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use files::format::{Compression, Format};
use files::read::{self, Bounds, Mode};
use model::catalogue::Table;
use model::id::ProviderId;
use model::import::{ImportErrors, ImportOutcome};
use model::time::Instant;
use store::StoreError;
use store::port::{IdempotencyKey, KeyUse, Store};

use course::Course;

/// How many batches may wait between a thread that reads and one that takes them.
const BATCHES_AHEAD: usize = 4;

/// What the rows of a source are.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Rows of one table.
    Table(&'static Table, Mode),
    /// NDJSON lines that each name their table.
    ManyTables,
}

/// One local file to import.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What its rows are.
    pub target: Target,
    /// How rows are written in it.
    pub format: Format,
    /// How it is packed.
    pub compression: Compression,
}

/// One call: everything in it is committed together, or nothing is.
#[derive(Debug, Clone)]
pub struct Import {
    /// Whose rows they are.
    pub provider: ProviderId,
    /// The instant that rows without times of their own get.
    pub now: Instant,
    /// Who asks, so that the same call twice is done once.
    pub key: Option<IdempotencyKey>,
    /// The files, in the order in which they are read.
    pub sources: Vec<Source>,
    /// How far each source may unpack.
    pub bounds: Bounds,
    /// Folder for what is read and not yet stored.
    pub temp_dir: PathBuf,
    /// How long all of it may take, waiting for others included; none = as long as it takes.
    pub time_max: Option<Duration>,
    /// Whether it waits for others as long as it takes, rather than as long as the store lets
    /// writers wait.
    pub is_patient: bool,
}

/// How an import ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportAnswer {
    /// Committed, or committed by an earlier call with the same key.
    Done(ImportOutcome),
    /// Something is wrong with the input; nothing is stored.
    Invalid(ImportErrors),
    /// The same key was used with another request; nothing is stored.
    KeyConflict,
}

/// Why an import could not be tried to its end; nothing is stored.
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
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What was read could not be set aside, or not be read again.
    #[error("a temporary file could not be used")]
    TempFile(#[source] io::Error),
    /// A source unpacks to more than is allowed.
    #[error("the unpacked input is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// A source unpacks to more, for its size, than is allowed.
    #[error("the input unpacks to more than {ratio_max} times its size")]
    TooDense {
        /// The bound.
        ratio_max: u64,
    },
    /// It took longer than it may.
    #[error("the import took longer than {} seconds", .time_max.as_secs())]
    OutOfTime {
        /// The bound.
        time_max: Duration,
    },
    /// Whoever asked for it does not want it any more.
    #[error("the import was told to stop")]
    Stopped,
}

/// Whoever wants an import: learns now and then how far it has come, and says when it is not wanted
/// any more.
pub trait Watcher: Sync {
    /// A source is read now: its position among the sources, and how far reading has come.
    fn reading(&self, _source: usize, _progress: &read::Progress) {}
    /// Everything is read; others may be storing, and are waited for.
    fn waiting(&self) {}
    /// So many rows are stored, of all that were read.
    fn storing(&self, _rows: u64, _rows_total: u64) {}
    /// Everything is stored; references are checked and the commit made durable.
    fn committing(&self) {}
    /// Whether to stop and leave nothing behind. Asked until the commit begins.
    fn is_told_to_stop(&self) -> bool {
        false
    }
}

/// Runs an import on this thread, reading on another. Blocks.
pub fn run(
    store: &dyn Store,
    import: &Import,
    watcher: &dyn Watcher,
) -> Result<ImportAnswer, ImportFailure> {
    if let Some(key) = &import.key {
        match store.keyed_import(import.provider, key, import.now)? {
            KeyUse::New => {}
            KeyUse::Answered(outcome) => return Ok(ImportAnswer::Done(outcome)),
            KeyUse::Conflict => return Ok(ImportAnswer::KeyConflict),
        }
    }
    let course = Course::begin(import.time_max, watcher);
    match decode::all(import, &course)? {
        Ok(spooled) => apply::all(store, import, spooled, &course),
        Err(errors) => Ok(ImportAnswer::Invalid(errors)),
    }
}
