//! Membership usage: the uses that a customer membership allows, has used and has left in the
//! periods that contain a date. Rule: spec/usage.md.
//!
//! Pure functions from rows to periods and counts. The crate does not know where the rows come
//! from; it has no clock, no I/O, no HTTP, and no floating point. No number or date makes it fail.
//!
//! Read the rows with [`rows`], put them into [`UsageFacts`], call [`UsageFacts::usage_on`], and write the
//! result with [`json`] and [`xml`]. For many memberships at once, use [`batch`].
//!
//! | module | holds |
//! | --- | --- |
//! | `date_range` | days from a first to a last |
//! | [`period`] | days, weeks, months and years that contain a date (§4) |
//! | [`limits`] | an allotment prepared for counting (§2) |
//! | [`booking`] | the bookings that count as uses, and the day of each use (§5) |
//! | [`hold`] | days on hold and prorated allowances (§6) |
//! | [`membership`] | a customer membership, and the days on which it can be used (§7) |
//! | [`calculation`] | the usage on a date: its types and its calculation (§3, §5) |
//! | `bookable` | the number of further bookings that limits allow (§7) |
//! | [`explain`] | the bookings behind each number |
//! | [`batch`] | the usage of many memberships from sorted rows (§10, §11) |
//! | [`rows`] | readers that turn stored cells into memberships, holds and bookings |
//! | [`json`], [`xml`] | usage in both encodings (§8) |
//! | [`upgrade`] | the price of an upgrade, prorated by days (§12) |
//! | [`error`] | errors in the rows given |

#![deny(clippy::float_arithmetic)]

pub mod batch;
mod bookable;
pub mod booking;
pub mod calculation;
mod date_range;
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

pub use batch::usage_of_memberships;
pub use booking::{
    BookedEvent, Booking, BookingMethod, BookingStatus, EventKind, NotCountedReason,
};
pub use calculation::{LimitCounts, OfferingTypeUsage, PeriodUsage, Usage, UsageFacts};
pub use date_range::DateRange;
pub use error::UsageError;
pub use explain::{CountedUse, ExplainedPeriod, UsageExplanation};
pub use hold::{Hold, ProrateAdjustment};
pub use limits::{LimitEntry, UsageLimits, UsagePlan};
pub use membership::{Membership, MembershipStatus, UnusableMembership};
pub use period::PeriodCalendar;
