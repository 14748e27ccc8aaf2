//! Checks the offering types that allotments name: they must exist, and be of a kind that the limit
//! counts. Rule: spec/usage.md §2.

use std::collections::HashMap;

use model::allotment::{self, LimitType};
use model::catalogue::{Table, tables};
use model::cell::Cell;
use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, TableImportPlan};
use crate::sqlite::errors::failed;

const ADD_PENDING: &str = "INSERT INTO temp.pending_allotments \
    (source, position, id, line, offering_type_id, is_course, path) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const KIND: &str = "SELECT kind FROM offering_types WHERE provider_id = ?1 AND id = ?2";
const PENDING: &str = "SELECT p.source, p.position, p.id, p.line, p.offering_type_id, \
    p.is_course, p.path, o.kind FROM temp.pending_allotments p \
    LEFT JOIN main.offering_types o ON o.provider_id = ?1 AND o.id = p.offering_type_id \
    ORDER BY p.rowid";
/// The number of offering types whose kind is cached between rows.
const KINDS_MAX: usize = 4096;

#[derive(Default)]
pub(super) struct SqliteAllotmentCheck {
    kinds: HashMap<i64, String>,
    has_pending: bool,
}

impl SqliteAllotmentCheck {
    /// Checks the offering types that the allotments of a complete row name. Those that do not fit
    /// now are stored as pending, because the call may still change them.
    pub(super) fn collect(
        &mut self,
        connection: &Connection,
        provider: i64,
        (table, plan): (&Table, &TableImportPlan),
        (id, line): (i64, u64),
        cells: &[Cell],
    ) -> Result<(), StoreError> {
        let wait = failed("remember allotments");
        for position in &plan.allotments {
            let text = cells[*position].as_text().filter(|text| *text != "{}");
            // The input was parsed before, so the shape is right.
            let Some(Ok(allotment)) = text.map(allotment::parse_allotment) else { continue };
            for (path, offering_type, limit) in allotment.offering_types() {
                let kind = self.kind(connection, provider, offering_type)?;
                if kind.is_some_and(|kind| limit.offering_kinds().contains(&kind)) {
                    continue;
                }
                self.has_pending = true;
                let is_course = limit == LimitType::Course;
                let line = line.cast_signed();
                let row = (table.position, position, id, line, offering_type, is_course, path);
                connection
                    .prepare_cached(ADD_PENDING)
                    .and_then(|mut w| w.execute(row))
                    .map_err(wait)?;
            }
        }
        Ok(())
    }

    /// Drops the cached kind of an offering type that was changed or deleted.
    pub(super) fn forget(&mut self, offering_type: i64) {
        self.kinds.remove(&offering_type);
    }

    fn kind(
        &mut self,
        connection: &Connection,
        provider: i64,
        id: i64,
    ) -> Result<Option<&str>, StoreError> {
        let look = failed("look up offering types");
        if !self.kinds.contains_key(&id) {
            let mut statement = connection.prepare_cached(KIND).map_err(look)?;
            let found = statement.query_row((provider, id), |row| row.get(0)).optional();
            let Some(kind) = found.map_err(look)? else { return Ok(None) };
            if self.kinds.len() >= KINDS_MAX {
                self.kinds.clear();
            }
            self.kinds.insert(id, kind);
        }
        Ok(self.kinds.get(&id).map(String::as_str))
    }

    /// Reports the pending offering types that do not fit at the end of the call.
    pub(super) fn check(
        &self,
        connection: &Connection,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        if !self.has_pending {
            return Ok(());
        }
        let check = failed("check allotments");
        let mut statement = connection.prepare_cached(PENDING).map_err(check)?;
        let mut rows = statement.query([provider]).map_err(check)?;
        while let Some(row) = rows.next().map_err(check)? {
            let (source, position, id, line): (usize, usize, i64, i64) = (
                row.get(0).map_err(check)?,
                row.get(1).map_err(check)?,
                row.get(2).map_err(check)?,
                row.get(3).map_err(check)?,
            );
            let offering_type: i64 = row.get(4).map_err(check)?;
            let is_course: bool = row.get(5).map_err(check)?;
            let path: String = row.get(6).map_err(check)?;
            let kind: Option<String> = row.get(7).map_err(check)?;
            let limit = if is_course { LimitType::Course } else { LimitType::Event };
            if kind.is_none()
                && problems.is_refused(table_plan::required_table("offering_types"), offering_type)
            {
                continue;
            }
            let kind = kind.as_deref();
            let Some(problem) = Problem::check_allotment(&path, offering_type, limit, kind) else {
                continue;
            };
            let table = &tables()[source];
            let column = table.columns[position].name;
            problems.report(table, problem.at(line.cast_unsigned(), id).in_column(column));
        }
        Ok(())
    }
}

/// Calls `visit` with (table, row id, offering type, limit type) for every offering type that an
/// allotment of the provider names. It reads every allotment, so it is for rare checks only.
pub(super) fn visit_allotments(
    connection: &Connection,
    provider: i64,
    visit: &mut dyn FnMut(&'static Table, i64, i64, LimitType) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let read = failed("read allotments");
    for table in tables() {
        for position in &table_plan::for_table(table).allotments {
            let column = table.columns[*position].name;
            let sql = format!(
                "SELECT id, \"{column}\" FROM main.\"{}\" \
                 WHERE provider_id = ?1 AND \"{column}\" <> '{{}}' ORDER BY id",
                table.name
            );
            let mut statement = connection.prepare_cached(&sql).map_err(read)?;
            let mut rows = statement.query([provider]).map_err(read)?;
            while let Some(row) = rows.next().map_err(read)? {
                let (id, text): (i64, String) = row.try_into().map_err(read)?;
                let Ok(allotment) = allotment::parse_allotment(&text) else { continue };
                for (_, offering_type, limit) in allotment.offering_types() {
                    visit(table, id, offering_type, limit)?;
                }
            }
        }
    }
    Ok(())
}
