//! Reads records from batches. The columns of a batch are downcast once and read as cells.

use accounting::records::{RecordReader, TableRecord};
use datafusion::arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use model::cell::CellRef;

use super::error::BooksError;

enum BookArray<'b> {
    Int(&'b Int64Array),
    Bool(&'b BooleanArray),
    Date(&'b Date32Array),
    Instant(&'b TimestampMicrosecondArray),
    Text(&'b StringArray),
    TextView(&'b StringViewArray),
}

impl<'b> BookArray<'b> {
    fn of(array: &'b dyn Array) -> Result<Self, BooksError> {
        Ok(match array.data_type() {
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>()),
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>()),
            DataType::Timestamp(..) => {
                Self::Instant(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Utf8 => Self::Text(array.as_string::<i32>()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            other => {
                let what = format!("the books read no column of type {other}");
                return Err(DataFusionError::Internal(what).into());
            }
        })
    }

    fn cell(&self, row: usize) -> CellRef<'b> {
        fn int<'b>(array: &dyn Array, row: usize, value: impl FnOnce() -> i64) -> CellRef<'b> {
            if array.is_null(row) { CellRef::Null } else { CellRef::Int(value()) }
        }
        match self {
            Self::Int(array) => int(array, row, || array.value(row)),
            Self::Bool(array) => int(array, row, || i64::from(array.value(row))),
            Self::Date(array) => int(array, row, || i64::from(array.value(row))),
            Self::Instant(array) => int(array, row, || array.value(row)),
            Self::Text(array) if array.is_valid(row) => CellRef::Text(array.value(row)),
            Self::TextView(array) if array.is_valid(row) => CellRef::Text(array.value(row)),
            Self::Text(_) | Self::TextView(_) => CellRef::Null,
        }
    }
}

/// Returns the value of a column in the first row.
pub(super) fn first_cell(array: &dyn Array) -> Result<CellRef<'_>, BooksError> {
    Ok(BookArray::of(array)?.cell(0))
}

/// Reads the records in the rows of `batch` for which `is_wanted` is true. The batch holds the
/// columns at `positions` of the catalogue's table, in this order.
pub(super) fn read_batch<R: TableRecord>(
    reader: &RecordReader<R>,
    batch: &RecordBatch,
    positions: &[usize],
    is_wanted: impl Fn(usize) -> bool,
    records: &mut Vec<R>,
) -> Result<(), BooksError> {
    let columns = batch.columns().iter().map(|array| BookArray::of(array.as_ref()));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let place_of = |position: usize| positions.iter().position(|known| *known == position);
    let greatest = positions.iter().max().map_or(0, |greatest| greatest + 1);
    let places: Vec<Option<usize>> = (0..greatest).map(place_of).collect();
    for row in (0..batch.num_rows()).filter(|row| is_wanted(*row)) {
        let record = reader.read(&|position| {
            let place = places.get(position).copied().flatten();
            place.and_then(|place| columns.get(place)).map_or(CellRef::Null, |c| c.cell(row))
        });
        records.push(record?);
    }
    Ok(())
}
