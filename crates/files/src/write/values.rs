//! The columns of a batch, downcast once so that writing a cell only indexes an array.

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, GenericListArray, Int64Array,
    RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use model::output::{ObjectText, OutputColumn, OutputKind};

use super::CURRENCY_KEY;
use super::WriteError;

/// The position of one value of a column.
#[derive(Clone, Copy)]
pub(super) struct ValuePosition<'k> {
    /// The column's key.
    pub(super) key: &'k str,
    /// The row in the batch.
    pub(super) row: usize,
    /// The position in the array of values. Equal to the row, except inside lists.
    pub(super) position: usize,
}

impl<'k> ValuePosition<'k> {
    /// Returns the position of the column's value in row `row`.
    pub(super) fn row(key: &'k str, row: usize) -> Self {
        Self { key, row, position: row }
    }

    /// Returns the position of a list item of the same row.
    pub(super) fn item(self, position: usize) -> Self {
        Self { position, ..self }
    }
}

/// The values of one column of a batch, or of a part of one, such as list items or fields.
pub(super) enum OutputValues {
    Int(Int64Array),
    Text(TextValues),
    Bool(BooleanArray),
    Date(Date32Array),
    Instant(TimestampMicrosecondArray),
    TimeOfDay(Int64Array),
    Dec4(Decimal128Array),
    Json(TextValues),
    Amount(AmountValues),
    List(GenericListArray<i32>, Box<OutputValues>),
    Object(ObjectValues),
}

/// Amounts with their currencies.
pub(super) struct AmountValues {
    minor: MinorUnitValues,
    currency: TextValues,
    /// True if each amount has its own currency, rather than the currency of its row.
    has_own_currency: bool,
    /// True if JSON shows amounts as money objects rather than as plain numbers.
    pub(super) is_money: bool,
}

enum MinorUnitValues {
    Wide(Decimal128Array),
    Narrow(Int64Array),
}

/// Text values in one of Arrow's layouts.
pub(super) enum TextValues {
    Plain(StringArray),
    View(StringViewArray),
}

/// The values of a column of objects.
pub(super) struct ObjectValues {
    pub(super) array: StructArray,
    pub(super) fields: Vec<ObjectField>,
    pub(super) text: ObjectText,
}

/// One field of a column of objects.
pub(super) struct ObjectField {
    pub(super) name: String,
    /// The bytes `"name":`, ready for JSON.
    pub(super) json_key: Vec<u8>,
    pub(super) values: OutputValues,
}

impl TextValues {
    /// Returns the text at `position`, or `None` for null.
    pub(super) fn get(&self, position: usize) -> Option<&str> {
        match self {
            Self::Plain(array) => array.is_valid(position).then(|| array.value(position)),
            Self::View(array) => array.is_valid(position).then(|| array.value(position)),
        }
    }

    /// Returns the text at `position`, which must not be null.
    pub(super) fn value(&self, position: usize) -> &str {
        match self {
            Self::Plain(array) => array.value(position),
            Self::View(array) => array.value(position),
        }
    }

    fn is_null(&self, position: usize) -> bool {
        match self {
            Self::Plain(array) => array.is_null(position),
            Self::View(array) => array.is_null(position),
        }
    }

    /// Returns the texts of column `index` of `batch`. `key` is the key of the column that refers
    /// to it.
    fn from_batch_column(batch: &RecordBatch, index: usize, key: &str) -> Result<Self, WriteError> {
        match batch.columns().get(index) {
            Some(array) => Self::from_array(array, key),
            None => Err(WriteError::ColumnMismatch {
                key: key.to_owned(),
                expected: "followed by a column with its currency",
                found: format!("in a batch of {} columns", batch.num_columns()),
            }),
        }
    }

    fn from_array(array: &ArrayRef, key: &str) -> Result<Self, WriteError> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Plain(array.as_string().clone())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view().clone())),
            DataType::Null | DataType::LargeUtf8 | DataType::Dictionary(..) => {
                let text = cast(array, &DataType::Utf8View);
                let text = text.map_err(|_| mismatch(key, "text", array))?;
                Ok(Self::View(text.as_string_view().clone()))
            }
            _ => Err(mismatch(key, "text", array)),
        }
    }
}

impl AmountValues {
    fn is_null(&self, position: usize) -> bool {
        match &self.minor {
            MinorUnitValues::Wide(array) => array.is_null(position),
            MinorUnitValues::Narrow(array) => array.is_null(position),
        }
    }

    /// Returns the minor units at `position`, or `None` for null.
    pub(super) fn minor(&self, position: usize) -> Option<i128> {
        match &self.minor {
            MinorUnitValues::Wide(array) => array.is_valid(position).then(|| array.value(position)),
            MinorUnitValues::Narrow(array) => {
                array.is_valid(position).then(|| i128::from(array.value(position)))
            }
        }
    }

    /// Returns the lower-case currency of the amount at `position` in row `row`, or empty text for
    /// null.
    pub(super) fn currency(&self, position: usize, row: usize) -> &str {
        let at = if self.has_own_currency { position } else { row };
        self.currency.get(at).unwrap_or_default()
    }
}

impl OutputValues {
    /// Returns the values of all `columns` of a batch, in order. Errors: a batch of another shape.
    pub(super) fn from_batch(
        batch: &RecordBatch,
        columns: &[OutputColumn],
    ) -> Result<Vec<Self>, WriteError> {
        let columns = columns.iter().enumerate();
        columns.map(|(index, column)| Self::from_batch_column(batch, index, column)).collect()
    }

    /// Returns the values of one column of a batch. Errors: a batch of another shape.
    pub(super) fn from_batch_column(
        batch: &RecordBatch,
        index: usize,
        column: &OutputColumn,
    ) -> Result<Self, WriteError> {
        match batch.columns().get(index) {
            Some(array) => Self::from_array(array, &column.kind, &column.key, batch, None),
            None => Err(WriteError::ColumnMismatch {
                key: column.key.clone(),
                expected: "there",
                found: format!("missing from a batch of {} columns", batch.num_columns()),
            }),
        }
    }

    fn from_array(
        array: &ArrayRef,
        kind: &OutputKind,
        key: &str,
        batch: &RecordBatch,
        own_currency: Option<&ArrayRef>,
    ) -> Result<Self, WriteError> {
        Ok(match kind {
            OutputKind::Int => Self::Int(integers(array, key)?),
            OutputKind::TimeOfDay => Self::TimeOfDay(integers(array, key)?),
            OutputKind::Text => Self::Text(TextValues::from_array(array, key)?),
            OutputKind::Json => Self::Json(TextValues::from_array(array, key)?),
            OutputKind::Dec4 => match array.data_type() {
                DataType::Decimal128(_, 4) => {
                    Self::Dec4(array.as_primitive::<Decimal128Type>().clone())
                }
                _ => return Err(mismatch(key, "number with four places", array)),
            },
            OutputKind::Bool => {
                let bools = array.as_boolean_opt();
                Self::Bool(bools.ok_or_else(|| mismatch(key, "bool", array))?.clone())
            }
            OutputKind::Date => {
                let dates = array.as_primitive_opt::<Date32Type>();
                Self::Date(dates.ok_or_else(|| mismatch(key, "date", array))?.clone())
            }
            OutputKind::Instant => {
                let is_micros =
                    matches!(array.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _));
                if !is_micros {
                    return Err(mismatch(key, "instant in microseconds", array));
                }
                Self::Instant(array.as_primitive::<TimestampMicrosecondType>().clone())
            }
            OutputKind::Money { currency } | OutputKind::Decimal { currency } => {
                let minor = minor_units(array, key)?;
                let currency = match own_currency {
                    Some(currency) => TextValues::from_array(currency, key)?,
                    None => TextValues::from_batch_column(batch, *currency, key)?,
                };
                let has_own_currency = own_currency.is_some();
                let is_money = matches!(kind, OutputKind::Money { .. });
                Self::Amount(AmountValues { minor, currency, has_own_currency, is_money })
            }
            OutputKind::List(item) => {
                let list = array.as_list_opt::<i32>();
                let list = list.ok_or_else(|| mismatch(key, "list", array))?.clone();
                let items = Self::from_array(list.values(), item, key, batch, None)?;
                Self::List(list, Box::new(items))
            }
            OutputKind::Object { fields, text } => {
                let array = array.as_struct_opt().ok_or_else(|| mismatch(key, "object", array))?;
                Self::Object(ObjectValues {
                    fields: object_fields(array, fields, key, batch)?,
                    array: array.clone(),
                    text: *text,
                })
            }
        })
    }

    /// Returns true if the value at `position` is null.
    pub(super) fn is_null(&self, position: usize) -> bool {
        match self {
            Self::Int(array) | Self::TimeOfDay(array) => array.is_null(position),
            Self::Text(text) | Self::Json(text) => text.is_null(position),
            Self::Dec4(array) => array.is_null(position),
            Self::Bool(array) => array.is_null(position),
            Self::Date(array) => array.is_null(position),
            Self::Instant(array) => array.is_null(position),
            Self::Amount(amount) => amount.is_null(position),
            Self::List(array, _) => array.is_null(position),
            Self::Object(object) => object.array.is_null(position),
        }
    }
}

/// Returns the range of one list's items in the array of all items.
pub(super) fn item_range(list: &GenericListArray<i32>, position: usize) -> std::ops::Range<usize> {
    let offsets = list.value_offsets();
    let offset = |at: usize| usize::try_from(offsets[at]).unwrap_or_default();
    offset(position)..offset(position + 1)
}

fn object_fields(
    array: &StructArray,
    fields: &[(String, OutputKind)],
    key: &str,
    batch: &RecordBatch,
) -> Result<Vec<ObjectField>, WriteError> {
    let currency = fields.iter().position(|(name, kind)| {
        // An object that has its own currency field does not use the currency of its row.
        name == CURRENCY_KEY && *kind == OutputKind::Text
    });
    let currency = currency.and_then(|index| array.columns().get(index));
    let build = |(index, (name, kind)): (usize, &(String, OutputKind))| {
        let inner = array.columns().get(index);
        let inner = inner.ok_or_else(|| WriteError::ColumnMismatch {
            key: format!("{key}.{name}"),
            expected: "a field",
            found: format!("missing from an object of {} fields", array.num_columns()),
        })?;
        let values =
            OutputValues::from_array(inner, kind, &format!("{key}.{name}"), batch, currency)?;
        let json_key = format!("{}:", serde_json::Value::from(name.as_str())).into_bytes();
        Ok(ObjectField { name: name.clone(), json_key, values })
    };
    fields.iter().enumerate().map(build).collect()
}

fn integers(array: &ArrayRef, key: &str) -> Result<Int64Array, WriteError> {
    if let Some(integers) = array.as_primitive_opt::<Int64Type>() {
        return Ok(integers.clone());
    }
    // Counts and parts of dates may have narrower types. Unsigned ones are refused, as they could
    // overflow.
    match array.data_type() {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Null => {
            let integers = cast(array, &DataType::Int64);
            let integers = integers.map_err(|_| mismatch(key, "int", array))?;
            Ok(integers.as_primitive::<Int64Type>().clone())
        }
        _ => Err(mismatch(key, "int", array)),
    }
}

fn minor_units(array: &ArrayRef, key: &str) -> Result<MinorUnitValues, WriteError> {
    match array.data_type() {
        DataType::Decimal128(_, 0) => {
            Ok(MinorUnitValues::Wide(array.as_primitive::<Decimal128Type>().clone()))
        }
        DataType::Int64 => Ok(MinorUnitValues::Narrow(array.as_primitive::<Int64Type>().clone())),
        _ => Err(mismatch(key, "amount in minor units", array)),
    }
}

fn mismatch(key: &str, expected: &'static str, array: &ArrayRef) -> WriteError {
    WriteError::ColumnMismatch {
        key: key.to_owned(),
        expected,
        found: array.data_type().to_string(),
    }
}
