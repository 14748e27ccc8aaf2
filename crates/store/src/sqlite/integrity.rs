//! SQLite's own check of a file.

use rusqlite::Connection;

use super::errors::failed;
use crate::error::StoreError;

/// Returns one line for each fault of the file.
pub(super) fn check_integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let context = "check integrity";
    let mut statement = connection.prepare("PRAGMA integrity_check").map_err(failed(context))?;
    let lines = statement.query_map([], |row| row.get(0)).map_err(failed(context))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>().map_err(failed(context))?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
