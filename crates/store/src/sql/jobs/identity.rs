//! Numbers that stand for the subjects of JWTs.

use crate::error::StoreError;
use crate::sql::session::SqlSession;
use crate::sql::value::values;

const FIND: &str = "SELECT id FROM identities WHERE subject = ?1";
const KEEP: &str = "INSERT INTO identities (subject) VALUES (?1) ON CONFLICT DO NOTHING";

/// Returns the number of a subject, if it has one.
pub(super) fn find(session: &dyn SqlSession, subject: &str) -> Result<Option<i64>, StoreError> {
    let found = session.find("find an identity", FIND, values![subject])?;
    found.map(|row| row.get(0)).transpose()
}

/// Returns the number of a subject, and assigns one unless it has one already.
pub(super) fn assign(session: &dyn SqlSession, subject: &str) -> Result<i64, StoreError> {
    let context = "keep an identity";
    session.run(context, KEEP, values![subject])?;
    session.one(context, FIND, values![subject])?.get(0)
}
