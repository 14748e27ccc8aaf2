//! One import, whichever door it came through: files to changes to one commit.
//! Rule: spec/data-model.md §3.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};

use files::format::{Compression, Format};
use files::read::{self, Batches, Decoded, Input, Mode, ReadError};
use model::catalogue::Table;
use model::id::ProviderId;
use model::import::{ImportErrors, ImportOutcome};
use model::time::Instant;
use store::StoreError;
use store::port::{IdempotencyKey, ImportStart, ImportTransaction, Store};

/// How many batches may wait between the thread that decodes and the one that stores.
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
    /// The most bytes that one source may unpack to.
    pub unpacked_bytes_max: Option<u64>,
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
    /// A source unpacks to more than is allowed.
    #[error("the unpacked input is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
}

/// Told now and then how far an import has come.
pub trait Watcher: Sync {
    /// A source is read now: its position among the sources, and how far reading has come.
    fn reading(&self, source: usize, progress: &read::Progress);
    /// Everything is read; references are checked and the commit made durable.
    fn committing(&self);
}

/// A watcher that does not look.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn reading(&self, _source: usize, _progress: &read::Progress) {}
    fn committing(&self) {}
}

/// Runs an import on this thread, decoding on another. Blocks.
pub fn run(
    store: &dyn Store,
    import: Import,
    watcher: &dyn Watcher,
) -> Result<ImportAnswer, ImportFailure> {
    let mut transaction = match store.begin_import(import.provider, import.now, import.key)? {
        ImportStart::Started(transaction) => transaction,
        ImportStart::Answered(outcome) => return Ok(ImportAnswer::Done(outcome)),
        ImportStart::KeyConflict => return Ok(ImportAnswer::KeyConflict),
    };
    for (position, source) in import.sources.iter().enumerate() {
        if let Target::Table(table, _) = source.target {
            transaction.touch(table);
        }
        match open(source, import.unpacked_bytes_max)? {
            Ok(batches) => {
                watcher.reading(position, &batches.progress());
                apply_all(batches, transaction.as_mut(), source)?;
            }
            Err(broken) => transaction.reject(broken),
        }
    }
    watcher.committing();
    Ok(match transaction.commit()? {
        Ok(outcome) => ImportAnswer::Done(outcome),
        Err(errors) => ImportAnswer::Invalid(errors),
    })
}

type Opened = Result<Batches, model::import::ImportError>;

fn open(source: &Source, unpacked_bytes_max: Option<u64>) -> Result<Opened, ImportFailure> {
    let mut input = Input::open(&source.path, source.format, source.compression)
        .map_err(|error| ImportFailure::File { path: source.path.clone(), source: error })?;
    input.unpacked_bytes_max = unpacked_bytes_max;
    input.spool_dir = source.path.parent().map(PathBuf::from);
    let batches = match source.target {
        Target::Table(table, mode) => read::read_table(table, mode, input),
        Target::ManyTables => Ok(read::read_tables(input)),
    };
    match batches {
        Ok(batches) => Ok(Ok(batches)),
        Err(error) => Ok(Err(broken(error, source)?)),
    }
}

/// The row error inside a read error; other read errors end the import.
fn broken(error: ReadError, source: &Source) -> Result<model::import::ImportError, ImportFailure> {
    match error {
        ReadError::Broken(error) => Ok(*error),
        ReadError::TooLarge { bytes_max } => Err(ImportFailure::TooLarge { bytes_max }),
        ReadError::Io(error) => {
            Err(ImportFailure::File { path: source.path.clone(), source: error })
        }
    }
}

type Step = Result<Decoded, ReadError>;

/// Decodes on a second thread while this one stores. Dropping the receiver stops the decoder.
fn apply_all(
    batches: Batches,
    transaction: &mut dyn ImportTransaction,
    source: &Source,
) -> Result<(), ImportFailure> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Step>(BATCHES_AHEAD);
        scope.spawn(move || decode(batches, &sender));
        for step in receiver {
            match step {
                Ok(Decoded::Changes { table, changes }) => transaction.apply(table, changes)?,
                Ok(Decoded::Error(error)) => transaction.reject(error),
                Err(error) => transaction.reject(broken(error, source)?),
            }
        }
        Ok(())
    })
}

fn decode(batches: Batches, sender: &SyncSender<Step>) {
    for step in batches {
        if sender.send(step).is_err() {
            return;
        }
    }
}
