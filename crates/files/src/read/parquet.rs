//! Parquet: one page of each column is in memory at a time. Rule: spec/data-model.md §3.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use model::catalogue::{ColumnType, ID, Table};
use model::import::{ImportCode, ImportError};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use super::input::{InputSource, ReadProgress};
use super::parquet_column::{ParquetValues, expected_by, is_readable_as};
use super::parquet_pages::{check_footer, check_pages};
use super::row::{ChangeCollector, ImportRowBuilder, RowPlace};
use super::unpack::{UnpackBudget, UnpackError, UnpackedStream};
use super::{
    BATCH_BYTES_MAX, COLUMNS_MAX, ImportInput, ImportMode, RECORD_BYTES_MAX, ReadError, RowDecoder,
};
use crate::format::Compression;

/// The message for timestamps that are not marked as UTC.
const NO_OFFSET: &str = "the timestamps have no offset (isAdjustedToUTC is false): write them in \
    UTC with isAdjustedToUTC true, or as text with an offset (2024-01-31T10:00:00Z)";

/// Decodes the rows of one table.
pub(super) struct ParquetDecoder {
    reader: ParquetRecordBatchReader,
    table: &'static Table,
    mode: ImportMode,
    /// For each column of a batch, the column of the table.
    columns: Vec<usize>,
    /// Errors in the file's columns, to be reported first.
    errors: VecDeque<ImportError>,
    batch: ParquetBatch,
    row: u64,
    rows_total: u64,
    /// A counter of the values' bytes. Many rows may share one value of a dictionary.
    budget: UnpackBudget,
    /// The packed size of the input, in bytes.
    packed: u64,
    progress: ReadProgress,
}

/// Rows that the library has read and of which some are decoded.
#[derive(Default)]
struct ParquetBatch {
    columns: Vec<ParquetValues>,
    rows: usize,
    decoded: usize,
}

impl ParquetDecoder {
    pub(super) fn open(
        table: &'static Table,
        mode: ImportMode,
        input: ImportInput,
    ) -> Result<Self, ReadError> {
        let progress = input.progress();
        let bounds = input.bounds;
        let is_packed = input.compression != Compression::None;
        let fault = |fault: UnpackError| fault.at(Some(table.name), None);
        let told = |message| broken(table, None, message);
        let mut file = open_seekable(input).map_err(fault)?;
        let packed = if is_packed {
            progress.bytes_read()
        } else {
            file.metadata().map_err(ReadError::Io)?.len()
        };
        check_footer(&mut file).map_err(|refusal| refusal.into_error(table.name, told))?;
        let metadata = catch_parquet_panics(|| load_metadata(&file)).map_err(told)?;
        let rows_total = metadata.metadata().file_metadata().num_rows().max(0).unsigned_abs();
        let selection = ColumnSelection::from_schema(table, mode, &metadata)?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), selection.fields);
        let is_read = |leaf| mask.leaf_included(leaf);
        let pages = catch_parquet_panics(|| {
            let mut budget = UnpackBudget::new(bounds);
            Ok(check_pages(&file, metadata.metadata(), is_read, &mut budget, packed))
        });
        let rows_at_once =
            pages.map_err(told)?.map_err(|refusal| refusal.into_error(table.name, told))?;
        let reader = catch_parquet_panics(|| {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                .with_projection(mask)
                .with_batch_size(rows_at_once)
                .build()
        });
        let reader = reader.map_err(told)?;
        let ColumnSelection { columns, errors, .. } = selection;
        let (batch, row, budget) = (ParquetBatch::default(), 0, UnpackBudget::new(bounds));
        Ok(Self {
            reader,
            table,
            mode,
            columns,
            errors,
            batch,
            row,
            rows_total,
            budget,
            packed,
            progress,
        })
    }

    /// Reads the next batch of rows from the file. Returns false at its end.
    fn read_batch(&mut self) -> Result<bool, String> {
        let batch =
            catch_parquet_panics(|| self.reader.next().transpose().map_err(ParquetError::from))?;
        let Some(batch) = batch else { return Ok(false) };
        let columns =
            batch.columns().iter().map(ParquetValues::from_array).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|error| error.to_string())?;
        self.batch = ParquetBatch { columns, rows: batch.num_rows(), decoded: 0 };
        Ok(true)
    }

    /// Decodes rows of the batch until it ends or they have [`BATCH_BYTES_MAX`] bytes.
    fn decode_rows(&mut self, out: &mut ChangeCollector) -> Result<(), ReadError> {
        let mut text = String::new();
        let mut bytes = 0;
        while self.batch.decoded < self.batch.rows && bytes < BATCH_BYTES_MAX {
            let position = self.batch.decoded;
            let row_bytes: usize =
                self.batch.columns.iter().map(|values| values.bytes(position)).sum();
            self.batch.decoded += 1;
            self.row += 1;
            bytes += row_bytes;
            let place = RowPlace { table: self.table, line: self.row };
            self.budget
                .spend(row_bytes as u64, self.packed)
                .map_err(|fault| fault.at(Some(self.table.name), Some(self.row)))?;
            if row_bytes > RECORD_BYTES_MAX {
                let message = format!("the row is longer than {RECORD_BYTES_MAX} bytes");
                out.count_row();
                out.error(place.error(None, ImportCode::RowTooLong, message));
                continue;
            }
            let mut row = ImportRowBuilder::new(place, self.mode);
            for (values, column) in self.batch.columns.iter().zip(&self.columns) {
                values.read(position, *column, &mut row, &mut text);
            }
            row.finish(row_bytes, out);
        }
        self.show_progress();
        Ok(())
    }

    fn show_progress(&self) {
        if let (Some(bytes), Some(share)) =
            (self.progress.bytes_total(), (self.row * 1000).checked_div(self.rows_total))
        {
            self.progress.set_bytes_read((bytes / 1000).saturating_mul(share.min(1000)));
        }
    }
}

impl RowDecoder for ParquetDecoder {
    fn advance(&mut self, out: &mut ChangeCollector) -> Result<bool, ReadError> {
        while let Some(error) = self.errors.pop_front() {
            out.error(error);
        }
        if self.batch.decoded == self.batch.rows {
            // Frees the old batch before the next one is read.
            self.batch = ParquetBatch::default();
            let line = Some(self.row + 1);
            if !self.read_batch().map_err(|error| broken(self.table, line, error))? {
                let bytes = self.progress.bytes_total().unwrap_or_default();
                self.progress.set_bytes_read(bytes);
                return Ok(false);
            }
        }
        self.decode_rows(out)?;
        Ok(true)
    }
}

/// The columns of a file that are read, and the errors in the others.
struct ColumnSelection {
    fields: Vec<usize>,
    columns: Vec<usize>,
    errors: VecDeque<ImportError>,
}

impl ColumnSelection {
    fn from_schema(
        table: &'static Table,
        mode: ImportMode,
        metadata: &ArrowReaderMetadata,
    ) -> Result<Self, ReadError> {
        let fields = metadata.schema().fields();
        let parquet_fields = metadata.parquet_schema().root_schema().get_fields();
        let place = RowPlace { table, line: 1 };
        if fields.len() > COLUMNS_MAX {
            let message = format!("it has {} columns, more than {COLUMNS_MAX}", fields.len());
            return Err(broken(table, None, message));
        }
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
            if mode == ImportMode::Delete && column != ID {
                continue;
            }
            let kind = table.columns[column].kind;
            let has_offset = !matches!(field.data_type(), DataType::Timestamp(_, None))
                || is_int96(&parquet_fields[position]);
            if !has_offset && kind == ColumnType::Instant {
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
            let error = if seen.contains(&ID) {
                errors.into_iter().find(|error| error.column.as_deref() == Some("id"))
            } else {
                None
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

/// Calls the Parquet library, and turns panics on damaged files into errors.
fn catch_parquet_panics<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its structure is damaged".to_owned()),
    }
}

/// Loads the file's metadata. Types follow the Parquet schema and not an embedded Arrow schema.
/// Text is read as views, so that a long text of a dictionary is in memory only once.
fn load_metadata(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(file, options)?;
    let parquet_fields = metadata.parquet_schema().root_schema().get_fields();
    let fields = metadata.schema().fields().iter().zip(parquet_fields).map(|(field, parquet)| {
        let is_int96 = is_int96(parquet);
        let data_type = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            DataType::List(item) if *item.data_type() == DataType::Utf8 => {
                let item = Field::clone(item).with_data_type(DataType::Utf8View);
                DataType::List(Arc::new(item))
            }
            // 96-bit instants of distant years do not fit into 64-bit nanoseconds.
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

/// Returns true if a column holds 96-bit instants, which are UTC without being marked so.
fn is_int96(parquet: &Type) -> bool {
    parquet.is_primitive() && parquet.get_physical_type() == PhysicalType::INT96
}

/// Returns a file that can be read at any position: the input itself, or an unpacked copy.
fn open_seekable(input: ImportInput) -> Result<File, UnpackError> {
    let spool_dir = input.spool_dir.clone();
    if let ImportInput { source: InputSource::File(file), compression: Compression::None, .. } =
        input
    {
        return Ok(file);
    }
    let mut file = match spool_dir {
        Some(dir) => tempfile::tempfile_in(dir),
        None => tempfile::tempfile(),
    }
    .map_err(UnpackError::Io)?;
    let mut unpacked = UnpackedStream::new(input);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match unpacked.read(&mut buffer)? {
            0 => break,
            count => file.write_all(&buffer[..count]).map_err(UnpackError::Io)?,
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(UnpackError::Io)?;
    Ok(file)
}
