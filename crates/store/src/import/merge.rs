//! What an existing row becomes when a row of input meets it. Rule: spec/data-model.md §3: absent
//! keeps the stored value, null clears it or asks for the default.
//!
//! A value that was derived follows its sources until somebody gives another one. Nothing is
//! remembered for that: it is derived as long as it is what its sources give.

use model::catalogue::{Default, Presence, Table};
use model::cell::{Cell, CellRef};
use model::rules;
use model::time::Instant;

use super::given::Given;

/// Whether the input would leave the stored row as it is, told without building the merged row.
///
/// False may also mean "look closer". `is_new` says that this call wrote the stored row.
pub(crate) fn is_surely_unchanged<'r>(
    table: &Table,
    given: Given,
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
            Presence::Default(Default::Int(default)) => was == CellRef::Int(default),
            Presence::Default(Default::Text(default)) => was == CellRef::Text(default),
            _ => false,
        }
    })
}

/// The merged row, in place of `cells`, before defaults that need a parent.
pub(crate) fn merge(
    table: &Table,
    given: Given,
    cells: &mut [Cell],
    stored: &[Cell],
    now: Instant,
) {
    for position in 0..table.columns.len() {
        if given.is_absent(position) && rules::follows_its_sources(table, stored, position) {
            // What a caller may have derived from the given columns alone does not count.
            cells[position] = Cell::Absent;
        } else if given.is_absent(position) || keeps_on_null(table, given, position) {
            cells[position] = stored[position].clone();
        } else if given.is_null(position) {
            cells[position] = Cell::Null;
        }
    }
    // Still absent is only what follows its sources, so nothing else takes a default here but
    // nulls of columns that are never null.
    rules::fill_defaults(table, cells, now);
}

/// Whether two rows agree in everything but `updated_at`.
pub(crate) fn is_same_but_updated_at(table: &Table, cells: &[Cell], stored: &[Cell]) -> bool {
    let last = table.updated_at();
    cells[..last] == stored[..last]
}

/// Both instants that default to the import's own keep the stored value when cleared: anything
/// else would make the same input a change each time.
fn keeps_on_null(table: &Table, given: Given, position: usize) -> bool {
    given.is_null(position)
        && (position == table.updated_at()
            || table.columns[position].presence == Presence::Default(Default::ImportInstant))
}

/// Whether an instant given is before the one stored.
pub(crate) fn is_older(given: CellRef<'_>, stored: CellRef<'_>) -> bool {
    matches!((given, stored), (CellRef::Int(given), CellRef::Int(stored)) if given < stored)
}
