//! Parquet: one page of one row group in memory at a time. Rule: spec/data-model.md §3.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use model::catalogue::{ID, Kind, Table};
use model::import::{ImportCode, ImportError};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use super::input::{Progress, Source};
use super::parquet_column::{Values, expected_by, is_readable_as};
use super::row::{Collector, Place, Row};
use super::unpack::{Fault, Unpacked};
use super::{BATCH_ROWS_MAX, Decoder, Input, Mode, ReadError};
use crate::format::Compression;

/// What is said of instants that do not say where they are meant.
const NO_OFFSET: &str = "the timestamps have no offset (isAdjustedToUTC is false): write them in \
    UTC with isAdjustedToUTC true, or as text with an offset (2024-01-31T10:00:00Z)";

/// Reads the rows of one table.
pub(super) struct ParquetDecoder {
    reader: ParquetRecordBatchReader,
    table: &'static Table,
    mode: Mode,
    /// Column of the table that each column of a batch is.
    columns: Vec<usize>,
    /// What is wrong with the file's columns, to be told first.
    errors: VecDeque<ImportError>,
    row: u64,
    rows_total: u64,
    progress: Progress,
}

impl ParquetDecoder {
    pub(super) fn open(table: &'static Table, mode: Mode, input: Input) -> Result<Self, ReadError> {
        let progress = input.progress();
        let bytes_max = input.unpacked_bytes_max;
        let file = seekable(input).map_err(|fault| fault.at(Some(table.name), None))?;
        let metadata =
            guarded(|| load_metadata(&file)).map_err(|error| broken(table, None, error))?;
        let groups = metadata.metadata().row_groups();
        let unpacked: u64 =
            groups.iter().map(|group| group.total_byte_size().max(0).unsigned_abs()).sum();
        match bytes_max {
            Some(bytes_max) if unpacked > bytes_max => {
                return Err(ReadError::TooLarge { bytes_max });
            }
            _ => {}
        }
        let rows_total = metadata.metadata().file_metadata().num_rows().max(0).unsigned_abs();
        let selection = Selection::of(table, mode, &metadata)?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), selection.fields);
        let reader = guarded(|| {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS_MAX)
                .build()
        });
        let reader = reader.map_err(|error| broken(table, None, error))?;
        let Selection { columns, errors, .. } = selection;
        Ok(Self { reader, table, mode, columns, errors, row: 0, rows_total, progress })
    }

    fn read_batch(&mut self, batch: &RecordBatch, out: &mut Collector) -> Result<(), String> {
        let values = batch.columns().iter().map(Values::of).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|error| error.to_string())?;
        let mut text = String::new();
        for position in 0..batch.num_rows() {
            self.row += 1;
            let place = Place { table: self.table, line: self.row };
            let mut row = Row::new(place, self.mode);
            let mut bytes = 0;
            for (values, column) in values.iter().zip(&self.columns) {
                bytes += values.read(position, *column, &mut row, &mut text);
            }
            row.finish(bytes, out);
        }
        if let (Some(bytes), Some(share)) =
            (self.progress.bytes_total(), (self.row * 1000).checked_div(self.rows_total))
        {
            self.progress.set_bytes_read((bytes / 1000).saturating_mul(share.min(1000)));
        }
        Ok(())
    }
}

impl Decoder for ParquetDecoder {
    fn advance(&mut self, out: &mut Collector) -> Result<bool, ReadError> {
        while let Some(error) = self.errors.pop_front() {
            out.error(error);
        }
        let line = Some(self.row + 1);
        let batch = guarded(|| self.reader.next().transpose().map_err(ParquetError::from));
        match batch.map_err(|error| broken(self.table, line, error))? {
            Some(batch) => {
                self.read_batch(&batch, out).map_err(|error| broken(self.table, line, error))?;
                Ok(true)
            }
            None => {
                let bytes = self.progress.bytes_total().unwrap_or_default();
                self.progress.set_bytes_read(bytes);
                Ok(false)
            }
        }
    }
}

/// Which columns of a file are read, and what is wrong with the others.
struct Selection {
    fields: Vec<usize>,
    columns: Vec<usize>,
    errors: VecDeque<ImportError>,
}

impl Selection {
    fn of(
        table: &'static Table,
        mode: Mode,
        metadata: &ArrowReaderMetadata,
    ) -> Result<Self, ReadError> {
        let fields = metadata.schema().fields();
        let parquet_fields = metadata.parquet_schema().root_schema().get_fields();
        let place = Place { table, line: 1 };
        let (mut selected, mut columns, mut errors) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut seen = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            let Some(column) = table.position_of(field.name()) else {
                errors.push_back(place.column_unknown(field.name()));
                continue;
            };
            if seen.contains(&column) {
                errors.push_back(place.column_duplicate(field.name()));
                continue;
            }
            seen.push(column);
            if mode == Mode::Delete && column != ID {
                continue;
            }
            let kind = table.columns[column].kind;
            let has_offset = !matches!(field.data_type(), DataType::Timestamp(_, None))
                || is_int96(&parquet_fields[position]);
            if !has_offset && kind == Kind::Instant {
                let code = ImportCode::TimestampInvalid;
                errors.push_back(place.error(Some(field.name()), code, NO_OFFSET));
                continue;
            }
            if is_readable_as(field.data_type(), kind) {
                selected.push(position);
                columns.push(column);
                continue;
            }
            let (expected, found) = (expected_by(kind), field.data_type());
            let message = format!("expected a column of {expected}, found one of {found}");
            errors.push_back(place.error(Some(field.name()), ImportCode::TypeMismatch, message));
        }
        if !columns.contains(&ID) {
            let error = match seen.contains(&ID) {
                true => errors.into_iter().find(|error| error.column.as_deref() == Some("id")),
                false => None,
            };
            let error = error.unwrap_or_else(|| {
                place.error(Some("id"), ImportCode::IdInvalid, "the file has no column \"id\"")
            });
            return Err(ReadError::Broken(Box::new(error)));
        }
        Ok(Self { fields: selected, columns, errors })
    }
}

fn broken(table: &Table, line: Option<u64>, message: String) -> ReadError {
    ReadError::Broken(Box::new(ImportError {
        table: Some(table.name.to_owned()),
        line,
        id: None,
        column: None,
        code: ImportCode::ParquetInvalid,
        message: format!("the Parquet file cannot be read: {message}"),
    }))
}

/// Runs a step of the Parquet library, which panics on some damaged files.
fn guarded<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its structure is damaged".to_owned()),
    }
}

/// The file's metadata, with types by Parquet's own schema: not those of an embedded Arrow schema,
/// and text as views, so that one long word repeated in a dictionary is in memory once.
fn load_metadata(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(file, options)?;
    let parquet_fields = metadata.parquet_schema().root_schema().get_fields();
    let fields = metadata.schema().fields().iter().zip(parquet_fields).map(|(field, parquet)| {
        let is_int96 = is_int96(parquet);
        let data_type = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            // 96-bit instants of far years do not fit 64-bit nanoseconds.
            DataType::Timestamp(TimeUnit::Nanosecond, zone) if is_int96 => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            other => other.clone(),
        };
        Arc::new(Field::clone(field).with_data_type(data_type))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// Whether a column holds 96-bit instants, which are UTC without saying so.
fn is_int96(parquet: &Type) -> bool {
    parquet.is_primitive() && parquet.get_physical_type() == PhysicalType::INT96
}

/// A file that can be read from any place: the input itself, or an unpacked copy.
fn seekable(input: Input) -> Result<File, Fault> {
    let spool_dir = input.spool_dir.clone();
    if let Input { source: Source::File(file), compression: Compression::None, .. } = input {
        return Ok(file);
    }
    let mut file = match spool_dir {
        Some(dir) => tempfile::tempfile_in(dir),
        None => tempfile::tempfile(),
    }
    .map_err(Fault::Io)?;
    let mut unpacked = Unpacked::new(input);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match unpacked.read(&mut buffer)? {
            0 => break,
            count => file.write_all(&buffer[..count]).map_err(Fault::Io)?,
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(Fault::Io)?;
    Ok(file)
}
