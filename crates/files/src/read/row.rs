//! One row that is being read, its errors, and batches of rows.

use std::collections::VecDeque;

use model::catalogue::{ColumnType, ID, Table};
use model::cell::Cell;
use model::import::{CellError, Change, ERRORS_LISTED_MAX, ImportCode, ImportError, InputRow};
use model::money::Currency;
use model::{parse, suggest};

use super::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, Decoded, ImportMode, ReadProgress};

/// The table and line of a row, for error messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlace {
    pub(super) table: &'static Table,
    pub(super) line: u64,
}

impl RowPlace {
    /// Creates an error at this place. `column` is the column that causes it.
    pub(super) fn error(
        self,
        column: Option<&str>,
        code: ImportCode,
        message: impl Into<String>,
    ) -> ImportError {
        ImportError {
            table: Some(self.table.name.to_owned()),
            line: Some(self.line),
            id: None,
            column: column.map(str::to_owned),
            code,
            message: message.into(),
        }
    }

    pub(super) fn column_unknown(self, name: &str) -> ImportError {
        let columns = || self.table.columns.iter().map(|column| column.name);
        let meant = match suggest::did_you_mean(name, columns()) {
            // Some programs write whose id it is, as in `Member ID`.
            meant if meant.is_empty() => {
                let last_word = name.rsplit([' ', '_']).next().unwrap_or_default();
                if last_word.eq_ignore_ascii_case("id") {
                    suggest::did_you_mean(last_word, columns())
                } else {
                    meant
                }
            }
            meant => meant,
        };
        let message = format!("{} has no column {name:?}{meant}", self.table.name);
        self.error(Some(name), ImportCode::ColumnUnknown, message)
    }

    pub(super) fn column_duplicate(self, name: &str) -> ImportError {
        let message = format!("column {name:?} is given twice");
        self.error(Some(name), ImportCode::ColumnDuplicate, message)
    }
}

/// A row that is being read. All its errors are collected.
pub(super) struct ImportRowBuilder {
    place: RowPlace,
    mode: ImportMode,
    cells: Vec<Cell>,
    errors: Vec<ImportError>,
    /// Amounts with a decimal point, with the position of their error. The error's message depends
    /// on the row's currency, which may be read later.
    decimal_amounts: Vec<(usize, String)>,
}

impl ImportRowBuilder {
    pub(super) fn new(place: RowPlace, mode: ImportMode) -> Self {
        let cell_count = match mode {
            ImportMode::Upsert => place.table.columns.len(),
            ImportMode::Delete => ID + 1,
        };
        let mut cells = Vec::with_capacity(cell_count);
        cells.resize_with(cell_count, Cell::default);
        Self { place, mode, cells, errors: Vec::new(), decimal_amounts: Vec::new() }
    }

    pub(super) fn table(&self) -> &'static Table {
        self.place.table
    }

    /// Returns true if values of this column are read. Deletions need only the id.
    pub(super) fn reads_column(&self, column: usize) -> bool {
        column < self.cells.len()
    }

    /// Returns true if this column already has a value.
    pub(super) fn has(&self, column: usize) -> bool {
        self.cells.get(column).is_some_and(Cell::is_given)
    }

    /// Returns true if the row has so many errors that the rest of it is skipped.
    pub(super) fn has_too_many_errors(&self) -> bool {
        self.errors.len() >= ERRORS_LISTED_MAX
    }

    /// Parses `input` as the value of a column that is read.
    pub(super) fn read(&mut self, column: usize, input: parse::InputValue<'_>) {
        let value = parse::parse_cell(&self.place.table.columns[column], input);
        if value.is_err() && self.place.table.columns[column].kind == ColumnType::Money {
            let written = parse::written_amount(input).map(str::to_owned);
            self.decimal_amounts.extend(written.map(|text| (self.errors.len(), text)));
        }
        self.put(column, value);
    }

    /// Rewrites the errors of amounts with a decimal point, now that the row's currency is known.
    fn complete_errors(&mut self) {
        let currency = self.place.table.position_of("currency");
        let currency = currency.and_then(|currency| self.cells.get(currency)?.as_text());
        let Some(currency) = currency.and_then(Currency::parse) else { return };
        for (position, text) in &self.decimal_amounts {
            self.errors[*position].message = parse::amount_message(text, Some(currency));
        }
    }

    /// Stores the parsed value of a column that is read, or its error.
    pub(super) fn put(&mut self, column: usize, value: Result<Cell, CellError>) {
        match value {
            Ok(cell) => self.cells[column] = cell,
            Err(error) => {
                // A null marks the column as given, so that it is not also reported as missing.
                self.cells[column] = Cell::Null;
                let code = if column == ID { ImportCode::IdInvalid } else { error.code };
                let name = self.place.table.columns[column].name;
                self.errors.push(self.place.error(Some(name), code, error.message));
            }
        }
    }

    /// Adds the error of an unknown column.
    pub(super) fn column_unknown(&mut self, name: &str) {
        self.errors.push(self.place.column_unknown(name));
    }

    /// Adds the error of a column that is given twice.
    pub(super) fn column_duplicate(&mut self, name: &str) {
        self.errors.push(self.place.column_duplicate(name));
    }

    /// Passes the row on, as a change or as its errors. `bytes` is its size in the input.
    pub(super) fn finish(mut self, bytes: usize, out: &mut ChangeCollector) {
        let id = self.cells[ID].as_int();
        if !self.cells[ID].is_given() {
            let message = format!("a row of {} needs an id", self.place.table.name);
            self.errors.push(self.place.error(Some("id"), ImportCode::IdInvalid, message));
        }
        match id {
            Some(id) if self.errors.is_empty() => {
                let line = self.place.line;
                let change = match self.mode {
                    ImportMode::Upsert => Change::Upsert(InputRow { id, line, cells: self.cells }),
                    ImportMode::Delete => Change::Delete { id, line },
                };
                out.change(self.place.table, change, bytes);
            }
            _ => {
                out.count_row();
                self.complete_errors();
                for error in self.errors {
                    out.error(ImportError { id, ..error });
                }
            }
        }
    }
}

/// Collects changes in batches, with errors between them.
pub(super) struct ChangeCollector {
    ready: VecDeque<Decoded>,
    table: Option<&'static Table>,
    changes: Vec<Change>,
    bytes: usize,
    rows: u64,
    progress: ReadProgress,
}

impl ChangeCollector {
    pub(super) fn new(progress: ReadProgress) -> Self {
        let (ready, changes) = (VecDeque::new(), Vec::new());
        Self { ready, table: None, changes, bytes: 0, rows: 0, progress }
    }

    /// Adds a change that took `bytes` of the input.
    pub(super) fn change(&mut self, table: &'static Table, change: Change, bytes: usize) {
        if self.table.is_some_and(|current| current.position != table.position) {
            self.flush();
        }
        self.table = Some(table);
        self.changes.push(change);
        self.bytes += bytes;
        self.rows += 1;
        if self.changes.len() >= BATCH_ROWS_MAX || self.bytes >= BATCH_BYTES_MAX {
            self.flush();
        }
    }

    /// Adds an error.
    pub(super) fn error(&mut self, error: ImportError) {
        self.ready.push_back(Decoded::Error(error));
    }

    /// Counts a row that has errors and therefore no change.
    pub(super) fn count_row(&mut self) {
        self.rows += 1;
    }

    /// Ends the current batch.
    pub(super) fn flush(&mut self) {
        self.progress.add_rows(std::mem::take(&mut self.rows));
        self.bytes = 0;
        let next = Vec::with_capacity(self.changes.len());
        let changes = std::mem::replace(&mut self.changes, next);
        if let (Some(table), false) = (self.table.take(), changes.is_empty()) {
            self.ready.push_back(Decoded::Changes { table, changes });
        }
    }

    /// Returns the next item that is ready.
    pub(super) fn pop(&mut self) -> Option<Decoded> {
        self.ready.pop_front()
    }
}
