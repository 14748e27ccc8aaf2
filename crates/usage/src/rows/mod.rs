//! Readers that turn stored cells into memberships, holds and bookings.
//!
//! A reader looks up its columns once (`default()`). It then reads rows through a function from a
//! column's position to its cell: `|at| row.cell(at)` for a stored row, `|at| cells[at].as_ref()`
//! for a list. Every read returns a [`UsageError`] for a value that the import does not allow.
//!
//! | module | holds |
//! | --- | --- |
//! | `booking` | sites and their zones, events, attendances |
//! | `membership` | customer memberships, their plans and holds |

mod booking;
mod membership;

use model::catalogue;
use model::cell::CellRef;
use model::time::{Date, Instant};

use crate::error::UsageError;

pub use booking::{AttendanceReader, EventReader, SiteZones};
pub use membership::{HoldReader, MembershipReader, PlanReader};

/// One column of the catalogue with its position.
#[derive(Debug, Clone, Copy)]
struct ReaderColumn {
    table: &'static str,
    name: &'static str,
    position: usize,
}

impl ReaderColumn {
    fn look_up(table: &'static str, name: &'static str) -> Self {
        let position = catalogue::table(table).and_then(|table| table.position_of(name));
        let position = position
            .expect("readers name columns of the catalogue only, and a test makes them all");
        Self { table, name, position }
    }

    fn invalid(&self) -> UsageError {
        UsageError::Value { table: self.table, column: self.name }
    }

    fn optional_int<'c>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<i64>, UsageError> {
        match cell(self.position) {
            CellRef::Null => Ok(None),
            CellRef::Int(value) => Ok(Some(value)),
            CellRef::Text(_) => Err(self.invalid()),
        }
    }

    fn int<'c>(&self, cell: &impl Fn(usize) -> CellRef<'c>) -> Result<i64, UsageError> {
        self.optional_int(cell)?.ok_or_else(|| self.invalid())
    }

    fn bool<'c>(&self, cell: &impl Fn(usize) -> CellRef<'c>) -> Result<bool, UsageError> {
        Ok(self.int(cell)? != 0)
    }

    /// Reads an integer that must fit the type `T`, or null.
    fn narrow<'c, T: TryFrom<i64>>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<T>, UsageError> {
        let value = self.optional_int(cell)?;
        value.map(|value| T::try_from(value).map_err(|_| self.invalid())).transpose()
    }

    fn optional_date<'c>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<Date>, UsageError> {
        Ok(self.narrow(cell)?.map(Date::from_days))
    }

    fn optional_instant<'c>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<Instant>, UsageError> {
        Ok(self.optional_int(cell)?.map(Instant::from_micros))
    }

    fn instant<'c>(&self, cell: &impl Fn(usize) -> CellRef<'c>) -> Result<Instant, UsageError> {
        self.int(cell).map(Instant::from_micros)
    }

    fn optional_text<'c>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<&'c str>, UsageError> {
        match cell(self.position) {
            CellRef::Null => Ok(None),
            CellRef::Text(text) => Ok(Some(text)),
            CellRef::Int(_) => Err(self.invalid()),
        }
    }

    /// Reads a word and returns its meaning.
    fn word_meaning<'c, T: Copy>(
        &self,
        cell: &impl Fn(usize) -> CellRef<'c>,
        meanings: &[(&str, T)],
    ) -> Result<T, UsageError> {
        let text = self.optional_text(cell)?;
        let found = meanings.iter().find(|(word, _)| Some(*word) == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| self.invalid())
    }
}
