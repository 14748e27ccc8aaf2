//! Values as plain text, for cells of CSV, TSV and XLSX, and for columns of Parquet and Arrow files
//! that have no better type. Rule: spec/reports.md §7.2 no. 3 to 5, spec/exports.md §11.

use std::ops::Range;

use model::money::write_decimal_text;
use model::output::ObjectText;
use model::time::{Date, Instant, write_time_of_day};

use super::WriteError;
use super::currencies::CurrencyFormats;
use super::dialect::Dialect;
use super::json_cell::{DEC4_DIGITS, JsonCells, bool_word, write_integer};
use super::json_text::{write_compact, write_string};
use super::table::FileColumn;
use super::values::{
    AmountValues, ObjectValues, OutputValues, TextValues, ValuePosition, item_range,
};
use model::file_format::FileFormat;

/// Writes values as text.
pub(super) struct TextCells {
    dialect: Dialect,
    currencies: CurrencyFormats,
    json: JsonCells,
}

impl TextCells {
    /// Creates a writer of cells in this dialect and format.
    pub(super) fn new(dialect: Dialect, format: FileFormat) -> Self {
        Self {
            dialect,
            currencies: CurrencyFormats::default(),
            json: JsonCells::new(dialect.json_style(format)),
        }
    }

    /// Returns the currencies used so far.
    pub(super) fn currencies(&mut self) -> &mut CurrencyFormats {
        &mut self.currencies
    }

    /// Appends the value of `column` in `row`, which must not be null.
    pub(super) fn write_column(
        &mut self,
        column: &FileColumn,
        values: &OutputValues,
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let at = ValuePosition::row(&column.column.key, row);
        match values {
            OutputValues::Text(text) if column.is_upper_currency => {
                self.write_upper(text, row, out)
            }
            _ if column.is_json => self.json.write(values, at, out)?,
            _ => self.write_given(values, at, out)?,
        }
        Ok(())
    }

    fn write_upper(&mut self, codes: &TextValues, row: usize, out: &mut Vec<u8>) {
        let code = codes.value(row);
        match self.currencies.get(code) {
            Some(known) => out.extend_from_slice(known.code_upper.as_bytes()),
            None => out.extend(code.bytes().map(|byte| byte.to_ascii_uppercase())),
        }
    }

    /// Appends the value at `at`, or nothing for null.
    pub(super) fn write(
        &mut self,
        values: &OutputValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if values.is_null(at.position) {
            return Ok(());
        }
        self.write_given(values, at, out)
    }

    /// Appends the value at `at`, which must not be null.
    fn write_given(
        &mut self,
        values: &OutputValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let position = at.position;
        match values {
            OutputValues::Int(array) => write_integer(array.value(position), out),
            OutputValues::Text(text) => out.extend_from_slice(text.value(position).as_bytes()),
            OutputValues::Json(text) => write_compact(text.value(position), out),
            OutputValues::Bool(array) => out.extend_from_slice(bool_word(array.value(position))),
            OutputValues::Date(array) => Date::from_days(array.value(position)).write_to(out),
            OutputValues::Instant(array) => {
                Instant::from_micros(array.value(position)).write_to(out)
            }
            OutputValues::TimeOfDay(array) => write_time_of_day(array.value(position), out),
            OutputValues::Dec4(array) => {
                write_decimal_text(array.value(position), DEC4_DIGITS, out)
            }
            OutputValues::Amount(amount) => self.write_amount(amount, at, out)?,
            OutputValues::List(list, items) => {
                self.write_list(items, at, item_range(list, position), out)?
            }
            OutputValues::Object(object) => self.write_object(object, at, out)?,
        }
        Ok(())
    }

    /// Appends the items of a list with a separator between them. If an item could not be told
    /// apart from its neighbours, appends the whole list as JSON.
    fn write_list(
        &mut self,
        items: &OutputValues,
        at: ValuePosition,
        range: Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let start = out.len();
        for item in range.clone() {
            let is_first = item == range.start;
            if !is_first {
                out.extend_from_slice(self.dialect.item_separator());
            }
            let item_start = out.len();
            self.write(items, at.item(item), out)?;
            let written = std::str::from_utf8(&out[item_start..]).map_err(WriteError::encoding)?;
            if !self.dialect.is_plain_item(written, is_first) {
                out.truncate(start);
                return self.write_json_list(items, at, range, out);
            }
        }
        Ok(())
    }

    fn write_json_list(
        &mut self,
        items: &OutputValues,
        at: ValuePosition,
        range: Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let mut text = Vec::new();
        out.push(b'[');
        for item in range.clone() {
            if item > range.start {
                out.push(b',');
            }
            text.clear();
            self.write(items, at.item(item), &mut text)?;
            write_string(std::str::from_utf8(&text).map_err(WriteError::encoding)?, out);
        }
        out.push(b']');
        Ok(())
    }

    fn write_amount(
        &mut self,
        amount: &AmountValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let currency = self.currencies.for_amount(amount, at)?;
        let minor = amount.minor(at.position).unwrap_or_default();
        currency.format.write_decimal(minor, out);
        Ok(())
    }

    fn write_object(
        &mut self,
        object: &ObjectValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let field = |name: &str| {
            let field = object.fields.iter().find(|field| field.name == name);
            field.map(|field| &field.values)
        };
        match object.text {
            ObjectText::Field(name) => self.write_joined(field(name).into_iter(), at, b"", out),
            ObjectText::Pair(first, second) => {
                let fields = field(first).into_iter().chain(field(second));
                self.write_joined(fields, at, b" ", out)
            }
            ObjectText::Joined(separator) => {
                let fields = object.fields.iter().map(|field| &field.values);
                self.write_joined(fields, at, separator.as_bytes(), out)
            }
        }
    }

    /// Appends the parts that are not empty, with `separator` between them.
    fn write_joined<'v>(
        &mut self,
        parts: impl Iterator<Item = &'v OutputValues>,
        at: ValuePosition,
        separator: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let mut is_first = true;
        for values in parts {
            let before = out.len();
            if !is_first {
                out.extend_from_slice(separator);
            }
            let start = out.len();
            self.write(values, at, out)?;
            if out.len() == start {
                out.truncate(before);
            } else {
                is_first = false;
            }
        }
        Ok(())
    }
}
