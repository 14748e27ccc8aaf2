//! Writing of tables of the books as files. Batches are built and written at the same time.
//! Rule: spec/accounting.md §9, spec/exports.md §11.

use std::borrow::Cow;

use std::io::Write;
use std::sync::mpsc::sync_channel;

use crate::parts::{BookTableBuilder, BookTableColumn, output_columns};
use accounting::package::FieldValue;
use files::write::{Dialect, WriteOptions, create_writer};
use model::file_format::FileFormat;

use crate::error::PackageError;

/// The number of rows per batch.
const BATCH_ROWS: usize = 8_192;
/// The number of batches that may wait to be written.
const BATCHES_AHEAD: usize = 2;

/// A receiver of rows, with one value per column. Returns false if no more rows are wanted.
pub(super) type FieldRowSink<'s> = dyn FnMut(&[FieldValue<'_>]) -> Result<bool, PackageError> + 's;

/// A source that passes all its rows to a sink.
pub(super) type FieldRowSource<'s> =
    dyn FnOnce(&mut FieldRowSink<'_>) -> Result<(), PackageError> + Send + 's;

/// Writes a table in a format and returns the number of its rows. The rows are produced on a second
/// thread.
pub(super) fn write_table(
    out: &mut dyn Write,
    format: FileFormat,
    options: &WriteOptions,
    columns: &[BookTableColumn],
    rows: Box<FieldRowSource<'_>>,
) -> Result<u64, PackageError> {
    let mut writer = create_writer(format, &output_columns(columns), options)?;
    writer.start(out)?;
    let (sender, receiver) = sync_channel(BATCHES_AHEAD);
    let count = std::thread::scope(|scope| {
        let maker = scope.spawn(move || {
            make_batches(columns, rows, |table| Ok(sender.send(table.finish()?).is_ok()))
        });
        // Dropped on an error of the writer, so that the second thread stops.
        let receiver = receiver;
        for batch in &receiver {
            writer.rows(&batch, out)?;
        }
        maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    writer.finish(out)?;
    Ok(count)
}

/// Collects rows into batches and passes them to `hand_over`, which returns false if no more are
/// wanted.
fn make_batches(
    columns: &[BookTableColumn],
    rows: Box<FieldRowSource<'_>>,
    mut hand_over: impl FnMut(&mut BookTableBuilder) -> Result<bool, PackageError>,
) -> Result<u64, PackageError> {
    let mut table = BookTableBuilder::new(columns);
    let mut count = 0;
    rows(&mut |fields| {
        table.push(fields)?;
        count += 1;
        if table.rows() < BATCH_ROWS { Ok(true) } else { hand_over(&mut table) }
    })?;
    if table.rows() > 0 {
        hand_over(&mut table)?;
    }
    Ok(count)
}

/// Returns the options for the CSV files of a package.
pub(super) fn csv_options(has_formula_guard: bool) -> WriteOptions {
    WriteOptions { dialect: Dialect::Export, has_formula_guard, ..WriteOptions::default() }
}

/// Returns the fields of a row with their own copies of texts.
pub(super) fn owned_fields(fields: Vec<FieldValue<'_>>) -> Vec<FieldValue<'static>> {
    let own = |field: FieldValue<'_>| match field {
        FieldValue::Empty => FieldValue::Empty,
        FieldValue::Int(value) => FieldValue::Int(value),
        FieldValue::Text(text) => FieldValue::Text(Cow::Owned(text.into_owned())),
        FieldValue::Bool(value) => FieldValue::Bool(value),
        FieldValue::Date(date) => FieldValue::Date(date),
        FieldValue::Instant(instant) => FieldValue::Instant(instant),
        FieldValue::Money(minor) => FieldValue::Money(minor),
    };
    fields.into_iter().map(own).collect()
}
