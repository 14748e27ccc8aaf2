//! A customer membership's own facts, and whether it can be used on a day.
//! Rule: spec/usage.md §4, §7.

use std::num::NonZeroU16;

use model::time::{Date, Instant, Zone};

use crate::hold::Hold;
use crate::limits::Limits;

/// What usage needs to know of a customer membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its id.
    pub id: i64,
    /// Its stored status.
    pub status: Status,
    /// When it was bought.
    pub purchased_at: Instant,
    /// First day on which it can be used.
    pub start_date: Option<Date>,
    /// Last day on which it can be used.
    pub expiration_date: Option<Date>,
    /// When it was or will be cancelled.
    pub cancelled_at: Option<Instant>,
    /// Limits that replace the plan's as a whole.
    pub custom_limits: Option<Limits>,
    /// Day of the month on which it is billed, 1..31.
    pub billing_anchor_day: Option<i8>,
    /// Weeks between two bills, when they do not follow months.
    pub billing_interval_weeks: Option<NonZeroU16>,
}

/// Stored status of a customer membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Paused; by its hold rows it may be usable on other days.
    Hold,
    /// Ended by someone.
    Cancelled,
    /// Used up or run out.
    Completed,
}

/// Why a membership cannot be used on a day; the first reason that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Stored status cancelled or completed.
    Ended(Status),
    /// Stored status hold without any hold row that would say when.
    HeldWithoutHold,
    /// The hold with this id covers the day.
    Held(i64),
    /// It begins on this later day.
    BeginsOn(Date),
    /// Its last day was this one.
    ExpiredOn(Date),
    /// It is cancelled from this day on.
    CancelledOn(Date),
}

impl Membership {
    /// The day from which billing periods are counted: the start date, else the local date of the
    /// purchase.
    pub fn origin(&self, zone: &Zone) -> Date {
        self.start_date.unwrap_or_else(|| zone.date_of(self.purchased_at))
    }

    /// Why it cannot be used on `date`; none when it can. `holds` are all of its holds, `zone` is
    /// the provider's.
    pub fn unusable_on(&self, date: Date, holds: &[Hold], zone: &Zone) -> Option<Unusable> {
        match self.status {
            Status::Cancelled | Status::Completed => return Some(Unusable::Ended(self.status)),
            Status::Hold if holds.is_empty() => return Some(Unusable::HeldWithoutHold),
            Status::Hold | Status::Active => {}
        }
        let covering = holds.iter().filter(|hold| hold.covers(date)).map(|hold| hold.id).min();
        let begins = self.start_date.filter(|start| date < *start);
        let expired = self.expiration_date.filter(|last| *last < date);
        let cancelled = self.cancelled_at.map(|at| zone.date_of(at)).filter(|day| *day <= date);
        covering
            .map(Unusable::Held)
            .or(begins.map(Unusable::BeginsOn))
            .or(expired.map(Unusable::ExpiredOn))
            .or(cancelled.map(Unusable::CancelledOn))
    }
}
