//! Readers of import files: they turn a file into batches of changes for the store. Rule:
//! spec/data-model.md §3.
//!
//! [`DecodedBatches`] is an iterator, so that one thread can decode while another stores. An error in a
//! row is an item, and decoding continues after it. An error in the stream itself ends decoding.
//!
//! | module | holds |
//! | --- | --- |
//! | `input` | the input of a reader, its limits and its progress |
//! | `unpack` | decompression that detects damage and limits the unpacked size |
//! | `window` | the part of a stream that is in memory |
//! | `row` | one row that is being read, its errors, and batches of rows |
//! | `csv`, `csv_record` | CSV |
//! | `ndjson`, `json_row` | NDJSON of one table or of many |
//! | `json_array` | conversion of a JSON array to NDJSON |
//! | `parquet`, `parquet_column` | Parquet |
//! | `parquet_pages`, `thrift` | checks of page sizes before a Parquet file is unpacked |

mod csv;
mod csv_record;
mod input;
mod json_array;
mod json_row;
mod ndjson;
mod parquet;
mod parquet_column;
mod parquet_pages;
mod row;
#[cfg(test)]
mod tests;
mod thrift;
mod unpack;
mod window;

use model::catalogue::Table;
use model::import::{Change, ImportError};

pub use input::{ImportInput, InputSource, ReadProgress, UnpackLimits};
use model::file_format::FileFormat;
use row::ChangeCollector;

/// The maximum length of a line or record, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// The maximum number of columns in a header or a Parquet file, including unknown ones.
pub const COLUMNS_MAX: usize = 1000;

/// The maximum number of changes in one batch.
pub const BATCH_ROWS_MAX: usize = 4096;

/// The number of input bytes after which a batch ends early, so that batches stay small in memory
/// whatever the rows hold.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// The unpacked size up to which the ratio limit does not apply, in bytes.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;

/// The kind of change that each row of a table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Insert the row, or update the columns that it gives.
    Upsert,
    /// Delete the row. Only its id is read.
    Delete,
}

/// An item decoded from the input.
#[derive(Debug, Clone)]
pub enum Decoded {
    /// Changes to one table, in input order. Never empty.
    Changes {
        /// The table.
        table: &'static Table,
        /// The changes, at most [`BATCH_ROWS_MAX`].
        changes: Vec<Change>,
    },
    /// An error in a row or in the header. A row with an error is left out.
    Error(ImportError),
}

/// The reason why reading ended before the end of the input.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input is broken at this place, and nothing after it can be read.
    #[error("{}", .0.message)]
    Broken(Box<ImportError>),
    /// The unpacked input is larger than allowed.
    #[error("the unpacked input is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound given in [`UnpackLimits::bytes_max`].
        bytes_max: u64,
    },
    /// The unpacked input is larger, in relation to its packed size, than allowed.
    #[error("the input unpacks to more than {ratio_max} times its size")]
    TooDense {
        /// The bound given in [`UnpackLimits::ratio_max`].
        ratio_max: u64,
    },
    /// The file could not be read.
    #[error("the import file could not be read")]
    Io(#[source] std::io::Error),
}

impl ReadError {
    /// Returns the stable code of the whole import, rather than of the single error inside.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken(_) => "import_invalid",
            Self::TooLarge { .. } | Self::TooDense { .. } => "request_too_large",
            Self::Io(_) => "internal_error",
        }
    }
}

/// Reads `input` as rows of one table.
///
/// Errors: [`ReadError::Broken`] when a Parquet file cannot be opened. All other errors come from
/// the iterator.
pub fn read_table(
    table: &'static Table,
    mode: ImportMode,
    input: ImportInput,
) -> Result<DecodedBatches, ReadError> {
    let progress = input.progress();
    let decoder: Box<dyn RowDecoder> = match input.format {
        FileFormat::Csv => Box::new(csv::CsvDecoder::new(table, mode, input)),
        FileFormat::Ndjson | FileFormat::Json => {
            Box::new(ndjson::NdjsonTableDecoder::new(table, mode, input))
        }
        FileFormat::Parquet => Box::new(parquet::ParquetDecoder::open(table, mode, input)?),
        FileFormat::Tsv | FileFormat::Arrow | FileFormat::Xlsx => {
            return Err(ReadError::Io(std::io::ErrorKind::Unsupported.into()));
        }
    };
    Ok(DecodedBatches::new(decoder, progress))
}

/// Reads NDJSON, or a JSON array, with rows of many tables. Each line or element is
/// `{"table":"invoices","row":{…}}` or `{"table":"invoices","delete":17}`.
pub fn read_tables(input: ImportInput) -> DecodedBatches {
    let progress = input.progress();
    DecodedBatches::new(Box::new(ndjson::NdjsonTablesDecoder::new(input)), progress)
}

/// A decoder of one input, called in small steps.
trait RowDecoder: Send {
    /// Decodes a little more into `out`. Returns false once the input has ended.
    fn advance(&mut self, out: &mut ChangeCollector) -> Result<bool, ReadError>;
}

/// The decoded batches of changes, with errors between them. After an `Err` the iterator ends.
pub struct DecodedBatches {
    decoder: Box<dyn RowDecoder>,
    collected: ChangeCollector,
    progress: ReadProgress,
    end: Option<Result<(), ReadError>>,
}

impl DecodedBatches {
    fn new(decoder: Box<dyn RowDecoder>, progress: ReadProgress) -> Self {
        let collected = ChangeCollector::new(progress.clone());
        Self { decoder, collected, progress, end: None }
    }

    /// Returns the progress of reading. It stays up to date while another thread reads.
    pub fn progress(&self) -> ReadProgress {
        self.progress.clone()
    }
}

impl Iterator for DecodedBatches {
    type Item = Result<Decoded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(decoded) = self.collected.pop() {
                return Some(Ok(decoded));
            }
            match &mut self.end {
                None => {}
                Some(Ok(())) => return None,
                Some(end @ Err(_)) => return std::mem::replace(end, Ok(())).err().map(Err),
            }
            self.end = match self.decoder.advance(&mut self.collected) {
                Ok(true) => continue,
                Ok(false) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            };
            self.collected.flush();
        }
    }
}

impl std::fmt::Debug for DecodedBatches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("progress", &self.progress).finish_non_exhaustive()
    }
}
