//! Checks the offering types that allotments name: they must exist, and be of a kind that the limit
//! counts. Rule: spec/usage.md §2.

use std::collections::HashMap;

use model::allotment::{self, LimitType};
use model::catalogue::{Table, tables};
use model::cell::Cell;

use super::import_session::ImportSession;
use super::problem::{Problem, Problems};
use super::table_plan::{self, TableImportPlan};
use super::temp_tables::PENDING_ALLOTMENTS;
use super::{number_of, table_of};
use crate::error::StoreError;
use crate::sql::value::{SqlRow, SqlValue, values};

const KINDS: &str = "SELECT id, kind FROM offering_types WHERE provider_id = ?1 AND id {in ?2}";
const PENDING: &str = "SELECT p.source, p.position, p.id, p.line, p.offering_type_id, \
    p.is_course, p.path, o.kind, p.number FROM pending_allotments p \
    LEFT JOIN offering_types o ON o.provider_id = ?1 AND o.id = p.offering_type_id \
    WHERE p.number > ?2 ORDER BY p.number LIMIT ?3";
/// An allotment that names nothing.
const NO_LIMITS: &str = "{}";
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
pub(super) struct AllotmentCheck {
    kinds: HashMap<i64, String>,
    collected: Vec<AllotmentOfferingType>,
    /// The number of pending offering types.
    pending: i64,
}

impl AllotmentCheck {
    /// Collects the offering types that the allotments of a complete row name.
    pub(super) fn collect(&mut self, plan: &TableImportPlan, id: i64, line: u64, cells: &[Cell]) {
        for column in &plan.allotments {
            let text = cells[*column].as_text().filter(|text| *text != NO_LIMITS);
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
        session: &dyn ImportSession,
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
        let column = |value: fn(&AllotmentOfferingType) -> i64| {
            unfit.iter().map(|n| value(n)).collect::<Vec<_>>()
        };
        let (positions, ids) = (column(|named| named.position), column(|named| named.id));
        let lines = column(|named| named.line.cast_signed());
        let offering_types = column(|named| named.offering_type);
        let are_courses = column(|named| (named.limit == LimitType::Course).into());
        let paths: Vec<&str> = unfit.iter().map(|named| named.path.as_str()).collect();
        let sources = vec![number_of(source); unfit.len()];
        let numbers: Vec<_> = (self.pending..).take(unfit.len()).collect();
        self.pending += numbers.len().cast_signed() as i64;
        let columns = [&numbers, &sources, &positions, &ids, &lines, &offering_types, &are_courses];
        let mut columns: Vec<_> = columns.map(|values| SqlValue::Ints(values)).into();
        columns.push(SqlValue::Texts(paths));
        session.add_rows(&PENDING_ALLOTMENTS, &columns)
    }

    fn look_up(
        &mut self,
        session: &dyn ImportSession,
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
        for row in session.all("look up offering types", KINDS, values![provider, ids])? {
            self.kinds.insert(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }

    /// Reports the pending offering types that do not fit at the end of the call.
    pub(super) fn check(
        &self,
        session: &dyn ImportSession,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if self.pending == 0 {
            return Ok(());
        }
        let mut after = -1_i64;
        loop {
            let page = values![provider, after, ROWS_AT_ONCE];
            let rows = session.all("check allotments", PENDING, page)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.get(8)?;
            rows.iter().try_for_each(|row| report_unfit(row, problems))?;
        }
    }
}

/// Reports a pending offering type unless it fits now.
fn report_unfit(row: &SqlRow, problems: &mut Problems) -> Result<(), StoreError> {
    let (offering_type, path): (i64, String) = (row.get(4)?, row.get(6)?);
    let kind: Option<String> = row.get(7)?;
    let limit = if row.get(5)? { LimitType::Course } else { LimitType::Event };
    if kind.is_none()
        && problems.is_refused(table_plan::required_table("offering_types"), offering_type)
    {
        return Ok(());
    }
    let problem = Problem::check_allotment(&path, offering_type, limit, kind.as_deref());
    let Some(problem) = problem else { return Ok(()) };
    let source = table_of(row.get(0)?);
    let column = source.columns[row.get::<usize>(1)?].name;
    let line: i64 = row.get(3)?;
    let problem = problem.at(line.cast_unsigned(), row.get(2)?);
    problems.report(source, problem.in_column(column));
    Ok(())
}

/// Calls `visit` with (table, row id, offering type, limit type) for every offering type that an
/// allotment of the provider names. It reads every allotment, so it is for rare checks only.
pub(super) fn visit_allotments(
    session: &dyn ImportSession,
    provider: i64,
    visit: &mut dyn FnMut(&'static Table, i64, i64, LimitType) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for table in tables() {
        for position in &table_plan::for_table(table).allotments {
            let column = table.columns[*position].name;
            let sql = format!(
                "SELECT id, \"{column}\" FROM \"{}\" WHERE provider_id = ?1 AND id > ?2 \
                 AND \"{column}\" <> ?4 ORDER BY id LIMIT ?3",
                table.name
            );
            let mut after = 0_i64;
            loop {
                let page = values![provider, after, ROWS_AT_ONCE, NO_LIMITS];
                let rows = session.all("read allotments", &sql, page)?;
                let Some(last) = rows.last() else { break };
                after = last.get(0)?;
                for row in &rows {
                    let (id, text): (i64, String) = (row.get(0)?, row.get(1)?);
                    let Ok(allotment) = allotment::parse_allotment(&text) else { continue };
                    for (_, offering_type, limit) in allotment.offering_types() {
                        visit(table, id, offering_type, limit)?;
                    }
                }
            }
        }
    }
    Ok(())
}
