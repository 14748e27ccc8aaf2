//! Writer of CSV and TSV files. Rule: spec/reports.md §7.2, §9; spec/exports.md §11.

use std::io::Write;

use arrow::array::RecordBatch;
use model::output::OutputColumn;

use super::csv_text::{CsvRules, finish_text};
use super::dialect::Dialect;
use super::options::WriteOptions;
use super::table::{FileColumn, table_columns};
use super::text_cell::TextCells;
use super::values::OutputValues;
use super::{RowWriter, WriteError, flush_buffer};
use model::file_format::FileFormat;

/// The byte-order mark, which tells spreadsheet programs that a file is UTF-8.
pub const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Writes a header row and one line per row.
pub(super) struct CsvRows {
    columns: Vec<FileColumn>,
    dialect: Dialect,
    has_bom: bool,
    rules: CsvRules,
    cells: TextCells,
    buffer: Vec<u8>,
}

impl CsvRows {
    /// Creates a writer of rows with these columns. `format` must be CSV or TSV.
    pub(super) fn new(
        format: FileFormat,
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Self {
        let dialect = options.dialect;
        let rules = CsvRules {
            delimiter: if format == FileFormat::Tsv { b'\t' } else { b',' },
            has_formula_guard: options.has_formula_guard,
            quotes_empty_text: dialect.quotes_empty_text(),
        };
        Self {
            columns: table_columns(columns, dialect),
            dialect,
            has_bom: options.has_bom,
            rules,
            cells: TextCells::new(dialect, format),
            buffer: Vec::new(),
        }
    }

    fn write_row(&mut self, values: &[OutputValues], row: usize) -> Result<(), WriteError> {
        let start = self.buffer.len();
        let out = &mut self.buffer;
        for (number, (column, values)) in self.columns.iter().zip(values).enumerate() {
            if number > 0 {
                out.push(self.rules.delimiter);
            }
            if values.is_null(row) {
                continue;
            }
            let cell_start = out.len();
            self.cells.write_column(column, values, row, out)?;
            if is_text(values) {
                finish_text(out, cell_start, self.rules);
            }
        }
        end_line(out, start);
        Ok(())
    }
}

/// Returns true for kinds that may need quotes or a guard. Numbers, dates and bools never do.
fn is_text(values: &OutputValues) -> bool {
    matches!(
        values,
        OutputValues::Text(_)
            | OutputValues::Json(_)
            | OutputValues::List(..)
            | OutputValues::Object(_)
    )
}

fn end_line(out: &mut Vec<u8>, start: usize) {
    // Most readers skip an empty line, so a row must not be one.
    if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

impl RowWriter for CsvRows {
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        if self.has_bom {
            self.buffer.extend_from_slice(BOM);
        }
        let start = self.buffer.len();
        for (number, column) in self.columns.iter().enumerate() {
            if number > 0 {
                self.buffer.push(self.rules.delimiter);
            }
            let cell_start = self.buffer.len();
            let heading = self.dialect.heading(&column.column);
            self.buffer.extend_from_slice(heading.as_bytes());
            finish_text(&mut self.buffer, cell_start, self.rules);
        }
        end_line(&mut self.buffer, start);
        flush_buffer(&mut self.buffer, out, true)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let columns = self.columns.iter().map(|column| column.values(batch));
        let values = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            self.write_row(&values, row)?;
            flush_buffer(&mut self.buffer, out, false)?;
        }
        flush_buffer(&mut self.buffer, out, true)
    }

    fn finish(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        Ok(())
    }
}
