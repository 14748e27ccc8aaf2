//! The audit log. Each entry is written in the transaction of the action that it records.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::books::AuditEntry;
use crate::sqlite::query;

const NOTE: &str = "INSERT INTO audit_log (provider_id, at, who, kind, subject, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const NEWEST: &str = "SELECT id, at, who, kind, subject, detail FROM audit_log \
    WHERE provider_id = ?1 ORDER BY id DESC LIMIT ?2";

pub(super) fn add_entry(
    connection: &Connection,
    provider: ProviderId,
    (at, by): (Instant, &str),
    kind: &str,
    (subject, detail): (String, String),
) -> Result<(), StoreError> {
    let params = (provider.0, at.micros(), by, kind, subject, detail);
    query::run(connection, "write the audit log", NOTE, params).map(drop)
}

pub(super) fn list_newest(
    connection: &Connection,
    provider: ProviderId,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    query::all(connection, "read the audit log", NEWEST, (provider.0, limit), |row| {
        Ok(AuditEntry {
            id: row.get(0)?,
            at: Instant::from_micros(row.get(1)?),
            by: row.get(2)?,
            kind: row.get(3)?,
            subject: row.get(4)?,
            detail: row.get(5)?,
        })
    })
}
