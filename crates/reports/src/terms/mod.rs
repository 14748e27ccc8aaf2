//! Expressions, plans and columns that several reports share. Rule: spec/reports.md §16, §17.
//!
//! | module | holds |
//! | --- | --- |
//! | `customer` | display name, venue, the columns that every report about customers has |
//! | `credit` | sums of balance transactions |
//! | `hold` | the current hold, the active hold, the last changes by holds |
//! | `membership` | effective status, a customer's memberships, the first of them |
//! | `life_span` | the periods in which a membership was active |
//! | `attendance` | attendances of customers, instructors of events |
//! | `payment` | payments of an invoice and of a customer |
//! | `refund` | refunds of an invoice |
//! | `invoice` | displayed status, lines, applied credit, coupons |

pub(crate) mod attendance;
pub(crate) mod credit;
pub(crate) mod customer;
pub(crate) mod hold;
pub(crate) mod invoice;
pub(crate) mod life_span;
pub(crate) mod membership;
pub(crate) mod payment;
pub(crate) mod refund;
