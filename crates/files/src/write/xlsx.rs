//! Writer of Excel workbooks. Rule: spec/exports.md §11.
//!
//! Rows are kept in temporary files, because a workbook is a ZIP whose members can only be written
//! one after the other at the end. The library panics if it cannot write such a file; this module
//! turns the panic into an error.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use model::output::{OutputColumn, OutputKind};
use model::time::Zone;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Note, Workbook};

use super::dialect::Dialect;
use super::options::WriteOptions;
use super::table::{FileColumn, table_columns};
use super::text_cell::TextCells;
use super::values::OutputValues;
use super::xlsx_cell::{SheetFormats, SheetRow, xlsx_failure};
use super::{RowWriter, WriteError};
use model::file_format::FileFormat;

/// The number of rows that Excel allows in a sheet.
const SHEET_ROWS: u32 = 1_048_576;
const SHEET_NAME_MAX: usize = 31;
/// The size of a sheet's XML above which its ZIP entry needs ZIP64.
const ENTRY_BYTES_MAX: u64 = u32::MAX as u64;

/// Writes sheets of up to 1,048,575 rows below a header.
pub(super) struct XlsxRows {
    columns: Vec<FileColumn>,
    dialect: Dialect,
    zone: Zone,
    cells: TextCells,
    text: Vec<u8>,
    workbook: Workbook,
    formats: SheetFormats,
    sheet_name: String,
    /// A temporary file for the workbook before it is copied to the output.
    file: File,
    /// The maximum number of rows in a sheet, including the header.
    pub(super) sheet_rows_max: u32,
    sheets: usize,
    /// The number of rows in the current sheet, including the header.
    sheet_rows: u32,
    /// An upper bound of the size of the current sheet's XML, in bytes.
    sheet_bytes: u64,
    has_large_sheet: bool,
}

impl XlsxRows {
    /// Creates a writer of rows with these columns.
    pub(super) fn new(
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let file = tempfile::tempfile_in(&options.folder).map_err(WriteError::Io)?;
        let mut workbook = Workbook::new();
        workbook.set_tempdir(&options.folder).map_err(xlsx_failure)?;
        let created = ExcelDateTime::from_ymd(1980, 1, 1).map_err(xlsx_failure)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        Ok(Self {
            columns: table_columns(columns, options.dialect),
            dialect: options.dialect,
            zone: options.zone.clone(),
            cells: TextCells::new(options.dialect, FileFormat::Xlsx),
            text: Vec::new(),
            workbook,
            formats: SheetFormats::new(),
            sheet_name: options.sheet_name.clone(),
            file,
            sheet_rows_max: SHEET_ROWS,
            sheets: 0,
            sheet_rows: 0,
            sheet_bytes: 0,
            has_large_sheet: false,
        })
    }

    fn begin_sheet(&mut self) -> Result<(), WriteError> {
        self.end_sheet()?;
        self.sheets += 1;
        (self.sheet_rows, self.sheet_bytes) = (1, 0);
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(xlsx_failure)?;
        sheet.set_name(sheet_name(&self.sheet_name, self.sheets)).map_err(xlsx_failure)?;
        sheet.set_freeze_panes(1, 0).map_err(xlsx_failure)?;
        for (number, column) in (0..).zip(&self.columns) {
            let heading = self.dialect.heading(&column.column);
            sheet.set_column_width(number, width(&column.column, heading)).map_err(xlsx_failure)?;
            if column.column.kind == OutputKind::Instant {
                sheet.insert_note(0, number, &zone_note(&self.zone)).map_err(xlsx_failure)?;
            }
            let bold = &self.formats.heading;
            sheet.write_string_with_format(0, number, heading, bold).map_err(xlsx_failure)?;
        }
        Ok(())
    }

    /// Adds a filter to the header of the current sheet, now that its last row is known.
    fn end_sheet(&mut self) -> Result<(), WriteError> {
        let last_column = u16::try_from(self.columns.len()).ok().and_then(|n| n.checked_sub(1));
        let (Some(sheet), Some(last_column)) = (self.sheets.checked_sub(1), last_column) else {
            return Ok(());
        };
        let sheet = self.workbook.worksheet_from_index(sheet).map_err(xlsx_failure)?;
        sheet.autofilter(0, 0, self.sheet_rows - 1, last_column).map_err(xlsx_failure)?;
        Ok(())
    }

    fn write_rows(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let values = self.columns.iter().map(|column| column.values(batch));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            if self.sheet_rows == self.sheet_rows_max {
                self.begin_sheet()?;
            }
            self.write_row(&values, row)?;
            self.sheet_rows += 1;
        }
        Ok(())
    }

    fn write_row(&mut self, values: &[OutputValues], row: usize) -> Result<(), WriteError> {
        let mut line = SheetRow {
            sheet: self.workbook.worksheet_from_index(self.sheets - 1).map_err(xlsx_failure)?,
            row: self.sheet_rows,
            formats: &self.formats,
            zone: &self.zone,
            cells: &mut self.cells,
            text: &mut self.text,
            bytes: 0,
        };
        line.write(&self.columns, values, row)?;
        self.sheet_bytes += line.bytes;
        self.has_large_sheet |= self.sheet_bytes > ENTRY_BYTES_MAX;
        Ok(())
    }

    fn assemble(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        self.end_sheet()?;
        self.workbook.use_zip_large_file(self.has_large_sheet);
        self.workbook.save_to_writer(&mut self.file).map_err(xlsx_failure)?;
        self.file.rewind().map_err(WriteError::Io)?;
        io::copy(&mut self.file, out).map_err(WriteError::Io)?;
        Ok(())
    }
}

impl RowWriter for XlsxRows {
    fn start(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        catch_xlsx_panics(|| self.begin_sheet())
    }

    fn rows(&mut self, batch: &RecordBatch, _: &mut dyn Write) -> Result<(), WriteError> {
        catch_xlsx_panics(|| self.write_rows(batch))
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        catch_xlsx_panics(|| self.assemble(out))
    }
}

/// Runs `write` and turns a panic into an error. Unwind safety can be asserted because a writer
/// that failed is not used again.
fn catch_xlsx_panics(write: impl FnOnce() -> Result<(), WriteError>) -> Result<(), WriteError> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| {
        Err(WriteError::Io(io::Error::other("a temporary file of the workbook cannot be written")))
    })
}

/// Returns the name of a sheet: `invoices`, then `invoices_2`. The name is cut to the length that
/// Excel allows, and characters that Excel forbids are replaced.
pub(super) fn sheet_name(name: &str, number: usize) -> String {
    let suffix = if number == 1 { String::new() } else { format!("_{number}") };
    let allowed = name.chars().map(|character| match character {
        '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'' => '_',
        other => other,
    });
    let mut start = String::new();
    for character in allowed {
        let units = start.encode_utf16().count() + character.len_utf16();
        if units + suffix.len() > SHEET_NAME_MAX {
            break;
        }
        start.push(character);
    }
    start + &suffix
}

/// Returns the note at the heading of date-times that names their time zone.
fn zone_note(zone: &Zone) -> Note {
    Note::new(format!("Times in {}.", zone.name())).add_author_prefix(false)
}

/// Returns the width of a column, in characters. Leaves room for the filter button in the heading.
fn width(column: &OutputColumn, heading: &str) -> f64 {
    let usual: u16 = match column.kind {
        OutputKind::Bool | OutputKind::TimeOfDay => 9,
        OutputKind::Int | OutputKind::Date | OutputKind::Dec4 => 12,
        OutputKind::Money { .. } | OutputKind::Decimal { .. } => 14,
        OutputKind::Instant => 22,
        OutputKind::Text => 24,
        OutputKind::Json | OutputKind::List(_) | OutputKind::Object { .. } => 40,
    };
    let heading = u16::try_from(heading.chars().count()).unwrap_or(u16::MAX);
    f64::from(usual.max(heading.saturating_add(4)).min(60))
}
