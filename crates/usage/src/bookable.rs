//! The number of further bookings that limits allow. Rule: spec/usage.md §7. None means no bound.

use crate::calculation::PeriodUsage;
use crate::limits::{UsageLimits, UsagePeriodLimit};

/// Sets `bookable_count` of every entry. `periods` must be in the order of `limits`.
pub(crate) fn set_bookable_counts(
    periods: &mut [PeriodUsage],
    limits: &UsageLimits,
    is_usable: bool,
) {
    for at in 0..periods.len() {
        let limit_type = periods[at].limit_type;
        if !is_usable || !limits.allows(limit_type) {
            set_nothing_bookable(&mut periods[at]);
            continue;
        }
        let of_type = |period: &&PeriodUsage| period.limit_type == limit_type;
        let bounds = periods.iter().filter(of_type).filter_map(|p| p.count.remaining_count);
        periods[at].count.bookable_count = bounds.min();
        for own in 0..periods[at].offering_types.len() {
            let offering_type = periods[at].offering_types[own].offering_type;
            let pairs = limits.periods().iter().zip(periods.iter());
            let pairs = pairs.filter(|(limit, _)| limit.limit_type == limit_type);
            let bounds =
                pairs.filter_map(|(limit, period)| uses_left(limit, period, offering_type));
            periods[at].offering_types[own].count.bookable_count = bounds.min();
        }
    }
}

fn set_nothing_bookable(period: &mut PeriodUsage) {
    period.count.bookable_count = Some(0);
    for own in &mut period.offering_types {
        own.count.bookable_count = Some(0);
    }
}

/// Returns the uses that one period limit leaves for an offering type; none means no bound.
fn uses_left(limit: &UsagePeriodLimit, period: &PeriodUsage, offering_type: i64) -> Option<i64> {
    let shared = period.count.remaining_count;
    let Some(at) = limit.position_of(offering_type) else {
        return shared;
    };
    let own = &period.offering_types[at];
    if own.is_extra {
        return own.count.remaining_count;
    }
    [own.count.remaining_count, shared].into_iter().flatten().min()
}
