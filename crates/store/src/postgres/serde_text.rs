//! Settings stored as the strings that serde writes for them, and lists stored as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::Row;

use super::errors::damaged;
use super::row::get;
use crate::error::StoreError;

/// Returns the string that serde writes for a value.
pub(super) fn to_serde_text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        _ => Err(damaged("a setting without a word")),
    }
}

/// Reads the value whose string is in column `position`.
pub(super) fn from_serde_text<T: DeserializeOwned>(
    row: &Row,
    position: usize,
) -> Result<T, StoreError> {
    let word = Value::String(get(row, position)?);
    serde_json::from_value(word).map_err(|error| damaged(error.to_string()))
}

/// Returns the JSON text of a value.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| damaged(error.to_string()))
}

/// Reads the value whose JSON text is in column `position`.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row, position: usize) -> Result<T, StoreError> {
    let text: &str = get(row, position)?;
    serde_json::from_str(text).map_err(|error| damaged(error.to_string()))
}
