//! The audit log. Each entry is written in the transaction of the action that it records.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::books::AuditEntry;
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{get, get_instant};

const NOTE: &str = "INSERT INTO audit_log (provider_id, at, who, kind, subject, detail) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const NEWEST: &str = "SELECT id, at, who, kind, subject, detail FROM audit_log \
    WHERE provider_id = $1 ORDER BY id DESC LIMIT $2";

pub(super) fn add_entry(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    (at, by): (Instant, &str),
    kind: &str,
    (subject, detail): (String, String),
) -> Result<(), StoreError> {
    let at = at.micros();
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, &at, &by, &kind, &subject, &detail];
    session.run("write the audit log", NOTE, params).map(drop)
}

pub(super) fn list_newest(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = session.all("read the audit log", NEWEST, &[&provider.0, &i64::from(limit)])?;
    let entry = |row: &tokio_postgres::Row| {
        Ok(AuditEntry {
            id: get(row, 0)?,
            at: get_instant(row, 1)?,
            by: get(row, 2)?,
            kind: get(row, 3)?,
            subject: get(row, 4)?,
            detail: get(row, 5)?,
        })
    };
    rows.iter().map(entry).collect()
}
