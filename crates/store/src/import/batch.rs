//! One batch of changes: decides for each row, in order, whether it is inserted, updated, kept as
//! it is or refused, by comparing it with the stored row.

use std::collections::{HashMap, HashSet};

use model::catalogue::{self, Table};
use model::cell::Cell;
use model::id::is_valid_id;
use model::import::{Change, InputRow, TableCounts};
use model::rules;

use super::batch_changes::BatchChanges;
use super::given_columns::GivenColumns;
use super::import_call::{ImportCall, TableImport};
use super::import_session::ImportSession;
use super::merge::{is_older, is_same_but_updated_at, is_surely_unchanged, merge};
use super::parent_defaults;
use super::problem::Problem;
use super::table_plan::{self, TableImportPlan};
use crate::error::StoreError;
use crate::port::StoredRow;

/// One batch of changes to one table.
pub(super) struct ImportBatch<'c> {
    pub(super) session: &'c dyn ImportSession,
    pub(super) table: &'static Table,
    pub(super) plan: &'static TableImportPlan,
    pub(super) call: &'c mut ImportCall,
    /// The rows under the batch's ids that exist, as stored or as the batch changed them.
    rows: HashMap<i64, PresentRow>,
    /// Ids of this batch that the call has found unchanged, or has been asked to delete.
    unchanged: HashSet<i64>,
    deleted: HashSet<i64>,
    pub(super) changes: BatchChanges,
}

/// A row in its present state.
enum PresentRow {
    /// It is stored, and the first row of input with its id leaves it as it is.
    EqualToFirst,
    /// It is stored, and was not copied.
    NotCopied,
    /// Its cells.
    Copied(CopiedRow),
}

struct CopiedRow {
    cells: Vec<Cell>,
    /// True if this call wrote it.
    is_of_this_call: bool,
}

impl<'c> ImportBatch<'c> {
    pub(super) fn prepare(
        session: &'c dyn ImportSession,
        table: &'static Table,
        call: &'c mut ImportCall,
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
        let rows = read_present_rows(session, table, call, (&ids, changes))?;
        let (plan, changes) = (table_plan::for_table(table), BatchChanges::default());
        Ok(Self { session, table, plan, call, rows, unchanged, deleted, changes })
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
            return Err(StoreError::damaged(reason));
        }
        cells[catalogue::ID] = Cell::Int(id);
        self.call.amounts.observe(self.table, id, &cells);
        if matches!(self.rows.get(&id), Some(PresentRow::EqualToFirst)) {
            self.count_unchanged(id, PresentRow::NotCopied);
            return Ok(());
        }
        let given = GivenColumns::from_cells(&cells);
        let Some(stored) = self.take_row(id)? else {
            self.insert((id, line), cells);
            return Ok(());
        };
        let cell = |position: usize| stored.cells[position].as_ref();
        if is_surely_unchanged(self.table, given, &cells, cell) {
            self.count_unchanged(id, PresentRow::Copied(stored));
            return Ok(());
        }
        self.update((id, line), given, cells, stored)
    }

    /// Deletes one row.
    pub(super) fn delete(&mut self, id: i64, line: u64) -> Result<(), StoreError> {
        self.counts().received += 1;
        let is_met = self.unchanged.contains(&id);
        if is_valid_id(id) {
            self.deleted.insert(id);
            self.changes.met_deleted.push(id);
        }
        match self.take_row(id)? {
            None => self.counts().unchanged += 1,
            Some(stored) if !is_met && !stored.is_of_this_call => {
                self.counts().deleted += 1;
                self.changes.remove(self.plan, (id, line), &stored.cells, self.call.now.micros());
            }
            Some(stored) => {
                self.refuse(id, line, Problem::duplicate_id("written and deleted"));
                self.rows.insert(id, PresentRow::Copied(stored));
            }
        }
        Ok(())
    }

    /// Takes a row out of the batch's rows; none if it does not exist.
    fn take_row(&mut self, id: i64) -> Result<Option<CopiedRow>, StoreError> {
        match self.rows.remove(&id) {
            None => Ok(None),
            Some(PresentRow::Copied(row)) => Ok(Some(row)),
            Some(PresentRow::EqualToFirst | PresentRow::NotCopied) => {
                let (mut found, revision) = (None, self.call.revision);
                self.session.visit_rows(self.table, self.call.provider, &[id], &mut |row| {
                    let is_of_this_call = row.revision() == revision;
                    found = Some(CopiedRow { cells: copy_cells(self.table, row), is_of_this_call });
                    Ok(())
                })?;
                Ok(found)
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
    fn count_unchanged(&mut self, id: i64, stored: PresentRow) {
        self.counts().unchanged += 1;
        self.rows.insert(id, stored);
        if self.unchanged.insert(id) {
            self.changes.met_unchanged.push(id);
        }
    }

    /// Merges a row of input into the stored one, and records it for writing if anything changed.
    fn update(
        &mut self,
        (id, line): (i64, u64),
        given: GivenColumns,
        mut cells: Vec<Cell>,
        stored: CopiedRow,
    ) -> Result<(), StoreError> {
        let table = self.table;
        merge(table, given, &mut cells, &stored.cells, self.call.now);
        self.apply_parent_defaults(given, &mut cells, &stored.cells)?;
        let updated_at = table.updated_at();
        let was = &stored.cells[updated_at];
        let is_stale = is_older(cells[updated_at].as_ref(), was.as_ref());
        let is_same = is_same_but_updated_at(table, &cells, &stored.cells);
        if is_same && (is_stale || cells[updated_at] == *was) {
            self.count_unchanged(id, PresentRow::Copied(stored));
            return Ok(());
        }
        if stored.is_of_this_call || self.unchanged.contains(&id) {
            self.refuse(id, line, Problem::duplicate_id("given twice with different content"));
            self.rows.insert(id, PresentRow::Copied(stored));
            return Ok(());
        }
        if self.refuse_row((id, line), &cells) {
            self.rows.insert(id, PresentRow::Copied(stored));
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
        self.changes.write((self.table, self.plan), (id, line), &cells, before, self.call);
        let written = CopiedRow { cells, is_of_this_call: true };
        self.rows.insert(id, PresentRow::Copied(written));
    }

    /// Returns the cells of a row that the batch writes.
    pub(super) fn cells_of(&self, id: i64) -> &[Cell] {
        match self.rows.get(&id) {
            Some(PresentRow::Copied(row)) => &row.cells,
            _ => &[],
        }
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

    pub(super) fn state(&mut self) -> &mut TableImport {
        &mut self.call.tables[self.table.position]
    }

    fn counts(&mut self) -> &mut TableCounts {
        &mut self.state().counts
    }
}

/// Reads the stored rows with the batch's ids, which ascend. Most rows of a repeated import are
/// equal to their input, so they are compared where they are and not copied.
fn read_present_rows(
    session: &dyn ImportSession,
    table: &'static Table,
    call: &mut ImportCall,
    (ids, changes): (&[i64], &[Change]),
) -> Result<HashMap<i64, PresentRow>, StoreError> {
    let mut rows = HashMap::new();
    // Most other imports bring new rows, whose ids come after all that are stored.
    let highest = highest_id(session, table, call)?;
    let ids = &ids[..ids.partition_point(|id| *id <= highest)];
    if ids.is_empty() {
        return Ok(rows);
    }
    let mut firsts = HashMap::with_capacity(ids.len());
    for change in changes {
        match change {
            Change::Upsert(row) => firsts.entry(row.id).or_insert(Some(row)),
            Change::Delete { id, .. } => firsts.entry(*id).or_insert(None),
        };
    }
    let revision = call.revision;
    session.visit_rows(table, call.provider, ids, &mut |stored| {
        let id = stored.key().id;
        let first = firsts.get(&id).copied().flatten();
        let present = if first.is_some_and(|first| is_equal(table, first, stored)) {
            PresentRow::EqualToFirst
        } else {
            let is_of_this_call = stored.revision() == revision;
            PresentRow::Copied(CopiedRow { cells: copy_cells(table, stored), is_of_this_call })
        };
        rows.insert(id, present);
        Ok(())
    })?;
    Ok(rows)
}

/// Returns the greatest id of the provider's rows, those of the call included.
fn highest_id(
    session: &dyn ImportSession,
    table: &'static Table,
    call: &mut ImportCall,
) -> Result<i64, StoreError> {
    let state = &mut call.tables[table.position];
    if let Some(highest) = state.highest {
        return Ok(highest);
    }
    let highest = session.highest_id(table, call.provider)?;
    state.highest = Some(highest);
    Ok(highest)
}

fn is_equal(table: &Table, input: &InputRow, stored: &dyn StoredRow) -> bool {
    input.cells.len() == table.columns.len()
        && is_surely_unchanged(
            table,
            GivenColumns::from_cells(&input.cells),
            &input.cells,
            |position| stored.cell(position),
        )
}

fn copy_cells(table: &Table, row: &dyn StoredRow) -> Vec<Cell> {
    (0..table.columns.len()).map(|position| row.cell(position).to_cell()).collect()
}
