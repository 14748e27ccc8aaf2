//! Writing of rows into a file, which is hashed and counted on the way.
//!
//! Plans run on the engine's threads. Another thread turns their batches into bytes, so that
//! reading and writing overlap. Only a few batches wait between the two.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::write::{ControlTotals, HashingWriter, WriteError, WriteOptions, create_writer};
use futures::StreamExt;
use model::file_format::FileFormat;
use model::id::Revision;
use model::output::OutputColumn;
use reports::{RecordBatch, RowStream};
use tokio::sync::mpsc;

use super::work_failure::WorkFailure;
use store::crash;

/// The number of batches that may wait between the plan and the writer.
const BATCHES_AHEAD: usize = 4;
const BUFFER_BYTES: usize = 256 * 1024;

/// The receiver of a file's progress, which can also cancel the work.
pub trait WriteObserver: Send + Sync {
    /// Called when the reading begins, with the number of rows, if known, and the revision.
    fn begin(&self, rows_total: Option<u64>, revision: Revision);
    /// Called when `rows` more rows have been written.
    fn add_rows(&self, rows: u64);
    /// Returns true if the work has to stop.
    fn is_canceled(&self) -> bool;
}

fn check_not_canceled(observer: &dyn WriteObserver) -> Result<(), WorkFailure> {
    if observer.is_canceled() { Err(WorkFailure::Canceled) } else { Ok(()) }
}

/// The description of a file to write.
pub struct RowFile<'r> {
    /// The path of the file.
    pub path: &'r Path,
    /// The format of the file.
    pub format: FileFormat,
    /// The columns, in the order of the batches.
    pub columns: &'r [OutputColumn],
    /// Dialect and details of the format.
    pub options: WriteOptions,
}

/// A completely written file.
pub struct WrittenFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The size of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// The number of rows and the sums.
    pub totals: ControlTotals,
}

/// Writes all rows of a stream. Stops within a batch when the observer says so.
pub async fn write_rows(
    file: RowFile<'_>,
    mut rows: RowStream,
    observer: Arc<dyn WriteObserver>,
) -> Result<WrittenFile, WorkFailure> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let writing = {
        let (path, columns) = (file.path.to_owned(), file.columns.to_vec());
        let observer = Arc::clone(&observer);
        let (format, options) = (file.format, file.options);
        tokio::task::spawn_blocking(move || {
            write_batches(path, format, &columns, &options, receiver, observer.as_ref())
        })
    };
    while let Some(batch) = rows.next().await {
        check_not_canceled(observer.as_ref())?;
        if sender.send(batch?).await.is_err() {
            // The writer has stopped and returns the reason below.
            break;
        }
    }
    drop(sender);
    match writing.await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(WorkFailure::Canceled),
    }
}

type BatchReceiver = mpsc::Receiver<RecordBatch>;

fn write_batches(
    path: PathBuf,
    format: FileFormat,
    columns: &[OutputColumn],
    options: &WriteOptions,
    mut batches: BatchReceiver,
    observer: &dyn WriteObserver,
) -> Result<WrittenFile, WorkFailure> {
    let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?);
    let mut out = HashingWriter::new(file);
    let mut writer = create_writer(format, columns, options).map_err(failure_of_write)?;
    let mut totals = ControlTotals::new(columns);
    writer.start(&mut out).map_err(failure_of_write)?;
    while let Some(batch) = batches.blocking_recv() {
        check_not_canceled(observer)?;
        totals.add_batch(&batch).map_err(failure_of_write)?;
        writer.rows(&batch, &mut out).map_err(failure_of_write)?;
        observer.add_rows(batch.num_rows() as u64);
        crash::point("writing");
    }
    check_not_canceled(observer)?;
    writer.finish(&mut out).map_err(failure_of_write)?;
    out.flush()?;
    let (_, digest) = out.finish();
    Ok(WrittenFile { path, bytes: digest.bytes, sha256: digest.sha256_hex(), totals })
}

/// Converts an error of the writer to the reason why the job stops.
fn failure_of_write(error: WriteError) -> WorkFailure {
    match error {
        WriteError::Io(error) => error.into(),
        error @ (WriteError::CellTooLong { .. }
        | WriteError::AmountTooLarge { .. }
        | WriteError::CurrencyUnknown { .. }) => {
            WorkFailure::permanent(error.code(), error.to_string())
        }
        error => WorkFailure::transient(error.code(), &error),
    }
}
