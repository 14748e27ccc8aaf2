//! Values of 32 bytes stored under a name: the signing secret, and the mark of the files folder.

use rusqlite::{Connection, OptionalExtension};

use super::errors::failed;
use crate::error::StoreError;

/// The name of the secret that signs download links.
pub(super) const SIGNING: &str = "signing";
/// The name of the mark of the folder for job files.
pub(super) const FILES: &str = "files";

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    connection
        .query_row("SELECT value FROM secrets WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(failed("read the secret"))
}

/// Stores `fresh` unless another process has stored a value already. Returns the stored value.
pub(super) fn store_if_absent(
    connection: &Connection,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    let sql = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(sql, (name, fresh)).map_err(failed("store the secret"))?;
    Ok(find(connection, name)?.unwrap_or(fresh))
}
