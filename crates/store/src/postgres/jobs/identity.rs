//! Numbers that stand for the subjects of JWTs.

use crate::error::StoreError;
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;

const FIND: &str = "SELECT id FROM identities WHERE subject = $1";
const KEEP: &str = "INSERT INTO identities (subject) VALUES ($1) ON CONFLICT DO NOTHING";

/// Returns the number of a subject, and assigns one unless it has one already.
pub(super) fn find_or_assign(
    session: &PostgresSession<'_>,
    subject: &str,
) -> Result<i64, StoreError> {
    let context = "keep an identity";
    if let Some(row) = session.find(context, FIND, &[&subject])? {
        return get(&row, 0);
    }
    session.run(context, KEEP, &[&subject])?;
    get(&session.one(context, FIND, &[&subject])?, 0)
}
