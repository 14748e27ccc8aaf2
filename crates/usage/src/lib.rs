//! Membership usage: how many uses a customer membership allows, has used and has left in the
//! periods that contain a date. Rule: spec/usage.md.
//!
//! Pure functions from rows to periods and counts. It does not know where the rows come from, no
//! clock, no I/O, no HTTP, and no floating point. It never fails on numbers and dates, however far.
//!
//! Read the rows with [`rows`], put them into [`Facts`], ask [`Facts::usage_on`], write the answer
//! with [`json`] and [`xml`]. Many memberships at once: [`batch`].
//!
//! | module | holds |
//! | --- | --- |
//! | [`period`] | days, weeks, months and years that contain a date (§4) |
//! | [`limits`] | an allotment made ready for counting (§2) |
//! | [`booking`] | what counts as a use, and on which day (§5) |
//! | [`hold`] | held days and prorated allowances (§6) |
//! | [`membership`] | a membership's own facts, and whether it can be used on a day (§7) |
//! | [`answer`] | the answer's shape and its calculation (§3, §5) |
//! | `bookable` | how many more uses could be booked (§7) |
//! | [`explain`] | which bookings and holds made the numbers |
//! | [`batch`] | many memberships from sorted rows (§10, §11) |
//! | [`rows`] | facts from stored cells |
//! | [`json`], [`xml`] | the answer in both encodings (§8) |
//! | [`upgrade`] | money by days (§12) |
//! | [`error`] | what can be wrong with the rows given |

#![deny(clippy::float_arithmetic)]

pub mod answer;
pub mod batch;
mod bookable;
pub mod booking;
pub mod error;
pub mod explain;
pub mod hold;
pub mod json;
pub mod limits;
pub mod membership;
pub mod period;
pub mod rows;
pub mod upgrade;
pub mod xml;

pub use answer::{Count, Facts, OfferingTypeUsage, PeriodUsage, Usage};
pub use batch::usage_of_all;
pub use booking::{Booking, BookingMethod, BookingStatus, Event, EventKind, NotCounted};
pub use error::UsageError;
pub use explain::{CountedUse, ExplainedPeriod, Explanation};
pub use hold::{Hold, ProrateAdjustment};
pub use limits::{LimitEntry, Limits, Plan};
pub use membership::{Membership, Status, Unusable};
pub use period::{DateRange, PeriodCalendar};
