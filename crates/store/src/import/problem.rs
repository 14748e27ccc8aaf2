//! The errors in the rows of a call, collected until its end.

use model::catalogue::{Table, table, tables};
use model::import::{CellError, ImportCode, ImportError, ImportErrors};

use super::id_set::IdSet;

/// An error in one row.
pub(crate) struct Problem {
    line: Option<u64>,
    id: Option<i64>,
    column: Option<&'static str>,
    code: ImportCode,
    message: String,
}

impl Problem {
    pub(crate) fn new(code: ImportCode, message: String) -> Self {
        Self { line: None, id: None, column: None, code, message }
    }

    pub(crate) fn from_cell_error(error: CellError) -> Self {
        Self::new(error.code, error.message)
    }

    pub(crate) fn at(self, line: u64, id: i64) -> Self {
        Self { line: Some(line), id: Some(id), ..self }
    }

    pub(crate) fn in_column(self, column: &'static str) -> Self {
        Self { column: Some(column), ..self }
    }
}

/// The errors of a call, and the rows that they are about.
pub(crate) struct Problems {
    errors: ImportErrors,
    /// For each table, the ids of refused rows. Best effort: the sets are bounded.
    refused: Vec<IdSet>,
}

impl Problems {
    pub(crate) fn new() -> Self {
        let refused = tables().iter().map(|_| IdSet::default()).collect();
        Self { errors: ImportErrors::default(), refused }
    }

    /// Adds an error of a row of `table`.
    pub(crate) fn report(&mut self, table: &Table, problem: Problem) {
        self.errors.push(ImportError {
            table: Some(table.name.to_owned()),
            line: problem.line,
            id: problem.id,
            column: problem.column.map(str::to_owned),
            code: problem.code,
            message: problem.message,
        });
    }

    /// Adds an error because of which the row was not written.
    pub(crate) fn refuse(&mut self, table: &Table, id: i64, problem: Problem) {
        self.refused[table.position].insert(id);
        self.report(table, problem);
    }

    /// Adds an error that was found before the row came here.
    pub(crate) fn add(&mut self, error: ImportError) {
        if let (Some(table), Some(id)) = (error.table.as_deref().and_then(table), error.id) {
            self.refused[table.position].insert(id);
        }
        self.errors.push(error);
    }

    /// Returns true if the call has a row of `table` with this id that was not written.
    pub(crate) fn is_refused(&self, table: &Table, id: i64) -> bool {
        self.refused[table.position].contains(id)
    }

    /// Returns true if there are so many errors that further rows are not checked.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.is_full()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn into_errors(self) -> ImportErrors {
        self.errors
    }
}
