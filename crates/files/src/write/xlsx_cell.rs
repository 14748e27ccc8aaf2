//! One row of a sheet: the types and formats of its cells. Rule: spec/exports.md §11.

use model::time::{Instant, Zone};
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::WriteError;
use super::json_cell::DEC4_DIGITS;
use super::table::FileColumn;
use super::text_cell::TextCells;
use super::values::{OutputValues, ValuePosition};

/// The maximum length of a cell's text, in UTF-16 code units.
const CELL_UNITS_MAX: usize = 32_767;
/// Excel keeps 15 significant digits. A number with more is written as text.
const EXACT_LIMIT: u128 = 10_u128.pow(15);
/// Upper bounds of the XML bytes of a cell without its text, and of one byte of text.
const CELL_BYTES: u64 = 64;
const TEXT_BYTE_BYTES: u64 = 7;

/// 1900-03-01 and 9999-12-31 as days since 1970-01-01. Excel wrongly has a day 1900-02-29, so
/// earlier dates would be off by one, and it has no dates before 1900.
const FIRST_DAY: i32 = -25_508;
const LAST_DAY: i32 = 2_932_896;
/// 1970-01-01 in Excel's count of days.
const EPOCH_DAY: i32 = 25_569;
const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// The formats of cells.
pub(super) struct SheetFormats {
    /// The format of headings.
    pub(super) heading: Format,
    date: Format,
    /// The format of a date-time with whole seconds.
    time: Format,
    /// The format of a date-time with a fraction of a second.
    exact_time: Format,
    /// The formats of decimal numbers, by digits after the point.
    decimal: [Format; 5],
    /// The format of a blank cell. It is written in a row without values, so that the row exists.
    blank: Format,
}

impl SheetFormats {
    /// Creates all formats of a workbook.
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

/// One row of a sheet that is being written.
pub(super) struct SheetRow<'s> {
    pub(super) sheet: &'s mut Worksheet,
    pub(super) row: u32,
    pub(super) formats: &'s SheetFormats,
    /// The time zone of date-times.
    pub(super) zone: &'s Zone,
    pub(super) cells: &'s mut TextCells,
    /// A buffer for texts before they are written.
    pub(super) text: &'s mut Vec<u8>,
    /// An upper bound of the row's size in XML, in bytes.
    pub(super) bytes: u64,
}

impl SheetRow<'_> {
    /// Writes the non-null values in `row` of the batch.
    pub(super) fn write(
        &mut self,
        columns: &[FileColumn],
        values: &[OutputValues],
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
            self.sheet.write_blank(self.row, 0, &self.formats.blank).map_err(xlsx_failure)?;
        }
        self.bytes += CELL_BYTES;
        Ok(())
    }

    /// Returns the value of the first column in `row` as text, which names the row in errors.
    fn name(
        &mut self,
        columns: &[FileColumn],
        values: &[OutputValues],
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

    /// Writes one value. Returns false if it is too long for a cell.
    fn write_cell(
        &mut self,
        number: u16,
        column: &FileColumn,
        values: &OutputValues,
        row: usize,
    ) -> Result<bool, WriteError> {
        match values {
            OutputValues::Bool(array) => {
                let value = array.value(row);
                self.sheet.write_boolean(self.row, number, value).map_err(xlsx_failure)?;
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

    /// Returns the value as a number with its format, or `None` if it is no number or has too many
    /// digits.
    fn number(
        &mut self,
        column: &FileColumn,
        values: &OutputValues,
        row: usize,
    ) -> Result<Option<(f64, NumberFormat)>, WriteError> {
        let decimal = |units, digits| {
            exact_number(units, digits).map(|it| (it, NumberFormat::Decimal(digits)))
        };
        Ok(match values {
            OutputValues::Int(array) => {
                exact_number(array.value(row).into(), 0).map(|it| (it, NumberFormat::Plain))
            }
            OutputValues::Dec4(array) => decimal(array.value(row), DEC4_DIGITS),
            OutputValues::Date(array) => {
                let day = Some(array.value(row)).filter(|day| (FIRST_DAY..=LAST_DAY).contains(day));
                day.map(|day| (f64::from(day + EPOCH_DAY), NumberFormat::Date))
            }
            OutputValues::Instant(array) => local_time(array.value(row), self.zone),
            OutputValues::Amount(amount) => {
                let at = ValuePosition::row(&column.column.key, row);
                let digits = self.cells.currencies().for_amount(amount, at)?.digits;
                decimal(amount.minor(row).unwrap_or_default(), digits)
            }
            _ => None,
        })
    }

    fn write_number(
        &mut self,
        number: u16,
        value: f64,
        look: NumberFormat,
    ) -> Result<(), WriteError> {
        let (sheet, row, formats) = (&mut *self.sheet, self.row, self.formats);
        let written = match look {
            NumberFormat::Plain => sheet.write_number(row, number, value),
            NumberFormat::Date => sheet.write_number_with_format(row, number, value, &formats.date),
            NumberFormat::Time => sheet.write_number_with_format(row, number, value, &formats.time),
            NumberFormat::ExactTime => {
                sheet.write_number_with_format(row, number, value, &formats.exact_time)
            }
            NumberFormat::Decimal(digits) => {
                let format = &formats.decimal[digits.min(DEC4_DIGITS) as usize];
                sheet.write_number_with_format(row, number, value, format)
            }
        };
        written.map_err(xlsx_failure)?;
        self.bytes += CELL_BYTES;
        Ok(())
    }

    fn write_text(
        &mut self,
        number: u16,
        column: &FileColumn,
        values: &OutputValues,
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
        self.sheet.write_string(self.row, number, text).map_err(xlsx_failure)?;
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum NumberFormat {
    Plain,
    Date,
    Time,
    ExactTime,
    Decimal(u32),
}

/// Returns the local time of an instant in Excel's count of days, with its format. Returns `None`
/// if Excel does not have that day.
fn local_time(micros: i64, zone: &Zone) -> Option<(f64, NumberFormat)> {
    let offset = i64::from(zone.offset_seconds(Instant::from_micros(micros))) * SECOND_MICROS;
    let local = micros.checked_add(offset)?;
    let day = i32::try_from(local.div_euclid(DAY_MICROS)).ok()?;
    if !(FIRST_DAY..=LAST_DAY).contains(&day) {
        return None;
    }
    let look = if local.rem_euclid(SECOND_MICROS) == 0 {
        NumberFormat::Time
    } else {
        NumberFormat::ExactTime
    };
    // Both are exact in 64 bits, so that the division rounds once.
    let since_day_0 = local + i64::from(EPOCH_DAY) * DAY_MICROS;
    Some((since_day_0 as f64 / DAY_MICROS as f64, look))
}

/// Returns the number `units` × 10^-`digits` if it has at most 15 digits and is therefore shown
/// exactly.
fn exact_number(units: i128, digits: u32) -> Option<f64> {
    // Both are exact in 64 bits, so that the division rounds once.
    (units.unsigned_abs() < EXACT_LIMIT).then(|| units as f64 / f64::from(10_u32.pow(digits)))
}

/// Converts an error of the library.
pub(super) fn xlsx_failure(error: XlsxError) -> WriteError {
    match error {
        XlsxError::IoError(error) => WriteError::Io(error),
        XlsxError::ZipError(zip::result::ZipError::Io(error)) => WriteError::Io(error),
        other => WriteError::encoding(other),
    }
}
