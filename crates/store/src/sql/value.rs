//! Values of statements' parameters, and of selected rows.

use model::time::{Date, Instant};

use crate::error::StoreError;

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SqlValue<'v> {
    /// NULL.
    Null,
    /// Any integer, an instant's microseconds, or a bool as 0 or 1.
    Int(i64),
    /// A text.
    Text(&'v str),
    /// Bytes.
    Bytes(&'v [u8]),
    /// A list of texts, for `{in ?N}`.
    Texts(Vec<&'v str>),
    /// A list of integers, for `{in ?N}`.
    Ints(&'v [i64]),
}

/// A cell of a selected row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SqlCell {
    /// NULL.
    Null,
    /// Any integer, or a bool as 0 or 1.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A type that can be the value of a parameter.
pub(crate) trait ToSqlValue {
    /// Returns the value.
    fn to_sql_value(&self) -> SqlValue<'_>;
}

impl ToSqlValue for i64 {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int(*self)
    }
}

impl ToSqlValue for u32 {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int((*self).into())
    }
}

/// A number that no store reaches is stored as the largest.
impl ToSqlValue for u64 {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl ToSqlValue for u16 {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int((*self).into())
    }
}

impl ToSqlValue for bool {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int((*self).into())
    }
}

impl ToSqlValue for Instant {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int(self.micros())
    }
}

/// The days since 1970-01-01.
impl ToSqlValue for Date {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Int(self.days().into())
    }
}

impl ToSqlValue for str {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Text(self)
    }
}

impl ToSqlValue for String {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Text(self)
    }
}

impl ToSqlValue for [u8] {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Bytes(self)
    }
}

impl ToSqlValue for [u8; 32] {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Bytes(self)
    }
}

impl ToSqlValue for [i64] {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Ints(self)
    }
}

impl ToSqlValue for Vec<i64> {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Ints(self)
    }
}

impl ToSqlValue for [String] {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Texts(self.iter().map(String::as_str).collect())
    }
}

impl ToSqlValue for Vec<&str> {
    fn to_sql_value(&self) -> SqlValue<'_> {
        SqlValue::Texts(self.clone())
    }
}

impl<T: ToSqlValue + ?Sized> ToSqlValue for &T {
    fn to_sql_value(&self) -> SqlValue<'_> {
        (**self).to_sql_value()
    }
}

impl<T: ToSqlValue> ToSqlValue for Option<T> {
    fn to_sql_value(&self) -> SqlValue<'_> {
        self.as_ref().map_or(SqlValue::Null, T::to_sql_value)
    }
}

/// A type that a cell can be read as.
pub(crate) trait FromCell: Sized {
    /// Returns the value; none if the cell holds something else.
    fn from_cell(cell: &SqlCell) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        match cell {
            SqlCell::Int(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromCell for u64 {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for usize {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for u32 {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for bool {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        match cell {
            SqlCell::Int(0) => Some(false),
            SqlCell::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromCell for String {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        match cell {
            SqlCell::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        match cell {
            SqlCell::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromCell for [u8; 32] {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        Vec::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for u16 {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl FromCell for Instant {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell).map(Self::from_micros)
    }
}

impl FromCell for Date {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok().map(Self::from_days)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &SqlCell) -> Option<Self> {
        match cell {
            SqlCell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// A selected row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SqlRow(pub(crate) Vec<SqlCell>);

impl SqlRow {
    /// Returns the value of the column at `position`.
    ///
    /// Errors: the store is damaged, when the column holds a value of another type.
    pub(crate) fn get<T: FromCell>(&self, position: usize) -> Result<T, StoreError> {
        let value = self.0.get(position).and_then(T::from_cell);
        value.ok_or_else(|| StoreError::damaged(format!("column {position} holds another type")))
    }

    /// Returns the value whose JSON text is in the column at `position`.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        position: usize,
    ) -> Result<T, StoreError> {
        let text: String = self.get(position)?;
        serde_json::from_str(&text).map_err(|error| StoreError::damaged(error.to_string()))
    }

    /// Returns the value for which serde writes the text in the column at `position`.
    pub(crate) fn serde_text<T: serde::de::DeserializeOwned>(
        &self,
        position: usize,
    ) -> Result<T, StoreError> {
        let text = serde_json::Value::String(self.get(position)?);
        serde_json::from_value(text).map_err(|error| StoreError::damaged(error.to_string()))
    }

    /// Returns the name in the column at `position`, parsed.
    pub(crate) fn parsed<T>(
        &self,
        position: usize,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let name: String = self.get(position)?;
        parse(&name).ok_or_else(|| StoreError::damaged(format!("unknown name {name}")))
    }
}

/// Returns values of parameters: `values![id, name]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::value::ToSqlValue::to_sql_value(&$value)),*] };
}
pub(crate) use values;

/// Returns the JSON text of a list.
pub(crate) fn json_text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged(error.to_string()))
}

/// Returns the string that serde writes for a setting.
pub(crate) fn serde_text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(StoreError::damaged("a setting that is not one word".to_owned())),
    }
}
