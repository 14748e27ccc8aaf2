//! Checks references between rows: once per batch, and again at the end of the call, because the
//! referenced row may come later in the call. Rule: spec/data-model.md §3.

use model::catalogue::{Table, tables};
use model::cell::Cell;
use model::import::ERRORS_COUNTED_MAX;

use super::id_set::IdSet;
use super::import_session::ImportSession;
use super::problem::{Problem, Problems};
use super::table_plan::TableImportPlan;
use super::temp_tables::PENDING_REFERENCES;
use super::{number_of, table_of};
use crate::error::StoreError;
use crate::sql::value::{SqlValue, values};

/// One reference of one row.
#[derive(Clone, Copy)]
struct RowReference {
    target: usize,
    target_id: i64,
    line: u64,
    id: i64,
    position: usize,
}

#[derive(Default)]
pub(super) struct ReferenceCheck {
    /// For each table, ids known to exist in this transaction. A cache, which may be cleared.
    known: Vec<IdSet>,
    wanted: Vec<RowReference>,
    /// For each table, true if references to it are pending.
    has_pending: Vec<bool>,
}

impl ReferenceCheck {
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
                    self.wanted.push(RowReference {
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
                    let wanted =
                        ids.map(|target_id| RowReference { target, target_id, line, id, position });
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
        session: &dyn ImportSession,
        provider: i64,
        source: &Table,
    ) -> Result<(), StoreError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_by_key(|wanted| wanted.target);
        for of_target in wanted.chunk_by(|a, b| a.target == b.target) {
            let target = of_target[0].target;
            // Looking up may clear what was known, so what was found counts as well.
            let found = self.look_up(session, provider, &tables()[target], of_target)?;
            let is_missing = |wanted: &&RowReference| {
                let id = wanted.target_id;
                !self.known[target].contains(id) && found.binary_search(&id).is_err()
            };
            let missing: Vec<_> = of_target.iter().filter(is_missing).collect();
            if !missing.is_empty() {
                self.has_pending[target] = true;
                add_pending(session, source, &tables()[target], &missing)?;
            }
        }
        wanted.clear();
        self.wanted = wanted;
        Ok(())
    }

    /// Looks up which of the referenced rows exist. Returns the ids of those that were not known,
    /// ascending.
    fn look_up(
        &mut self,
        session: &dyn ImportSession,
        provider: i64,
        target: &Table,
        wanted: &[RowReference],
    ) -> Result<Vec<i64>, StoreError> {
        let mut ids: Vec<_> = wanted.iter().map(|wanted| wanted.target_id).collect();
        ids.retain(|id| !self.known[target.position].contains(*id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(ids);
        }
        let mut found = session.existing_ids(target, provider, &ids)?;
        found.sort_unstable();
        for id in &found {
            self.add_known(target.position, *id);
        }
        Ok(found)
    }

    /// Reports the references that still have no target at the end of the call. A reference to a
    /// row that was itself refused is not reported.
    pub(super) fn check(
        &self,
        session: &dyn ImportSession,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        for target in tables().iter().filter(|target| self.has_pending[target.position]) {
            let sql = format!(
                "SELECT source, position, id, line, target_id FROM pending_references p \
                 WHERE target = ?1 AND NOT EXISTS (SELECT 1 FROM \"{}\" t \
                    WHERE t.provider_id = ?2 AND t.id = p.target_id) \
                 ORDER BY source, line, position LIMIT {ERRORS_COUNTED_MAX}",
                target.name
            );
            for row in
                session.all("check references", &sql, values![number_of(target), provider])?
            {
                let target_id = row.get(4)?;
                if problems.is_refused(target, target_id) {
                    continue;
                }
                let source = table_of(row.get(0)?);
                let column = &source.columns[row.get::<usize>(1)?];
                let line: i64 = row.get(3)?;
                let problem = Problem::reference_missing(column, target_id, target);
                problems.report(source, problem.at(line.cast_unsigned(), row.get(2)?));
            }
        }
        Ok(())
    }
}

fn add_pending(
    session: &dyn ImportSession,
    source: &Table,
    target: &Table,
    missing: &[&RowReference],
) -> Result<(), StoreError> {
    let column =
        |value: fn(&RowReference) -> i64| missing.iter().map(|w| value(w)).collect::<Vec<_>>();
    let positions = column(|wanted| i64::try_from(wanted.position).unwrap_or(i64::MAX));
    let (ids, lines) = (column(|wanted| wanted.id), column(|wanted| wanted.line.cast_signed()));
    let target_ids = column(|wanted| wanted.target_id);
    let sources = vec![number_of(source); missing.len()];
    let targets = vec![number_of(target); missing.len()];
    let columns = [&sources, &positions, &ids, &lines, &targets, &target_ids];
    session.add_rows(&PENDING_REFERENCES, &columns.map(|values| SqlValue::Ints(values)))
}
