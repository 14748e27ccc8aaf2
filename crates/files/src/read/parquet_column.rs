//! The values of one Parquet column, read as the kinds of the catalogue.

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    ListArray, StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt64Type,
};
use arrow::error::ArrowError;
use model::catalogue::ColumnType;
use model::cell::Cell;
use model::import::{CellError, ImportCode};
use model::parse::{INSTANT_RANGE, InputValue};

use super::row::ImportRowBuilder;

/// 0000-01-01 to 9999-12-31 as days since 1970-01-01: the dates that text can express.
const DAYS: std::ops::RangeInclusive<i32> = -719_528..=2_932_896;

/// Returns true if a column of this type can hold values of this kind.
pub(super) fn is_readable_as(data_type: &DataType, kind: ColumnType) -> bool {
    let is_text = matches!(data_type, DataType::Utf8View);
    match data_type {
        DataType::Null => return true,
        DataType::Decimal128(..) if !matches!(kind, ColumnType::Percent) => return false,
        _ => {}
    }
    match kind {
        ColumnType::Int { .. } | ColumnType::Money => data_type.is_integer(),
        ColumnType::Bool => *data_type == DataType::Boolean || data_type.is_integer(),
        ColumnType::Date => is_text || *data_type == DataType::Date32,
        ColumnType::Instant => {
            is_text || data_type.is_integer() || matches!(data_type, DataType::Timestamp(..))
        }
        ColumnType::Percent => {
            is_text || data_type.is_numeric() && !matches!(data_type, DataType::Decimal256(..))
        }
        ColumnType::Text | ColumnType::Enum(_) | ColumnType::Currency | ColumnType::Country => {
            is_text
        }
        ColumnType::Json | ColumnType::Allotment => is_text,
        ColumnType::TextList => {
            is_text || item_type(data_type).is_some_and(|item| *item == DataType::Utf8View)
        }
        ColumnType::IntList => is_text || item_type(data_type).is_some_and(DataType::is_integer),
    }
}

/// Returns a description of the types that are accepted for a column of this kind.
pub(super) fn expected_by(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Int { .. } => "integers",
        ColumnType::Money => "integers, amounts in minor units",
        ColumnType::Bool => "booleans",
        ColumnType::Date => "dates or text",
        ColumnType::Instant => {
            "timestamps in UTC, text with an offset, or integers of Unix seconds"
        }
        ColumnType::Percent => "decimals or text",
        ColumnType::Text | ColumnType::Enum(_) | ColumnType::Currency | ColumnType::Country => {
            "text"
        }
        ColumnType::Json | ColumnType::Allotment => "text with JSON in it",
        ColumnType::TextList => "lists of text, or text with a JSON list in it",
        ColumnType::IntList => "lists of integers, or text with a JSON list in it",
    }
}

fn item_type(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) => Some(item.data_type()),
        _ => None,
    }
}

/// The values of one column of one batch.
pub(super) enum ParquetValues {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Unsigned(UInt64Array),
    Float(Float64Array),
    Decimal(Decimal128Array),
    Text(StringViewArray),
    Date(Date32Array),
    Seconds(TimestampSecondArray),
    Millis(TimestampMillisecondArray),
    Micros(TimestampMicrosecondArray),
    Nanos(TimestampNanosecondArray),
    List(ListArray, Box<ParquetValues>),
}

impl ParquetValues {
    /// Downcasts an array. Errors: a type that [`is_readable_as`] refuses.
    pub(super) fn from_array(array: &ArrayRef) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            integer if integer.is_integer() => {
                Self::Int(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                Self::Float(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            DataType::Decimal128(..) => {
                Self::Decimal(array.as_primitive::<Decimal128Type>().clone())
            }
            DataType::Utf8 | DataType::Utf8View => {
                Self::Text(cast(array, &DataType::Utf8View)?.as_string_view().clone())
            }
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().clone()),
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => {
                    Self::Seconds(array.as_primitive::<TimestampSecondType>().clone())
                }
                TimeUnit::Millisecond => {
                    Self::Millis(array.as_primitive::<TimestampMillisecondType>().clone())
                }
                TimeUnit::Microsecond => {
                    Self::Micros(array.as_primitive::<TimestampMicrosecondType>().clone())
                }
                TimeUnit::Nanosecond => {
                    Self::Nanos(array.as_primitive::<TimestampNanosecondType>().clone())
                }
            },
            DataType::List(_) => {
                let list = array.as_list::<i32>().clone();
                let items = Self::from_array(list.values())?;
                Self::List(list, Box::new(items))
            }
            other => return Err(ArrowError::NotYetImplemented(format!("columns of {other}"))),
        })
    }

    fn array(&self) -> Option<&dyn Array> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(array) => array,
            Self::Int(array) => array,
            Self::Unsigned(array) => array,
            Self::Float(array) => array,
            Self::Decimal(array) => array,
            Self::Text(array) => array,
            Self::Date(array) => array,
            Self::Seconds(array) => array,
            Self::Millis(array) => array,
            Self::Micros(array) => array,
            Self::Nanos(array) => array,
            Self::List(array, _) => array,
        })
    }

    /// Returns the approximate size of the value at `position` once it is read, in bytes.
    pub(super) fn bytes(&self, position: usize) -> usize {
        if self.array().is_none_or(|array| array.is_null(position)) {
            return 0;
        }
        match self {
            Self::Text(array) => array.value(position).len(),
            Self::List(list, items) => {
                list_item_range(list, position).map(|item| 1 + items.bytes(item)).sum()
            }
            _ => size_of::<i64>(),
        }
    }

    /// Reads the value at `position` into a column of `row`. `text` is a reusable buffer.
    pub(super) fn read(
        &self,
        position: usize,
        column: usize,
        row: &mut ImportRowBuilder,
        text: &mut String,
    ) {
        if self.array().is_none_or(|array| array.is_null(position)) {
            row.read(column, InputValue::Null);
            return;
        }
        text.clear();
        match self {
            Self::Null => row.read(column, InputValue::Null),
            Self::Bool(array) => row.read(column, InputValue::Bool(array.value(position))),
            Self::Int(array) => row.read(column, InputValue::Int(array.value(position))),
            Self::Unsigned(array) => {
                text.push_str(&array.value(position).to_string());
                row.read(column, text.parse().map_or(InputValue::Number(text), InputValue::Int));
            }
            Self::Float(array) => {
                // The shortest text that parses to the same float is the number as it was written.
                text.push_str(&array.value(position).to_string());
                row.read(column, InputValue::Number(text));
            }
            Self::Decimal(array) => {
                let written = array.value_as_string(position);
                let shortest = match written.split_once('.') {
                    Some(_) => written.trim_end_matches('0').trim_end_matches('.'),
                    None => &written,
                };
                row.read(column, InputValue::Number(shortest));
            }
            Self::Text(array) => row.read(column, InputValue::Text(array.value(position))),
            Self::Date(array) => row.put(column, date(array.value(position))),
            Self::Seconds(array) => {
                row.put(column, instant(array.value(position).checked_mul(1_000_000)));
            }
            Self::Millis(array) => {
                row.put(column, instant(array.value(position).checked_mul(1000)));
            }
            Self::Micros(array) => row.put(column, instant(Some(array.value(position)))),
            Self::Nanos(array) => {
                row.put(column, instant(Some(array.value(position).div_euclid(1000))));
            }
            Self::List(list, items) => {
                items.write_json_list(list_item_range(list, position), text);
                row.read(column, InputValue::Json(text));
            }
        }
    }

    fn write_json_list(&self, range: std::ops::Range<usize>, text: &mut String) {
        text.push('[');
        let start = range.start;
        for position in range {
            if position > start {
                text.push(',');
            }
            match self {
                Self::Int(array) if array.is_valid(position) => {
                    text.push_str(&array.value(position).to_string());
                }
                Self::Unsigned(array) if array.is_valid(position) => {
                    text.push_str(&array.value(position).to_string());
                }
                Self::Text(array) if array.is_valid(position) => {
                    text.push_str(&serde_json::Value::from(array.value(position)).to_string());
                }
                _ => text.push_str("null"),
            }
        }
        text.push(']');
    }
}

/// Returns the range of one list's items in the array of all items.
fn list_item_range(list: &ListArray, position: usize) -> std::ops::Range<usize> {
    let offsets = list.value_offsets();
    offsets[position] as usize..offsets[position + 1] as usize
}

fn date(days: i32) -> Result<Cell, CellError> {
    if DAYS.contains(&days) {
        Ok(Cell::Int(i64::from(days)))
    } else {
        Err(CellError::new(
            ImportCode::DateInvalid,
            format!("day {days} since 1970-01-01 is outside the years 0000 to 9999"),
        ))
    }
}

fn instant(micros: Option<i64>) -> Result<Cell, CellError> {
    match micros.filter(|micros| INSTANT_RANGE.contains(micros)) {
        Some(micros) => Ok(Cell::Int(micros)),
        None => Err(CellError::new(
            ImportCode::TimestampInvalid,
            "the instant is outside the years 0000 to 9998",
        )),
    }
}
