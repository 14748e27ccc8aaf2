//! Record batches to files. Rule: spec/reports.md §3, §7, §13; spec/exports.md §9, §11.
//!
//! Each format is a [`RowWriter`], which [`writer`] makes. It is given batches one at a time and
//! appends their bytes to any [`std::io::Write`]; the same batches give the same bytes, however
//! they are cut. Memory does not grow with the number of rows.
//!
//! | module | holds |
//! | --- | --- |
//! | `options`, `dialect` | what a caller chooses; all in which reports and exports differ |
//! | `csv`, `csv_text` | one line per row; quoting, and the guard against formulas |
//! | `json`, `json_cell`, `json_text` | row objects; values, texts and ready JSON in them |
//! | `parquet`, `arrow_ipc`, `columnar` | files of typed columns |
//! | `xlsx`, `xlsx_cell` | workbooks; one row of a sheet |
//! | `table`, `text_cell` | columns of a file with one cell per column; a value as text |
//! | `values` | a batch's columns, downcast once |
//! | `currencies` | how amounts are written, looked up once per currency |
//! | `totals`, `hashing` | what a file's amounts add up to, and its SHA-256 |

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

use crate::format::FileFormat;
pub use csv::BOM;
pub use currencies::money_object;
pub use dialect::Dialect;
pub use hashing::{FileDigest, HashingWriter};
pub use options::{Envelope, WriteOptions};
pub use totals::Totals;

/// A writer of rows with these columns in this format.
///
/// Errors: [`WriteError::KeyTaken`]; [`WriteError::Io`] where a temporary file cannot be made.
pub fn writer(
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

/// Writes the rows of an answer in one format.
///
/// Call [`start`](Self::start) once, [`rows`](Self::rows) for each batch, then
/// [`finish`](Self::finish), always with the same `out`.
pub trait RowWriter: Send {
    /// Writes what stands before the first row.
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError>;

    /// Writes the rows of one batch, shaped as [`model::output::OutputKind`] says.
    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError>;

    /// Writes what stands behind the last row.
    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError>;
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A batch is not shaped as its columns say: a fault of whoever made it.
    #[error("column {key} of a batch should be {expected}, and is {found}")]
    ColumnMismatch {
        /// Key of the column.
        key: String,
        /// What the column's kind asks for.
        expected: &'static str,
        /// What the batch holds.
        found: String,
    },
    /// Two columns cannot stand in one row object: equal keys, or one inside the other.
    #[error("column {key} has the place of another column")]
    KeyTaken {
        /// Key of the later column.
        key: String,
    },
    /// An amount without a currency of ISO 4217 beside it.
    #[error("an amount in column {key} has the currency {currency:?}, which is not ISO 4217")]
    CurrencyUnknown {
        /// Key of the amount's column.
        key: String,
        /// What stands in the currency's column; empty for null.
        currency: String,
    },
    /// A text that no cell of a spreadsheet can hold.
    #[error("column {column} of row {row} holds a text that is too long for a cell of XLSX")]
    CellTooLong {
        /// What the row's first column holds: its id, in an export.
        row: String,
        /// Key of the column.
        column: String,
    },
    /// An amount or a sum with more digits than its type holds.
    #[error("{place} has too many digits")]
    AmountTooLarge {
        /// Which it is: its column, and its row or that it is the column's sum.
        place: String,
    },
    /// A library refused to encode what it was given.
    #[error("the rows could not be encoded")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The output refused the bytes.
    #[error("the output could not be written")]
    Io(#[source] io::Error),
}

impl WriteError {
    fn encoding(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Encoding(error.into())
    }

    /// Stable code.
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

/// Bytes gathered before they are handed to the output.
const FLUSH_BYTES: usize = 64 << 10;

/// Hands `buffer` to `out` once there is enough of it, or in any case at the `end` of a batch.
fn hand_over(buffer: &mut Vec<u8>, out: &mut dyn Write, end: bool) -> Result<(), WriteError> {
    if end || buffer.len() >= FLUSH_BYTES {
        out.write_all(buffer).map_err(WriteError::Io)?;
        buffer.clear();
    }
    Ok(())
}
