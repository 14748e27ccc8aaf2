//! The result of an import, the same for every way to import. Rule: spec/data-model.md §3.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::id::Revision;

/// The number of errors of one call that are listed in full. The total count is reported, too.
pub const ERRORS_LISTED_MAX: usize = 100;

/// The number of errors of one call after which reading stops: an input with so many errors is
/// probably not what its sender takes it for.
pub const ERRORS_COUNTED_MAX: u64 = 10_000;

/// The greatest length of an error's message and column name, in bytes. Both may repeat text of the
/// input.
const ERROR_TEXT_BYTES_MAX: usize = 1000;

/// One input row: its id, its line, and a cell for every column of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow {
    /// The row's id (also `cells[0]`).
    pub id: i64,
    /// The line of the input, from 1 (CSV: the header is line 1; Parquet: the row number).
    pub line: u64,
    /// The cells in catalogue order, one per column; [`Cell::Absent`] where the input has none.
    pub cells: Vec<Cell>,
}

/// One change that an import requests.
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

/// The number of rows of one table by the outcome of the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableCounts {
    /// Rows and deletions in the input.
    pub received: u64,
    /// Rows that did not exist before.
    pub inserted: u64,
    /// Rows that existed and changed.
    pub updated: u64,
    /// Rows that existed with the same values, and deletions of rows that do not exist.
    pub unchanged: u64,
    /// Rows removed.
    pub deleted: u64,
}

/// The result of an import that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOutcome {
    /// The revision after the call. Unchanged if the call changed nothing.
    pub revision: Revision,
    /// Row counts by the name of the table, for tables named in the input.
    pub tables: BTreeMap<String, TableCounts>,
    /// Warnings about stored values that are probably mistakes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ImportWarning>,
}

/// A warning about values that are valid but probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWarning {
    /// The table's name.
    pub table: String,
    /// The column of the first suspicious value.
    pub column: String,
    /// The id of that value's row.
    pub id: i64,
    /// Stable code.
    pub code: WarningCode,
    /// A description of the suspicion and of the expected values.
    pub message: String,
}

/// Stable codes of warnings about stored rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Every amount of a table is below one unit of its currency: major units may have been meant.
    AmountsBelowOne,
}

/// Stable codes of errors in one row.
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
    /// A required column that has no value.
    RequiredMissing,
    /// A value of a type that the column does not take.
    TypeMismatch,
    /// A number outside 64 bits or outside the column's bounds.
    NumberOutOfRange,
    /// An id outside 1..2^53-1, or a missing id.
    IdInvalid,
    /// A word that the column does not list.
    EnumInvalid,
    /// A text that is not a date, or a date that does not exist.
    DateInvalid,
    /// A value that is not an instant.
    TimestampInvalid,
    /// A text that is not a lower-case ISO 4217 code.
    CurrencyInvalid,
    /// A text that is not an upper-case ISO 3166-1 alpha-2 code.
    CountryInvalid,
    /// The same id twice in one call with different content.
    DuplicateId,
    /// A reference to a row that does not exist after the call.
    ReferenceMissing,
    /// A deletion of a row that other rows still reference.
    RowReferenced,
    /// A rule between columns is broken.
    RowInvalid,
    /// An unknown key in an allotment.
    AllotmentUnknownKey,
    /// An allotment value of the wrong type, outside its range, or not among the listed words.
    AllotmentBadValue,
    /// Two limits of an allotment with the same (period, type), or one offering type twice.
    AllotmentDuplicate,
    /// An allotment that names an offering type that does not exist.
    AllotmentUnknownOfferingType,
}

/// One error in one row of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportError {
    /// The table's name, if known.
    pub table: Option<String>,
    /// The line of the input (see [`InputRow::line`]), if known.
    pub line: Option<u64>,
    /// The row's id, if known.
    pub id: Option<i64>,
    /// The name of the column at fault, if there is one.
    pub column: Option<String>,
    /// Stable code.
    pub code: ImportCode,
    /// A description of the error and of the accepted values.
    pub message: String,
}

/// The errors of one call: the first [`ERRORS_LISTED_MAX`] in full, and a count that stops soon
/// after [`ERRORS_COUNTED_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportErrors {
    /// The first errors, in full.
    pub errors: Vec<ImportError>,
    /// The number of all errors.
    pub error_count: u64,
}

impl ImportErrors {
    /// Counts an error and, while there is room, lists it with its texts shortened to the bound.
    pub fn push(&mut self, mut error: ImportError) {
        self.error_count += 1;
        if self.errors.len() < ERRORS_LISTED_MAX {
            truncate_text(&mut error.message);
            if let Some(column) = &mut error.column {
                truncate_text(column);
            }
            self.errors.push(error);
        }
    }

    /// Returns true if there are so many errors that the rest of the input is not read.
    pub fn is_full(&self) -> bool {
        self.error_count >= ERRORS_COUNTED_MAX
    }

    /// Returns true if there are no errors.
    pub fn is_empty(&self) -> bool {
        self.error_count == 0
    }
}

/// Shortens a text that is too long for an error.
fn truncate_text(text: &mut String) {
    if text.len() > ERROR_TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(ERROR_TEXT_BYTES_MAX));
        text.push('…');
        text.shrink_to_fit();
    }
}

/// An error in one value. It becomes an [`ImportError`] where table, line and id are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// Stable code.
    pub code: ImportCode,
    /// A description of the error and of the accepted values.
    pub message: String,
}

impl CellError {
    /// Returns an error with this code and message.
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
