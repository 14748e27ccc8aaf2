//! Numbers kept for people and systems that come with a JWT.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::ask;

const FIND: &str = "SELECT id FROM identities WHERE subject = ?1";
const KEEP: &str = "INSERT INTO identities (subject) VALUES (?1) ON CONFLICT DO NOTHING";

pub(super) fn find(connection: &Connection, subject: &str) -> Result<Option<i64>, StoreError> {
    ask::find(connection, "look for an identity", FIND, [subject], |row| row.get(0))
}

/// Gives the subject a number unless another was first, and answers the one it has.
pub(super) fn keep(connection: &Connection, subject: &str) -> Result<i64, StoreError> {
    let context = "keep an identity";
    ask::run(connection, context, KEEP, [subject])?;
    ask::one(connection, context, FIND, [subject], |row| row.get(0))
}
