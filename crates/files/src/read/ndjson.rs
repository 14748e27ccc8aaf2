//! NDJSON: one JSON object per line. Blank lines are skipped. Rule: spec/data-model.md §3.

use std::borrow::Cow;

use model::catalogue::{self, Table};
use model::import::{ImportCode, ImportError};
use model::suggest;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json_row::{self, JsonError, KeyOrder};
use super::row::{Collector, Place, Row};
use super::unpack::Unpacked;
use super::window::{Line, Window};
use super::{Decoder, Input, Mode, RECORD_BYTES_MAX, ReadError};

/// Decodes lines that are rows of one table.
pub(super) struct TableDecoder {
    lines: Lines,
    table: &'static Table,
    mode: Mode,
    order: KeyOrder,
}

/// Decodes lines that name their table.
pub(super) struct TablesDecoder {
    lines: Lines,
    order: KeyOrder,
}

/// The numbered lines of an input.
struct Lines {
    window: Window,
    line: u64,
}

/// A numbered line without its line end, or the error that it has.
struct Numbered<'a> {
    line: u64,
    text: Result<&'a str, (ImportCode, String)>,
    length: usize,
}

impl Lines {
    fn new(input: Input) -> Self {
        Self { window: Window::new(Unpacked::new(input)), line: 0 }
    }

    /// Calls `read` with the next line, unless it is blank. Returns false at the end of the input.
    fn next(
        &mut self,
        table: Option<&str>,
        read: impl FnOnce(Numbered<'_>),
    ) -> Result<bool, ReadError> {
        if self.line == 0 {
            self.window.skip_bom().map_err(|fault| fault.at(table, Some(1)))?;
        }
        let line = self.line + 1;
        let next = self.window.next_line().map_err(|fault| fault.at(table, Some(line)))?;
        self.line = line;
        match next {
            Line::End => return Ok(false),
            Line::TooLong => {
                let message = format!("the line is longer than {RECORD_BYTES_MAX} bytes");
                read(Numbered { line, text: Err((ImportCode::RowTooLong, message)), length: 0 });
            }
            Line::Length(length) => {
                let bytes = &self.window.unread()[..length];
                let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
                if !bytes.iter().all(u8::is_ascii_whitespace) {
                    let text = std::str::from_utf8(bytes)
                        .map_err(|_| (ImportCode::Utf8Invalid, "the line is not UTF-8".to_owned()));
                    read(Numbered { line, text, length });
                }
                self.window.consume_line(length);
            }
        }
        Ok(true)
    }
}

impl TableDecoder {
    pub(super) fn new(table: &'static Table, mode: Mode, input: Input) -> Self {
        Self { lines: Lines::new(input), table, mode, order: KeyOrder::default() }
    }
}

impl Decoder for TableDecoder {
    fn advance(&mut self, out: &mut Collector) -> Result<bool, ReadError> {
        let Self { lines, table, mode, order } = self;
        lines.next(Some(table.name), |numbered| {
            let place = Place { table, line: numbered.line };
            let read = numbered.text.and_then(|text| {
                let mut row = Row::new(place, *mode);
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
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow)]
    row: Option<&'a RawValue>,
    #[serde(borrow)]
    delete: Option<&'a RawValue>,
}

impl TablesDecoder {
    pub(super) fn new(input: Input) -> Self {
        Self { lines: Lines::new(input), order: KeyOrder::default() }
    }
}

impl Decoder for TablesDecoder {
    fn advance(&mut self, out: &mut Collector) -> Result<bool, ReadError> {
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

fn read_envelope(text: &str, line: u64, order: &mut KeyOrder) -> Result<Row, (ImportCode, String)> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        let message = json_row::without_place(&error);
        invalid_json(JsonError { message, at: error.column().saturating_sub(1) })
    })?;
    let Some(table) = catalogue::table(&envelope.table) else {
        let names = catalogue::tables().iter().map(|table| table.name);
        let meant = suggest::did_you_mean(&envelope.table, names);
        let message = format!("there is no table {:?}{meant}", envelope.table);
        return Err((ImportCode::TableUnknown, message));
    };
    let place = Place { table, line };
    match (envelope.row, envelope.delete) {
        (Some(written), None) => {
            let mut row = Row::new(place, Mode::Upsert);
            json_row::read_row(written.get(), &mut row, order).map_err(invalid_json)?;
            Ok(row)
        }
        (None, Some(written)) => {
            let mut row = Row::new(place, Mode::Delete);
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
