//! Movement from deferred to recognized revenue. Rule: spec/accounting.md §7.
//!
//! | module | holds |
//! | --- | --- |
//! | `schedule` | the progress of a piece at a position, for every kind of piece |
//! | `time` | pieces recognized over time: days, microseconds, months (§7.3) |
//! | [`issue`] | pieces recognized by shipments, and the allocation of shipments (§7.4) |
//! | `order` | an order's net split over its items (§7.1, §7.5) |
//! | [`piece`] | a piece of an invoice's net and its movement (§7.2) |
//! | `cut` | an invoice's net split into pieces (§7.1) |

pub(crate) mod cut;
pub mod issue;
mod order;
pub mod piece;
mod schedule;
mod time;

pub use schedule::Schedule;
