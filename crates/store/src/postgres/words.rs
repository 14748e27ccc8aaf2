//! Settings stored as the words under which they are serialized, lists as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::Row;

use super::errors::damaged;
use super::row::get;
use crate::error::StoreError;

/// The word for a value that serializes as a string.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        _ => Err(damaged("a setting without a word")),
    }
}

/// The value of the word in column `position`.
pub(super) fn value<T: DeserializeOwned>(row: &Row, position: usize) -> Result<T, StoreError> {
    let word = Value::String(get(row, position)?);
    serde_json::from_value(word).map_err(|error| damaged(error.to_string()))
}

/// The JSON text for a value.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| damaged(error.to_string()))
}

/// The value of the JSON text in column `position`.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row, position: usize) -> Result<T, StoreError> {
    let text: &str = get(row, position)?;
    serde_json::from_str(text).map_err(|error| damaged(error.to_string()))
}
