//! Rows as typed columns, for Parquet and Arrow files. Rule: spec/exports.md §11.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder,
    ListBuilder, RecordBatch, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use model::output::{OutputColumn, OutputKind};

use super::WriteError;
use super::options::WriteOptions;
use super::table::{FileColumn, table_columns};
use super::text_cell::TextCells;
use super::values::{AmountValues, OutputValues, ValuePosition, item_range};
use model::file_format::FileFormat;

/// The number of rows of a chunk. Files consist of chunks of this size, however batches are
/// divided.
pub(super) const CHUNK_ROWS: usize = 8192;

const AMOUNT_PRECISION: u8 = 23;
const AMOUNT_DIGITS: u32 = 4;
const DEC4_PRECISION: u8 = 18;
const UNIT_KEY: &str = "rollbook.unit";
const UNIT: &str = "major";

/// Collects rows into chunks of [`CHUNK_ROWS`]. All arrays are rebuilt, so that the bytes under
/// nulls and after the last row do not depend on where a batch came from.
pub(super) struct ColumnarChunks {
    columns: Vec<(FileColumn, ColumnarBuilder)>,
    schema: SchemaRef,
    cells: TextCells,
    text: Vec<u8>,
    rows: usize,
}

enum ColumnarBuilder {
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    TimeOfDay(Time64MicrosecondBuilder),
    Dec4(Decimal128Builder),
    Amount(Decimal128Builder),
    Text(StringBuilder),
    Texts(ListBuilder<StringBuilder>),
}

impl ColumnarChunks {
    /// Creates the columns of a file in this format.
    pub(super) fn new(
        format: FileFormat,
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Self {
        let table = table_columns(columns, options.dialect);
        let fields = table.iter().map(field).collect::<Vec<_>>();
        let with_builder = |column: FileColumn| {
            let builder = ColumnarBuilder::for_column(&column);
            (column, builder)
        };
        Self {
            columns: table.into_iter().map(with_builder).collect(),
            schema: Arc::new(Schema::new(fields)),
            cells: TextCells::new(options.dialect, format),
            text: Vec::new(),
            rows: 0,
        }
    }

    /// Returns the schema of the chunks.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds the rows of `batch` and passes every chunk that becomes full to `write`.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        mut write: impl FnMut(&RecordBatch) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let values = self.columns.iter().map(|(column, _)| column.values(batch));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut start = 0;
        while start < batch.num_rows() {
            let end = batch.num_rows().min(start + CHUNK_ROWS - self.rows);
            for ((column, builder), own) in self.columns.iter_mut().zip(&values) {
                let (cells, text) = (&mut self.cells, &mut self.text);
                let mut cells = CellContext { column, first: values.first(), cells, text };
                builder.append(own, start..end, &mut cells)?;
            }
            self.rows += end - start;
            start = end;
            if self.rows == CHUNK_ROWS {
                write(&self.take()?)?;
            }
        }
        Ok(())
    }

    /// Passes the last chunk to `write`, unless it is empty.
    pub(super) fn finish(
        &mut self,
        write: impl FnOnce(&RecordBatch) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        match self.rows {
            0 => Ok(()),
            _ => write(&self.take()?),
        }
    }

    fn take(&mut self) -> Result<RecordBatch, WriteError> {
        self.rows = 0;
        let arrays = self.columns.iter_mut().map(|(_, builder)| builder.finish()).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(WriteError::encoding)
    }
}

fn field(column: &FileColumn) -> Field {
    let kind = &column.column.kind;
    let data_type = match kind {
        _ if column.is_json => DataType::Utf8,
        OutputKind::Int => DataType::Int64,
        OutputKind::Bool => DataType::Boolean,
        OutputKind::Date => DataType::Date32,
        OutputKind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        OutputKind::TimeOfDay => DataType::Time64(TimeUnit::Microsecond),
        OutputKind::Dec4 => DataType::Decimal128(DEC4_PRECISION, 4),
        OutputKind::Money { .. } | OutputKind::Decimal { .. } => {
            DataType::Decimal128(AMOUNT_PRECISION, 4)
        }
        OutputKind::Text | OutputKind::Json | OutputKind::Object { .. } => DataType::Utf8,
        OutputKind::List(_) => {
            DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
        }
    };
    let field = Field::new(&column.column.key, data_type, true);
    match kind {
        OutputKind::Money { .. } | OutputKind::Decimal { .. } => {
            field.with_metadata(HashMap::from([(UNIT_KEY.to_owned(), UNIT.to_owned())]))
        }
        _ => field,
    }
}

/// The context for appending the cells of one column.
struct CellContext<'c> {
    column: &'c FileColumn,
    /// The values of the file's first column, used to name a row in errors.
    first: Option<&'c OutputValues>,
    cells: &'c mut TextCells,
    text: &'c mut Vec<u8>,
}

impl CellContext<'_> {
    fn text(&mut self, values: &OutputValues, row: usize) -> Result<&str, WriteError> {
        self.text.clear();
        self.cells.write_column(self.column, values, row, self.text)?;
        std::str::from_utf8(self.text).map_err(WriteError::encoding)
    }

    fn item(&mut self, items: &OutputValues, row: usize, item: usize) -> Result<&str, WriteError> {
        self.text.clear();
        let at = ValuePosition::row(&self.column.column.key, row).item(item);
        self.cells.write(items, at, self.text)?;
        std::str::from_utf8(self.text).map_err(WriteError::encoding)
    }

    /// Returns the amount of `row` in units of 10^-4.
    fn amount(&mut self, amount: &AmountValues, row: usize) -> Result<Option<i128>, WriteError> {
        let Some(minor) = amount.minor(row) else {
            return Ok(None);
        };
        let at = ValuePosition::row(&self.column.column.key, row);
        let digits = self.cells.currencies().for_amount(amount, at)?.digits;
        let scale = 10_i128.pow(AMOUNT_DIGITS.saturating_sub(digits));
        let scaled = minor.checked_mul(scale);
        let fits = |scaled: &i128| scaled.unsigned_abs() < 10_u128.pow(AMOUNT_PRECISION.into());
        match scaled.filter(fits) {
            Some(scaled) => Ok(Some(scaled)),
            None => Err(self.too_large(row)),
        }
    }

    fn too_large(&mut self, row: usize) -> WriteError {
        let key = &self.column.column.key;
        let mut name = Vec::new();
        if let Some(first) = self.first
            && let Err(error) = self.cells.write(first, ValuePosition::row(key, row), &mut name)
        {
            return error;
        }
        let row = String::from_utf8_lossy(&name);
        WriteError::AmountTooLarge { place: format!("column {key} of row {row}") }
    }
}

impl ColumnarBuilder {
    fn for_column(column: &FileColumn) -> Self {
        match field(column).data_type() {
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            data_type @ DataType::Timestamp(..) => {
                Self::Instant(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Time64(_) => Self::TimeOfDay(Time64MicrosecondBuilder::new()),
            data_type @ DataType::Decimal128(..) => {
                let builder = Decimal128Builder::new().with_data_type(data_type.clone());
                match column.column.kind {
                    OutputKind::Dec4 => Self::Dec4(builder),
                    _ => Self::Amount(builder),
                }
            }
            DataType::List(_) => Self::Texts(ListBuilder::new(StringBuilder::new())),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn append(
        &mut self,
        values: &OutputValues,
        rows: Range<usize>,
        cells: &mut CellContext<'_>,
    ) -> Result<(), WriteError> {
        match (self, values) {
            (Self::Int(builder), OutputValues::Int(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::TimeOfDay(builder), OutputValues::TimeOfDay(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::Bool(builder), OutputValues::Bool(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::Date(builder), OutputValues::Date(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::Instant(builder), OutputValues::Instant(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::Dec4(builder), OutputValues::Dec4(array)) => {
                builder.extend(rows.map(|row| (!values.is_null(row)).then(|| array.value(row))));
            }
            (Self::Amount(builder), OutputValues::Amount(amount)) => {
                for row in rows {
                    builder.append_option(cells.amount(amount, row)?);
                }
            }
            (Self::Text(builder), OutputValues::Text(text)) if !cells.column.is_upper_currency => {
                builder.extend(rows.map(|row| text.get(row)));
            }
            (Self::Text(builder), _) => {
                for row in rows {
                    if values.is_null(row) {
                        builder.append_null()
                    } else {
                        builder.append_value(cells.text(values, row)?)
                    }
                }
            }
            (Self::Texts(builder), OutputValues::List(list, items)) => {
                for row in rows {
                    let is_null = values.is_null(row);
                    for item in item_range(list, row).filter(|_| !is_null) {
                        if items.is_null(item) {
                            builder.values().append_null()
                        } else {
                            builder.values().append_value(cells.item(items, row, item)?)
                        }
                    }
                    builder.append(!is_null);
                }
            }
            _ => {
                return Err(WriteError::ColumnMismatch {
                    key: cells.column.column.key.clone(),
                    expected: "of its kind",
                    found: "of another".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(builder) => ArrayBuilder::finish(builder),
            Self::Bool(builder) => ArrayBuilder::finish(builder),
            Self::Date(builder) => ArrayBuilder::finish(builder),
            Self::Instant(builder) => ArrayBuilder::finish(builder),
            Self::TimeOfDay(builder) => ArrayBuilder::finish(builder),
            Self::Dec4(builder) | Self::Amount(builder) => ArrayBuilder::finish(builder),
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Texts(builder) => ArrayBuilder::finish(builder),
        }
    }
}
