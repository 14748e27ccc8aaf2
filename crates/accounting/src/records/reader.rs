//! Reads records from stored cells. A reader looks up its columns once and then reads many rows.

use std::marker::PhantomData;

use model::catalogue::{self, ColumnType};
use model::cell::CellRef;
use model::money::Currency;
use model::time::{Date, Instant};

use crate::error::AccountingError;

/// A record that can be read from the cells of one table.
pub trait TableRecord: Sized {
    /// The name of the table.
    const TABLE: &'static str;
    /// The names of the columns, in the order in which [`TableRecord::read`] reads them.
    const COLUMNS: &'static [&'static str];

    /// Reads one value per column, in order.
    fn read(cells: &mut RecordCells<'_, '_>) -> Result<Self, AccountingError>;
}

/// A reader of the rows of one table.
#[derive(Debug, Clone)]
pub struct RecordReader<R> {
    columns: Vec<(usize, &'static str, &'static [&'static str])>,
    record: PhantomData<R>,
}

/// The values of one row, read in order.
pub struct RecordCells<'r, 'c> {
    table: &'static str,
    columns: &'r [(usize, &'static str, &'static [&'static str])],
    taken: usize,
    cell: &'r dyn Fn(usize) -> CellRef<'c>,
}

impl<R: TableRecord> Default for RecordReader<R> {
    fn default() -> Self {
        let table = catalogue::table(R::TABLE);
        let table =
            table.expect("records name tables of the catalogue only; a test reads them all");
        let look_up = |name: &&'static str| {
            let position = table.position_of(name);
            let position =
                position.expect("records name columns of their table only; a test reads them all");
            let words = match table.columns[position].kind {
                ColumnType::Enum(words) => words,
                _ => &[],
            };
            (position, *name, words)
        };
        Self { columns: R::COLUMNS.iter().map(look_up).collect(), record: PhantomData }
    }
}

impl<R: TableRecord> RecordReader<R> {
    /// Reads the record of a row. `cell` returns the cell at a column's position in the catalogue's
    /// table.
    ///
    /// Errors: [`AccountingError::Value`] for a value that the import does not allow.
    pub fn read<'c>(&self, cell: &dyn Fn(usize) -> CellRef<'c>) -> Result<R, AccountingError> {
        let mut cells = RecordCells { table: R::TABLE, columns: &self.columns, taken: 0, cell };
        R::read(&mut cells)
    }

    /// Returns the positions of the columns that the reader needs, in the catalogue's table.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(position, ..)| *position)
    }
}

impl<'c> RecordCells<'_, 'c> {
    fn next(&mut self) -> CellRef<'c> {
        self.taken += 1;
        match self.columns.get(self.taken - 1) {
            Some((position, ..)) => (self.cell)(*position),
            None => CellRef::Null,
        }
    }

    fn invalid(&self) -> AccountingError {
        let column = self.taken.checked_sub(1).and_then(|taken| self.columns.get(taken));
        AccountingError::Value { table: self.table, column: column.map_or("", |(_, name, _)| name) }
    }

    /// Reads an integer or null.
    pub fn optional_int(&mut self) -> Result<Option<i64>, AccountingError> {
        match self.next() {
            CellRef::Null => Ok(None),
            CellRef::Int(value) => Ok(Some(value)),
            CellRef::Text(_) => Err(self.invalid()),
        }
    }

    /// Reads an integer.
    pub fn int(&mut self) -> Result<i64, AccountingError> {
        self.optional_int()?.ok_or_else(|| self.invalid())
    }

    /// Reads a bool.
    pub fn bool(&mut self) -> Result<bool, AccountingError> {
        Ok(self.int()? != 0)
    }

    /// Reads an integer or null and returns true if it is not null.
    pub fn is_given(&mut self) -> Result<bool, AccountingError> {
        Ok(self.optional_int()?.is_some())
    }

    /// Reads an instant or null.
    pub fn optional_instant(&mut self) -> Result<Option<Instant>, AccountingError> {
        Ok(self.optional_int()?.map(Instant::from_micros))
    }

    /// Reads an instant.
    pub fn instant(&mut self) -> Result<Instant, AccountingError> {
        self.int().map(Instant::from_micros)
    }

    /// Reads a date or null.
    pub fn optional_date(&mut self) -> Result<Option<Date>, AccountingError> {
        let days = self.optional_int()?.map(i32::try_from).transpose();
        days.map(|days| days.map(Date::from_days)).map_err(|_| self.invalid())
    }

    /// Reads a text or null.
    pub fn optional_text(&mut self) -> Result<Option<Box<str>>, AccountingError> {
        match self.next() {
            CellRef::Null => Ok(None),
            CellRef::Text(text) => Ok(Some(text.into())),
            CellRef::Int(_) => Err(self.invalid()),
        }
    }

    /// Reads a text.
    pub fn text(&mut self) -> Result<Box<str>, AccountingError> {
        self.optional_text()?.ok_or_else(|| self.invalid())
    }

    /// Reads a word of the column's list, in the catalogue's spelling.
    pub fn word(&mut self) -> Result<&'static str, AccountingError> {
        let CellRef::Text(text) = self.next() else { return Err(self.invalid()) };
        let column = self.taken.checked_sub(1).and_then(|taken| self.columns.get(taken));
        let word = column.and_then(|(_, _, words)| words.iter().find(|word| **word == text));
        word.copied().ok_or_else(|| self.invalid())
    }

    /// Reads a word and returns its meaning.
    pub fn meaning<T: Copy>(&mut self, meanings: &[(&str, T)]) -> Result<T, AccountingError> {
        let word = self.word()?;
        let found = meanings.iter().find(|(known, _)| *known == word);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| self.invalid())
    }

    /// Reads a currency.
    pub fn currency(&mut self) -> Result<Currency, AccountingError> {
        let CellRef::Text(code) = self.next() else { return Err(self.invalid()) };
        Currency::parse(code).ok_or_else(|| self.invalid())
    }
}
