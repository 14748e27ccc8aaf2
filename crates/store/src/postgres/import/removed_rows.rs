//! Checks deleted rows that other rows still reference at the end of the call, and changed offering
//! types that no longer fit the allotments that name them. Rule: spec/data-model.md §3.
//!
//! References have no index, because every imported row would pay for it. A deletion from a
//! referenced table therefore reads the provider's rows in the tables that may reference it.

use std::collections::HashMap;

use model::catalogue::{Table, tables};
use tokio_postgres::types::ToSql;

use super::{allotments, number_of, table_of};
use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan;
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;

const REMOVED: &str = "SELECT id, line FROM pg_temp.removed WHERE source = $1";
const HAS_REMOVED: &str = "SELECT 1 FROM pg_temp.removed WHERE source = $1 LIMIT 1";
const BLOCK: &str = "INSERT INTO pg_temp.blocked (source, id, by_table, by_id) \
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const BLOCKED: &str = "SELECT b.source, b.id, r.line, b.by_table, b.by_id FROM pg_temp.blocked b \
    JOIN pg_temp.removed r ON r.source = b.source AND r.id = b.id ORDER BY b.source, r.line, b.id";
const ALTERED: &str = "SELECT a.id, a.line, o.kind FROM pg_temp.altered a \
    JOIN offering_types o ON o.provider_id = $1 AND o.id = a.id WHERE a.source = $2";

/// Reports deletions of rows that are still referenced, each with one referencing row.
pub(super) fn check(
    session: &PostgresSession<'_>,
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

fn has_removed(session: &PostgresSession<'_>, table: &Table) -> Result<bool, StoreError> {
    Ok(session.find("check deletions", HAS_REMOVED, &[&number_of(table)])?.is_some())
}

fn record_references(
    session: &PostgresSession<'_>,
    provider: i64,
    from: &Table,
    reference: &table_plan::ReferenceColumn,
) -> Result<(), StoreError> {
    let (name, column) = (from.name, from.columns[reference.position].name);
    let (source, value) = if reference.is_list {
        (
            format!("\"{name}\" c, jsonb_array_elements_text(c.\"{column}\"::jsonb) j (value)"),
            "j.value::bigint".to_owned(),
        )
    } else {
        (format!("\"{name}\" c"), format!("c.\"{column}\""))
    };
    let sql = format!(
        "INSERT INTO pg_temp.blocked (source, id, by_table, by_id) \
         SELECT DISTINCT ON (2) $2::bigint, {value}, $3::bigint, c.id FROM {source} \
         WHERE c.provider_id = $1 \
         AND {value} IN (SELECT id FROM pg_temp.removed WHERE source = $2) \
         ORDER BY 2, 4 ON CONFLICT DO NOTHING"
    );
    let target = number_of(&tables()[reference.target]);
    let params: &[&(dyn ToSql + Sync)] = &[&provider, &target, &number_of(from)];
    session.run("check deletions", &sql, params).map(drop)
}

fn record_allotment_references(
    session: &PostgresSession<'_>,
    provider: i64,
    offering_types: &Table,
) -> Result<(), StoreError> {
    let source = number_of(offering_types);
    let removed = session.all("check deletions", REMOVED, &[&source])?;
    let removed: HashMap<i64, i64> = removed
        .iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect::<Result<_, StoreError>>()?;
    allotments::visit_allotments(session, provider, &mut |table, id, offering_type, _| {
        if removed.contains_key(&offering_type) {
            let params: &[&(dyn ToSql + Sync)] = &[&source, &offering_type, &number_of(table), &id];
            session.run("check deletions", BLOCK, params)?;
        }
        Ok(())
    })
}

fn report(session: &PostgresSession<'_>, problems: &mut Problems) -> Result<(), StoreError> {
    for row in session.all("check deletions", BLOCKED, &[])? {
        let line: i64 = get(&row, 2)?;
        let problem = Problem::still_referenced(table_of(get(&row, 3)?), get(&row, 4)?);
        let source = table_of(get(&row, 0)?);
        problems.report(source, problem.at(line.cast_unsigned(), get(&row, 1)?));
    }
    Ok(())
}

/// Reports offering types whose kind this call changed although an allotment's limit counts another
/// kind.
pub(super) fn check_altered_offering_types(
    session: &PostgresSession<'_>,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let offering_types = table_plan::required_table("offering_types");
    let params: &[&(dyn ToSql + Sync)] = &[&provider, &number_of(offering_types)];
    let altered = session.all("check allotments", ALTERED, params)?;
    let altered: HashMap<i64, (i64, String)> = altered
        .iter()
        .map(|row| Ok((get(row, 0)?, (get(row, 1)?, get(row, 2)?))))
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
