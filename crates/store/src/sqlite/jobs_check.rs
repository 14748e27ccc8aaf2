//! Checks of the jobs file.

use rusqlite::Connection;

use super::query;
use crate::error::StoreError;

/// Checks the jobs file and returns one line for each fault found.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    const CHECKS: &[(&str, &str)] = &[
        (
            "SELECT count(*) FROM jobs WHERE (state = 'running') <> (lease_until IS NOT NULL)",
            "jobs whose lease does not fit their state",
        ),
        (
            "SELECT count(*) FROM jobs j WHERE (state = 'succeeded') <> \
            EXISTS (SELECT 1 FROM job_files f WHERE f.job_id = j.id)",
            "jobs whose files do not fit their state",
        ),
        (
            "SELECT count(*) FROM job_files f WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = f.job_id)",
            "files of jobs that do not exist",
        ),
        (
            "SELECT count(*) FROM deliveries d WHERE webhook_id IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id)",
            "deliveries to webhooks that do not exist",
        ),
        (
            "SELECT count(*) FROM deliveries WHERE (next_attempt_at IS NULL) <> (ended_at IS NOT NULL)",
            "deliveries that neither wait nor ended",
        ),
    ];
    let mut found = super::check::integrity(connection)?;
    if !found.is_empty() {
        return Ok(found);
    }
    for (sql, what) in CHECKS {
        let count: i64 = query::one(connection, "check jobs", sql, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} {what}"));
        }
    }
    Ok(found)
}
