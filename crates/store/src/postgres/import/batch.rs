//! One batch of changes: decides for each row, in order, what to write, by comparing it with the
//! stored row.

use std::collections::{HashMap, HashSet};

use model::catalogue::{self, Table};
use model::cell::Cell;
use model::id::is_valid_id;
use model::import::{Change, InputRow, TableCounts};
use model::rules;

use super::import_call::{PostgresImportCall, PostgresTableImport};
use super::parent_defaults;
use super::write_batch::BatchChanges;
use crate::error::StoreError;
use crate::import::given_columns::GivenColumns;
use crate::import::merge::{is_older, is_same_but_updated_at, is_surely_unchanged, merge};
use crate::import::problem::Problem;
use crate::import::table_plan::{self, TableImportPlan};
use crate::port::StoredRow;
use crate::postgres::connections::PostgresSession;
use crate::postgres::errors::damaged;
use crate::postgres::row::get;
use crate::postgres::snapshot::FetchedRow;
use crate::postgres::statements;

/// One batch of changes to one table.
pub(super) struct PostgresImportBatch<'c> {
    pub(super) session: &'c PostgresSession<'c>,
    pub(super) table: &'static Table,
    pub(super) plan: &'static TableImportPlan,
    pub(super) call: &'c mut PostgresImportCall,
    /// The stored rows under the batch's ids, with the batch's changes applied.
    rows: HashMap<i64, BatchRow>,
    /// Ids of this batch that the call has found unchanged, or has been asked to delete.
    unchanged: HashSet<i64>,
    deleted: HashSet<i64>,
    pub(super) notes: BatchChanges,
}

/// A row in its present state: as stored, or as the batch changed it.
struct BatchRow {
    cells: Vec<Cell>,
    /// True if this call wrote it.
    is_of_this_call: bool,
}

impl<'c> PostgresImportBatch<'c> {
    pub(super) fn prepare(
        session: &'c PostgresSession<'c>,
        table: &'static Table,
        call: &'c mut PostgresImportCall,
        changes: &[Change],
    ) -> Result<Self, StoreError> {
        let id = |change: &Change| match change {
            Change::Upsert(row) => row.id,
            Change::Delete { id, .. } => *id,
        };
        let mut ids: Vec<_> = changes.iter().map(id).filter(|id| is_valid_id(*id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let state = &call.tables[table.position];
        let unchanged = state.unchanged.find_seen(session, table, &ids)?;
        let deleted = state.deleted.find_seen(session, table, &ids)?;
        let rows = read_stored_rows(session, table, call, &ids)?;
        let (plan, notes) = (table_plan::for_table(table), BatchChanges::default());
        Ok(Self { session, table, plan, call, rows, unchanged, deleted, notes })
    }

    /// Inserts or updates one row.
    pub(super) fn upsert(&mut self, row: InputRow) -> Result<(), StoreError> {
        self.counts().received += 1;
        let InputRow { id, line, mut cells } = row;
        if !is_valid_id(id) {
            self.refuse(id, line, Problem::invalid_id(id));
            return Ok(());
        }
        if self.deleted.contains(&id) {
            self.refuse(id, line, Problem::duplicate_id("deleted and written"));
            return Ok(());
        }
        if cells.len() != self.table.columns.len() {
            let reason = format!("a row of {} has {} cells", self.table.name, cells.len());
            return Err(damaged(reason));
        }
        cells[catalogue::ID] = Cell::Int(id);
        self.call.amounts.observe(self.table, id, &cells);
        let given = GivenColumns::from_cells(&cells);
        let Some(stored) = self.rows.remove(&id) else {
            self.insert((id, line), cells);
            return Ok(());
        };
        let cell = |position: usize| stored.cells[position].as_ref();
        if is_surely_unchanged(self.table, given, &cells, cell) {
            self.count_unchanged(id, stored);
            return Ok(());
        }
        self.update((id, line), given, cells, stored)
    }

    /// Deletes one row.
    pub(super) fn delete(&mut self, id: i64, line: u64) {
        self.counts().received += 1;
        let is_met = self.unchanged.contains(&id);
        if is_valid_id(id) {
            self.deleted.insert(id);
            self.notes.met_deleted.push(id);
        }
        match self.rows.remove(&id) {
            None => self.counts().unchanged += 1,
            Some(stored) if !is_met && !stored.is_of_this_call => {
                self.counts().deleted += 1;
                self.notes.remove(self.plan, (id, line), &stored.cells, self.call.now.micros());
            }
            Some(stored) => {
                self.refuse(id, line, Problem::duplicate_id("written and deleted"));
                self.rows.insert(id, stored);
            }
        }
    }

    /// Records a new row for writing, or reports why it cannot be stored.
    fn insert(&mut self, (id, line): (i64, u64), mut cells: Vec<Cell>) {
        rules::fill_defaults(self.table, &mut cells, self.call.now);
        if self.refuse_row((id, line), &cells) {
            return;
        }
        self.counts().inserted += 1;
        self.write((id, line), cells, None);
    }

    /// Counts a row whose input changes nothing.
    fn count_unchanged(&mut self, id: i64, stored: BatchRow) {
        self.counts().unchanged += 1;
        self.rows.insert(id, stored);
        if self.unchanged.insert(id) {
            self.notes.met_unchanged.push(id);
        }
    }

    /// Merges a row of input into the stored one, and records it for writing if anything changed.
    fn update(
        &mut self,
        (id, line): (i64, u64),
        given: GivenColumns,
        mut cells: Vec<Cell>,
        stored: BatchRow,
    ) -> Result<(), StoreError> {
        let table = self.table;
        merge(table, given, &mut cells, &stored.cells, self.call.now);
        self.apply_parent_defaults(given, &mut cells, &stored.cells)?;
        let updated_at = table.updated_at();
        let was = &stored.cells[updated_at];
        let is_stale = is_older(cells[updated_at].as_ref(), was.as_ref());
        let is_same = is_same_but_updated_at(table, &cells, &stored.cells);
        if is_same && (is_stale || cells[updated_at] == *was) {
            self.count_unchanged(id, stored);
            return Ok(());
        }
        if stored.is_of_this_call || self.unchanged.contains(&id) {
            self.refuse(id, line, Problem::duplicate_id("given twice with different content"));
            self.rows.insert(id, stored);
            return Ok(());
        }
        if self.refuse_row((id, line), &cells) {
            self.rows.insert(id, stored);
            return Ok(());
        }
        if !given.is_value(updated_at) {
            cells[updated_at] = Cell::Int(self.call.now.micros());
        } else if is_stale {
            // The write is a change, and a caller that asks for changes since then must see it.
            cells[updated_at] = was.clone();
        }
        self.counts().updated += 1;
        self.write((id, line), cells, Some(&stored.cells));
        Ok(())
    }

    /// Records a row for writing, and the checks that it causes.
    fn write(&mut self, (id, line): (i64, u64), cells: Vec<Cell>, before: Option<&[Cell]>) {
        self.notes.write((self.table, self.plan), (id, line), &cells, before, self.call);
        let current = BatchRow { cells, is_of_this_call: true };
        self.rows.insert(id, current);
    }

    /// Returns the cells of a row that the batch writes.
    pub(super) fn cells_of(&self, id: i64) -> &[Cell] {
        self.rows.get(&id).map_or(&[], |row| &row.cells)
    }

    /// Applies the defaults that come from a parent row. Such a value follows its sources until a
    /// caller gives another one. If the input clears it and the stored value is the parent's
    /// already, the row does not change.
    fn apply_parent_defaults(
        &self,
        given: GivenColumns,
        cells: &mut [Cell],
        stored: &[Cell],
    ) -> Result<(), StoreError> {
        let (session, provider) = (self.session, self.call.provider);
        for default in &self.plan.parent_defaults {
            let was = &stored[default.position];
            if given.is_null(default.position) {
                let value = parent_defaults::present_default(session, provider, default, cells)?;
                if value == *was {
                    cells[default.position] = value;
                }
            } else if given.is_absent(default.position)
                && default.has_other_sources(cells, stored)
                && parent_defaults::present_default(session, provider, default, stored)? == *was
            {
                cells[default.position] = Cell::Null;
            }
        }
        Ok(())
    }

    /// Reports everything that keeps a row, with its defaults filled, from being stored. Returns
    /// true if anything does.
    fn refuse_row(&mut self, (id, line): (i64, u64), cells: &[Cell]) -> bool {
        let problems = Problem::check_row(self.table, cells);
        let is_refused = !problems.is_empty();
        for problem in problems {
            self.refuse(id, line, problem);
        }
        is_refused
    }

    fn refuse(&mut self, id: i64, line: u64, problem: Problem) {
        self.call.problems.refuse(self.table, id, problem.at(line, id));
    }

    pub(super) fn state(&mut self) -> &mut PostgresTableImport {
        &mut self.call.tables[self.table.position]
    }

    fn counts(&mut self) -> &mut TableCounts {
        &mut self.state().counts
    }
}

/// Reads the stored rows with some ids, which must be ascending.
fn read_stored_rows(
    session: &PostgresSession<'_>,
    table: &'static Table,
    call: &mut PostgresImportCall,
    ids: &[i64],
) -> Result<HashMap<i64, BatchRow>, StoreError> {
    let (sql, context) = (statements::for_table(table), "read rows");
    let provider = call.provider;
    let state = &mut call.tables[table.position];
    if state.highest.is_none() {
        let highest: Option<i64> = get(&session.one(context, &sql.highest, &[&provider])?, 0)?;
        state.highest = Some(highest.unwrap_or(0));
    }
    // Most imports bring new rows, whose ids come after all that are stored.
    let ids: Vec<_> = ids.iter().copied().filter(|id| Some(*id) <= state.highest).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = session.all(context, &sql.rows_with, &[&provider, &ids])?;
    let current = |row| {
        let row = FetchedRow { table, row };
        let cells = (0..table.columns.len()).map(|position| row.cell(position).to_cell());
        let is_of_this_call = row.revision() == call.revision;
        (row.key().id, BatchRow { cells: cells.collect(), is_of_this_call })
    };
    Ok(found.into_iter().map(current).collect())
}
