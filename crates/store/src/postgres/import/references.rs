//! Checks references between rows: once per batch, and again at the end of the call, because the
//! referenced row may come later in the call. Rule: spec/data-model.md §3.

use model::catalogue::{Table, tables};
use model::cell::Cell;

use super::{number_of, table_of};
use crate::error::StoreError;
use crate::import::id_set::IdSet;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::TableImportPlan;
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{get, get_narrow};
use crate::postgres::statements;

/// One reference of one row.
#[derive(Clone, Copy)]
struct PostgresRowReference {
    target: usize,
    target_id: i64,
    line: u64,
    id: i64,
    position: usize,
}

#[derive(Default)]
pub(super) struct PostgresReferenceCheck {
    /// For each table, ids known to exist in this transaction. A cache, which may be cleared.
    known: Vec<IdSet>,
    wanted: Vec<PostgresRowReference>,
    /// For each table, true if references to it are pending.
    has_pending: Vec<bool>,
}

const ADD_PENDING: &str = "INSERT INTO pg_temp.pending_references \
    (source, position, id, line, target, target_id) \
    SELECT $1::bigint, w.position, w.id, w.line, $2::bigint, w.target_id \
    FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
    w (position, id, line, target_id)";

impl PostgresReferenceCheck {
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
                    self.wanted.push(PostgresRowReference {
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
                    let wanted = ids.map(|target_id| PostgresRowReference {
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
        session: &PostgresSession<'_>,
        provider: i64,
        source: &Table,
    ) -> Result<(), StoreError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_by_key(|wanted| wanted.target);
        for of_target in wanted.chunk_by(|a, b| a.target == b.target) {
            let target = of_target[0].target;
            self.look_up(session, provider, &tables()[target], of_target)?;
            let is_missing =
                |wanted: &&PostgresRowReference| !self.known[target].contains(wanted.target_id);
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

    /// Looks up which of the referenced rows exist.
    fn look_up(
        &mut self,
        session: &PostgresSession<'_>,
        provider: i64,
        target: &Table,
        wanted: &[PostgresRowReference],
    ) -> Result<(), StoreError> {
        let mut ids: Vec<_> = wanted.iter().map(|wanted| wanted.target_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let sql = &statements::for_table(target).ids_with;
        for row in session.all("look up references", sql, &[&provider, &ids])? {
            self.add_known(target.position, get(&row, 0)?);
        }
        Ok(())
    }

    /// Reports the references that still have no target at the end of the call. A reference to a
    /// row that was itself refused is not reported.
    pub(super) fn check(
        &self,
        session: &PostgresSession<'_>,
        provider: i64,
        problems: &mut Problems,
    ) -> Result<(), StoreError> {
        for target in tables().iter().filter(|target| self.has_pending[target.position]) {
            let sql = format!(
                "SELECT source, position, id, line, target_id FROM pg_temp.pending_references p \
                 WHERE target = $1 AND NOT EXISTS (SELECT 1 FROM \"{}\" t \
                    WHERE t.provider_id = $2 AND t.id = p.target_id) \
                 ORDER BY source, line, position",
                target.name
            );
            for row in session.all("check references", &sql, &[&number_of(target), &provider])? {
                let target_id = get(&row, 4)?;
                if problems.is_refused(target, target_id) {
                    continue;
                }
                let source = table_of(get(&row, 0)?);
                let column = &source.columns[get_narrow::<usize>(&row, 1)?];
                let line: i64 = get(&row, 3)?;
                let problem = Problem::reference_missing(column, target_id, target);
                problems.report(source, problem.at(line.cast_unsigned(), get(&row, 2)?));
            }
        }
        Ok(())
    }
}

fn add_pending(
    session: &PostgresSession<'_>,
    source: &Table,
    target: &Table,
    missing: &[&PostgresRowReference],
) -> Result<(), StoreError> {
    let column = |value: fn(&PostgresRowReference) -> i64| {
        missing.iter().map(|w| value(w)).collect::<Vec<_>>()
    };
    let positions = column(|wanted| i64::try_from(wanted.position).unwrap_or(i64::MAX));
    let (ids, lines) = (column(|wanted| wanted.id), column(|wanted| wanted.line.cast_signed()));
    let target_ids = column(|wanted| wanted.target_id);
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&number_of(source), &number_of(target), &positions, &ids, &lines, &target_ids];
    session.run("remember references", ADD_PENDING, params).map(drop)
}
