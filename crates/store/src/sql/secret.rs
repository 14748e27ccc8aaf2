//! Values of 32 bytes stored under a name: the signing secret, and the mark of the files folder.

use super::session::SqlSession;
use super::value::values;
use crate::error::StoreError;

/// The name of the secret that signs download links.
pub(crate) const SIGNING: &str = "signing";
/// The name of the mark of the folder for job files.
pub(crate) const FILES: &str = "files";

const FIND: &str = "SELECT value FROM secrets WHERE name = ?1";
const KEEP: &str = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

pub(crate) fn find(session: &dyn SqlSession, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    let found = session.find("read the secret", FIND, values![name])?;
    found.map(|row| row.get(0)).transpose()
}

/// Stores `fresh` unless another process has stored a value already. Returns the stored value.
pub(crate) fn store_if_absent(
    session: &dyn SqlSession,
    name: &str,
    fresh: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    session.run("store the secret", KEEP, values![name, fresh])?;
    Ok(find(session, name)?.unwrap_or(fresh))
}
