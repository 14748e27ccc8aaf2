//! What the store keeps under a name: its own secret, and the mark of the folder of files.

use rusqlite::{Connection, OptionalExtension};

use super::errors::failed;
use crate::error::StoreError;

/// Signs links.
pub(super) const SIGNING: &str = "signing";
/// Marks the folder of the files that jobs make.
pub(super) const FILES: &str = "files";

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    connection
        .query_row("SELECT value FROM secrets WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(failed("read the secret"))
}

/// Stores `fresh` unless another process was first, and answers what is stored.
pub(super) fn keep(
    connection: &Connection,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    let sql = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(sql, (name, fresh)).map_err(failed("store the secret"))?;
    Ok(find(connection, name)?.unwrap_or(fresh))
}
