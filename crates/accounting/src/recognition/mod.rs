//! From what is deferred to what is recognized. Rule: spec/accounting.md §7.
//!
//! | module | holds |
//! | --- | --- |
//! | `schedule` | how far a piece has come at a position, whatever its kind |
//! | `time` | time pieces: days, microseconds, months (§7.3) |
//! | [`issue`] | shipment pieces, and which invoice a shipment belongs to (§7.4) |
//! | `order` | how an order's net is shared over its items (§7.1, §7.5) |
//! | [`piece`] | a piece of an invoice's net and its movement (§7.2) |
//! | `cut` | how an invoice's net is cut into pieces (§7.1) |

pub(crate) mod cut;
pub mod issue;
mod order;
pub mod piece;
mod schedule;
mod time;

pub use schedule::Schedule;
