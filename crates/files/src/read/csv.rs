//! CSV with a header row. An empty cell is null. Rule: spec/data-model.md §3.

use model::catalogue::{ColumnType, ID, Table};
use model::import::{ImportCode, ImportError};
use model::parse;

use super::csv_record::{CsvFields, RecordSplit, split_record};
use super::row::{ChangeCollector, ImportRowBuilder, RowPlace};
use super::unpack::{UnpackError, UnpackedStream};
use super::window::StreamWindow;
use super::{COLUMNS_MAX, ImportInput, ImportMode, RECORD_BYTES_MAX, ReadError, RowDecoder};
use crate::formula_guard::without_guard;

/// The message for a file in another encoding. It names the way out in Excel, which most people
/// use.
const NOT_UTF8: &str = "the file is not UTF-8; in Excel, save it as \"CSV UTF-8\"";

/// Decodes the rows of one table.
pub(super) struct CsvDecoder {
    window: StreamWindow,
    fields: CsvFields,
    table: &'static Table,
    mode: ImportMode,
    /// The line on which the next record begins.
    line: u64,
    header: Option<CsvHeader>,
}

/// The column of each field, or `None` for fields that are not read.
struct CsvHeader {
    columns: Vec<Option<usize>>,
}

/// A record at the start of the window.
struct CsvRecord {
    line: u64,
    length: usize,
}

impl RowDecoder for CsvDecoder {
    fn advance(&mut self, out: &mut ChangeCollector) -> Result<bool, ReadError> {
        let Some(header) = self.header.take() else {
            let header = self.read_header(out)?;
            self.header = Some(header);
            return Ok(true);
        };
        let record = self.next_record()?;
        if let Some(record) = &record {
            if !self.fields.is_blank() {
                self.read_row(&header, record, out);
            }
            self.window.consume(record.length);
        }
        self.header = Some(header);
        Ok(record.is_some())
    }
}

impl CsvDecoder {
    pub(super) fn new(table: &'static Table, mode: ImportMode, input: ImportInput) -> Self {
        let window = StreamWindow::new(UnpackedStream::new(input));
        Self { window, fields: CsvFields::default(), table, mode, line: 1, header: None }
    }

    fn place(&self) -> RowPlace {
        RowPlace { table: self.table, line: self.line }
    }

    fn broken(&self, code: ImportCode, message: impl Into<String>) -> ReadError {
        ReadError::Broken(Box::new(self.place().error(None, code, message)))
    }

    fn fault(&self, fault: UnpackError) -> ReadError {
        fault.at(Some(self.table.name), Some(self.line))
    }

    fn next_record(&mut self) -> Result<Option<CsvRecord>, ReadError> {
        loop {
            let unread = self.window.unread();
            if unread.is_empty() && self.window.is_at_end() {
                return Ok(None);
            }
            let is_whole = unread.len() <= RECORD_BYTES_MAX;
            let seen = &unread[..unread.len().min(RECORD_BYTES_MAX)];
            match split_record(seen, is_whole && self.window.is_at_end(), &mut self.fields) {
                RecordSplit::Record { length, line_feeds } => {
                    let line = self.line;
                    self.line += line_feeds;
                    return Ok(Some(CsvRecord { line, length }));
                }
                RecordSplit::Incomplete { in_quotes: false } if !is_whole => {
                    let message = format!("the record is longer than {RECORD_BYTES_MAX} bytes");
                    return Err(self.broken(ImportCode::RowTooLong, message));
                }
                RecordSplit::Incomplete { in_quotes: true } if !is_whole => {
                    let message = format!(
                        "a quote opened in this record is not closed within {RECORD_BYTES_MAX} bytes"
                    );
                    return Err(self.broken(ImportCode::CsvQuoteUnclosed, message));
                }
                RecordSplit::Incomplete { .. } if self.window.is_at_end() => {
                    let message = "a quote opened in this record is never closed";
                    return Err(self.broken(ImportCode::CsvQuoteUnclosed, message));
                }
                RecordSplit::Incomplete { .. } => {
                    self.window
                        .fill()
                        .map_err(|fault| fault.at(Some(self.table.name), Some(self.line)))?;
                }
                RecordSplit::TextAfterQuote => {
                    let message = "a closing quote is followed by text: expected a comma or the \
                        end of the line, or a quote in a value written twice";
                    return Err(self.broken(ImportCode::CsvInvalid, message));
                }
            }
        }
    }

    fn read_header(&mut self, out: &mut ChangeCollector) -> Result<CsvHeader, ReadError> {
        self.window.skip_bom().map_err(|fault| self.fault(fault))?;
        let place = self.place();
        let Some(record) = self.next_record()? else {
            return Err(
                self.broken(ImportCode::CsvInvalid, "expected a header row with column names")
            );
        };
        if self.fields.len() > COLUMNS_MAX {
            let (found, known) = (self.fields.len(), self.table.columns.len());
            let message = format!(
                "the header names {found} columns, and {} has {known}: give a header with the \
                 names of its columns, separated by commas",
                self.table.name
            );
            let error = place.error(None, ImportCode::CsvInvalid, message);
            return Err(ReadError::Broken(Box::new(error)));
        }
        let Ok(text) = std::str::from_utf8(self.fields.text(self.window.unread())) else {
            let error = place.error(None, ImportCode::Utf8Invalid, NOT_UTF8);
            return Err(ReadError::Broken(Box::new(error)));
        };
        if let (1, Some(separator)) = (self.fields.len(), other_separator(text)) {
            let message = format!(
                "the columns are separated by {separator}; save the file as CSV with commas"
            );
            return Err(ReadError::Broken(Box::new(place.error(
                None,
                ImportCode::CsvInvalid,
                message,
            ))));
        }
        let mut columns: Vec<Option<usize>> = Vec::with_capacity(self.fields.len());
        let mut seen = Vec::with_capacity(self.fields.len());
        for range in self.fields.ranges() {
            let name = text.get(range.clone()).unwrap_or_default();
            let column = self.table.position_of(name);
            let is_duplicate = column.is_some() && seen.contains(&column);
            match column {
                None => out.error(place.column_unknown(name)),
                Some(_) if is_duplicate => out.error(place.column_duplicate(name)),
                Some(_) => seen.push(column),
            }
            let is_read = !is_duplicate && (self.mode == ImportMode::Upsert || column == Some(ID));
            columns.push(column.filter(|_| is_read));
        }
        self.window.consume(record.length);
        if !seen.contains(&Some(ID)) {
            let message = "the header has no column \"id\"";
            let error = place.error(Some("id"), ImportCode::IdInvalid, message);
            return Err(ReadError::Broken(Box::new(error)));
        }
        Ok(CsvHeader { columns })
    }

    fn read_row(&self, header: &CsvHeader, record: &CsvRecord, out: &mut ChangeCollector) {
        let place = RowPlace { table: self.table, line: record.line };
        let text = match self.checked_text(header, place) {
            Ok(text) => text,
            Err(error) => {
                out.count_row();
                out.error(error);
                return;
            }
        };
        let mut row = ImportRowBuilder::new(place, self.mode);
        let tells_empty_text = self.tells_empty_text(header);
        for (position, range) in self.fields.ranges().iter().enumerate() {
            let Some(column) = header.columns[position] else { continue };
            let field = text.get(range.clone()).unwrap_or_default();
            let is_empty_text = field.is_empty()
                && tells_empty_text
                && self.fields.is_quoted(position)
                && self.table.columns[column].kind == ColumnType::Text;
            row.read(
                column,
                if is_empty_text {
                    parse::InputValue::Text("")
                } else {
                    parse::InputValue::Untyped(without_guard(field))
                },
            );
        }
        row.finish(record.length, out);
    }

    /// Returns true if `""` in this record is empty text and an empty cell is null. Some programs
    /// quote every value, including the id, and write both as `""`.
    fn tells_empty_text(&self, header: &CsvHeader) -> bool {
        let id = header.columns.iter().position(|column| *column == Some(ID));
        id.is_some_and(|id| !self.fields.is_quoted(id))
    }

    fn checked_text(&self, header: &CsvHeader, place: RowPlace) -> Result<&str, ImportError> {
        let (expected, found) = (header.columns.len(), self.fields.len());
        if expected != found {
            let message = format!("expected {expected} fields as in the header, found {found}");
            return Err(place.error(None, ImportCode::CsvInvalid, message));
        }
        std::str::from_utf8(self.fields.text(self.window.unread()))
            .map_err(|_| place.error(None, ImportCode::Utf8Invalid, NOT_UTF8))
    }
}

/// Returns the name of the separator in a header without commas, if it contains a usual one.
fn other_separator(header: &str) -> Option<&'static str> {
    [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find(|(mark, _)| header.contains(*mark))
        .map(|(_, name)| name)
}
