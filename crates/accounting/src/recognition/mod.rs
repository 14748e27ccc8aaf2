//! Movement from deferred to recognized revenue. Rule: spec/accounting.md §7.
//!
//! | module | holds |
//! | --- | --- |
//! | `schedule` | the progress of a piece at a position, for every kind of piece |
//! | `time` | pieces recognized over time: days, microseconds, months (§7.3) |
//! | [`shipments`] | pieces recognized by shipments, and the allocation of shipments (§7.4) |
//! | `order_items` | an order's net split over its items (§7.1, §7.5) |
//! | [`piece`] | a piece of an invoice's net and its movement (§7.2) |
//! | `piece_builder` | an invoice's net split into pieces (§7.1) |

mod order_items;
pub mod piece;
pub(crate) mod piece_builder;
mod schedule;
pub mod shipments;
mod time;

pub use schedule::Schedule;
