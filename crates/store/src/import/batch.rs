//! One batch of changes: decides for each row, in order, whether it is inserted, updated, kept as
//! it is or refused, by comparing it with the stored row.

use model::catalogue::{self, Table};
use model::cell::Cell;
use model::id::{Revision, is_valid_id};
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

/// The bytes of the texts in copied rows from which on a batch is full.
const COPIED_BYTES_MAX: usize = 16 << 20;
/// The bytes of the texts in stored rows from which on further ones are not copied beforehand.
const STORED_BYTES_MAX: usize = 8 << 20;

/// One batch of changes to one table.
pub(super) struct ImportBatch<'c> {
    pub(super) session: &'c dyn ImportSession,
    pub(super) table: &'static Table,
    pub(super) plan: &'static TableImportPlan,
    pub(super) call: &'c mut ImportCall,
    pub(super) slots: BatchSlots,
    pub(super) changes: BatchChanges,
}

/// The ids of a batch, ascending, and the rows that have them.
pub(super) struct BatchSlots {
    slots: Vec<IdSlot>,
    /// The position after the slot that was found last: most input ascends.
    next: usize,
    /// The bytes of the texts in copied rows.
    copied_bytes: usize,
}

/// One id of a batch.
struct IdSlot {
    id: i64,
    /// The row with the id, as stored or as the batch changed it; none if there is none.
    row: Option<PresentRow>,
    /// True if the call has found the row unchanged.
    is_unchanged: bool,
    /// True if the call has been asked to delete the row.
    is_deleted: bool,
}

/// A row in its present state.
enum PresentRow {
    /// It is stored, and the only row of input with its id leaves it as it is.
    EqualToInput,
    /// It is stored, and was not copied.
    NotCopied,
    /// The row was copied, or the batch has written it.
    Copied(PresentCells),
}

struct PresentCells {
    cells: Vec<Cell>,
    /// True if this call wrote it.
    is_of_this_call: bool,
}

impl PresentCells {
    /// Copies a stored row. `revision` is the one that the call writes.
    fn copy(table: &Table, row: &dyn StoredRow, revision: Revision) -> Self {
        let cells = (0..table.columns.len()).map(|position| row.cell(position).to_cell());
        Self { cells: cells.collect(), is_of_this_call: row.revision() == revision }
    }
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
        let mut slots = BatchSlots::new(&ids);
        let state = &call.tables[table.position];
        for id in state.unchanged.find_seen(session, table, &ids)? {
            slots.find(id).is_unchanged = true;
        }
        for id in state.deleted.find_seen(session, table, &ids)? {
            slots.find(id).is_deleted = true;
        }
        read_present_rows(session, table, call, (&ids, changes), &mut slots)?;
        let (plan, changes) = (table_plan::for_table(table), BatchChanges::default());
        Ok(Self { session, table, plan, call, slots, changes })
    }

    /// Inserts or updates one row.
    pub(super) fn upsert(&mut self, row: InputRow) -> Result<(), StoreError> {
        self.counts().received += 1;
        let InputRow { id, line, mut cells } = row;
        if !is_valid_id(id) {
            self.refuse(id, line, Problem::invalid_id(id));
            return Ok(());
        }
        let slot = self.slots.find(id);
        if slot.is_deleted {
            self.refuse(id, line, Problem::duplicate_id("deleted and written"));
            return Ok(());
        }
        if cells.len() != self.table.columns.len() {
            let reason = format!("a row of {} has {} cells", self.table.name, cells.len());
            return Err(StoreError::damaged(reason));
        }
        cells[catalogue::ID] = Cell::Int(id);
        self.call.amounts.observe(self.table, id, &cells);
        if matches!(self.slots.find(id).row, Some(PresentRow::EqualToInput)) {
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
        if !is_valid_id(id) {
            self.counts().unchanged += 1;
            return Ok(());
        }
        let slot = self.slots.find(id);
        slot.is_deleted = true;
        let is_met = slot.is_unchanged;
        self.changes.met_deleted.push(id);
        match self.take_row(id)? {
            None => self.counts().unchanged += 1,
            Some(stored) if !is_met && !stored.is_of_this_call => {
                self.counts().deleted += 1;
                self.changes.remove(self.plan, (id, line), &stored.cells, self.call.now.micros());
            }
            Some(stored) => {
                self.refuse(id, line, Problem::duplicate_id("written and deleted"));
                self.slots.find(id).row = Some(PresentRow::Copied(stored));
            }
        }
        Ok(())
    }

    /// Takes the row out of its slot; none if it does not exist.
    fn take_row(&mut self, id: i64) -> Result<Option<PresentCells>, StoreError> {
        match self.slots.find(id).row.take() {
            None => Ok(None),
            Some(PresentRow::Copied(row)) => Ok(Some(row)),
            Some(PresentRow::EqualToInput | PresentRow::NotCopied) => {
                let (mut found, revision) = (None, self.call.revision);
                self.session.visit_rows(self.table, self.call.provider, &[id], &mut |row| {
                    found = Some(PresentCells::copy(self.table, row, revision));
                    Ok(())
                })?;
                let bytes = found.as_ref().map_or(0, |row| text_bytes(&row.cells));
                self.slots.copied_bytes += bytes;
                Ok(found)
            }
        }
    }

    /// Returns true if the batch holds so much that it must be flushed before the next change.
    pub(super) fn is_full(&self) -> bool {
        self.slots.copied_bytes > COPIED_BYTES_MAX
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
        let slot = self.slots.find(id);
        slot.row = Some(stored);
        if !std::mem::replace(&mut slot.is_unchanged, true) {
            self.changes.met_unchanged.push(id);
        }
    }

    /// Merges a row of input into the stored one, and records it for writing if anything changed.
    fn update(
        &mut self,
        (id, line): (i64, u64),
        given: GivenColumns,
        mut cells: Vec<Cell>,
        stored: PresentCells,
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
        if stored.is_of_this_call || self.slots.find(id).is_unchanged {
            self.refuse(id, line, Problem::duplicate_id("given twice with different content"));
            self.slots.find(id).row = Some(PresentRow::Copied(stored));
            return Ok(());
        }
        if self.refuse_row((id, line), &cells) {
            self.slots.find(id).row = Some(PresentRow::Copied(stored));
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
        self.slots.copied_bytes += text_bytes(&cells);
        let written = PresentCells { cells, is_of_this_call: true };
        self.slots.find(id).row = Some(PresentRow::Copied(written));
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

impl BatchSlots {
    /// Makes a slot for each id. The ids ascend.
    fn new(ids: &[i64]) -> Self {
        let slot = |id: &i64| IdSlot { id: *id, row: None, is_unchanged: false, is_deleted: false };
        Self { slots: ids.iter().map(slot).collect(), next: 0, copied_bytes: 0 }
    }

    /// Returns the slot of an id of the batch.
    fn find(&mut self, id: i64) -> &mut IdSlot {
        let position = self.position_of(id);
        &mut self.slots[position]
    }

    /// Returns the position of the slot of an id of the batch.
    pub(super) fn position_of(&mut self, id: i64) -> usize {
        let guesses = [self.next.saturating_sub(1), self.next];
        let guess = guesses.into_iter().find(|at| self.slots.get(*at).is_some_and(|s| s.id == id));
        let position = guess.unwrap_or_else(|| self.slots.partition_point(|slot| slot.id < id));
        self.next = position + 1;
        position
    }

    /// Returns the cells of the row at a position that the batch writes.
    pub(super) fn cells_at(&self, position: usize) -> &[Cell] {
        match &self.slots[position].row {
            Some(PresentRow::Copied(row)) => &row.cells,
            _ => &[],
        }
    }
}

/// Reads the stored rows with the batch's ids, which ascend. Most rows of a repeated import are
/// equal to their input, so they are compared where they are and not copied.
fn read_present_rows(
    session: &dyn ImportSession,
    table: &'static Table,
    call: &mut ImportCall,
    (ids, changes): (&[i64], &[Change]),
    slots: &mut BatchSlots,
) -> Result<(), StoreError> {
    // Most other imports bring new rows, whose ids come after all that are stored.
    let highest = highest_id(session, table, call)?;
    let ids = &ids[..ids.partition_point(|id| *id <= highest)];
    if ids.is_empty() {
        return Ok(());
    }
    let inputs = only_changes(changes, ids, slots);
    let revision = call.revision;
    session.visit_rows(table, call.provider, ids, &mut |stored| {
        let position = slots.position_of(stored.key().id);
        let is_kept = inputs[position].is_some_and(|input| is_equal(table, input, stored));
        slots.slots[position].row = Some(if is_kept {
            PresentRow::EqualToInput
        } else if slots.copied_bytes > STORED_BYTES_MAX {
            PresentRow::NotCopied
        } else {
            let row = PresentCells::copy(table, stored, revision);
            slots.copied_bytes += text_bytes(&row.cells);
            PresentRow::Copied(row)
        });
        Ok(())
    })
}

/// Returns for each of the ids the row of its only change; none for a deletion, and for ids with
/// several changes.
fn only_changes<'r>(
    changes: &'r [Change],
    ids: &[i64],
    slots: &mut BatchSlots,
) -> Vec<Option<&'r InputRow>> {
    let mut inputs = vec![None; ids.len()];
    let mut changes_of = vec![0_u32; ids.len()];
    for change in changes {
        let (id, input) = match change {
            Change::Upsert(row) => (row.id, Some(row)),
            Change::Delete { id, .. } => (*id, None),
        };
        let position = slots.position_of(id);
        if ids.get(position) == Some(&id) {
            changes_of[position] += 1;
            inputs[position] = input.filter(|_| changes_of[position] == 1);
        }
    }
    inputs
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

fn text_bytes(cells: &[Cell]) -> usize {
    cells.iter().filter_map(Cell::as_text).map(str::len).sum()
}
