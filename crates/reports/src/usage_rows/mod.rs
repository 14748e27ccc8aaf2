//! Usage of customer memberships, as a table that the engine can filter, sort and group. Rule:
//! spec/usage.md §11.
//!
//! The table has one row per limit of each membership, ordered by membership and limit. The limits
//! follow from plans and memberships alone. Their numbers are computed only if a plan reads one of
//! them, in one pass over memberships, holds and bookings, all sorted by membership. Memory comes
//! from the engine's pool; it holds the provider's events, one batch of each table, and the rows of
//! one membership.
//!
//! | module | holds |
//! | --- | --- |
//! | `schema` | the columns of the table, and which of them are computed numbers |
//! | `table` | the table provider that plans scan |
//! | `sources` | plans of the rows that usage depends on |
//! | `plan_runner` | runs these plans within another plan |
//! | `row_stream` | computes the rows, batch by batch |
//! | `usage_inputs` | reads holds, bookings and events |
//! | `sorted_rows` | sorted rows, read up to a given membership |
//! | `allotments` | the limits of plans and memberships |
//! | `events` | the booked events, by id |
//! | `cells` | columns of a batch as cells |
//! | `row_builder` | builds record batches from usage |

mod allotments;
mod cells;
mod events;
mod plan_runner;
mod row_builder;
mod row_stream;
mod schema;
mod sorted_rows;
mod sources;
mod table;
mod usage_inputs;

pub(crate) use sources::MEMBERSHIP_ID_COLUMN;
pub(crate) use table::scan_usage_rows;

/// Returns true if a column is a number that is computed from bookings and holds.
pub(crate) fn is_computed(column: &str) -> bool {
    schema::UsageColumn::is_number_called(column)
}

/// The name of this table as the base of a report. The catalogue has no such table.
pub(crate) const USAGE_TABLE: &str = "usage of customer_memberships";
