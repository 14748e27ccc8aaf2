//! Values of 32 bytes stored under a name: the signing secret, and the mark of the files folder.

use super::connections::PostgresSession;
use super::errors::damaged;
use super::row::get;
use crate::error::StoreError;

/// The name of the secret that signs download links.
pub(super) const SIGNING: &str = "signing";
/// The name of the mark of the folder for job files.
pub(super) const FILES: &str = "files";

const FIND: &str = "SELECT value FROM secrets WHERE name = $1";
const KEEP: &str = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) fn find(
    session: &PostgresSession<'_>,
    name: &str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(row) = session.find("read the secret", FIND, &[&name])? else { return Ok(None) };
    let value: &[u8] = get(&row, 0)?;
    value.try_into().map(Some).map_err(|_| damaged("a secret of another length"))
}

/// Stores `fresh` unless another node has stored a value already. Returns the stored value.
pub(super) fn store_if_absent(
    session: &PostgresSession<'_>,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    session.run("store the secret", KEEP, &[&name, &fresh.as_slice()])?;
    Ok(find(session, name)?.unwrap_or(fresh))
}
