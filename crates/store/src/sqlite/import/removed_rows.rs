//! Checks deleted rows that other rows still reference at the end of the call, and changed offering
//! types that no longer fit the allotments that name them. Rule: spec/data-model.md §3.
//!
//! References have no index, because every imported row would pay for it. A deletion from a
//! referenced table therefore reads the provider's rows in the tables that may reference it.

use model::catalogue::{Table, tables};
use rusqlite::{Connection, OptionalExtension};

use super::allotments;
use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan;
use crate::sqlite::errors::failed;

const HAS_REMOVED: &str = "SELECT 1 FROM temp.removed WHERE source = ?1";
const REMOVED: &str = "SELECT 1 FROM temp.removed WHERE source = ?1 AND id = ?2";
const BLOCK: &str = "INSERT OR IGNORE INTO temp.blocked (source, id, by_table, by_id) \
    VALUES (?1, ?2, ?3, ?4)";
const BLOCKED: &str = "SELECT b.source, b.id, r.line, b.by_table, b.by_id FROM temp.blocked b \
    CROSS JOIN temp.removed r ON r.source = b.source AND r.id = b.id ORDER BY b.source, r.line, b.id";
const ALTERED: &str = "SELECT a.line, o.kind FROM temp.altered a \
    CROSS JOIN main.offering_types o ON o.provider_id = ?1 AND o.id = a.id \
    WHERE a.source = ?2 AND a.id = ?3";

/// Reports deletions of rows that are still referenced, each with one referencing row.
pub(super) fn check(
    connection: &Connection,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    for from in tables() {
        for reference in &table_plan::for_table(from).references {
            if has_removed(connection, &tables()[reference.target])? {
                block(connection, provider, from, reference)?;
            }
        }
    }
    if has_removed(connection, table_plan::required_table("offering_types"))? {
        block_by_allotments(connection, provider)?;
    }
    report(connection, problems)
}

fn has_removed(connection: &Connection, table: &Table) -> Result<bool, StoreError> {
    let look = failed("check deletions");
    let mut statement = connection.prepare_cached(HAS_REMOVED).map_err(look)?;
    statement.exists([table.position]).map_err(look)
}

fn block(
    connection: &Connection,
    provider: i64,
    from: &Table,
    reference: &table_plan::ReferenceColumn,
) -> Result<(), StoreError> {
    let (name, column) = (from.name, from.columns[reference.position].name);
    let (source, value) = if reference.is_list {
        (format!("main.\"{name}\" c, json_each(c.\"{column}\") j"), "j.value".to_owned())
    } else {
        (format!("main.\"{name}\" c"), format!("c.\"{column}\""))
    };
    let unless_empty =
        if reference.is_list { format!("c.\"{column}\" <> '[]'") } else { "1".into() };
    let sql = format!(
        "INSERT OR IGNORE INTO temp.blocked (source, id, by_table, by_id) \
         SELECT ?2, {value}, ?3, c.id FROM {source} WHERE c.provider_id = ?1 AND {unless_empty} \
         AND {value} IN (SELECT id FROM temp.removed WHERE source = ?2)"
    );
    let params = (provider, reference.target, from.position);
    connection.execute(&sql, params).map(drop).map_err(failed("check deletions"))
}

fn block_by_allotments(connection: &Connection, provider: i64) -> Result<(), StoreError> {
    let check = failed("check deletions");
    let source = table_plan::required_table("offering_types").position;
    allotments::visit_allotments(connection, provider, &mut |table, id, offering_type, _| {
        let mut removed = connection.prepare_cached(REMOVED).map_err(check)?;
        if removed.exists((source, offering_type)).map_err(check)? {
            let row = (source, offering_type, table.position, id);
            connection.execute(BLOCK, row).map_err(check)?;
        }
        Ok(())
    })
}

fn report(connection: &Connection, problems: &mut Problems) -> Result<(), StoreError> {
    let check = failed("check deletions");
    let mut statement = connection.prepare_cached(BLOCKED).map_err(check)?;
    let mut rows = statement.query([]).map_err(check)?;
    while let Some(row) = rows.next().map_err(check)? {
        let (source, id, line, by_table, by_id): (usize, i64, i64, usize, i64) =
            row.try_into().map_err(check)?;
        let problem = Problem::still_referenced(&tables()[by_table], by_id);
        problems.report(&tables()[source], problem.at(line.cast_unsigned(), id));
    }
    Ok(())
}

/// Reports offering types whose kind this call changed although an allotment's limit counts another
/// kind.
pub(super) fn check_altered_offering_types(
    connection: &Connection,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let check = failed("check allotments");
    let offering_types = table_plan::required_table("offering_types");
    let mut last_reported = None;
    allotments::visit_allotments(connection, provider, &mut |table, id, offering_type, limit| {
        let mut altered = connection.prepare_cached(ALTERED).map_err(check)?;
        let params = (provider, offering_types.position, offering_type);
        let found = altered
            .query_row(params, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
            .optional()
            .map_err(check)?;
        let Some((line, kind)) = found else { return Ok(()) };
        let is_right = limit.offering_kinds().contains(&kind.as_str());
        if is_right || last_reported == Some((table.position, id, offering_type)) {
            return Ok(());
        }
        last_reported = Some((table.position, id, offering_type));
        let problem = Problem::kind_in_use(&kind, limit, table, id);
        problems.report(offering_types, problem.at(line.cast_unsigned(), offering_type));
        Ok(())
    })
}
