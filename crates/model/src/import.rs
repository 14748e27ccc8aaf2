//! What an import answers, whichever door it came through. Rule: spec/data-model.md §3.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::id::Revision;

/// How many errors of one call are spelled out; the true count stands beside them.
pub const ERRORS_LISTED_MAX: usize = 100;

/// How many errors of one call are counted: an input with so many is not what its sender takes it
/// for, and nothing after them is read.
pub const ERRORS_COUNTED_MAX: u64 = 10_000;

/// The longest message and name of an error, in bytes: both may repeat what stands in the input.
const TOLD_BYTES_MAX: usize = 1000;

/// One row of input: its key, where it stood, and a cell for every column of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow {
    /// The row's id (also `cells[0]`).
    pub id: i64,
    /// Line of the input, from 1 (CSV: the header is line 1; Parquet: the row number).
    pub line: u64,
    /// One cell per column of the table, in catalogue order; [`Cell::Absent`] where not given.
    pub cells: Vec<Cell>,
}

/// One change asked for by an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Insert or update a row.
    Upsert(InputRow),
    /// Delete the row with this id.
    Delete {
        /// The row's id.
        id: i64,
        /// Line of the input.
        line: u64,
    },
}

/// What happened to the rows of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableCounts {
    /// Rows and deletions in the input.
    pub received: u64,
    /// Rows that did not exist before.
    pub inserted: u64,
    /// Rows that existed and changed.
    pub updated: u64,
    /// Rows that existed and were already so; also deletions of rows that do not exist.
    pub unchanged: u64,
    /// Rows removed.
    pub deleted: u64,
}

/// Answer of an import that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOutcome {
    /// Revision after the call; the one before it when nothing changed.
    pub revision: Revision,
    /// Counts per table named in the input.
    pub tables: BTreeMap<String, TableCounts>,
    /// What was stored and is probably not what was meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ImportWarning>,
}

/// Something that is right by the rules, and yet probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWarning {
    /// Table.
    pub table: String,
    /// Column of the first value in question.
    pub column: String,
    /// Its row.
    pub id: i64,
    /// Stable code.
    pub code: WarningCode,
    /// What looks wrong and what would be right.
    pub message: String,
}

/// What looks wrong with rows that were stored, in stable words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Every amount of a table is below one unit of its currency: pounds may have been meant.
    AmountsBelowOne,
}

/// What is wrong with one row, in stable words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportCode {
    /// Bytes that are not UTF-8.
    Utf8Invalid,
    /// A line that is not JSON, or not an object of the expected form.
    JsonInvalid,
    /// A CSV record with more or fewer fields than the header.
    CsvInvalid,
    /// A quote in CSV that is opened and never closed.
    CsvQuoteUnclosed,
    /// A line or record longer than the bound.
    RowTooLong,
    /// A compressed body that ends early or is damaged.
    CompressionInvalid,
    /// A Parquet file that cannot be read.
    ParquetInvalid,
    /// A table that does not exist.
    TableUnknown,
    /// A column that the table does not have.
    ColumnUnknown,
    /// The same column twice in one row or header.
    ColumnDuplicate,
    /// A required column without a value.
    RequiredMissing,
    /// A value of another type than the column's.
    TypeMismatch,
    /// A number past 64 bits or past the column's bounds.
    NumberOutOfRange,
    /// An id outside 1..2^53-1, or none.
    IdInvalid,
    /// A word that is not in the column's list.
    EnumInvalid,
    /// No civil date, or one that does not exist.
    DateInvalid,
    /// No instant.
    TimestampInvalid,
    /// No lower-case ISO 4217 code.
    CurrencyInvalid,
    /// No upper-case ISO 3166-1 alpha-2 code.
    CountryInvalid,
    /// The same id twice in one call with different content.
    DuplicateId,
    /// A reference to a row that does not exist after the call.
    ReferenceMissing,
    /// A deletion of a row that others still reference.
    RowReferenced,
    /// A rule between columns is broken.
    RowInvalid,
    /// A key in an allotment that is not listed in its shape.
    AllotmentUnknownKey,
    /// A value in an allotment of the wrong type, range or word.
    AllotmentBadValue,
    /// Two limits of an allotment with the same (period, type), or one offering type twice.
    AllotmentDuplicate,
    /// An allotment that names an offering type that does not exist.
    AllotmentUnknownOfferingType,
}

/// One thing wrong with one row of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportError {
    /// Table, when known.
    pub table: Option<String>,
    /// Line of the input (see [`InputRow::line`]), when known.
    pub line: Option<u64>,
    /// Id of the row, when known.
    pub id: Option<i64>,
    /// Column, when one is to blame.
    pub column: Option<String>,
    /// Stable code.
    pub code: ImportCode,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Errors of one call: the first [`ERRORS_LISTED_MAX`] in full, and how many there are, up to about
/// [`ERRORS_COUNTED_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportErrors {
    /// The first errors.
    pub errors: Vec<ImportError>,
    /// How many there are in all.
    pub error_count: u64,
}

impl ImportErrors {
    /// Adds one, keeping it only while there is room, and its texts up to a bound.
    pub fn push(&mut self, mut error: ImportError) {
        self.error_count += 1;
        if self.errors.len() < ERRORS_LISTED_MAX {
            cut(&mut error.message);
            if let Some(column) = &mut error.column {
                cut(column);
            }
            self.errors.push(error);
        }
    }

    /// Whether there are so many that the rest of the input is not read.
    pub fn is_full(&self) -> bool {
        self.error_count >= ERRORS_COUNTED_MAX
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.error_count == 0
    }
}

/// Shortens a text that is too long to be told.
fn cut(text: &mut String) {
    if text.len() > TOLD_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TOLD_BYTES_MAX));
        text.push('…');
        text.shrink_to_fit();
    }
}

/// What is wrong with one value; becomes an [`ImportError`] where table, line and id are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// Stable code.
    pub code: ImportCode,
    /// What is wrong and what would be right.
    pub message: String,
}

impl CellError {
    /// An error with this code and message.
    pub fn new(code: ImportCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str, column: &str) -> ImportError {
        ImportError {
            table: None,
            line: None,
            id: None,
            column: Some(column.to_owned()),
            code: ImportCode::ColumnUnknown,
            message: message.to_owned(),
        }
    }

    #[test]
    fn errors_are_listed_up_to_a_bound_and_counted_up_to_another() {
        let mut errors = ImportErrors::default();
        for _ in 1..ERRORS_COUNTED_MAX {
            errors.push(error("m", "c"));
            assert!(!errors.is_full());
        }
        errors.push(error("m", "c"));
        assert!(errors.is_full());
        assert_eq!((errors.errors.len(), errors.error_count), (ERRORS_LISTED_MAX, 10_000));
    }

    #[test]
    fn what_an_error_repeats_of_the_input_is_cut() {
        let mut errors = ImportErrors::default();
        errors.push(error(&"é".repeat(1 << 20), &"x".repeat(1 << 20)));
        errors.push(error("as it is", "x"));
        let [long, short] = errors.errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!(long.message, format!("{}…", "é".repeat(500)));
        assert_eq!(long.column.as_deref().map(str::len), Some(1000 + "…".len()));
        assert_eq!((short.message.as_str(), short.column.as_deref()), ("as it is", Some("x")));
    }
}
