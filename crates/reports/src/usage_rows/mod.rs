//! Usage of memberships as rows that the engine filters, sorts and groups like any other table.
//! Rule: spec/usage.md §11.
//!
//! One row per limit of each membership, by membership and entry order. What a limit is follows
//! from plans and memberships alone; its numbers are computed only where a plan reads one of them,
//! in one pass over memberships, holds and bookings, all by membership. Memory, all of it the
//! engine's: the provider's events, a batch of each, and what belongs to one membership.
//!
//! | module | holds |
//! | --- | --- |
//! | `schema` | the columns, and which of them are numbers |
//! | `table` | the rows as a table that plans scan |
//! | `sources` | plans of the rows that usage depends on |
//! | `run` | how these plans run inside another |
//! | `make` | the rows, batch by batch |
//! | `numbers` | what numbers are computed from |
//! | `feed` | rows by membership, taken as far as some memberships reach |
//! | `allotments` | what plans and memberships allow |
//! | `events` | what was booked, by id |
//! | `cells` | columns of a batch as the cells that readers take |
//! | `build` | usage to columns |

mod allotments;
mod build;
mod cells;
mod events;
mod feed;
mod make;
mod numbers;
mod run;
mod schema;
mod sources;
mod table;

pub(crate) use sources::OWNER;
pub(crate) use table::rows;

/// Whether a column has to be computed from what was booked.
pub(crate) fn is_computed(column: &str) -> bool {
    schema::Column::is_number_called(column)
}

/// What a report names as its base to count these rows; no table of the catalogue.
pub(crate) const TABLE: &str = "usage of customer_memberships";
