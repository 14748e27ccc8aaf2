//! Merges a row of input into the stored row with the same key. An absent cell keeps the stored
//! value; a null clears it or asks for the default. Rule: spec/data-model.md §3.
//!
//! A derived value follows its sources until a caller gives another one. Nothing is stored about
//! that: a value counts as derived as long as it equals what its sources give.

use model::catalogue::{ColumnDefault, Presence, Table};
use model::cell::{Cell, CellRef};
use model::rules;
use model::time::Instant;

use super::given_columns::GivenColumns;

/// Returns true if the input surely leaves the stored row as it is. It does so without building the
/// merged row, so false may also mean that a closer look is needed.
pub(crate) fn is_surely_unchanged<'r>(
    table: &Table,
    given: GivenColumns,
    cells: &[Cell],
    stored: impl Fn(usize) -> CellRef<'r>,
) -> bool {
    (0..table.columns.len()).all(|position| {
        if given.is_absent(position) || keeps_on_null(table, given, position) {
            return true;
        }
        let was = stored(position);
        if given.is_value(position) {
            let is = cells[position].as_ref();
            return is == was || (position == table.updated_at() && is_older(is, was));
        }
        match table.columns[position].presence {
            Presence::Nullable | Presence::NullableDefault(_) => was == CellRef::Null,
            Presence::Default(ColumnDefault::Int(default)) => was == CellRef::Int(default),
            Presence::Default(ColumnDefault::Text(default)) => was == CellRef::Text(default),
            _ => false,
        }
    })
}

/// Replaces `cells` by the merged row, without the defaults that need a parent.
pub(crate) fn merge(
    table: &Table,
    given: GivenColumns,
    cells: &mut [Cell],
    stored: &[Cell],
    now: Instant,
) {
    for position in 0..table.columns.len() {
        if given.is_absent(position) && rules::follows_its_sources(table, stored, position) {
            // The caller of this function may have derived a value from the given columns alone; it
            // is dropped.
            cells[position] = Cell::Absent;
        } else if given.is_absent(position) || keeps_on_null(table, given, position) {
            cells[position] = stored[position].clone();
        } else if given.is_null(position) {
            cells[position] = Cell::Null;
        }
    }
    // Only columns that follow their sources are still absent. So the only others that take a
    // default here are cleared columns that may not be null.
    rules::fill_defaults(table, cells, now);
}

/// Returns true if two rows agree in everything but `updated_at`.
pub(crate) fn is_same_but_updated_at(table: &Table, cells: &[Cell], stored: &[Cell]) -> bool {
    let last = table.updated_at();
    cells[..last] == stored[..last]
}

/// Returns true if clearing the column keeps the stored value. That holds for `updated_at` and for
/// columns that default to the import's instant; otherwise the same input would be a change each
/// time.
fn keeps_on_null(table: &Table, given: GivenColumns, position: usize) -> bool {
    given.is_null(position)
        && (position == table.updated_at()
            || table.columns[position].presence == Presence::Default(ColumnDefault::ImportInstant))
}

/// Returns true if the given instant is before the stored one.
pub(crate) fn is_older(given: CellRef<'_>, stored: CellRef<'_>) -> bool {
    matches!((given, stored), (CellRef::Int(given), CellRef::Int(stored)) if given < stored)
}
