//! What the store keeps under a name: its own secret, and the mark of the folder of files.

use super::engine::Session;
use super::errors::damaged;
use super::row::get;
use crate::error::StoreError;

/// Signs links.
pub(super) const SIGNING: &str = "signing";
/// Marks the folder of the files that jobs make.
pub(super) const FILES: &str = "files";

const FIND: &str = "SELECT value FROM secrets WHERE name = $1";
const KEEP: &str = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) fn find(session: &Session<'_>, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(row) = session.find("read the secret", FIND, &[&name])? else { return Ok(None) };
    let value: &[u8] = get(&row, 0)?;
    value.try_into().map(Some).map_err(|_| damaged("a secret of another length"))
}

/// Stores `fresh` unless another node was first, and answers what is stored.
pub(super) fn keep(
    session: &Session<'_>,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    session.run("store the secret", KEEP, &[&name, &fresh.as_slice()])?;
    Ok(find(session, name)?.unwrap_or(fresh))
}
