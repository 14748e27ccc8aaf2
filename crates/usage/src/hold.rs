//! Days on hold and prorated allowances. Rule: spec/usage.md §6.

use std::sync::Arc;

use model::provider::UsageRounding;
use model::time::Date;

use crate::date_range::DateRange;

/// A hold: a pause of a customer membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The id of the hold.
    pub id: i64,
    /// The first day on hold.
    pub start_date: Date,
    /// The last day on hold; none if the hold is open.
    pub end_date: Option<Date>,
    /// True if the hold reduces the allowance of the periods that it touches.
    pub prorate_usage: bool,
}

/// The effect of holds on an allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProrateAdjustment {
    /// The days of the period that are not on hold.
    pub active_days: i64,
    /// Holds that touch the period, with their stored dates, by start date, then id.
    pub holds: Arc<[Hold]>,
    /// The uses allowed without holds.
    pub original_max_uses: i64,
    /// The uses allowed with the holds.
    pub prorated_max_uses: i64,
    /// The number of days of the period.
    pub total_days: i64,
}

/// The days on hold in one period.
#[derive(Debug)]
pub(crate) struct HeldDays {
    total_days: i64,
    active_days: i64,
    holds: Arc<[Hold]>,
}

impl Hold {
    /// Returns true if `date` is on hold.
    pub fn covers(&self, date: Date) -> bool {
        self.start_date <= date && self.end_date.is_none_or(|last| date <= last)
    }
}

/// Returns the closed holds that prorate, each with its last day, by start date, then id.
pub(crate) fn prorating_holds(holds: &[Hold]) -> Vec<(Hold, Date)> {
    let closed = holds.iter().filter(|hold| hold.prorate_usage);
    let closed = closed.filter_map(|hold| hold.end_date.map(|last| (*hold, last)));
    let mut holds: Vec<_> = closed.filter(|(hold, last)| hold.start_date <= *last).collect();
    holds.sort_unstable_by_key(|(hold, _)| (hold.start_date, hold.id));
    holds
}

impl HeldDays {
    /// Returns the days on hold in `period`; none if no hold touches it. `prorating` must be sorted
    /// by start date.
    pub(crate) fn in_period(prorating: &[(Hold, Date)], period: DateRange) -> Option<Self> {
        let touches =
            |(hold, last): &&(Hold, Date)| hold.start_date <= period.last && period.first <= *last;
        let touching: Vec<_> = prorating.iter().filter(touches).collect();
        if touching.is_empty() {
            return None;
        }
        let mut held = 0;
        // Held days before this day are counted already, or are before the period.
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

    /// Returns the part of `original_max_uses` that is left.
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

/// Returns `original * active / total`, rounded. `total` is at least 1, `active` within
/// 0..=`total`.
fn prorate_uses(original: i64, active: i64, total: i64, rounding: UsageRounding) -> i64 {
    let (o, a, t) = (i128::from(original), i128::from(active), i128::from(total));
    let uses = match rounding {
        UsageRounding::HalfUp => (2 * o * a + t).div_euclid(2 * t),
        UsageRounding::Up => (o * a + t - 1).div_euclid(t),
        UsageRounding::Down => (o * a).div_euclid(t),
    };
    i64::try_from(uses).unwrap_or(original)
}
