//! Storing of the spooled changes in one transaction. Other writers wait meanwhile.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use files::spool::SpooledChanges;
use model::catalogue::Table;
use model::import::Change;
use store::StoreError;
use store::port::{ImportEnd, ImportStart, ImportTransaction, Store};

use super::limits::ImportLimits;
use super::{BATCHES_AHEAD, Import, ImportAnswer, ImportFailure, ImportTarget};

/// The pause between two tries of a patient import to start its transaction, so that a busy store
/// is not asked all the time.
const BUSY_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Stores all changes in one transaction, or nothing.
pub(super) fn store_changes(
    store: &dyn Store,
    import: &Import,
    spooled: SpooledChanges,
    course: &ImportLimits<'_>,
) -> Result<ImportAnswer, ImportFailure> {
    course.watcher.waiting();
    let mut transaction = match begin(store, import, course)? {
        ImportStart::Started(transaction) => transaction,
        ImportStart::Answered(outcome) => return Ok(ImportAnswer::Done(outcome)),
        ImportStart::KeyConflict => return Ok(ImportAnswer::KeyConflict),
    };
    for source in &import.sources {
        if let ImportTarget::Table(table, _) = source.target {
            transaction.include_table(table);
        }
    }
    apply(spooled, transaction.as_mut(), course)?;
    course.check()?;
    course.watcher.committing();
    Ok(match transaction.commit()? {
        ImportEnd::Committed(outcome) => ImportAnswer::Done(outcome),
        ImportEnd::Refused(errors) => ImportAnswer::Invalid(errors),
    })
}

fn begin<'s>(
    store: &'s dyn Store,
    import: &Import,
    course: &ImportLimits<'_>,
) -> Result<ImportStart<'s>, ImportFailure> {
    loop {
        match store.begin_import(import.provider, import.now, import.key.clone()) {
            Err(StoreError::Busy) if import.waits_without_limit => {
                course.check()?;
                std::thread::sleep(BUSY_RETRY_PAUSE);
            }
            begun => return Ok(begun?),
        }
    }
}

type ChangeBatch = io::Result<(&'static Table, Vec<Change>)>;

/// Reads the changes on a second thread and stores them on this one. Dropping the receiver stops
/// the reader.
fn apply(
    spooled: SpooledChanges,
    transaction: &mut dyn ImportTransaction,
    course: &ImportLimits<'_>,
) -> Result<(), ImportFailure> {
    let (mut rows, rows_total) = (0, spooled.rows());
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<ChangeBatch>(BATCHES_AHEAD);
        scope.spawn(move || send_all(spooled, &sender));
        for batch in receiver {
            course.check()?;
            let (table, changes) = batch.map_err(ImportFailure::TempFile)?;
            rows += changes.len() as u64;
            transaction.apply(table, changes)?;
            course.watcher.storing(rows, rows_total);
            if transaction.has_too_many_errors() {
                break;
            }
        }
        Ok(())
    })
}

fn send_all(spooled: SpooledChanges, sender: &SyncSender<ChangeBatch>) {
    for batch in spooled {
        if sender.send(batch).is_err() {
            return;
        }
    }
}
