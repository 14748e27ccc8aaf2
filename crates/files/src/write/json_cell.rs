//! Values as JSON, for row objects and for cells that hold JSON.
//! Rule: spec/reports.md §3, §13; spec/exports.md §11.

use model::money::write_decimal_text;
use model::time::{Date, Instant, write_time_of_day};

use super::WriteError;
use super::currencies::CurrencyFormats;
use super::dialect::{JsonAmount, JsonStyle};
use super::json_text::{write_compact, write_string};
use super::values::{AmountValues, OutputValues, ValuePosition, item_range};

/// The number of digits after the point of `Dec4`.
pub(super) const DEC4_DIGITS: u32 = 4;

/// Writes values as JSON in one style.
pub(super) struct JsonCells {
    style: JsonStyle,
    currencies: CurrencyFormats,
}

impl JsonCells {
    /// Creates a writer of values in this style.
    pub(super) fn new(style: JsonStyle) -> Self {
        Self { style, currencies: CurrencyFormats::default() }
    }

    /// Appends the value at `at` of `values`.
    pub(super) fn write(
        &mut self,
        values: &OutputValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let position = at.position;
        if values.is_null(position) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match values {
            OutputValues::Int(array) => write_integer(array.value(position), out),
            OutputValues::Text(text) => write_string(text.value(position), out),
            OutputValues::Json(text) => write_compact(text.value(position), out),
            OutputValues::Bool(array) => out.extend_from_slice(bool_word(array.value(position))),
            OutputValues::Date(array) => {
                between_quotes(out, |out| Date::from_days(array.value(position)).write_to(out));
            }
            OutputValues::Instant(array) => between_quotes(out, |out| {
                Instant::from_micros(array.value(position)).write_to(out);
            }),
            OutputValues::TimeOfDay(array) => {
                between_quotes(out, |out| write_time_of_day(array.value(position), out));
            }
            OutputValues::Dec4(array) => {
                let write =
                    |out: &mut Vec<u8>| write_decimal_text(array.value(position), DEC4_DIGITS, out);
                if self.style.is_dec4_text { between_quotes(out, write) } else { write(out) }
            }
            OutputValues::Amount(amount) => self.write_amount(amount, at, out)?,
            OutputValues::List(list, items) => {
                out.push(b'[');
                for (number, item) in item_range(list, position).enumerate() {
                    if number > 0 {
                        out.push(b',');
                    }
                    self.write(items, at.item(item), out)?;
                }
                out.push(b']');
            }
            OutputValues::Object(object) => {
                out.push(b'{');
                for (number, field) in object.fields.iter().enumerate() {
                    if number > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(&field.json_key);
                    self.write(&field.values, at, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    fn write_amount(
        &mut self,
        amount: &AmountValues,
        at: ValuePosition,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let minor = amount.minor(at.position).unwrap_or_default();
        let currency = self.currencies.for_amount(amount, at)?;
        match self.style.amount {
            JsonAmount::MinorUnits => write_integer(minor, out),
            JsonAmount::DecimalText => {
                between_quotes(out, |out| currency.format.write_decimal(minor, out));
            }
            JsonAmount::Object if !amount.is_money => currency.format.write_decimal(minor, out),
            JsonAmount::Object => currency.write_money(minor, out),
        }
        Ok(())
    }
}

/// Appends an integer.
pub(super) fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Returns `true` or `false`, as bytes.
pub(super) fn bool_word(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

fn between_quotes(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}
