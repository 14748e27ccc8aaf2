//! Reading of all sources into a spool of changes, or a list of errors. No other writer waits
//! meanwhile.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use files::read::{self, Decoded, Input, ReadError};
use files::spool::{Spool, Spooled};
use model::import::{ImportError, ImportErrors};

use super::course::Course;
use super::{BATCHES_AHEAD, Import, ImportFailure, Source, Target};
use crate::crash;

/// The interval at which cancellation is checked while no batch arrives: gigabytes of input may be
/// blank lines.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Reads all sources. Returns the changes, or the errors if there are any. After the first error no
/// more changes are spooled, and after [`ImportErrors::is_full`] nothing more is read.
pub(super) fn all(
    import: &Import,
    course: &Course<'_>,
) -> Result<Result<Spooled, ImportErrors>, ImportFailure> {
    let spool = Spool::new(&import.temp_dir).map_err(ImportFailure::TempFile)?;
    let mut sorter = Sorter { spool, errors: ImportErrors::default(), course };
    for (position, source) in import.sources.iter().enumerate() {
        let input = input(source, import)?;
        course.watcher.reading(position, &input.progress());
        sorter.read(input, source)?;
        if sorter.errors.is_full() {
            break;
        }
    }
    match sorter.errors.is_empty() {
        true => sorter.spool.finish().map(Ok).map_err(ImportFailure::TempFile),
        false => Ok(Err(sorter.errors)),
    }
}

fn input(source: &Source, import: &Import) -> Result<Input, ImportFailure> {
    let mut input = Input::open(&source.path, source.format, source.compression)
        .map_err(|error| ImportFailure::File { path: source.path.clone(), source: error })?;
    input.bounds = import.bounds;
    input.spool_dir = Some(import.temp_dir.clone());
    Ok(input)
}

type Step = Result<Decoded, ReadError>;

/// The collector of decoded changes and errors.
struct Sorter<'c> {
    spool: Spool,
    errors: ImportErrors,
    course: &'c Course<'c>,
}

impl Sorter<'_> {
    /// Decodes on a second thread and spools on this one. Dropping the receiver stops the decoder
    /// at its next batch; `progress.stop()` stops it if no batch comes.
    fn read(&mut self, input: Input, source: &Source) -> Result<(), ImportFailure> {
        let progress = input.progress();
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<Step>(BATCHES_AHEAD);
            scope.spawn(move || decode(input, source.target, &sender));
            let read = self.take_all(receiver, source);
            progress.stop();
            read
        })
    }

    fn take_all(&mut self, steps: Receiver<Step>, source: &Source) -> Result<(), ImportFailure> {
        let mut is_first = true;
        while !self.errors.is_full() {
            match steps.recv_timeout(LOOK_EVERY) {
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

    fn take(&mut self, step: Step, source: &Source) -> Result<(), ImportFailure> {
        match step {
            Ok(Decoded::Changes { table, changes }) if self.errors.is_empty() => {
                self.spool.push(table, &changes).map_err(ImportFailure::TempFile)?;
            }
            Ok(Decoded::Changes { .. }) => {}
            Ok(Decoded::Error(error)) => self.errors.push(error),
            Err(error) => self.errors.push(broken(error, source)?),
        }
        Ok(())
    }
}

/// Returns the row error inside a read error. Other read errors end the import.
fn broken(error: ReadError, source: &Source) -> Result<ImportError, ImportFailure> {
    match error {
        ReadError::Broken(error) => Ok(*error),
        ReadError::TooLarge { bytes_max } => Err(ImportFailure::TooLarge { bytes_max }),
        ReadError::TooDense { ratio_max } => Err(ImportFailure::TooDense { ratio_max }),
        ReadError::Io(error) => {
            Err(ImportFailure::File { path: source.path.clone(), source: error })
        }
    }
}

fn decode(input: Input, target: Target, sender: &SyncSender<Step>) {
    let batches = match target {
        Target::Table(table, mode) => read::read_table(table, mode, input),
        Target::ManyTables => Ok(read::read_tables(input)),
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
