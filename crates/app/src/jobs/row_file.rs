//! Writing of rows into a file, which is hashed and counted on the way.
//!
//! Plans run on the engine's threads. Another thread turns their batches into bytes, so that
//! reading and writing overlap. Only a few batches wait between the two.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::format::FileFormat;
use files::write::{HashingWriter, Totals, WriteError, WriteOptions, writer};
use futures::StreamExt;
use model::id::Revision;
use model::output::OutputColumn;
use reports::{RecordBatch, RowStream};
use tokio::sync::mpsc;

use super::work::Stop;
use crate::crash;

/// The number of batches that may wait between the plan and the writer.
const BATCHES_AHEAD: usize = 4;
const BUFFER_BYTES: usize = 256 * 1024;

/// The receiver of a file's progress, which can also cancel the work.
pub trait Watch: Send + Sync {
    /// Called when the reading begins, with the number of rows, if known, and the revision.
    fn begin(&self, rows_total: Option<u64>, revision: Revision);
    /// Called when `rows` more rows have been written.
    fn add_rows(&self, rows: u64);
    /// Returns true if the work has to stop.
    fn is_told_to_stop(&self) -> bool;
}

fn check(watch: &dyn Watch) -> Result<(), Stop> {
    if watch.is_told_to_stop() { Err(Stop::Told) } else { Ok(()) }
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
    pub totals: Totals,
}

/// Writes all rows of a stream. Stops within a batch when the watch is told to stop.
pub async fn write(
    file: RowFile<'_>,
    mut rows: RowStream,
    watch: Arc<dyn Watch>,
) -> Result<WrittenFile, Stop> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let writing = {
        let (path, columns) = (file.path.to_owned(), file.columns.to_vec());
        let watch = Arc::clone(&watch);
        let (format, options) = (file.format, file.options);
        tokio::task::spawn_blocking(move || {
            fill(path, format, &columns, &options, receiver, watch.as_ref())
        })
    };
    while let Some(batch) = rows.next().await {
        check(watch.as_ref())?;
        if sender.send(batch?).await.is_err() {
            // The writer has stopped and returns the reason below.
            break;
        }
    }
    drop(sender);
    match writing.await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(Stop::Told),
    }
}

type Batches = mpsc::Receiver<RecordBatch>;

fn fill(
    path: PathBuf,
    format: FileFormat,
    columns: &[OutputColumn],
    options: &WriteOptions,
    mut batches: Batches,
    watch: &dyn Watch,
) -> Result<WrittenFile, Stop> {
    let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?);
    let mut out = HashingWriter::new(file);
    let mut writer = writer(format, columns, options).map_err(unwritten)?;
    let mut totals = Totals::new(columns);
    writer.start(&mut out).map_err(unwritten)?;
    while let Some(batch) = batches.blocking_recv() {
        check(watch)?;
        totals.observe(&batch).map_err(unwritten)?;
        writer.rows(&batch, &mut out).map_err(unwritten)?;
        watch.add_rows(batch.num_rows() as u64);
        crash::point("writing");
    }
    check(watch)?;
    writer.finish(&mut out).map_err(unwritten)?;
    out.flush()?;
    let (_, digest) = out.finish();
    Ok(WrittenFile { path, bytes: digest.bytes, sha256: digest.sha256_hex(), totals })
}

/// Converts an error of the writer to the reason why the job stops.
fn unwritten(error: WriteError) -> Stop {
    match error {
        WriteError::Io(error) => error.into(),
        error @ (WriteError::CellTooLong { .. }
        | WriteError::AmountTooLarge { .. }
        | WriteError::CurrencyUnknown { .. }) => Stop::failed(error.code(), error.to_string()),
        error => Stop::broken(error.code(), &error),
    }
}
