//! The audit log. Each entry is written in the transaction of the action that it records.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::books::AuditEntry;
use crate::sql::session::SqlSession;
use crate::sql::value::{SqlRow, values};

const NOTE: &str = "INSERT INTO audit_log (provider_id, at, who, kind, subject, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const NEWEST: &str = "SELECT id, at, who, kind, subject, detail FROM audit_log \
    WHERE provider_id = ?1 ORDER BY id DESC LIMIT ?2";

pub(super) fn add_entry(
    session: &dyn SqlSession,
    provider: ProviderId,
    (at, by): (Instant, &str),
    kind: &str,
    (subject, detail): (String, String),
) -> Result<(), StoreError> {
    let entry = values![provider.0, at, by, kind, subject, detail];
    session.run("write the audit log", NOTE, entry).map(drop)
}

pub(super) fn list_newest(
    session: &dyn SqlSession,
    provider: ProviderId,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = session.all("read the audit log", NEWEST, values![provider.0, limit])?;
    let entry = |row: &SqlRow| {
        Ok(AuditEntry {
            id: row.get(0)?,
            at: row.get(1)?,
            by: row.get(2)?,
            kind: row.get(3)?,
            subject: row.get(4)?,
            detail: row.get(5)?,
        })
    };
    rows.iter().map(entry).collect()
}
