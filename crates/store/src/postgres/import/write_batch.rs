//! Writes the changes of one batch, and records what must be checked at the end of the call.

use model::catalogue::Table;
use model::cell::Cell;

use super::batch::PostgresImportBatch;
use super::import_call::PostgresImportCall;
use super::number_of;
use super::{hold_bumps, parent_defaults};
use crate::error::StoreError;
use crate::import::table_plan::TableImportPlan;
use crate::postgres::connections::PostgresSession;
use crate::postgres::{copy, statements};

const TOMBSTONES: &str = "INSERT INTO deleted_rows (table_name, provider_id, id, rev) \
    SELECT $1::text, $2::bigint, unnest($3::bigint[]), $4::bigint \
    ON CONFLICT (table_name, provider_id, id) DO UPDATE SET rev = excluded.rev";
const ALTER: &str = "INSERT INTO pg_temp.altered (source, id, line) \
    SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING";
const REMOVE: &str = "INSERT INTO pg_temp.removed (source, id, line) \
    SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING";

/// The changes of a batch: rows to write, and ids to record for later checks.
#[derive(Default)]
pub(super) struct BatchChanges {
    /// The rows to write, with their lines, in the order of the input.
    written: Vec<(i64, u64)>,
    /// The ids of stored rows to delete: they are replaced or removed.
    cleared: Vec<i64>,
    deleted: Vec<i64>,
    removed: RowLines,
    altered: RowLines,
    unfilled: RowLines,
    /// The customer memberships whose holds changed, with the instant of the change.
    bumps: Vec<(i64, i64)>,
    pub(super) met_unchanged: Vec<i64>,
    pub(super) met_deleted: Vec<i64>,
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
        session: &PostgresSession<'_>,
        sql: &str,
        table: &Table,
    ) -> Result<(), StoreError> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&number_of(table), &self.ids, &self.lines];
        session.run("remember rows", sql, params).map(drop)
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
        call: &mut PostgresImportCall,
    ) {
        self.written.push((id, line));
        let updated_at = cells[table.updated_at()].as_int().unwrap_or(call.now.micros());
        if let Some(before) = before {
            self.cleared.push(id);
            if plan.depended_on.is_some_and(|position| before[position] != cells[position]) {
                drop_cached(table, id, call);
                self.altered.push((id, line));
            }
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
        self.cleared.push(id);
        self.deleted.push(id);
        if plan.is_referenced {
            self.removed.push((id, line));
        }
        if let Some(position) = plan.bumped_membership {
            self.bumps.extend(cells[position].as_int().map(|id| (id, now)));
        }
    }
}

impl PostgresImportBatch<'_> {
    /// Writes the batch, then checks what its rows name.
    pub(super) fn flush(mut self) -> Result<(), StoreError> {
        let notes = std::mem::take(&mut self.notes);
        self.write_rows(&notes)?;
        self.record_changes(&notes)?;
        self.check_rows(&notes)
    }

    fn write_rows(&mut self, notes: &BatchChanges) -> Result<(), StoreError> {
        let (session, table) = (self.session, self.table);
        let (provider, revision) = (self.call.provider, self.call.revision);
        if !notes.cleared.is_empty() {
            let sql = &statements::for_table(table).delete;
            session.run("clear rows", sql, &[&provider, &notes.cleared])?;
        }
        if !notes.deleted.is_empty() {
            let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                &[&table.name, &provider, &notes.deleted, &revision.0];
            session.run("note deleted rows", TOMBSTONES, params)?;
        }
        if !notes.written.is_empty() {
            let rows = notes.written.iter().map(|(id, _)| self.cells_of(*id));
            copy::write_rows(session, table, (provider, revision), rows)?;
        }
        let highest = notes.written.iter().map(|(id, _)| *id).max();
        let state = self.state();
        state.highest = state.highest.max(highest);
        Ok(())
    }

    fn record_changes(&mut self, notes: &BatchChanges) -> Result<(), StoreError> {
        let (session, table) = (self.session, self.table);
        notes.removed.insert_into(session, REMOVE, table)?;
        notes.altered.insert_into(session, ALTER, table)?;
        notes.unfilled.insert_into(session, parent_defaults::ADD_UNFILLED, table)?;
        hold_bumps::add_pending(session, &notes.bumps)?;
        let state = self.state();
        for id in &notes.met_unchanged {
            state.unchanged.insert(session, table, *id)?;
        }
        for id in &notes.met_deleted {
            state.deleted.insert(session, table, *id)?;
        }
        for id in &notes.removed.ids {
            self.call.references.remove_known(table.position, *id);
            drop_cached(table, *id, self.call);
        }
        Ok(())
    }

    fn check_rows(&mut self, notes: &BatchChanges) -> Result<(), StoreError> {
        let (session, table, plan) = (self.session, self.table, self.plan);
        let provider = self.call.provider;
        let mut references = std::mem::take(&mut self.call.references);
        let mut currencies = std::mem::take(&mut self.call.currencies);
        let mut allotments = std::mem::take(&mut self.call.allotments);
        for (id, line) in &notes.written {
            if plan.is_referenced {
                references.add_known(table.position, *id);
            }
            let cells = self.cells_of(*id);
            references.collect(plan, *id, *line, cells);
            currencies.collect(plan, *id, *line, cells);
            allotments.collect(plan, *id, *line, cells);
        }
        references.check_batch(session, provider, table)?;
        currencies.check_batch(session, provider, table)?;
        allotments.check_batch(session, provider, table)?;
        (self.call.references, self.call.currencies) = (references, currencies);
        self.call.allotments = allotments;
        Ok(())
    }
}

/// Drops what is cached of a row on which rows of other tables depend.
fn drop_cached(table: &Table, id: i64, call: &mut PostgresImportCall) {
    match table.name {
        "invoices" => call.currencies.forget(id),
        "offering_types" => call.allotments.forget(id),
        _ => {}
    }
}
