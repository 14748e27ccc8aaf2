//! Record batches to files. Rule: spec/reports.md §3, §7, §13.
//!
//! Each format is a [`RowWriter`]. It is given batches one at a time and appends their bytes to
//! any [`std::io::Write`]; the same batches give the same bytes, however they are cut.
//!
//! | module | holds |
//! | --- | --- |
//! | `json` | [`JsonRows`]: nested row objects |
//! | `csv` | [`CsvRows`]: one line per row |
//! | `csv_text` | quoting, and the guard against formulas |
//! | `values` | a batch's columns, downcast once |
//! | `currencies` | how amounts are written, looked up once per currency |

mod csv;
mod csv_text;
mod currencies;
mod json;
#[cfg(test)]
mod tests;
mod values;

use std::io::{self, Write};

use arrow::array::RecordBatch;

pub use csv::{CsvOptions, CsvRows};
pub use json::JsonRows;

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
    /// The output refused the bytes.
    #[error("the output could not be written")]
    Io(#[source] io::Error),
}

impl WriteError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ColumnMismatch { .. } | Self::KeyTaken { .. } => "internal_error",
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
