//! Checks the offering types that allotments name: they must exist, and be of a kind that the limit
//! counts. Rule: spec/usage.md §2.

use std::collections::HashMap;

use model::allotment::{self, LimitType};
use model::catalogue::{Table, tables};
use model::cell::Cell;

use super::{number_of, table_of};
use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, TableImportPlan};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{get, get_narrow};

const ADD_PENDING: &str = "INSERT INTO pg_temp.pending_allotments \
    (source, position, id, line, offering_type_id, is_course, path) SELECT $1::bigint, w.* \
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], \
    $7::text[]) w";
const KINDS: &str = "SELECT id, kind FROM offering_types WHERE provider_id = $1 AND id = ANY($2)";
const PENDING: &str = "SELECT p.source, p.position, p.id, p.line, p.offering_type_id, \
    p.is_course, p.path, o.kind FROM pg_temp.pending_allotments p \
    LEFT JOIN offering_types o ON o.provider_id = $1 AND o.id = p.offering_type_id \
    ORDER BY p.number";
/// The number of offering types whose kind is cached between batches.
const KINDS_MAX: usize = 4096;
/// The number of rows read at once when all allotments are read.
const ROWS_AT_ONCE: i64 = 1000;

/// An offering type that an allotment names, and the place where it does.
struct AllotmentOfferingType {
    position: i64,
    id: i64,
    line: u64,
    offering_type: i64,
    limit: LimitType,
    path: String,
}

#[derive(Default)]
pub(super) struct PostgresAllotmentCheck {
    kinds: HashMap<i64, String>,
    collected: Vec<AllotmentOfferingType>,
    has_pending: bool,
}

impl PostgresAllotmentCheck {
    /// Collects the offering types that the allotments of a complete row name.
    pub(super) fn collect(&mut self, plan: &TableImportPlan, id: i64, line: u64, cells: &[Cell]) {
        for column in &plan.allotments {
            let text = cells[*column].as_text().filter(|text| *text != "{}");
            // The input was parsed before, so the shape is right.
            let Some(Ok(allotment)) = text.map(allotment::parse_allotment) else { continue };
            let position = i64::try_from(*column).unwrap_or(i64::MAX);
            for (path, offering_type, limit) in allotment.offering_types() {
                self.collected.push(AllotmentOfferingType {
                    position,
                    id,
                    line,
                    offering_type,
                    limit,
                    path,
                });
            }
        }
    }

    /// Drops the cached kind of an offering type that was changed or deleted.
    pub(super) fn forget(&mut self, offering_type: i64) {
        self.kinds.remove(&offering_type);
    }

    /// Checks the collected offering types. Those that do not fit now are stored as pending,
    /// because the call may still change them.
    pub(super) fn check_batch(
        &mut self,
        session: &PostgresSession<'_>,
        provider: i64,
        source: &Table,
    ) -> Result<(), StoreError> {
        let collected = std::mem::take(&mut self.collected);
        if collected.is_empty() {
            return Ok(());
        }
        self.look_up(session, provider, &collected)?;
        let is_unfit = |named: &&AllotmentOfferingType| {
            let kind = self.kinds.get(&named.offering_type);
            kind.is_none_or(|kind| !named.limit.offering_kinds().contains(&kind.as_str()))
        };
        let unfit: Vec<_> = collected.iter().filter(is_unfit).collect();
        if unfit.is_empty() {
            return Ok(());
        }
        self.has_pending = true;
        let column = |value: fn(&AllotmentOfferingType) -> i64| {
            unfit.iter().map(|n| value(n)).collect::<Vec<_>>()
        };
        let (positions, ids) = (column(|named| named.position), column(|named| named.id));
        let lines = column(|named| named.line.cast_signed());
        let offering_types = column(|named| named.offering_type);
        let are_courses: Vec<bool> =
            unfit.iter().map(|named| named.limit == LimitType::Course).collect();
        let paths: Vec<&str> = unfit.iter().map(|named| named.path.as_str()).collect();
        let source = number_of(source);
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&source, &positions, &ids, &lines, &offering_types, &are_courses, &paths];
        session.run("remember allotments", ADD_PENDING, params).map(drop)
    }

    fn look_up(
        &mut self,
        session: &PostgresSession<'_>,
        provider: i64,
        collected: &[AllotmentOfferingType],
    ) -> Result<(), StoreError> {
        if self.kinds.len() >= KINDS_MAX {
            self.kinds.clear();
        }
        let mut ids: Vec<_> = collected.iter().map(|named| named.offering_type).collect();
        ids.retain(|id| !self.kinds.contains_key(id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        for row in session.all("look up offering types", KINDS, &[&provider, &ids])? {
            self.kinds.insert(get(&row, 0)?, get(&row, 1)?);
        }
        Ok(())
    }

    /// Reports the pending offering types that do not fit at the end of the call.
    pub(super) fn check(
        &self,
        session: &PostgresSession<'_>,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if !self.has_pending {
            return Ok(());
        }
        for row in session.all("check allotments", PENDING, &[&provider])? {
            let (offering_type, path): (i64, &str) = (get(&row, 4)?, get(&row, 6)?);
            let kind: Option<&str> = get(&row, 7)?;
            let limit = if get(&row, 5)? { LimitType::Course } else { LimitType::Event };
            if kind.is_none()
                && problems.is_refused(table_plan::required_table("offering_types"), offering_type)
            {
                continue;
            }
            let problem = Problem::check_allotment(path, offering_type, limit, kind);
            let Some(problem) = problem else { continue };
            let source = table_of(get(&row, 0)?);
            let column = source.columns[get_narrow::<usize>(&row, 1)?].name;
            let line: i64 = get(&row, 3)?;
            let problem = problem.at(line.cast_unsigned(), get(&row, 2)?);
            problems.report(source, problem.in_column(column));
        }
        Ok(())
    }
}

/// Calls `visit` with (table, row id, offering type, limit type) for every offering type that an
/// allotment of the provider names. It reads every allotment, so it is for rare checks only.
pub(super) fn visit_allotments(
    session: &PostgresSession<'_>,
    provider: i64,
    visit: &mut dyn FnMut(&'static Table, i64, i64, LimitType) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for table in tables() {
        for position in &table_plan::for_table(table).allotments {
            let column = table.columns[*position].name;
            let sql = format!(
                "SELECT id, \"{column}\" FROM \"{}\" WHERE provider_id = $1 AND id > $2 \
                 AND \"{column}\" <> '{{}}' ORDER BY id LIMIT $3",
                table.name
            );
            let mut after = 0_i64;
            loop {
                let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                    &[&provider, &after, &ROWS_AT_ONCE];
                let rows = session.all("read allotments", &sql, params)?;
                let Some(last) = rows.last() else { break };
                after = get(last, 0)?;
                for row in &rows {
                    let (id, text): (i64, &str) = (get(row, 0)?, get(row, 1)?);
                    let Ok(allotment) = allotment::parse_allotment(text) else { continue };
                    for (_, offering_type, limit) in allotment.offering_types() {
                        visit(table, id, offering_type, limit)?;
                    }
                }
            }
        }
    }
    Ok(())
}
