//! Held days and prorated allowances. Rule: spec/usage.md §6.

use std::sync::Arc;

use model::provider::UsageRounding;
use model::time::Date;

use crate::period::DateRange;

/// A pause of a customer membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: i64,
    /// First held day.
    pub start_date: Date,
    /// Last held day; none = open.
    pub end_date: Option<Date>,
    /// Whether it reduces the allowance of the periods that it touches.
    pub prorate_usage: bool,
}

/// How holds changed an allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProrateAdjustment {
    /// Days of the period that are not held.
    pub active_days: i64,
    /// Holds that touch the period, with their stored dates, by start date, then id.
    pub holds: Arc<[Hold]>,
    /// Uses allowed without holds.
    pub original_max_uses: i64,
    /// Uses allowed with them.
    pub prorated_max_uses: i64,
    /// Days of the period.
    pub total_days: i64,
}

/// The held days of one period.
#[derive(Debug)]
pub(crate) struct HeldDays {
    total_days: i64,
    active_days: i64,
    holds: Arc<[Hold]>,
}

impl Hold {
    /// Whether `date` is held.
    pub fn covers(&self, date: Date) -> bool {
        self.start_date <= date && self.end_date.is_none_or(|last| date <= last)
    }
}

/// Holds that prorate, with their last days, by start date, then id.
pub(crate) fn prorating(holds: &[Hold]) -> Vec<(Hold, Date)> {
    let closed = holds.iter().filter(|hold| hold.prorate_usage);
    let closed = closed.filter_map(|hold| hold.end_date.map(|last| (*hold, last)));
    let mut holds: Vec<_> = closed.filter(|(hold, last)| hold.start_date <= *last).collect();
    holds.sort_unstable_by_key(|(hold, _)| (hold.start_date, hold.id));
    holds
}

impl HeldDays {
    /// The held days of `period`, of holds sorted by start date; none when no hold touches it.
    pub(crate) fn of(prorating: &[(Hold, Date)], period: DateRange) -> Option<Self> {
        let touches =
            |(hold, last): &&(Hold, Date)| hold.start_date <= period.last && period.first <= *last;
        let touching: Vec<_> = prorating.iter().filter(touches).collect();
        if touching.is_empty() {
            return None;
        }
        let mut held = 0;
        // Everything before this day is counted already, or lies before the period.
        let mut open_from = i64::from(period.first.days());
        for (hold, last) in &touching {
            let first = i64::from(hold.start_date.days()).max(open_from);
            let next = i64::from(last.days().min(period.last.days())) + 1;
            held += (next - first).max(0);
            open_from = open_from.max(next);
        }
        let total_days = period.days();
        let holds = touching.iter().map(|(hold, _)| *hold).collect();
        Some(Self { total_days, active_days: total_days - held, holds })
    }

    /// The allowance that is left of `original_max_uses`.
    pub(crate) fn adjust(
        &self,
        original_max_uses: i64,
        rounding: UsageRounding,
    ) -> ProrateAdjustment {
        let (active_days, total_days) = (self.active_days, self.total_days);
        ProrateAdjustment {
            active_days,
            holds: Arc::clone(&self.holds),
            original_max_uses,
            prorated_max_uses: prorate_uses(original_max_uses, active_days, total_days, rounding),
            total_days,
        }
    }
}

/// `original * active / total`, rounded; `total` is at least 1, `active` within 0..=`total`.
fn prorate_uses(original: i64, active: i64, total: i64, rounding: UsageRounding) -> i64 {
    let (o, a, t) = (i128::from(original), i128::from(active), i128::from(total));
    let uses = match rounding {
        UsageRounding::HalfUp => (2 * o * a + t).div_euclid(2 * t),
        UsageRounding::Up => (o * a + t - 1).div_euclid(t),
        UsageRounding::Down => (o * a).div_euclid(t),
    };
    i64::try_from(uses).unwrap_or(original)
}
