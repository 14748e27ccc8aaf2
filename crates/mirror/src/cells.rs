//! Columns of batches as the cells that the catalogue's readers take.

use datafusion::arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Int64Array, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::{DataFusionError, Result};
use model::cell::CellRef;

/// A column of a batch, downcast once.
pub struct CellColumn<'b>(CellArray<'b>);

enum CellArray<'b> {
    Int(&'b Int64Array),
    Bool(&'b BooleanArray),
    Date(&'b Date32Array),
    Instant(&'b TimestampMicrosecondArray),
    Text(&'b StringArray),
    TextView(&'b StringViewArray),
}

impl<'b> CellColumn<'b> {
    /// Takes an array that holds integers, bools, dates, instants in microseconds, or texts.
    ///
    /// Errors: an internal one, for any other type.
    pub fn new(array: &'b dyn Array) -> Result<Self> {
        Ok(Self(match array.data_type() {
            DataType::Int64 => CellArray::Int(array.as_primitive::<Int64Type>()),
            DataType::Boolean => CellArray::Bool(array.as_boolean()),
            DataType::Date32 => CellArray::Date(array.as_primitive::<Date32Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                CellArray::Instant(array.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Utf8 => CellArray::Text(array.as_string::<i32>()),
            DataType::Utf8View => CellArray::TextView(array.as_string_view()),
            other => {
                let message = format!("no cell has the type {other}");
                return Err(DataFusionError::Internal(message));
            }
        }))
    }

    /// Returns the value in a row: bools as 0 and 1, dates in days, instants in microseconds.
    pub fn cell(&self, row: usize) -> CellRef<'b> {
        match self.0 {
            CellArray::Int(array) if array.is_valid(row) => CellRef::Int(array.value(row)),
            CellArray::Bool(array) if array.is_valid(row) => CellRef::Int(array.value(row).into()),
            CellArray::Date(array) if array.is_valid(row) => CellRef::Int(array.value(row).into()),
            CellArray::Instant(array) if array.is_valid(row) => CellRef::Int(array.value(row)),
            CellArray::Text(array) if array.is_valid(row) => CellRef::Text(array.value(row)),
            CellArray::TextView(array) if array.is_valid(row) => CellRef::Text(array.value(row)),
            _ => CellRef::Null,
        }
    }
}
