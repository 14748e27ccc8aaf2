//! Checks deleted rows that other rows still reference at the end of the call, and changed offering
//! types that no longer fit the allotments that name them. Rule: spec/data-model.md §3.
//!
//! References have no index, because every imported row would pay for it. A deletion from a
//! referenced table therefore reads the provider's rows in the tables that may reference it.

use std::collections::HashMap;

use model::catalogue::{Table, tables};
use model::import::ERRORS_COUNTED_MAX;

use super::import_session::ImportSession;
use super::problem::{Problem, Problems};
use super::temp_tables::BLOCKED;
use super::{allotments, number_of, table_of, table_plan};
use crate::error::StoreError;
use crate::sql::session::list_items;
use crate::sql::value::{SqlValue, values};

const REMOVED: &str = "SELECT id, line FROM removed WHERE source = ?1";
const HAS_REMOVED: &str = "SELECT 1 FROM removed WHERE source = ?1 LIMIT 1";
const STILL_REFERENCED: &str = "SELECT b.source, b.id, r.line, b.by_table, b.by_id FROM blocked b \
    {join} removed r ON r.source = b.source AND r.id = b.id ORDER BY b.source, r.line, b.id LIMIT ?1";
const ALTERED: &str = "SELECT a.id, a.line, o.kind FROM altered a \
    {join} offering_types o ON o.provider_id = ?1 AND o.id = a.id WHERE a.source = ?2";

/// Reports deletions of rows that are still referenced, each with one referencing row.
pub(super) fn check(
    session: &dyn ImportSession,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    for from in tables() {
        for reference in &table_plan::for_table(from).references {
            if has_removed(session, &tables()[reference.target])? {
                record_references(session, provider, from, reference)?;
            }
        }
    }
    let offering_types = table_plan::required_table("offering_types");
    if has_removed(session, offering_types)? {
        record_allotment_references(session, provider, offering_types)?;
    }
    report(session, problems)
}

fn has_removed(session: &dyn ImportSession, table: &Table) -> Result<bool, StoreError> {
    Ok(session.find("check deletions", HAS_REMOVED, values![number_of(table)])?.is_some())
}

fn record_references(
    session: &dyn ImportSession,
    provider: i64,
    from: &Table,
    reference: &table_plan::ReferenceColumn,
) -> Result<(), StoreError> {
    let (name, column) = (from.name, from.columns[reference.position].name);
    let (source, value) = if reference.is_list {
        list_items(session.dialect(), name, column)
    } else {
        (format!("\"{name}\" c"), format!("c.\"{column}\""))
    };
    // Most lists are empty, and taking one apart costs more than looking at it.
    let unless_empty =
        if reference.is_list { format!("AND c.\"{column}\" <> '[]'") } else { String::new() };
    let sql = format!(
        "INSERT INTO blocked (source, id, by_table, by_id) \
         SELECT {{int ?2}}, {value}, {{int ?3}}, min(c.id) FROM {source} \
         WHERE c.provider_id = ?1 {unless_empty} \
         AND {value} IN (SELECT id FROM removed WHERE source = ?2) \
         GROUP BY {value} ON CONFLICT DO NOTHING"
    );
    let target = number_of(&tables()[reference.target]);
    session.run("check deletions", &sql, values![provider, target, number_of(from)]).map(drop)
}

fn record_allotment_references(
    session: &dyn ImportSession,
    provider: i64,
    offering_types: &Table,
) -> Result<(), StoreError> {
    let source = number_of(offering_types);
    let removed = session.all("check deletions", REMOVED, values![source])?;
    let removed: HashMap<i64, i64> = removed
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, StoreError>>()?;
    allotments::visit_allotments(session, provider, &mut |table, id, offering_type, _| {
        if removed.contains_key(&offering_type) {
            let row = [source, offering_type, number_of(table), id];
            let columns: Vec<_> = row.chunks(1).map(SqlValue::Ints).collect();
            session.add_rows(&BLOCKED, &columns)?;
        }
        Ok(())
    })
}

fn report(session: &dyn ImportSession, problems: &mut Problems) -> Result<(), StoreError> {
    for row in session.all("check deletions", STILL_REFERENCED, values![ERRORS_COUNTED_MAX])? {
        let line: i64 = row.get(2)?;
        let problem = Problem::still_referenced(table_of(row.get(3)?), row.get(4)?);
        let source = table_of(row.get(0)?);
        problems.report(source, problem.at(line.cast_unsigned(), row.get(1)?));
    }
    Ok(())
}

/// Reports offering types whose kind this call changed although an allotment's limit counts another
/// kind.
pub(super) fn check_altered_offering_types(
    session: &dyn ImportSession,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let offering_types = table_plan::required_table("offering_types");
    let source = number_of(offering_types);
    let altered = session.all("check allotments", ALTERED, values![provider, source])?;
    let altered: HashMap<i64, (i64, String)> = altered
        .iter()
        .map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .collect::<Result<_, StoreError>>()?;
    let mut last_reported = None;
    allotments::visit_allotments(session, provider, &mut |table, id, offering_type, limit| {
        let Some((line, kind)) = altered.get(&offering_type) else { return Ok(()) };
        let is_right = limit.offering_kinds().contains(&kind.as_str());
        if is_right || last_reported == Some((table.position, id, offering_type)) {
            return Ok(());
        }
        last_reported = Some((table.position, id, offering_type));
        let problem = Problem::kind_in_use(kind, limit, table, id);
        problems.report(offering_types, problem.at(line.cast_unsigned(), offering_type));
        Ok(())
    })
}
