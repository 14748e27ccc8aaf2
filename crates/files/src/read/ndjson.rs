//! NDJSON: one JSON object per line. Blank lines are skipped. Rule: spec/data-model.md §3.

use std::borrow::Cow;

use model::catalogue::{self, Table};
use model::import::{ImportCode, ImportError};
use model::suggest;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json_row::{self, JsonError, KeyOrder};
use super::row::{ChangeCollector, ImportRowBuilder, RowPlace};
use super::unpack::UnpackedStream;
use super::window::{NextLine, StreamWindow};
use super::{ImportInput, ImportMode, RECORD_BYTES_MAX, ReadError, RowDecoder};

/// Decodes lines that are rows of one table.
pub(super) struct NdjsonTableDecoder {
    lines: NdjsonLines,
    table: &'static Table,
    mode: ImportMode,
    order: KeyOrder,
}

/// Decodes lines that name their table.
pub(super) struct NdjsonTablesDecoder {
    lines: NdjsonLines,
    order: KeyOrder,
}

/// The numbered lines of an input.
struct NdjsonLines {
    window: StreamWindow,
    line: u64,
}

/// A numbered line without its line end, or the error that it has.
struct NumberedLine<'a> {
    line: u64,
    text: Result<&'a str, (ImportCode, String)>,
    length: usize,
}

impl NdjsonLines {
    fn new(input: ImportInput) -> Self {
        Self { window: StreamWindow::new(UnpackedStream::new(input)), line: 0 }
    }

    /// Calls `read` with the next line, unless it is blank. Returns false at the end of the input.
    fn next(
        &mut self,
        table: Option<&str>,
        read: impl FnOnce(NumberedLine<'_>),
    ) -> Result<bool, ReadError> {
        if self.line == 0 {
            self.window.skip_bom().map_err(|fault| fault.at(table, Some(1)))?;
        }
        let line = self.line + 1;
        let next = self.window.next_line().map_err(|fault| fault.at(table, Some(line)))?;
        self.line = line;
        match next {
            NextLine::End => return Ok(false),
            NextLine::TooLong => {
                let message = format!("the line is longer than {RECORD_BYTES_MAX} bytes");
                read(NumberedLine {
                    line,
                    text: Err((ImportCode::RowTooLong, message)),
                    length: 0,
                });
            }
            NextLine::Length(length) => {
                let bytes = &self.window.unread()[..length];
                let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
                if !bytes.iter().all(u8::is_ascii_whitespace) {
                    let text = std::str::from_utf8(bytes)
                        .map_err(|_| (ImportCode::Utf8Invalid, "the line is not UTF-8".to_owned()));
                    read(NumberedLine { line, text, length });
                }
                self.window.consume_line(length);
            }
        }
        Ok(true)
    }
}

impl NdjsonTableDecoder {
    pub(super) fn new(table: &'static Table, mode: ImportMode, input: ImportInput) -> Self {
        Self { lines: NdjsonLines::new(input), table, mode, order: KeyOrder::default() }
    }
}

impl RowDecoder for NdjsonTableDecoder {
    fn advance(&mut self, out: &mut ChangeCollector) -> Result<bool, ReadError> {
        let Self { lines, table, mode, order } = self;
        lines.next(Some(table.name), |numbered| {
            let place = RowPlace { table, line: numbered.line };
            let read = numbered.text.and_then(|text| {
                let mut row = ImportRowBuilder::new(place, *mode);
                json_row::read_row(text, &mut row, order).map_err(invalid_json)?;
                Ok(row)
            });
            match read {
                Ok(row) => row.finish(numbered.length, out),
                Err((code, message)) => {
                    out.count_row();
                    out.error(place.error(None, code, message));
                }
            }
        })
    }
}

/// A line of an input with rows of many tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "expected an object with table and row")]
struct RowEnvelope<'a> {
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow)]
    row: Option<&'a RawValue>,
    #[serde(borrow)]
    delete: Option<&'a RawValue>,
}

impl NdjsonTablesDecoder {
    pub(super) fn new(input: ImportInput) -> Self {
        Self { lines: NdjsonLines::new(input), order: KeyOrder::default() }
    }
}

impl RowDecoder for NdjsonTablesDecoder {
    fn advance(&mut self, out: &mut ChangeCollector) -> Result<bool, ReadError> {
        let Self { lines, order } = self;
        lines.next(None, |numbered| {
            let line = numbered.line;
            match numbered.text.and_then(|text| read_envelope(text, line, order)) {
                Ok(row) => row.finish(numbered.length, out),
                Err((code, message)) => {
                    out.count_row();
                    let (table, id, column) = (None, None, None);
                    let line = Some(line);
                    out.error(ImportError { table, line, id, column, code, message });
                }
            }
        })
    }
}

fn read_envelope(
    text: &str,
    line: u64,
    order: &mut KeyOrder,
) -> Result<ImportRowBuilder, (ImportCode, String)> {
    let envelope: RowEnvelope<'_> = serde_json::from_str(text).map_err(|error| {
        let message = json_row::message_without_position(&error);
        invalid_json(JsonError { message, at: error.column().saturating_sub(1) })
    })?;
    let Some(table) = catalogue::table(&envelope.table) else {
        let names = catalogue::tables().iter().map(|table| table.name);
        let meant = suggest::did_you_mean(&envelope.table, names);
        let message = format!("there is no table {:?}{meant}", envelope.table);
        return Err((ImportCode::TableUnknown, message));
    };
    let place = RowPlace { table, line };
    match (envelope.row, envelope.delete) {
        (Some(written), None) => {
            let mut row = ImportRowBuilder::new(place, ImportMode::Upsert);
            json_row::read_row(written.get(), &mut row, order).map_err(invalid_json)?;
            Ok(row)
        }
        (None, Some(written)) => {
            let mut row = ImportRowBuilder::new(place, ImportMode::Delete);
            json_row::read_id(written.get(), &mut row).map_err(invalid_json)?;
            Ok(row)
        }
        _ => Err((ImportCode::JsonInvalid, "expected either \"row\" or \"delete\"".to_owned())),
    }
}

fn invalid_json(error: JsonError) -> (ImportCode, String) {
    let JsonError { message, at } = error;
    (ImportCode::JsonInvalid, format!("not the JSON of a row: {message} (byte {})", at + 1))
}
