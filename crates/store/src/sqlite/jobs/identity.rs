//! Numbers that stand for the subjects of JWTs.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::query;

const FIND: &str = "SELECT id FROM identities WHERE subject = ?1";
const KEEP: &str = "INSERT INTO identities (subject) VALUES (?1) ON CONFLICT DO NOTHING";

pub(super) fn find(connection: &Connection, subject: &str) -> Result<Option<i64>, StoreError> {
    query::find(connection, "look for an identity", FIND, [subject], |row| row.get(0))
}

/// Returns the number of a subject, and assigns one unless it has one already.
pub(super) fn assign(connection: &Connection, subject: &str) -> Result<i64, StoreError> {
    let context = "keep an identity";
    query::run(connection, context, KEEP, [subject])?;
    query::one(connection, context, FIND, [subject], |row| row.get(0))
}
