//! Which columns a row of input speaks of, remembered while its gaps are filled.

use model::cell::Cell;

/// As many columns as a table may have.
pub(crate) const COLUMNS_MAX: usize = 64;

/// One bit per column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    absent: u64,
    null: u64,
}

impl Given {
    pub(crate) fn of(cells: &[Cell]) -> Self {
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

    /// The input does not speak of the column.
    pub(crate) fn is_absent(self, position: usize) -> bool {
        self.absent & (1 << position) != 0
    }

    /// The input clears the column.
    pub(crate) fn is_null(self, position: usize) -> bool {
        self.null & (1 << position) != 0
    }

    /// The input gives the column a value.
    pub(crate) fn is_value(self, position: usize) -> bool {
        (self.absent | self.null) & (1 << position) == 0
    }
}
