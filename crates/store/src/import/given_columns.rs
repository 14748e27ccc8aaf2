//! The columns that a row of input gives, remembered while its defaults are filled.

use model::cell::Cell;

/// The greatest number of columns that a table may have.
pub(crate) const COLUMNS_MAX: usize = 64;

/// A bit per column for those that the input leaves out, and for those that it clears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GivenColumns {
    absent: u64,
    null: u64,
}

impl GivenColumns {
    pub(crate) fn from_cells(cells: &[Cell]) -> Self {
        let mut given = Self { absent: 0, null: 0 };
        for (position, cell) in cells.iter().enumerate().take(COLUMNS_MAX) {
            match cell {
                Cell::Absent => given.absent |= 1 << position,
                Cell::Null => given.null |= 1 << position,
                Cell::Int(_) | Cell::Text(_) => {}
            }
        }
        given
    }

    /// Returns true if the input leaves the column out.
    pub(crate) fn is_absent(self, position: usize) -> bool {
        self.absent & (1 << position) != 0
    }

    /// Returns true if the input clears the column.
    pub(crate) fn is_null(self, position: usize) -> bool {
        self.null & (1 << position) != 0
    }

    /// Returns true if the input gives the column a value.
    pub(crate) fn is_value(self, position: usize) -> bool {
        (self.absent | self.null) & (1 << position) == 0
    }
}
