//! Columns of a batch as the cells that the readers of `usage` take.

use datafusion::arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::{DataFusionError, Result};
use model::catalogue::Table;
use model::cell::CellRef;

/// The columns of a batch of rows of a table, by their position in the catalogue.
pub(super) struct UsageCells<'b> {
    columns: Vec<Option<UsageArray<'b>>>,
}

enum UsageArray<'b> {
    Int(&'b Int64Array),
    Bool(&'b BooleanArray),
    Date(&'b Date32Array),
    Instant(&'b TimestampMicrosecondArray),
    Text(&'b StringViewArray),
}

impl<'b> UsageCells<'b> {
    /// Takes the columns of a batch. Columns that the batch lacks are read as null.
    pub(super) fn of(table: &Table, batch: &'b RecordBatch) -> Result<Self> {
        let columns = table.columns.iter().map(|column| match batch.column_by_name(column.name) {
            Some(array) => downcast_array(column.name, array.as_ref()).map(Some),
            None => Ok(None),
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// Returns a function that gives the cells of a row by their position in the catalogue.
    pub(super) fn at<'c>(&'c self, row: usize) -> impl Fn(usize) -> CellRef<'c> {
        move |position| match self.columns.get(position) {
            Some(Some(column)) => column.cell(row),
            _ => CellRef::Null,
        }
    }
}

impl UsageArray<'_> {
    fn cell(&self, row: usize) -> CellRef<'_> {
        match self {
            Self::Int(array) if array.is_valid(row) => CellRef::Int(array.value(row)),
            Self::Bool(array) if array.is_valid(row) => CellRef::Int(array.value(row).into()),
            Self::Date(array) if array.is_valid(row) => CellRef::Int(array.value(row).into()),
            Self::Instant(array) if array.is_valid(row) => CellRef::Int(array.value(row)),
            Self::Text(array) if array.is_valid(row) => CellRef::Text(array.value(row)),
            _ => CellRef::Null,
        }
    }
}

fn downcast_array<'b>(name: &str, array: &'b dyn Array) -> Result<UsageArray<'b>> {
    Ok(match array.data_type() {
        DataType::Int64 => UsageArray::Int(array.as_primitive::<Int64Type>()),
        DataType::Boolean => UsageArray::Bool(array.as_boolean()),
        DataType::Date32 => UsageArray::Date(array.as_primitive::<Date32Type>()),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            UsageArray::Instant(array.as_primitive::<TimestampMicrosecondType>())
        }
        DataType::Utf8View => UsageArray::Text(array.as_string_view()),
        other => {
            let message = format!("usage cannot read {name} of type {other}");
            return Err(DataFusionError::Internal(message));
        }
    })
}

/// Returns a column of integers, which must not have nulls. Errors: the batch lacks the column, or
/// it has another type.
pub(super) fn int_column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array> {
    let found = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Int64Type>());
    found.ok_or_else(|| DataFusionError::Internal(format!("usage needs the integers {name}")))
}
