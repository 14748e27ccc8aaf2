//! Checks that the tables keep this crate's rules, with queries in the database.

use model::catalogue::{ColumnDefault, ColumnType, Presence, Table, table, tables};

use super::session::{SqlSession, list_items};
use super::value::values;
use crate::error::StoreError;

type Fault = (&'static str, &'static str);

const RECORDS: &[Fault] = &[(
    "SELECT count(*) FROM closed_parts p WHERE bytes <> (SELECT \
     coalesce(sum(length(content)), 0) FROM closed_chunks c WHERE c.part_id = p.id) \
     OR NOT EXISTS (SELECT 1 FROM closed_months m WHERE m.provider_id = p.provider_id \
     AND m.month = p.month AND m.version = p.version)",
    "parts of closed months that are not whole",
)];
const JOBS: &[Fault] = &[
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
        "SELECT count(*) FROM job_files f \
         WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = f.job_id)",
        "files of jobs that do not exist",
    ),
    (
        "SELECT count(*) FROM deliveries d WHERE webhook_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id)",
        "deliveries to webhooks that do not exist",
    ),
    (
        "SELECT count(*) FROM deliveries \
         WHERE (next_attempt_at IS NULL) <> (ended_at IS NOT NULL)",
        "deliveries that neither wait nor ended",
    ),
];

/// Checks the records, the providers and the closed months. Returns one line for each fault found.
pub(crate) fn check_records(session: &dyn SqlSession) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for table in tables() {
        found.extend(check_revisions(session, table)?);
        found.extend(check_providers_exist(session, table)?);
        found.extend(check_parent_defaults(session, table)?);
        found.extend(check_references(session, table)?);
    }
    found.extend(check_faults(session, RECORDS)?);
    Ok(found)
}

/// Checks the jobs and the deliveries. Returns one line for each fault found.
pub(crate) fn check_jobs(session: &dyn SqlSession) -> Result<Vec<String>, StoreError> {
    check_faults(session, JOBS)
}

fn check_faults(session: &dyn SqlSession, faults: &[Fault]) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for (sql, what) in faults {
        let count = count_rows(session, sql)?;
        if count > 0 {
            found.push(format!("{count} {what}"));
        }
    }
    Ok(found)
}

fn check_revisions(session: &dyn SqlSession, table: &Table) -> Result<Option<String>, StoreError> {
    let name = table.name;
    let sql = format!(
        "SELECT (SELECT coalesce(max(rev), 0) FROM \"{name}\"), \
                (SELECT coalesce(max(rev), 0) FROM deleted_rows WHERE table_name = ?1), \
                coalesce((SELECT rev FROM table_revisions WHERE table_name = ?1), 0), \
                (SELECT current FROM revision)"
    );
    let row = session.one("check revisions", &sql, values![name])?;
    let (rows, deleted): (i64, i64) = (row.get(0)?, row.get(1)?);
    let (noted, current): (i64, i64) = (row.get(2)?, row.get(3)?);
    let rows = rows.max(deleted);
    let is_right = rows <= noted && noted <= current;
    Ok((!is_right)
        .then(|| format!("{name}: rows at revision {rows}, table at {noted}, store at {current}")))
}

fn check_providers_exist(
    session: &dyn SqlSession,
    table: &Table,
) -> Result<Option<String>, StoreError> {
    let name = table.name;
    // Jumps from provider to provider instead of reading every row.
    let sql = format!(
        "WITH RECURSIVE owner (id) AS (SELECT min(provider_id) FROM \"{name}\" UNION ALL \
         SELECT (SELECT min(provider_id) FROM \"{name}\" WHERE provider_id > owner.id) \
         FROM owner WHERE owner.id IS NOT NULL) \
         SELECT count(*) FROM owner WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM providers)"
    );
    let count = count_rows(session, &sql)?;
    Ok((count > 0).then(|| format!("{name}: rows of {count} providers that do not exist")))
}

fn check_parent_defaults(
    session: &dyn SqlSession,
    table: &Table,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for column in &table.columns {
        if matches!(column.presence, Presence::Default(ColumnDefault::Parent { .. })) {
            let (name, column) = (table.name, column.name);
            let sql = format!("SELECT count(*) FROM \"{name}\" WHERE \"{column}\" IS NULL");
            match count_rows(session, &sql)? {
                0 => {}
                count => found.push(format!("{name}.{column}: {count} rows without a value")),
            }
        }
    }
    Ok(found)
}

fn check_references(session: &dyn SqlSession, from: &Table) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for column in &from.columns {
        let Some(target) = column.references.and_then(table) else { continue };
        let (name, column_name, target) = (from.name, column.name, target.name);
        let (source, value) = match column.kind {
            ColumnType::IntList => list_items(session.dialect(), name, column_name),
            _ => (format!("\"{name}\" c"), format!("c.\"{column_name}\"")),
        };
        let sql = format!(
            "SELECT count(*) FROM {source} WHERE {value} IS NOT NULL AND NOT EXISTS (SELECT 1 \
             FROM \"{target}\" t WHERE t.provider_id = c.provider_id AND t.id = {value})"
        );
        match count_rows(session, &sql)? {
            0 => {}
            count => found.push(format!(
                "{name}.{column_name}: {count} references to {target} that do not exist"
            )),
        }
    }
    Ok(found)
}

fn count_rows(session: &dyn SqlSession, sql: &str) -> Result<i64, StoreError> {
    session.one("check rows", sql, values![])?.get(0)
}
