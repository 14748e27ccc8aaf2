//! Usage of memberships as rows that the engine filters, sorts and groups like any other table.
//! Rule: spec/usage.md §11.
//!
//! One row per limit of each membership, by membership and entry order. What a limit is follows
//! from plans and memberships alone; its numbers are computed only where a plan reads one of them,
//! in one pass over memberships, holds and bookings, all by membership. Memory: the provider's
//! events, and what belongs to one batch of memberships.
//!
//! | module | holds |
//! | --- | --- |
//! | `schema` | the columns, and which of them are numbers |
//! | `table` | the rows as a table that plans scan |
//! | `sources` | plans of the rows that usage depends on |
//! | `make` | the rows, batch by batch |
//! | `feed` | rows by membership, taken as far as a batch of memberships reaches |
//! | `events` | what was booked, by id |
//! | `cells` | columns of a batch as the cells that readers take |
//! | `build` | usage to columns |

mod build;
mod cells;
mod events;
mod feed;
mod make;
mod schema;
mod sources;
mod table;

pub(crate) use sources::OWNER;
pub(crate) use table::rows;

/// What a report names as its base to count these rows; no table of the catalogue.
pub(crate) const TABLE: &str = "usage of customer_memberships";
