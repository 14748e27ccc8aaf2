//! Checks references between rows: at the end of the call, each must lead to a row of the same
//! provider.
//!
//! A batch's references are looked up together, ordered by target. A missing target may come later
//! in the call, so the reference is stored as pending in a temporary table.
//! Rule: spec/data-model.md §3.

use model::catalogue::{Table, tables};
use model::cell::Cell;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::import::id_set::IdSet;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::TableImportPlan;
use crate::sqlite::errors::failed;
use crate::sqlite::statements;

/// The number of ids within one stretch from which on reading the whole stretch is cheaper.
const STRETCH_LOOKUPS_MIN: usize = 24;
const STRETCH_IDS: i64 = 512;

/// One reference of one row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SqliteRowReference {
    target: usize,
    target_id: i64,
    line: u64,
    id: i64,
    position: usize,
}

pub(super) struct SqliteReferenceCheck {
    /// For each table, ids known to exist in this transaction. A cache, which may be cleared.
    known: Vec<IdSet>,
    wanted: Vec<SqliteRowReference>,
    /// For each table, true if references to it are pending.
    has_pending: Vec<bool>,
}

const ADD_PENDING: &str = "INSERT INTO temp.pending_references \
    (source, position, id, line, target, target_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

impl SqliteReferenceCheck {
    pub(super) fn new() -> Self {
        let known = tables().iter().map(|_| IdSet::default()).collect();
        Self { known, wanted: Vec::new(), has_pending: vec![false; tables().len()] }
    }

    /// Records that a row exists.
    pub(super) fn add_known(&mut self, target: usize, id: i64) {
        let known = &mut self.known[target];
        if !known.insert(id) {
            known.clear();
            known.insert(id);
        }
    }

    /// Records that a row no longer exists.
    pub(super) fn remove_known(&mut self, target: usize, id: i64) {
        self.known[target].remove(id);
    }

    /// Collects the references of a complete row.
    pub(super) fn collect(&mut self, plan: &TableImportPlan, id: i64, line: u64, cells: &[Cell]) {
        for reference in &plan.references {
            let (target, position) = (reference.target, reference.position);
            match &cells[position] {
                Cell::Int(target_id) if !self.known[target].contains(*target_id) => {
                    self.wanted.push(SqliteRowReference {
                        target,
                        target_id: *target_id,
                        line,
                        id,
                        position,
                    });
                }
                Cell::Text(list) if reference.is_list && **list != *"[]" => {
                    // The input was parsed before: it is a list of ids.
                    let ids: Vec<i64> = serde_json::from_str(list).unwrap_or_default();
                    let ids = ids.into_iter().filter(|id| !self.known[target].contains(*id));
                    let wanted = ids.map(|target_id| SqliteRowReference {
                        target,
                        target_id,
                        line,
                        id,
                        position,
                    });
                    self.wanted.extend(wanted);
                }
                _ => {}
            }
        }
    }

    /// Looks up the collected references of rows of `source`; those without a target become
    /// pending.
    pub(super) fn check_batch(
        &mut self,
        connection: &Connection,
        provider: i64,
        source: &Table,
    ) -> Result<(), StoreError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_unstable();
        for of_target in wanted.chunk_by(|a, b| a.target == b.target) {
            self.check_target(connection, provider, source, of_target)?;
        }
        wanted.clear();
        self.wanted = wanted;
        Ok(())
    }

    fn check_target(
        &mut self,
        connection: &Connection,
        provider: i64,
        source: &Table,
        wanted: &[SqliteRowReference],
    ) -> Result<(), StoreError> {
        let look = failed("look up references");
        let Some(target) = wanted.first().map(|first| first.target) else { return Ok(()) };
        let sql = statements::for_table(&tables()[target]);
        let mut exists = connection.prepare_cached(&sql.exists).map_err(look)?;
        let stretch = |wanted: &SqliteRowReference| wanted.target_id.div_euclid(STRETCH_IDS);
        for near in wanted.chunk_by(|a, b| stretch(a) == stretch(b)) {
            if near.len() >= STRETCH_LOOKUPS_MIN && count_targets(near) >= STRETCH_LOOKUPS_MIN {
                let first = stretch(&near[0]) * STRETCH_IDS;
                self.look_up_stretch(connection, provider, target, first)?;
            }
            for same in near.chunk_by(|a, b| a.target_id == b.target_id) {
                let target_id = same[0].target_id;
                if self.known[target].contains(target_id) {
                    continue;
                }
                if exists.exists((provider, target_id)).map_err(look)? {
                    self.add_known(target, target_id);
                } else {
                    self.add_pending(connection, source, same)?;
                }
            }
        }
        Ok(())
    }

    /// Looks up which ids of a stretch exist.
    fn look_up_stretch(
        &mut self,
        connection: &Connection,
        provider: i64,
        target: usize,
        first: i64,
    ) -> Result<(), StoreError> {
        let look = failed("look up references");
        let sql = &statements::for_table(&tables()[target]).ids_between;
        let mut statement = connection.prepare_cached(sql).map_err(look)?;
        let mut rows = statement.query((provider, first, first + STRETCH_IDS - 1)).map_err(look)?;
        while let Some(row) = rows.next().map_err(look)? {
            self.add_known(target, row.get(0).map_err(look)?);
        }
        Ok(())
    }

    fn add_pending(
        &mut self,
        connection: &Connection,
        source: &Table,
        wanted: &[SqliteRowReference],
    ) -> Result<(), StoreError> {
        let wait = failed("remember references");
        let mut statement = connection.prepare_cached(ADD_PENDING).map_err(wait)?;
        for SqliteRowReference { target, target_id, line, id, position } in wanted {
            self.has_pending[*target] = true;
            let row = (source.position, position, id, line.cast_signed(), target, target_id);
            statement.execute(row).map_err(wait)?;
        }
        Ok(())
    }

    /// Reports the references that still have no target at the end of the call. A reference to a
    /// row that was itself refused is not reported.
    pub(super) fn check(
        &self,
        connection: &Connection,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        let check = failed("check references");
        for target in tables().iter().filter(|target| self.has_pending[target.position]) {
            let sql = format!(
                "SELECT source, position, id, line, target_id FROM temp.pending_references p \
                 WHERE target = ?1 AND NOT EXISTS (SELECT 1 FROM main.\"{}\" t \
                    WHERE t.provider_id = ?2 AND t.id = p.target_id) \
                 ORDER BY source, line, position",
                target.name
            );
            let mut statement = connection.prepare_cached(&sql).map_err(check)?;
            let mut rows = statement.query((target.position, provider)).map_err(check)?;
            while let Some(row) = rows.next().map_err(check)? {
                let (source, position, id, line, target_id): (usize, usize, i64, i64, i64) =
                    row.try_into().map_err(check)?;
                if problems.is_refused(target, target_id) {
                    continue;
                }
                let column = &tables()[source].columns[position];
                let problem = Problem::reference_missing(column, target_id, target);
                problems.report(&tables()[source], problem.at(line.cast_unsigned(), id));
            }
        }
        Ok(())
    }
}

/// Returns the number of different target ids among references that are ordered by target.
fn count_targets(wanted: &[SqliteRowReference]) -> usize {
    wanted.chunk_by(|a, b| a.target_id == b.target_id).count()
}
