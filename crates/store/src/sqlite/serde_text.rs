//! Settings stored as the strings that serde writes for them, and lists stored as JSON.

use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns the string that serde writes for a value.
pub(super) fn to_serde_text<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) => Err(rusqlite::Error::ToSqlConversionFailure("expected a word".into())),
        Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
    }
}

/// Reads the value whose string is in column `position`.
pub(super) fn from_serde_text<T: DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    position: usize,
) -> rusqlite::Result<T> {
    let word = serde_json::Value::String(row.get(position)?);
    serde_json::from_value(word).map_err(|error| unreadable(position, error))
}

/// Returns the JSON text of a value.
pub(super) fn json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Reads the value whose JSON text is in column `position`.
pub(super) fn from_json<T: DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    position: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(position)?;
    serde_json::from_str(&text).map_err(|error| unreadable(position, error))
}

fn unreadable(position: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(position, Type::Text, Box::new(error))
}
