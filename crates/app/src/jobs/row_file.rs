//! Rows on their way into a file, hashed and counted as they pass.
//!
//! Plans run on the engine's threads; a thread of its own turns their batches into bytes, so that
//! reading and writing go on side by side. A few batches wait between them, no more.

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

/// Batches between the plan and the file.
const BATCHES_AHEAD: usize = 4;
const BUFFER_BYTES: usize = 256 * 1024;

/// Whoever wants a file: learns how far it is, and says when it is not wanted any more.
pub trait Watch: Send + Sync {
    /// The reading begins: so many rows there will be, if that is known, at this revision.
    fn begin(&self, rows_total: Option<u64>, revision: Revision);
    /// So many more rows are written.
    fn add_rows(&self, rows: u64);
    /// Whether the work is to stop.
    fn is_told_to_stop(&self) -> bool;
}

fn check(watch: &dyn Watch) -> Result<(), Stop> {
    if watch.is_told_to_stop() { Err(Stop::Told) } else { Ok(()) }
}

/// What is to be written.
pub struct RowFile<'r> {
    /// Where.
    pub path: &'r Path,
    /// How.
    pub format: FileFormat,
    /// The columns, as batches hold them.
    pub columns: &'r [OutputColumn],
    /// Dialect and details of the format.
    pub options: WriteOptions,
}

/// A file that is written.
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Rows and sums.
    pub totals: Totals,
}

/// Writes all rows of a stream; stops within a batch when the watch says so.
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
            // The writer has stopped; it says why.
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

/// What a writer's error means for the job.
fn unwritten(error: WriteError) -> Stop {
    match error {
        WriteError::Io(error) => error.into(),
        error @ (WriteError::CellTooLong { .. }
        | WriteError::AmountTooLarge { .. }
        | WriteError::CurrencyUnknown { .. }) => Stop::failed(error.code(), error.to_string()),
        error => Stop::broken(error.code(), &error),
    }
}
