//! Checks the records file: SQLite's own integrity check, then this crate's rules.

use model::catalogue::{ColumnDefault, ColumnType, Presence, Table, table, tables};
use rusqlite::Connection;

use super::errors::failed;
use crate::error::StoreError;

/// Returns one line for each fault found. Changes nothing.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut found = integrity(connection)?;
    if !found.is_empty() {
        // On a damaged file, the queries below mean nothing.
        return Ok(found);
    }
    for table in tables() {
        found.extend(check_revisions(connection, table)?);
        found.extend(check_providers_exist(connection, table)?);
        found.extend(check_parent_defaults(connection, table)?);
        found.extend(check_references(connection, table)?);
    }
    Ok(found)
}

pub(super) fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let context = "check integrity";
    let mut statement = connection.prepare("PRAGMA integrity_check").map_err(failed(context))?;
    let lines = statement.query_map([], |row| row.get(0)).map_err(failed(context))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>().map_err(failed(context))?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn check_revisions(connection: &Connection, table: &Table) -> Result<Option<String>, StoreError> {
    let name = table.name;
    let sql = format!(
        "SELECT max((SELECT coalesce(max(rev), 0) FROM \"{name}\"), \
                    (SELECT coalesce(max(rev), 0) FROM deleted_rows WHERE table_name = ?1)), \
                coalesce((SELECT rev FROM table_revisions WHERE table_name = ?1), 0), \
                (SELECT current FROM revision)"
    );
    let (rows, noted, current): (i64, i64, i64) = connection
        .query_row(&sql, [name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(failed("check revisions"))?;
    let is_right = rows <= noted && noted <= current;
    Ok((!is_right)
        .then(|| format!("{name}: rows at revision {rows}, table at {noted}, store at {current}")))
}

fn check_providers_exist(
    connection: &Connection,
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
    let count = count_rows(connection, &sql)?;
    Ok((count > 0).then(|| format!("{name}: rows of {count} providers that do not exist")))
}

fn check_parent_defaults(
    connection: &Connection,
    table: &Table,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for column in &table.columns {
        if matches!(column.presence, Presence::Default(ColumnDefault::Parent { .. })) {
            let (name, column) = (table.name, column.name);
            let sql = format!("SELECT count(*) FROM \"{name}\" WHERE \"{column}\" IS NULL");
            match count_rows(connection, &sql)? {
                0 => {}
                count => found.push(format!("{name}.{column}: {count} rows without a value")),
            }
        }
    }
    Ok(found)
}

fn check_references(connection: &Connection, from: &Table) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for column in &from.columns {
        let Some(target) = column.references.and_then(table) else { continue };
        let (name, column_name, target) = (from.name, column.name, target.name);
        let (source, value) = match column.kind {
            ColumnType::IntList => {
                (format!("\"{name}\" c, json_each(c.\"{column_name}\") j"), "j.value".to_owned())
            }
            _ => (format!("\"{name}\" c"), format!("c.\"{column_name}\"")),
        };
        let sql = format!(
            "SELECT count(*) FROM {source} WHERE {value} IS NOT NULL AND NOT EXISTS (SELECT 1 \
             FROM \"{target}\" t WHERE t.provider_id = c.provider_id AND t.id = {value})"
        );
        match count_rows(connection, &sql)? {
            0 => {}
            count => found.push(format!(
                "{name}.{column_name}: {count} references to {target} that do not exist"
            )),
        }
    }
    Ok(found)
}

fn count_rows(connection: &Connection, sql: &str) -> Result<i64, StoreError> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed("check rows"))
}
