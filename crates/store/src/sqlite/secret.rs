//! The store's own secret, made on first use.

use rusqlite::{Connection, OptionalExtension};

use super::errors::failed;
use crate::error::StoreError;

const NAME: &str = "signing";

pub(super) fn find(connection: &Connection) -> Result<Option<[u8; 32]>, StoreError> {
    connection
        .query_row("SELECT value FROM secrets WHERE name = ?1", [NAME], |row| row.get(0))
        .optional()
        .map_err(failed("read the secret"))
}

/// Stores `fresh` unless another process was first, and answers what is stored.
pub(super) fn keep(connection: &Connection, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
    let sql = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(sql, (NAME, fresh)).map_err(failed("store the secret"))?;
    Ok(find(connection)?.unwrap_or(fresh))
}
