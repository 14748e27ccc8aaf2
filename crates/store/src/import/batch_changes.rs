//! Writes the changes of one batch, and records what must be checked at the end of the call.

use model::catalogue::Table;
use model::cell::Cell;

use super::batch::ImportBatch;
use super::import_call::ImportCall;
use super::import_session::{ImportSession, RowChanges};
use super::table_plan::{self, TableImportPlan};
use super::temp_tables::{ALTERED, REMOVED, TempTable, UNFILLED};
use super::{hold_bumps, number_of};
use crate::error::StoreError;
use crate::sql::value::SqlValue;

/// The changes of a batch: rows to write, and ids to record for later checks.
#[derive(Default)]
pub(super) struct BatchChanges {
    /// The rows to write, with their lines, in the order of the input.
    written: Vec<WrittenRow>,
    deleted: Vec<i64>,
    removed: RowLines,
    altered: RowLines,
    unfilled: RowLines,
    /// The customer memberships whose holds changed, with the instant of the change.
    bumps: Vec<(i64, i64)>,
    pub(super) met_unchanged: Vec<i64>,
    pub(super) met_deleted: Vec<i64>,
}

/// A row to write.
#[derive(Clone, Copy)]
struct WrittenRow {
    id: i64,
    line: u64,
    /// True if a row with the id is stored.
    is_update: bool,
}

/// The ids of rows, with the lines of the input that they came from.
#[derive(Default)]
pub(super) struct RowLines {
    pub(super) ids: Vec<i64>,
    pub(super) lines: Vec<i64>,
}

impl RowLines {
    fn push(&mut self, (id, line): (i64, u64)) {
        self.ids.push(id);
        self.lines.push(line.cast_signed());
    }

    fn insert_into(
        &self,
        session: &dyn ImportSession,
        into: &TempTable,
        table: &Table,
    ) -> Result<(), StoreError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let sources = vec![number_of(table); self.ids.len()];
        let columns = [&sources, &self.ids, &self.lines];
        session.add_rows(into, &columns.map(|values| SqlValue::Ints(values)))
    }
}

impl BatchChanges {
    /// Records a complete row to be written, in place of `before` if there is a stored one.
    pub(super) fn write(
        &mut self,
        (table, plan): (&'static Table, &TableImportPlan),
        (id, line): (i64, u64),
        cells: &[Cell],
        before: Option<&[Cell]>,
        call: &mut ImportCall,
    ) {
        self.written.push(WrittenRow { id, line, is_update: before.is_some() });
        let updated_at = cells[table.updated_at()].as_int().unwrap_or(call.now.micros());
        let has_changed = |before: &[Cell], position: usize| before[position] != cells[position];
        if before.zip(plan.depended_on).is_some_and(|(before, at)| has_changed(before, at)) {
            drop_cached(table, id, call);
            self.altered.push((id, line));
        }
        if let Some(position) = plan.bumped_membership {
            let memberships = before.map(|before| &before[position]);
            for membership in memberships.into_iter().chain([&cells[position]]) {
                self.bumps.extend(membership.as_int().map(|id| (id, updated_at)));
            }
        }
        if plan.parent_defaults.iter().any(|default| !cells[default.position].is_value()) {
            self.unfilled.push((id, line));
        }
    }

    /// Records that a stored row is removed.
    pub(super) fn remove(
        &mut self,
        plan: &TableImportPlan,
        (id, line): (i64, u64),
        cells: &[Cell],
        now: i64,
    ) {
        self.deleted.push(id);
        if plan.is_referenced {
            self.removed.push((id, line));
        }
        if let Some(position) = plan.bumped_membership {
            self.bumps.extend(cells[position].as_int().map(|id| (id, now)));
        }
    }
}

impl ImportBatch<'_> {
    /// Writes the batch, then checks what its rows name.
    pub(super) fn flush(mut self) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut self.changes);
        self.write_rows(&changes)?;
        self.record_changes(&changes)?;
        self.check_rows(&changes)
    }

    fn write_rows(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let mut rows = RowChanges { deleted: changes.deleted.clone(), ..RowChanges::default() };
        let written = &changes.written;
        let positions: Vec<_> = written.iter().map(|row| self.slots.position_of(row.id)).collect();
        for (row, position) in written.iter().zip(positions) {
            let list = if row.is_update { &mut rows.updated } else { &mut rows.inserted };
            list.push(self.slots.cells_at(position));
        }
        let key = (self.call.provider, self.call.revision);
        self.session.write_rows(self.table, key, &rows)?;
        let highest = written.iter().map(|row| row.id).max();
        let state = self.state();
        state.highest = state.highest.max(highest);
        Ok(())
    }

    fn record_changes(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let (session, table) = (self.session, self.table);
        changes.removed.insert_into(session, &REMOVED, table)?;
        changes.altered.insert_into(session, &ALTERED, table)?;
        changes.unfilled.insert_into(session, &UNFILLED, table)?;
        hold_bumps::add_pending(session, &changes.bumps)?;
        let state = self.state();
        for id in &changes.met_unchanged {
            state.unchanged.insert(session, table, *id)?;
        }
        for id in &changes.met_deleted {
            state.deleted.insert(session, table, *id)?;
        }
        for id in &changes.removed.ids {
            self.call.references.remove_known(table.position, *id);
            drop_cached(table, *id, self.call);
        }
        Ok(())
    }

    fn check_rows(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let (session, table, plan) = (self.session, self.table, self.plan);
        let provider = self.call.provider;
        let mut references = std::mem::take(&mut self.call.references);
        let mut currencies = std::mem::take(&mut self.call.currencies);
        let mut allotments = std::mem::take(&mut self.call.allotments);
        for WrittenRow { id, line, .. } in &changes.written {
            if plan.is_referenced {
                references.add_known(table.position, *id);
            }
            let position = self.slots.position_of(*id);
            let cells = self.slots.cells_at(position);
            references.collect(plan, *id, *line, cells);
            currencies.collect(plan, *id, *line, cells);
            allotments.collect(plan, *id, *line, cells);
        }
        let invoices = table_plan::required_table("invoices").position;
        for invoice in currencies.check_batch(session, provider, table)? {
            references.add_known(invoices, invoice);
        }
        references.check_batch(session, provider, table)?;
        allotments.check_batch(session, provider, table)?;
        (self.call.references, self.call.currencies) = (references, currencies);
        self.call.allotments = allotments;
        Ok(())
    }
}

/// Drops what is cached of a row on which rows of other tables depend.
fn drop_cached(table: &Table, id: i64, call: &mut ImportCall) {
    match table.name {
        "invoices" => call.currencies.forget(id),
        "offering_types" => call.allotments.forget(id),
        _ => {}
    }
}
