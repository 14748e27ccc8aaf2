//! Import files to changes for the store, in batches. Rule: spec/data-model.md §3.
//!
//! [`Batches`] is an iterator, so that one thread can decode while another stores. A bad row is an
//! item like any other and decoding goes on after it; what breaks the stream itself ends it.
//!
//! | module | holds |
//! | --- | --- |
//! | `input` | what to read, and how far reading has come |
//! | `unpack` | decompression that notices damage and bounds the unpacked size |
//! | `window` | the part of a stream that is in memory |
//! | `row` | one row under construction, its errors, and batches of rows |
//! | `csv`, `csv_record` | CSV |
//! | `ndjson`, `json_row` | NDJSON of one table or of many |
//! | `json_array` | a JSON array as NDJSON |
//! | `parquet`, `parquet_column` | Parquet |
//! | `parquet_pages`, `thrift` | what the pages of a Parquet file unpack to, before any is unpacked |

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

use crate::format::Format;
pub use input::{Bounds, Input, Progress, Source};
use row::Collector;

/// The longest line or record, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// The most columns that a header or a Parquet file may have, known and unknown ones.
pub const COLUMNS_MAX: usize = 1000;

/// The most changes in one batch.
pub const BATCH_ROWS_MAX: usize = 4096;

/// A batch ends early when its rows took this many bytes of input, so that it stays small in
/// memory whatever the rows hold.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// An input may unpack to so many bytes however small it is.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;

/// What is asked for each row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Insert it, or update the columns that it gives.
    Upsert,
    /// Delete it; only its id is read.
    Delete,
}

/// One thing decoded from the input.
#[derive(Debug, Clone)]
pub enum Decoded {
    /// Changes to one table, in the order of the input; never empty.
    Changes {
        /// The table.
        table: &'static Table,
        /// At most [`BATCH_ROWS_MAX`] changes.
        changes: Vec<Change>,
    },
    /// Something wrong with one row or with the header; the row is left out.
    Error(ImportError),
}

/// Why reading ended before the input did.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input is broken at this place, and nothing after it can be read.
    #[error("{}", .0.message)]
    Broken(Box<ImportError>),
    /// The input holds more than was allowed.
    #[error("the unpacked input is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound given in [`Bounds::bytes_max`].
        bytes_max: u64,
    },
    /// The input unpacks to more, for its size, than was allowed.
    #[error("the input unpacks to more than {ratio_max} times its size")]
    TooDense {
        /// The bound given in [`Bounds::ratio_max`].
        ratio_max: u64,
    },
    /// The file could not be read.
    #[error("the import file could not be read")]
    Io(#[source] std::io::Error),
}

impl ReadError {
    /// Stable code: of the answer, not of the single error inside it.
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
/// Errors: [`ReadError::Broken`] when a Parquet file cannot be opened; all else comes from the
/// iterator.
pub fn read_table(table: &'static Table, mode: Mode, input: Input) -> Result<Batches, ReadError> {
    let progress = input.progress();
    let decoder: Box<dyn Decoder> = match input.format {
        Format::Csv => Box::new(csv::CsvDecoder::new(table, mode, input)),
        Format::Ndjson | Format::Json => Box::new(ndjson::TableDecoder::new(table, mode, input)),
        Format::Parquet => Box::new(parquet::ParquetDecoder::open(table, mode, input)?),
    };
    Ok(Batches::new(decoder, progress))
}

/// Reads NDJSON, or a JSON array, of many tables, each line or element
/// `{"table":"invoices","row":{…}}` or `{"table":"invoices","delete":17}`.
pub fn read_tables(input: Input) -> Batches {
    let progress = input.progress();
    Batches::new(Box::new(ndjson::TablesDecoder::new(input)), progress)
}

/// One step at a time through an input.
trait Decoder: Send {
    /// Decodes a little more into `out`; false once the input has ended.
    fn advance(&mut self, out: &mut Collector) -> Result<bool, ReadError>;
}

/// Batches of changes, and errors between them. After an `Err` there is nothing more.
pub struct Batches {
    decoder: Box<dyn Decoder>,
    collected: Collector,
    progress: Progress,
    end: Option<Result<(), ReadError>>,
}

impl Batches {
    fn new(decoder: Box<dyn Decoder>, progress: Progress) -> Self {
        let collected = Collector::new(progress.clone());
        Self { decoder, collected, progress, end: None }
    }

    /// How far reading has come; stays valid while another thread reads.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Iterator for Batches {
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

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("progress", &self.progress).finish_non_exhaustive()
    }
}
