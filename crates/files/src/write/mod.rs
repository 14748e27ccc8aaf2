//! Writers of record batches to files. Rule: spec/reports.md §3, §7, §13; spec/exports.md §9, §11.
//!
//! Each format is a [`RowWriter`], created by [`create_writer`]. It takes one batch at a time and appends
//! bytes to any [`std::io::Write`]. The same rows give the same bytes, however they are divided
//! into batches. Memory use does not grow with the number of rows.
//!
//! | module | holds |
//! | --- | --- |
//! | `options`, `dialect` | a caller's options; the differences between reports and exports |
//! | `csv`, `csv_text` | CSV and TSV; quoting and the formula guard |
//! | `json`, `json_cell`, `json_text` | row objects; values; strings and stored JSON |
//! | `parquet`, `arrow_ipc`, `columnar` | files of typed columns |
//! | `xlsx`, `xlsx_cell` | workbooks; one row of a sheet |
//! | `table`, `text_cell` | the columns of files with one cell per column; values as text |
//! | `values` | the columns of a batch, downcast once |
//! | `currencies` | the amount format of each currency, looked up once |
//! | `totals`, `hashing` | control totals; file size and SHA-256 |

mod arrow_ipc;
mod columnar;
mod csv;
mod csv_text;
mod currencies;
mod dialect;
mod hashing;
mod json;
mod json_cell;
mod json_text;
mod options;
mod parquet;
mod table;
#[cfg(test)]
mod tests;
mod text_cell;
mod totals;
mod values;
mod xlsx;
mod xlsx_cell;

use std::io::{self, Write};

use arrow::array::RecordBatch;
use model::output::OutputColumn;

pub use csv::BOM;
pub use currencies::money_object;
pub use dialect::Dialect;
pub use hashing::{FileDigest, HashingWriter};
use model::file_format::FileFormat;
pub use options::{JsonEnvelope, WriteOptions};
pub use totals::ControlTotals;

/// The key of a currency, both as a column and as a field beside an amount.
const CURRENCY_KEY: &str = "currency";

/// Creates a writer of rows with these columns in this format.
///
/// Errors: [`WriteError::KeyTaken`]; [`WriteError::Io`] where a temporary file cannot be made.
pub fn create_writer(
    format: FileFormat,
    columns: &[OutputColumn],
    options: &WriteOptions,
) -> Result<Box<dyn RowWriter>, WriteError> {
    Ok(match format {
        FileFormat::Csv | FileFormat::Tsv => Box::new(csv::CsvRows::new(format, columns, options)),
        FileFormat::Json | FileFormat::Ndjson => {
            Box::new(json::JsonRows::new(format, columns, options)?)
        }
        FileFormat::Parquet => Box::new(parquet::ParquetRows::new(columns, options)?),
        FileFormat::Arrow => Box::new(arrow_ipc::ArrowRows::new(columns, options)?),
        FileFormat::Xlsx => Box::new(xlsx::XlsxRows::new(columns, options)?),
    })
}

/// Writes the rows of a result in one format.
///
/// Call [`start`](Self::start) once, [`rows`](Self::rows) for each batch, then
/// [`finish`](Self::finish), always with the same `out`.
pub trait RowWriter: Send {
    /// Writes everything before the first row.
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError>;

    /// Writes the rows of one batch. Its columns must have the types that
    /// [`model::output::OutputKind`] requires.
    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError>;

    /// Writes everything after the last row.
    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError>;
}

/// The reason why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A batch does not have the types that its columns require. This is a bug of the caller.
    #[error("column {key} of a batch should be {expected}, and is {found}")]
    ColumnMismatch {
        /// Key of the column.
        key: String,
        /// The type that the column's kind requires.
        expected: &'static str,
        /// The type in the batch.
        found: String,
    },
    /// Two columns cannot be in one row object, because their keys are equal or one key is nested
    /// in the other.
    #[error("column {key} has the place of another column")]
    KeyTaken {
        /// Key of the later column.
        key: String,
    },
    /// An amount whose currency is missing or not in ISO 4217.
    #[error("an amount in column {key} has the currency {currency:?}, which is not ISO 4217")]
    CurrencyUnknown {
        /// Key of the amount's column.
        key: String,
        /// The value of the currency column, or empty for null.
        currency: String,
    },
    /// A text that is too long for a spreadsheet cell.
    #[error("column {column} of row {row} holds a text that is too long for a cell of XLSX")]
    CellTooLong {
        /// The value of the row's first column, which is its id in an export.
        row: String,
        /// Key of the column.
        column: String,
    },
    /// An amount or a sum with more digits than its type holds.
    #[error("{place} has too many digits")]
    AmountTooLarge {
        /// The place of the amount: its column, and its row or the words that it is a sum.
        place: String,
    },
    /// A library could not encode the rows.
    #[error("the rows could not be encoded")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The output could not be written to.
    #[error("the output could not be written")]
    Io(#[source] io::Error),
}

impl WriteError {
    fn encoding(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Encoding(error.into())
    }

    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ColumnMismatch { .. } | Self::KeyTaken { .. } | Self::Encoding(_) => {
                "internal_error"
            }
            Self::CellTooLong { .. } => "cell_too_long",
            Self::AmountTooLarge { .. } => "amount_too_large",
            Self::CurrencyUnknown { .. } => "currency_unknown",
            Self::Io(_) => "output_failed",
        }
    }
}

/// The number of bytes that are buffered before they are written to the output.
const FLUSH_BYTES: usize = 64 << 10;

/// Writes `buffer` to `out` and empties it if it is large enough, or if `end` is true.
fn flush_buffer(buffer: &mut Vec<u8>, out: &mut dyn Write, end: bool) -> Result<(), WriteError> {
    if end || buffer.len() >= FLUSH_BYTES {
        out.write_all(buffer).map_err(WriteError::Io)?;
        buffer.clear();
    }
    Ok(())
}
