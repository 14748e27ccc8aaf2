//! Writes the rows of one batch to their table.

use model::catalogue::Table;
use model::cell::{Cell, CellRef};
use model::id::is_valid_id;
use model::import::{InputRow, TableCounts};
use model::{catalogue, rules};
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection};

use super::import_call::{SqliteImportCall, SqliteTableImport};
use super::{hold_bumps, parent_defaults};
use crate::error::StoreError;
use crate::import::given_columns::GivenColumns;
use crate::import::merge::{is_older, is_same_but_updated_at, is_surely_unchanged, merge};
use crate::import::problem::Problem;
use crate::import::table_plan::{self, TableImportPlan};
use crate::sqlite::errors::{damaged, failed};
use crate::sqlite::snapshot::cell_at;
use crate::sqlite::statements::{self, FIRST_COLUMN, GROUP_ROWS, REVISION};

const TOMBSTONE: &str = "INSERT OR REPLACE INTO deleted_rows (table_name, provider_id, id, rev) \
    VALUES (?1, ?2, ?3, ?4)";
const ALTER: &str = "INSERT OR IGNORE INTO temp.altered (source, id, line) VALUES (?1, ?2, ?3)";
const REMOVE: &str = "INSERT OR IGNORE INTO temp.removed (source, id, line) VALUES (?1, ?2, ?3)";

/// Writes rows of one table. Its statements are prepared once per batch.
pub(super) struct SqliteImportBatch<'c> {
    connection: &'c Connection,
    table: &'static Table,
    plan: &'static TableImportPlan,
    call: &'c mut SqliteImportCall,
    insert: CachedStatement<'c>,
    /// Prepared when the first group is full, because it is a long text.
    insert_group: Option<CachedStatement<'c>>,
    /// New rows, ascending by id, that wait until their group is full.
    group: Vec<UnwrittenRow>,
    select: CachedStatement<'c>,
    /// The row found last, for comparison.
    stored: Vec<Cell>,
    /// True if the last row existed before: the next one probably does, too.
    expects_existing: bool,
}

/// A row of input; once its defaults are filled, it is probably new.
struct UnwrittenRow {
    id: i64,
    line: u64,
    given: GivenColumns,
    cells: Vec<Cell>,
}

/// The stored row with an id, compared with a row of input.
enum StoredMatch {
    Nothing,
    /// A row that the input does not change.
    Equal,
    /// A row, copied to `stored`; `is_of_this_call` is true if this call wrote it.
    Row {
        is_of_this_call: bool,
    },
}

impl<'c> SqliteImportBatch<'c> {
    pub(super) fn prepare(
        connection: &'c Connection,
        table: &'static Table,
        call: &'c mut SqliteImportCall,
    ) -> Result<Self, StoreError> {
        let prepare = failed("prepare to write rows");
        let sql = statements::for_table(table);
        let mut insert = connection.prepare_cached(&sql.insert).map_err(prepare)?;
        let mut select = connection.prepare_cached(&sql.row).map_err(prepare)?;
        insert.raw_bind_parameter(1, call.provider).map_err(prepare)?;
        insert.raw_bind_parameter(2, call.revision.0).map_err(prepare)?;
        select.raw_bind_parameter(1, call.provider).map_err(prepare)?;
        Ok(Self {
            connection,
            table,
            plan: table_plan::for_table(table),
            call,
            insert,
            insert_group: None,
            group: Vec::with_capacity(GROUP_ROWS),
            select,
            stored: Vec::with_capacity(table.columns.len()),
            expects_existing: false,
        })
    }

    /// Inserts or updates one row.
    pub(super) fn upsert(&mut self, row: InputRow) -> Result<(), StoreError> {
        self.counts().received += 1;
        let InputRow { id, line, mut cells } = row;
        if !self.accepts_id(id, line)? {
            return Ok(());
        }
        if cells.len() != self.table.columns.len() {
            let reason = format!("a row of {} has {} cells", self.table.name, cells.len());
            return Err(damaged(reason));
        }
        cells[catalogue::ID] = Cell::Int(id);
        self.call.amounts.observe(self.table, id, &cells);
        let given = GivenColumns::from_cells(&cells);
        if !self.expects_existing && self.complete(&mut cells) {
            let row = UnwrittenRow { id, line, given, cells };
            if id > self.state().highest {
                return self.add_to_group(row);
            }
            self.write_group()?;
            return self.insert_or_merge(row);
        }
        self.write_group()?;
        self.merge_or_insert(UnwrittenRow { id, line, given, cells })
    }

    /// Adds a row to the waiting group. The group's ids ascend above all ids that this call has
    /// written, so after the insert a row with the call's revision is one that the group inserted.
    fn add_to_group(&mut self, row: UnwrittenRow) -> Result<(), StoreError> {
        self.call.tables[self.table.position].highest = row.id;
        self.group.push(row);
        if self.group.len() == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), StoreError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let mut group = std::mem::take(&mut self.group);
        let is_full = group.len() == GROUP_ROWS;
        let inserted = if is_full { self.insert_all(&group)? } else { 0 };
        for row in group.drain(..) {
            let is_inserted = inserted == GROUP_ROWS
                || (inserted > 0
                    && matches!(
                        self.find(row.id, GivenColumns::from_cells(&[]), &[])?,
                        StoredMatch::Row { is_of_this_call: true }
                    ));
            if is_inserted {
                self.after_insert(row.id, row.line, &row.cells)?;
            } else {
                self.insert_or_merge(row)?;
            }
        }
        self.group = group;
        Ok(())
    }

    /// Inserts a full group. Returns the number of rows that were new.
    fn insert_all(&mut self, group: &[UnwrittenRow]) -> Result<usize, StoreError> {
        let insert = failed("insert rows");
        if self.insert_group.is_none() {
            let sql = &statements::for_table(self.table).insert_group;
            let mut statement = self.connection.prepare_cached(sql).map_err(insert)?;
            statement.raw_bind_parameter(1, self.call.provider).map_err(insert)?;
            statement.raw_bind_parameter(2, self.call.revision.0).map_err(insert)?;
            self.insert_group = Some(statement);
        }
        let Some(statement) = &mut self.insert_group else { return Ok(0) };
        let cells = group.iter().flat_map(|row| &row.cells);
        bind(statement, cells)?;
        statement.raw_execute().map_err(insert)
    }

    /// Inserts a complete row, or merges it into the stored one if the id exists.
    fn insert_or_merge(&mut self, row: UnwrittenRow) -> Result<(), StoreError> {
        if self.insert(row.id, row.line, &row.cells)? {
            return Ok(());
        }
        self.merge_or_insert(row)
    }

    /// Merges a row into the stored one. Without a stored one, inserts it or reports why it cannot.
    fn merge_or_insert(&mut self, row: UnwrittenRow) -> Result<(), StoreError> {
        let UnwrittenRow { id, line, given, mut cells } = row;
        match self.find(id, given, &cells)? {
            StoredMatch::Nothing => {
                self.expects_existing = false;
                if !(self.complete(&mut cells) && self.insert(id, line, &cells)?) {
                    self.refuse_new(id, line, &cells);
                }
                Ok(())
            }
            StoredMatch::Equal => {
                self.expects_existing = true;
                self.count_unchanged(id)
            }
            StoredMatch::Row { is_of_this_call } => {
                self.expects_existing = true;
                self.update((id, line), given, cells, is_of_this_call)
            }
        }
    }

    /// Deletes one row.
    pub(super) fn delete(&mut self, id: i64, line: u64) -> Result<(), StoreError> {
        self.write_group()?;
        self.counts().received += 1;
        let is_met = self.state().unchanged.contains(self.connection, self.table, id)?;
        self.call.tables[self.table.position].deleted.insert(self.connection, self.table, id)?;
        match self.find(id, GivenColumns::from_cells(&[]), &[])? {
            StoredMatch::Row { is_of_this_call: false } if !is_met => self.remove(id, line),
            StoredMatch::Nothing => {
                self.counts().unchanged += 1;
                Ok(())
            }
            _ => {
                self.refuse(id, line, Problem::duplicate_id("written and deleted"));
                Ok(())
            }
        }
    }

    /// Writes the waiting rows, then looks up the references of the rows written.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.write_group()?;
        self.call.references.check_batch(self.connection, self.call.provider, self.table)
    }

    fn accepts_id(&mut self, id: i64, line: u64) -> Result<bool, StoreError> {
        if !is_valid_id(id) {
            self.refuse(id, line, Problem::invalid_id(id));
            return Ok(false);
        }
        if self.state().deleted.contains(self.connection, self.table, id)? {
            self.refuse(id, line, Problem::duplicate_id("deleted and written"));
            return Ok(false);
        }
        Ok(true)
    }

    /// Fills a new row's defaults. Returns true if the row can be stored then.
    fn complete(&self, cells: &mut [Cell]) -> bool {
        rules::fill_defaults(self.table, cells, self.call.now);
        rules::missing_columns(self.table, cells).next().is_none()
            && rules::first_broken_rule(self.table, cells).is_none()
    }

    /// Inserts a complete row. Returns false if the id exists.
    fn insert(&mut self, id: i64, line: u64, cells: &[Cell]) -> Result<bool, StoreError> {
        bind(&mut self.insert, cells)?;
        if self.insert.raw_execute().map_err(failed("insert a row"))? == 0 {
            return Ok(false);
        }
        self.after_insert(id, line, cells)?;
        Ok(true)
    }

    fn after_insert(&mut self, id: i64, line: u64, cells: &[Cell]) -> Result<(), StoreError> {
        self.counts().inserted += 1;
        self.raise_highest(id);
        if self.plan.is_referenced {
            self.call.references.add_known(self.table.position, id);
        }
        if let Some(position) = self.plan.bumped_membership {
            self.bump(&cells[position], cells)?;
        }
        self.collect_checks(id, line, cells)
    }

    fn raise_highest(&mut self, id: i64) {
        let highest = &mut self.call.tables[self.table.position].highest;
        *highest = id.max(*highest);
    }

    fn find(
        &mut self,
        id: i64,
        given: GivenColumns,
        cells: &[Cell],
    ) -> Result<StoredMatch, StoreError> {
        let read = failed("read a row");
        self.select.raw_bind_parameter(2, id).map_err(read)?;
        let mut rows = self.select.raw_query();
        let Some(row) = rows.next().map_err(read)? else { return Ok(StoredMatch::Nothing) };
        let cell = |position| cell_at(row, position).unwrap_or(CellRef::Null);
        let stored = |position| cell(position + FIRST_COLUMN);
        if !cells.is_empty() && is_surely_unchanged(self.table, given, cells, stored) {
            return Ok(StoredMatch::Equal);
        }
        let is_of_this_call = cell(REVISION) == CellRef::Int(self.call.revision.0);
        self.stored.clear();
        self.stored.extend((0..self.table.columns.len()).map(|p| stored(p).to_cell()));
        Ok(StoredMatch::Row { is_of_this_call })
    }

    /// Counts a row whose input changes nothing.
    fn count_unchanged(&mut self, id: i64) -> Result<(), StoreError> {
        self.counts().unchanged += 1;
        self.call.tables[self.table.position].unchanged.insert(self.connection, self.table, id)
    }

    /// Merges a row of input into `stored`, and writes it if anything changed.
    fn update(
        &mut self,
        (id, line): (i64, u64),
        given: GivenColumns,
        mut cells: Vec<Cell>,
        is_of_this_call: bool,
    ) -> Result<(), StoreError> {
        let table = self.table;
        merge(table, given, &mut cells, &self.stored, self.call.now);
        self.apply_parent_defaults(given, &mut cells)?;
        let updated_at = table.updated_at();
        let is_stale = is_older(cells[updated_at].as_ref(), self.stored[updated_at].as_ref());
        let is_same = is_same_but_updated_at(table, &cells, &self.stored);
        if is_same && (is_stale || cells[updated_at] == self.stored[updated_at]) {
            return self.count_unchanged(id);
        }
        if is_of_this_call || self.state().unchanged.contains(self.connection, table, id)? {
            self.refuse(id, line, Problem::duplicate_id("given twice with different content"));
            return Ok(());
        }
        if rules::missing_columns(table, &cells).next().is_some()
            || rules::first_broken_rule(table, &cells).is_some()
        {
            self.refuse_new(id, line, &cells);
            return Ok(());
        }
        if !given.is_value(updated_at) {
            cells[updated_at] = Cell::Int(self.call.now.micros());
        } else if is_stale {
            // The write is a change, and a caller that asks for changes since then must see it.
            cells[updated_at] = self.stored[updated_at].clone();
        }
        self.overwrite(&cells)?;
        self.after_update(id, line, &cells)
    }

    /// Applies the defaults that come from a parent row. Such a value follows its sources until a
    /// caller gives another one. If the input clears it and the stored value is the parent's
    /// already, the row does not change.
    fn apply_parent_defaults(
        &self,
        given: GivenColumns,
        cells: &mut [Cell],
    ) -> Result<(), StoreError> {
        let (connection, provider) = (self.connection, self.call.provider);
        for default in &self.plan.parent_defaults {
            let stored = &self.stored[default.position];
            if given.is_null(default.position) {
                let value = parent_defaults::present_default(connection, provider, default, cells)?;
                if value == *stored {
                    cells[default.position] = value;
                }
            } else if given.is_absent(default.position)
                && default.has_other_sources(cells, &self.stored)
                && parent_defaults::present_default(connection, provider, default, &self.stored)?
                    == *stored
            {
                cells[default.position] = Cell::Null;
            }
        }
        Ok(())
    }

    fn overwrite(&mut self, cells: &[Cell]) -> Result<(), StoreError> {
        let write = failed("update a row");
        let sql = &statements::for_table(self.table).update;
        let mut update = self.connection.prepare_cached(sql).map_err(write)?;
        update.raw_bind_parameter(1, self.call.provider).map_err(write)?;
        update.raw_bind_parameter(2, self.call.revision.0).map_err(write)?;
        bind(&mut update, cells)?;
        update.raw_execute().map_err(write)?;
        self.counts().updated += 1;
        Ok(())
    }

    fn after_update(&mut self, id: i64, line: u64, cells: &[Cell]) -> Result<(), StoreError> {
        self.raise_highest(id);
        if let Some(position) = self.plan.bumped_membership {
            let before = std::mem::take(&mut self.stored[position]);
            self.bump(&before, cells)?;
            self.bump(&cells[position], cells)?;
        }
        if self.plan.depended_on.is_some_and(|position| self.stored[position] != cells[position]) {
            self.drop_cached(id);
            self.record(ALTER, id, line)?;
        }
        self.collect_checks(id, line, cells)
    }

    /// Collects the checks of a complete row that must wait for the end of the batch or the call.
    fn collect_checks(&mut self, id: i64, line: u64, cells: &[Cell]) -> Result<(), StoreError> {
        let (connection, table, plan) = (self.connection, self.table, self.plan);
        let call = &mut *self.call;
        if plan.parent_defaults.iter().any(|default| !cells[default.position].is_value()) {
            parent_defaults::add_unfilled(connection, table, id, line)?;
        }
        let (source, key) = ((table, plan), (id, line));
        let invoice = call.currencies.collect(connection, call.provider, source, key, cells)?;
        if let Some(invoice) = invoice {
            call.references.add_known(table_plan::required_table("invoices").position, invoice);
        }
        call.allotments.collect(connection, call.provider, source, key, cells)?;
        call.references.collect(plan, id, line, cells);
        Ok(())
    }

    fn bump(&self, membership: &Cell, hold: &[Cell]) -> Result<(), StoreError> {
        let updated_at = hold[self.table.updated_at()].as_int();
        let updated_at = updated_at.unwrap_or(self.call.now.micros());
        hold_bumps::add_pending(self.connection, membership, updated_at)
    }

    /// Deletes the row in `stored`.
    fn remove(&mut self, id: i64, line: u64) -> Result<(), StoreError> {
        let delete = failed("delete a row");
        let (connection, table, provider) = (self.connection, self.table, self.call.provider);
        let sql = &statements::for_table(table).delete;
        let mut statement = connection.prepare_cached(sql).map_err(delete)?;
        statement.execute((provider, id)).map_err(delete)?;
        let mut statement = connection.prepare_cached(TOMBSTONE).map_err(delete)?;
        statement.execute((table.name, provider, id, self.call.revision.0)).map_err(delete)?;
        self.counts().deleted += 1;
        if self.plan.is_referenced {
            self.call.references.remove_known(table.position, id);
            self.drop_cached(id);
            self.record(REMOVE, id, line)?;
        }
        match self.plan.bumped_membership {
            Some(position) => {
                hold_bumps::add_pending(connection, &self.stored[position], self.call.now.micros())
            }
            None => Ok(()),
        }
    }

    fn drop_cached(&mut self, id: i64) {
        match self.table.name {
            "invoices" => self.call.currencies.forget(id),
            "offering_types" => self.call.allotments.forget(id),
            _ => {}
        }
    }

    fn record(&self, sql: &str, id: i64, line: u64) -> Result<(), StoreError> {
        let note = failed("remember a row");
        let row = (self.table.position, id, line.cast_signed());
        let mut statement = self.connection.prepare_cached(sql).map_err(note)?;
        statement.execute(row).map(drop).map_err(note)
    }

    /// Reports everything that keeps a row, with its defaults filled, from being stored.
    fn refuse_new(&mut self, id: i64, line: u64, cells: &[Cell]) {
        for problem in Problem::check_row(self.table, cells) {
            self.refuse(id, line, problem);
        }
    }

    fn refuse(&mut self, id: i64, line: u64, problem: Problem) {
        self.call.problems.refuse(self.table, id, problem.at(line, id));
    }

    fn state(&self) -> &SqliteTableImport {
        &self.call.tables[self.table.position]
    }

    fn counts(&mut self) -> &mut TableCounts {
        &mut self.call.tables[self.table.position].counts
    }
}

/// Binds a row's cells after the provider and the revision.
fn bind<'r>(
    statement: &mut CachedStatement<'_>,
    cells: impl IntoIterator<Item = &'r Cell>,
) -> Result<(), StoreError> {
    let bind = failed("bind a row");
    for (index, cell) in cells.into_iter().enumerate() {
        let index = index + 3;
        match cell {
            Cell::Absent | Cell::Null => statement.raw_bind_parameter(index, Null),
            Cell::Int(value) => statement.raw_bind_parameter(index, *value),
            Cell::Text(value) => statement.raw_bind_parameter(index, &**value),
        }
        .map_err(bind)?;
    }
    Ok(())
}
