//! A customer membership, and the days on which it can be used.
//! Rule: spec/usage.md §4, §7.

use std::num::NonZeroU16;

use model::time::{Date, Instant, Zone};

use crate::hold::Hold;
use crate::limits::UsageLimits;

/// The fields of a customer membership that usage depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The id of the customer membership.
    pub id: i64,
    /// The stored status.
    pub status: MembershipStatus,
    /// The instant of the purchase.
    pub purchased_at: Instant,
    /// The first day on which the membership can be used.
    pub start_date: Option<Date>,
    /// The last day on which the membership can be used.
    pub expiration_date: Option<Date>,
    /// The instant from which the membership is cancelled, past or future.
    pub cancelled_at: Option<Instant>,
    /// The limits that replace all limits of the plan.
    pub custom_limits: Option<UsageLimits>,
    /// The day of the month on which the membership is billed, 1..31.
    pub billing_anchor_day: Option<i8>,
    /// The weeks between two bills, if billing does not follow months.
    pub billing_interval_weeks: Option<NonZeroU16>,
}

/// The stored status of a customer membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipStatus {
    /// In use.
    Active,
    /// Paused. The rows of its holds say on which days.
    Hold,
    /// Ended by someone.
    Cancelled,
    /// Used up or run out.
    Completed,
}

/// The reason why a membership cannot be used on a day; the first one that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusableMembership {
    /// The stored status is cancelled or completed.
    Ended(MembershipStatus),
    /// The stored status is hold, but there is no hold row that gives the days.
    HeldWithoutHold,
    /// The hold with this id covers the day.
    OnHold(i64),
    /// The membership begins on this later day.
    BeginsOn(Date),
    /// This day was the last day of the membership.
    ExpiredOn(Date),
    /// The membership is cancelled from this day on.
    CancelledOn(Date),
}

impl Membership {
    /// Returns the day from which billing periods are counted: the start date, else the local date
    /// of the purchase.
    pub fn origin(&self, zone: &Zone) -> Date {
        self.start_date.unwrap_or_else(|| zone.date_of(self.purchased_at))
    }

    /// Returns the reason why the membership cannot be used on `date`; none if it can. `holds` are
    /// all holds of the membership, `zone` is the provider's time zone.
    pub fn unusable_on(
        &self,
        date: Date,
        holds: &[Hold],
        zone: &Zone,
    ) -> Option<UnusableMembership> {
        match self.status {
            MembershipStatus::Cancelled | MembershipStatus::Completed => {
                return Some(UnusableMembership::Ended(self.status));
            }
            MembershipStatus::Hold if holds.is_empty() => {
                return Some(UnusableMembership::HeldWithoutHold);
            }
            MembershipStatus::Hold | MembershipStatus::Active => {}
        }
        let covering = holds.iter().filter(|hold| hold.covers(date)).map(|hold| hold.id).min();
        let begins = self.start_date.filter(|start| date < *start);
        let expired = self.expiration_date.filter(|last| *last < date);
        let cancelled = self.cancelled_at.map(|at| zone.date_of(at)).filter(|day| *day <= date);
        covering
            .map(UnusableMembership::OnHold)
            .or(begins.map(UnusableMembership::BeginsOn))
            .or(expired.map(UnusableMembership::ExpiredOn))
            .or(cancelled.map(UnusableMembership::CancelledOn))
    }
}
