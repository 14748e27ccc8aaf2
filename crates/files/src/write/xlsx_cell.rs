//! One row of a sheet: which cells are numbers, dates and texts. Rule: spec/exports.md §11.

use model::time::{Instant, Zone};
use rust_xlsxwriter::{Format, Worksheet};

use super::WriteError;
use super::json_cell::DEC4_DIGITS;
use super::table::TableColumn;
use super::text_cell::TextCells;
use super::values::{At, Values};
use super::xlsx::failure;

/// UTF-16 units that a cell holds.
const CELL_UNITS_MAX: usize = 32_767;
/// Excel keeps 15 significant digits; a number with more is written as text.
const EXACT_LIMIT: u128 = 10_u128.pow(15);
/// What a cell takes in XML, its text aside, and what a byte of text takes at most.
const CELL_BYTES: u64 = 64;
const TEXT_BYTE_BYTES: u64 = 7;

/// 1900-03-01 and 9999-12-31 as days since 1970. Excel counts a day 1900-02-29 that never was, so
/// earlier dates are one off; those before 1900 it does not know.
const FIRST_DAY: i32 = -25_508;
const LAST_DAY: i32 = 2_932_896;
/// 1970-01-01 as Excel counts days.
const EPOCH_DAY: i32 = 25_569;
const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// Looks of cells.
pub(super) struct Formats {
    /// Of the header.
    pub(super) heading: Format,
    date: Format,
    /// Of a date-time with whole seconds.
    time: Format,
    /// Of a date-time with a fraction of a second.
    exact_time: Format,
    /// By digits after the point.
    decimal: [Format; 5],
    /// Of the cell that makes a row without values a row.
    blank: Format,
}

impl Formats {
    /// All that a workbook needs.
    pub(super) fn new() -> Self {
        let number = |format: &str| Format::new().set_num_format(format);
        Self {
            heading: Format::new().set_bold(),
            date: number("yyyy-mm-dd"),
            time: number("yyyy-mm-dd hh:mm:ss"),
            exact_time: number("yyyy-mm-dd hh:mm:ss.000"),
            decimal: ["0", "0.0", "0.00", "0.000", "0.0000"].map(number),
            blank: number("@"),
        }
    }
}

/// One row of a sheet under construction.
pub(super) struct Line<'s> {
    pub(super) sheet: &'s mut Worksheet,
    pub(super) row: u32,
    pub(super) formats: &'s Formats,
    /// Whose clock date-times follow.
    pub(super) zone: &'s Zone,
    pub(super) cells: &'s mut TextCells,
    /// For texts before they are written.
    pub(super) text: &'s mut Vec<u8>,
    /// At least what the row takes in XML.
    pub(super) bytes: u64,
}

impl Line<'_> {
    /// Writes the cells that have a value in `row` of the batch.
    pub(super) fn write(
        &mut self,
        columns: &[TableColumn],
        values: &[Values],
        row: usize,
    ) -> Result<(), WriteError> {
        for (number, (column, cells)) in (0..).zip(columns.iter().zip(values)) {
            if cells.is_null(row) {
                continue;
            }
            if !self.write_cell(number, column, cells, row)? {
                let column = column.column.key.clone();
                let row = self.name(columns, values, row)?;
                return Err(WriteError::CellTooLong { row, column });
            }
        }
        if self.bytes == 0 {
            self.sheet.write_blank(self.row, 0, &self.formats.blank).map_err(failure)?;
        }
        self.bytes += CELL_BYTES;
        Ok(())
    }

    /// What the first column holds in `row`.
    fn name(
        &mut self,
        columns: &[TableColumn],
        values: &[Values],
        row: usize,
    ) -> Result<String, WriteError> {
        self.text.clear();
        if let (Some(column), Some(values)) = (columns.first(), values.first())
            && !values.is_null(row)
        {
            self.cells.write_column(column, values, row, self.text)?;
        }
        Ok(String::from_utf8_lossy(self.text).into_owned())
    }

    /// Writes one value; false where it is longer than a cell.
    fn write_cell(
        &mut self,
        number: u16,
        column: &TableColumn,
        values: &Values,
        row: usize,
    ) -> Result<bool, WriteError> {
        match values {
            Values::Bool(array) => {
                let value = array.value(row);
                self.sheet.write_boolean(self.row, number, value).map_err(failure)?;
                self.bytes += CELL_BYTES;
                Ok(true)
            }
            _ => match self.number(column, values, row)? {
                Some((value, look)) => {
                    self.write_number(number, value, look)?;
                    Ok(true)
                }
                None => self.write_text(number, column, values, row),
            },
        }
    }

    /// The value as a number, and how it looks; none where it is none or has too many digits.
    fn number(
        &mut self,
        column: &TableColumn,
        values: &Values,
        row: usize,
    ) -> Result<Option<(f64, Look)>, WriteError> {
        let decimal = |units, digits| exact(units, digits).map(|it| (it, Look::Decimal(digits)));
        Ok(match values {
            Values::Int(array) => exact(array.value(row).into(), 0).map(|it| (it, Look::Plain)),
            Values::Dec4(array) => decimal(array.value(row), DEC4_DIGITS),
            Values::Date(array) => {
                let day = Some(array.value(row)).filter(|day| (FIRST_DAY..=LAST_DAY).contains(day));
                day.map(|day| (f64::from(day + EPOCH_DAY), Look::Date))
            }
            Values::Instant(array) => local_time(array.value(row), self.zone),
            Values::Amount(amount) => {
                let at = At::row(&column.column.key, row);
                let digits = self.cells.currencies().of_amount(amount, at)?.digits;
                decimal(amount.minor(row).unwrap_or_default(), digits)
            }
            _ => None,
        })
    }

    fn write_number(&mut self, number: u16, value: f64, look: Look) -> Result<(), WriteError> {
        let (sheet, row, formats) = (&mut *self.sheet, self.row, self.formats);
        let written = match look {
            Look::Plain => sheet.write_number(row, number, value),
            Look::Date => sheet.write_number_with_format(row, number, value, &formats.date),
            Look::Time => sheet.write_number_with_format(row, number, value, &formats.time),
            Look::ExactTime => {
                sheet.write_number_with_format(row, number, value, &formats.exact_time)
            }
            Look::Decimal(digits) => {
                let format = &formats.decimal[digits.min(DEC4_DIGITS) as usize];
                sheet.write_number_with_format(row, number, value, format)
            }
        };
        written.map_err(failure)?;
        self.bytes += CELL_BYTES;
        Ok(())
    }

    fn write_text(
        &mut self,
        number: u16,
        column: &TableColumn,
        values: &Values,
        row: usize,
    ) -> Result<bool, WriteError> {
        self.text.clear();
        self.cells.write_column(column, values, row, self.text)?;
        let text = std::str::from_utf8(self.text).map_err(WriteError::encoding)?;
        if text.len() > CELL_UNITS_MAX && text.encode_utf16().count() > CELL_UNITS_MAX {
            return Ok(false);
        }
        if text.is_empty() {
            return Ok(true);
        }
        self.bytes += CELL_BYTES + TEXT_BYTE_BYTES * text.len() as u64;
        self.sheet.write_string(self.row, number, text).map_err(failure)?;
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum Look {
    Plain,
    Date,
    Time,
    ExactTime,
    Decimal(u32),
}

/// An instant as Excel counts days, on the clocks of `zone`; none where Excel has no such day.
fn local_time(micros: i64, zone: &Zone) -> Option<(f64, Look)> {
    let offset = i64::from(zone.offset_seconds(Instant::from_micros(micros))) * SECOND_MICROS;
    let local = micros.checked_add(offset)?;
    let day = i32::try_from(local.div_euclid(DAY_MICROS)).ok()?;
    if !(FIRST_DAY..=LAST_DAY).contains(&day) {
        return None;
    }
    let look = if local.rem_euclid(SECOND_MICROS) == 0 { Look::Time } else { Look::ExactTime };
    // Both are exact in 64 bits, so that the division rounds once.
    let since_day_0 = local + i64::from(EPOCH_DAY) * DAY_MICROS;
    Some((since_day_0 as f64 / DAY_MICROS as f64, look))
}

/// `units` of 10^-`digits` as the number that prints as just that; none past 15 digits.
fn exact(units: i128, digits: u32) -> Option<f64> {
    // Both are exact in 64 bits, so that the division rounds once.
    (units.unsigned_abs() < EXACT_LIMIT).then(|| units as f64 / f64::from(10_u32.pow(digits)))
}
