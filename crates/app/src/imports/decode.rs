//! Reading of all sources into a spool of changes, or a list of errors. No other writer waits
//! meanwhile.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use files::read::{self, Decoded, ImportInput, ReadError};
use files::spool::{ChangeSpool, SpooledChanges};
use model::import::{ImportError, ImportErrors};

use super::limits::ImportLimits;
use super::{BATCHES_AHEAD, Import, ImportFailure, ImportSource, ImportTarget};
use store::crash;

/// The interval at which cancellation is checked while no batch arrives: gigabytes of input may be
/// blank lines.
const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// The content of all sources.
pub(super) enum DecodedInput {
    /// The changes, if every row can be read.
    Changes(SpooledChanges),
    /// The errors in the rows.
    Errors(ImportErrors),
}

/// Reads all sources. Returns the changes, or the errors if there are any. After the first error no
/// more changes are spooled, and after [`ImportErrors::is_full`] nothing more is read.
pub(super) fn decode_sources(
    import: &Import,
    course: &ImportLimits<'_>,
) -> Result<DecodedInput, ImportFailure> {
    let spool = ChangeSpool::new(&import.temp_dir).map_err(ImportFailure::TempFile)?;
    let mut sorter = ImportDecoder { spool, errors: ImportErrors::default(), course };
    for (position, source) in import.sources.iter().enumerate() {
        let input = input(source, import)?;
        course.watcher.reading(position, &input.progress());
        sorter.read(input, source)?;
        if sorter.errors.is_full() {
            break;
        }
    }
    if sorter.errors.is_empty() {
        sorter.spool.finish().map(DecodedInput::Changes).map_err(ImportFailure::TempFile)
    } else {
        Ok(DecodedInput::Errors(sorter.errors))
    }
}

fn input(source: &ImportSource, import: &Import) -> Result<ImportInput, ImportFailure> {
    let mut input = ImportInput::open(&source.path, source.format, source.compression)
        .map_err(|error| ImportFailure::File { path: source.path.clone(), source: error })?;
    input.bounds = import.bounds;
    input.spool_dir = Some(import.temp_dir.clone());
    Ok(input)
}

type DecodeStep = Result<Decoded, ReadError>;

/// The collector of decoded changes and errors.
struct ImportDecoder<'c> {
    spool: ChangeSpool,
    errors: ImportErrors,
    course: &'c ImportLimits<'c>,
}

impl ImportDecoder<'_> {
    /// Decodes on a second thread and spools on this one. Dropping the receiver stops the decoder
    /// at its next batch; `progress.stop()` stops it if no batch comes.
    fn read(&mut self, input: ImportInput, source: &ImportSource) -> Result<(), ImportFailure> {
        let progress = input.progress();
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<DecodeStep>(BATCHES_AHEAD);
            scope.spawn(move || decode(input, source.target, &sender));
            let read = self.receive_steps(receiver, source);
            progress.stop();
            read
        })
    }

    fn receive_steps(
        &mut self,
        steps: Receiver<DecodeStep>,
        source: &ImportSource,
    ) -> Result<(), ImportFailure> {
        let mut is_first = true;
        while !self.errors.is_full() {
            match steps.recv_timeout(CANCEL_CHECK_INTERVAL) {
                Ok(step) => {
                    if !std::mem::take(&mut is_first) {
                        crash::point("import_read_on");
                    }
                    self.take(step, source)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.course.check()?;
        }
        Ok(())
    }

    fn take(&mut self, step: DecodeStep, source: &ImportSource) -> Result<(), ImportFailure> {
        match step {
            Ok(Decoded::Changes { table, changes }) if self.errors.is_empty() => {
                self.spool.push(table, &changes).map_err(ImportFailure::TempFile)?;
            }
            Ok(Decoded::Changes { .. }) => {}
            Ok(Decoded::Error(error)) => self.errors.push(error),
            Err(error) => self.errors.push(row_error(error, source)?),
        }
        Ok(())
    }
}

/// Returns the row error inside a read error. Other read errors end the import.
fn row_error(error: ReadError, source: &ImportSource) -> Result<ImportError, ImportFailure> {
    match error {
        ReadError::Broken(error) => Ok(*error),
        ReadError::TooLarge { bytes_max } => Err(ImportFailure::TooLarge { bytes_max }),
        ReadError::TooDense { ratio_max } => Err(ImportFailure::TooDense { ratio_max }),
        ReadError::Io(error) => {
            Err(ImportFailure::File { path: source.path.clone(), source: error })
        }
    }
}

fn decode(input: ImportInput, target: ImportTarget, sender: &SyncSender<DecodeStep>) {
    let batches = match target {
        ImportTarget::Table(table, mode) => read::read_table(table, mode, input),
        ImportTarget::ManyTables => Ok(read::read_tables(input)),
    };
    match batches {
        Ok(batches) => {
            for step in batches {
                if sender.send(step).is_err() {
                    return;
                }
            }
        }
        Err(error) => {
            // If the receiver is gone, nobody needs the error.
            let _ = sender.send(Err(error));
        }
    }
}
