//! Conversion of one JSON object to one row, without an intermediate tree.
//!
//! The outer object is parsed here for two reasons. Keys nearly always have the order of the
//! previous row, so they only need to be compared. And a number must reach its column as it was
//! written, never rounded. Nested values and escapes are left to `serde_json`; tests check that
//! both accept the same JSON.

use model::catalogue::{ID, Table};
use model::parse::InputValue;
use serde_json::value::RawValue;

use super::row::ImportRowBuilder;

/// For each column, the column whose key came next in previous rows.
#[derive(Debug, Default)]
pub(super) struct KeyOrder {
    /// Indexed by the previous column plus one. Index 0 is for the first key.
    followers: Vec<usize>,
}

impl KeyOrder {
    /// Returns the column whose quoted name is at the start of `text`, and the length of the quoted
    /// name.
    ///
    /// Tries the column that came next last time, then all columns in catalogue order. Rows of one
    /// file differ more in which columns they omit than in their order.
    fn find(
        &mut self,
        table: &Table,
        before: Option<usize>,
        text: &[u8],
    ) -> Option<(usize, usize)> {
        let place = before.map_or(0, |column| column + 1);
        let count = table.columns.len();
        if self.followers.len() <= count {
            self.followers.resize(count + 1, 0);
        }
        let text = text.strip_prefix(b"\"")?;
        let is_here = |column: usize| {
            let name = table.columns[column].name.as_bytes();
            text.get(name.len()) == Some(&b'"') && text.starts_with(name)
        };
        let expected = self.followers[place] % count;
        let mut catalogue = (place..count).chain(0..place.min(count));
        let column =
            if is_here(expected) { expected } else { catalogue.find(|column| is_here(*column))? };
        self.followers[place] = column;
        Some((column, table.columns[column].name.len() + 2))
    }
}

/// A JSON syntax error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsonError {
    pub(super) message: String,
    /// The byte offset of the error.
    pub(super) at: usize,
}

/// Parses `text` as one JSON object and adds its values to `row`.
///
/// Errors: a JSON syntax error. Errors in columns and values are added to the row.
pub(super) fn read_row(
    text: &str,
    row: &mut ImportRowBuilder,
    order: &mut KeyOrder,
) -> Result<(), JsonError> {
    let mut scanner = JsonScanner { text, at: 0 };
    scanner.skip_space();
    scanner.expect(b'{', "expected an object with the row's columns")?;
    scanner.skip_space();
    if scanner.take(b'}') {
        return scanner.expect_end();
    }
    let mut before = None;
    loop {
        let key = scanner.key(row.table(), order, before)?;
        scanner.skip_space();
        scanner.expect(b':', "expected a colon")?;
        scanner.skip_space();
        let written = scanner.value()?;
        if let JsonKey::Column(column) = key {
            before = Some(column);
        }
        match key {
            JsonKey::Column(column) if row.has(column) => {
                row.column_duplicate(row.table().columns[column].name);
            }
            JsonKey::Column(column) if row.reads_column(column) => {
                row.read(column, written.input())
            }
            JsonKey::Column(_) => {}
            JsonKey::Unknown(name) => row.column_unknown(&name),
        }
        if row.has_too_many_errors() {
            return Ok(());
        }
        scanner.skip_space();
        if scanner.take(b'}') {
            return scanner.expect_end();
        }
        scanner.expect(b',', "expected a comma or the end of the object")?;
        scanner.skip_space();
    }
}

/// Parses `text` as one JSON value, the id of `row`. Errors: as [`read_row`].
pub(super) fn read_id(text: &str, row: &mut ImportRowBuilder) -> Result<(), JsonError> {
    let mut scanner = JsonScanner { text, at: 0 };
    row.read(ID, scanner.value()?.input());
    scanner.expect_end()
}

enum JsonKey {
    Column(usize),
    Unknown(String),
}

/// A JSON value as it was written.
enum WrittenValue<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Number(&'a str),
    Text(&'a str),
    Escaped(String),
    Json(&'a str),
}

impl WrittenValue<'_> {
    fn input(&self) -> InputValue<'_> {
        match self {
            Self::Null => InputValue::Null,
            Self::Bool(value) => InputValue::Bool(*value),
            Self::Int(value) => InputValue::Int(*value),
            Self::Number(text) => InputValue::Number(text),
            Self::Text(text) => InputValue::Text(text),
            Self::Escaped(text) => InputValue::Text(text),
            Self::Json(text) => InputValue::Json(text),
        }
    }
}

struct JsonScanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonScanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn error(&self, message: impl Into<String>) -> JsonError {
        JsonError { message: message.into(), at: self.at }
    }

    fn expect(&mut self, byte: u8, message: &str) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(message)) }
    }

    fn expect_end(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("something follows the end of the row")),
        }
    }

    fn key(
        &mut self,
        table: &'static Table,
        order: &mut KeyOrder,
        before: Option<usize>,
    ) -> Result<JsonKey, JsonError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if let Some((column, length)) = order.find(table, before, rest) {
            self.at += length;
            return Ok(JsonKey::Column(column));
        }
        // This is an unknown column, or a column whose name is written with escapes.
        let name = match self.string("expected a column's name in quotes")? {
            WrittenValue::Text(name) => name.to_owned(),
            WrittenValue::Escaped(name) => name,
            _ => String::new(),
        };
        Ok(match table.position_of(&name) {
            Some(column) => JsonKey::Column(column),
            None => JsonKey::Unknown(name),
        })
    }

    fn value(&mut self) -> Result<WrittenValue<'a>, JsonError> {
        match self.peek() {
            Some(b'"') => self.string("expected text"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') => self.nested(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<WrittenValue<'a>, JsonError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (written, length) = match rest {
            [b'n', b'u', b'l', b'l', ..] => (WrittenValue::Null, 4),
            [b't', b'r', b'u', b'e', ..] => (WrittenValue::Bool(true), 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (WrittenValue::Bool(false), 5),
            _ => return Err(self.error("expected a value")),
        };
        self.at += length;
        Ok(written)
    }

    fn string(&mut self, expected: &str) -> Result<WrittenValue<'a>, JsonError> {
        let open = self.at;
        self.expect(b'"', expected)?;
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += 2;
                }
                Some(0..0x20) => return Err(self.error("a control character stands in a text")),
                Some(_) => self.at += 1,
                None => {
                    self.at = bytes.len();
                    return Err(self.error("a text is not closed"));
                }
            }
        }
        self.at += 1;
        if !has_escapes {
            return Ok(WrittenValue::Text(&self.text[open + 1..self.at - 1]));
        }
        match serde_json::from_str(&self.text[open..self.at]) {
            Ok(text) => Ok(WrittenValue::Escaped(text)),
            Err(error) => Err(JsonError { message: message_without_position(&error), at: open }),
        }
    }

    fn number(&mut self) -> Result<WrittenValue<'a>, JsonError> {
        let start = self.at;
        let is_negative = self.take(b'-');
        let first = self.peek();
        let mut magnitude = 0_i64;
        // Up to 18 digits cannot overflow an `i64`.
        let digits = self.digits(|digit, count| {
            if count < 18 {
                magnitude = magnitude * 10 + i64::from(digit - b'0');
            }
        });
        if digits == 0 || (first == Some(b'0') && digits > 1) {
            return Err(self.error("expected a number"));
        }
        let mut is_whole = true;
        if self.take(b'.') {
            is_whole = false;
            if self.digits(|_, _| ()) == 0 {
                return Err(self.error("expected digits behind the point"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_whole = false;
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            if self.digits(|_, _| ()) == 0 {
                return Err(self.error("expected digits of an exponent"));
            }
        }
        let text = &self.text[start..self.at];
        Ok(match is_whole {
            true if digits <= 18 => {
                WrittenValue::Int(if is_negative { -magnitude } else { magnitude })
            }
            true => text.parse().map_or(WrittenValue::Number(text), WrittenValue::Int),
            false => WrittenValue::Number(text),
        })
    }

    fn digits(&mut self, mut each: impl FnMut(u8, usize)) -> usize {
        let mut count = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            each(digit, count);
            count += 1;
            self.at += 1;
        }
        count
    }

    fn nested(&mut self) -> Result<WrittenValue<'a>, JsonError> {
        let rest = &self.text[self.at..];
        if rest.starts_with("[]") || rest.starts_with("{}") {
            self.at += 2;
            return Ok(WrittenValue::Json(&rest[..2]));
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&'a RawValue>();
        match values.next() {
            Some(Ok(written)) => {
                self.at += written.get().len();
                Ok(WrittenValue::Json(written.get()))
            }
            Some(Err(error)) => Err(JsonError {
                message: message_without_position(&error),
                at: self.at + error.column().saturating_sub(1),
            }),
            None => Err(self.error("expected a value")),
        }
    }
}

/// Returns the library's message without its line number, which is not that of the input.
pub(super) fn message_without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}
