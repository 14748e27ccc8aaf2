//! The usage of a membership on a date: its types and its calculation. Rule: spec/usage.md §3, §5.

use model::allotment::{LimitPeriod, LimitType};
use model::provider::{Provider, UsageRounding};
use model::time::Date;

use crate::bookable;
use crate::booking::{Booking, MembershipUse, visit_uses};
use crate::date_range::DateRange;
use crate::hold::{HeldDays, Hold, ProrateAdjustment, prorating_holds};
use crate::limits::{UsageLimits, UsagePeriodLimit, UsagePlan};
use crate::membership::{Membership, UnusableMembership};
use crate::period::PeriodCalendar;

/// The records that the usage of one membership is calculated from.
#[derive(Debug, Clone, Copy)]
pub struct UsageFacts<'f> {
    /// The provider, whose settings apply.
    pub provider: &'f Provider,
    /// The membership's plan.
    pub plan: &'f UsagePlan,
    /// The membership.
    pub membership: &'f Membership,
    /// All holds of the membership, in any order.
    pub holds: &'f [Hold],
    /// All bookings on the membership, counted or not, in any order.
    pub bookings: &'f [Booking],
}

/// The uses allowed, used and left in the periods that contain a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// One entry per period limit, in the order of the answer. Empty means unlimited.
    pub periods: Vec<PeriodUsage>,
    /// The number of all counted uses of the membership, whatever their date and kind.
    pub used_count: i64,
    /// The reason why the membership cannot be used on the date; none if it can.
    pub unusable: Option<UnusableMembership>,
}

/// The usage of one period limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodUsage {
    /// The limit's period.
    pub period: LimitPeriod,
    /// The kind of booking that the limit counts.
    pub limit_type: LimitType,
    /// The first day; none if the period has no start.
    pub start_date: Option<Date>,
    /// The last day; none if the period has no end.
    pub end_date: Option<Date>,
    /// The counts of the period's own limit.
    pub count: LimitCounts,
    /// The usage of single offering types, in the allotment's order.
    pub offering_types: Vec<OfferingTypeUsage>,
}

/// The usage of the limit of one offering type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferingTypeUsage {
    /// The offering type's id.
    pub offering_type: i64,
    /// True if the limit comes on top of the period's limit.
    pub is_extra: bool,
    /// The counts of this limit.
    pub count: LimitCounts,
}

/// The counts of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitCounts {
    /// The uses allowed after proration; none means unlimited.
    pub max_uses: Option<i64>,
    /// The uses charged to this limit.
    pub used_count: i64,
    /// The uses left, at least 0; none exactly if `max_uses` is none.
    pub remaining_count: Option<i64>,
    /// The number of further bookings possible for the date, with all limits considered; none means
    /// no bound.
    pub bookable_count: Option<i64>,
    /// The effect of holds on `max_uses`; none if there is none.
    pub prorate_adjustment: Option<ProrateAdjustment>,
}

/// The days of one limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitDays {
    start_date: Option<Date>,
    end_date: Option<Date>,
    /// The days whose uses count. None means that every use counts, as in a lifetime.
    counted: Option<DateRange>,
}

/// The counts that one use is charged to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UseCharge {
    /// True if the use is part of the period's own count.
    pub(crate) is_in_period: bool,
    /// The position of the offering type's limit, if it has one.
    pub(crate) own: Option<usize>,
}

impl<'f> UsageFacts<'f> {
    /// Returns the limits of the membership if it has its own, else those of its plan.
    pub fn limits(&self) -> &'f UsageLimits {
        self.membership.custom_limits.as_ref().unwrap_or(&self.plan.limits)
    }

    /// Returns the usage in the periods that contain `date`.
    pub fn usage_on(&self, date: Date) -> Usage {
        let limits = self.limits();
        let mut uses = Vec::with_capacity(self.bookings.len());
        visit_uses(self.bookings, limits.ignores_no_shows(), |each, _| uses.push(each));
        let days = self.limit_days(date, uses.iter().map(|each| each.date).min());
        let prorating = prorating_holds(self.holds);
        let rounding = self.provider.usage_rounding;
        let usages = limits.periods().iter().zip(days).map(|(limit, days)| {
            let held = days.counted.and_then(|range| HeldDays::in_period(&prorating, range));
            period_usage(limit, days, &uses, held.as_ref(), rounding)
        });
        let mut periods: Vec<_> = usages.collect();
        let unusable = self.membership.unusable_on(date, self.holds, &self.provider.timezone);
        bookable::set_bookable_counts(&mut periods, limits, unusable.is_none());
        Usage { periods, used_count: count(uses.len()), unusable }
    }

    /// Returns the days of each limit, in the order of the answer. `first_use` is the date of the
    /// first counted use.
    pub(crate) fn limit_days(&self, date: Date, first_use: Option<Date>) -> Vec<LimitDays> {
        let calendar = PeriodCalendar::for_membership(self.provider, self.membership);
        let days = self.limits().periods().iter().map(|limit| {
            match calendar.range_of(limit.period, date) {
                Some(range) => LimitDays {
                    start_date: Some(range.first),
                    end_date: Some(range.last),
                    counted: Some(range),
                },
                None => LimitDays {
                    start_date: self.lifetime_start(first_use),
                    end_date: self.membership.expiration_date,
                    counted: None,
                },
            }
        });
        days.collect()
    }

    fn lifetime_start(&self, first_use: Option<Date>) -> Option<Date> {
        let is_begun_by_use = self.plan.begin_on_first_registration;
        match self.membership.start_date {
            None if is_begun_by_use => first_use,
            _ => Some(self.membership.origin(&self.provider.timezone)),
        }
    }
}

impl LimitDays {
    fn count(&self, date: Date) -> bool {
        self.counted.is_none_or(|range| range.contains(date))
    }
}

impl UsagePeriodLimit {
    /// Returns the counts that `each` is charged to under this limit on these days; none if it is
    /// charged to none.
    pub(crate) fn charge(&self, days: &LimitDays, each: &MembershipUse) -> Option<UseCharge> {
        if each.limit_type != self.limit_type || !days.count(each.date) {
            return None;
        }
        let own = self.position_of(each.offering_type);
        let is_extra = own.is_some_and(|at| self.offering_types[at].is_extra);
        Some(UseCharge { is_in_period: !is_extra, own })
    }
}

fn period_usage(
    limit: &UsagePeriodLimit,
    days: LimitDays,
    uses: &[MembershipUse],
    held: Option<&HeldDays>,
    rounding: UsageRounding,
) -> PeriodUsage {
    let mut used = 0;
    let mut used_own = vec![0; limit.offering_types.len()];
    for charge in uses.iter().filter_map(|each| limit.charge(&days, each)) {
        used += i64::from(charge.is_in_period);
        if let Some(at) = charge.own {
            used_own[at] += 1;
        }
    }
    let own = limit.offering_types.iter().zip(used_own);
    let offering_types = own.map(|(own, used)| OfferingTypeUsage {
        offering_type: own.offering_type,
        is_extra: own.is_extra,
        count: LimitCounts::from_uses(own.max_uses, used, held, rounding),
    });
    PeriodUsage {
        period: limit.period,
        limit_type: limit.limit_type,
        start_date: days.start_date,
        end_date: days.end_date,
        count: LimitCounts::from_uses(limit.max_uses, used, held, rounding),
        offering_types: offering_types.collect(),
    }
}

impl LimitCounts {
    /// Returns the counts without `bookable_count`, which depends on all limits.
    fn from_uses(
        original_max_uses: Option<i64>,
        used_count: i64,
        held: Option<&HeldDays>,
        rounding: UsageRounding,
    ) -> Self {
        let prorate_adjustment = match (original_max_uses, held) {
            (Some(original), Some(held)) => Some(held.adjust(original, rounding)),
            _ => None,
        };
        let prorated = prorate_adjustment.as_ref().map(|adjustment| adjustment.prorated_max_uses);
        let max_uses = prorated.or(original_max_uses);
        Self {
            max_uses,
            used_count,
            remaining_count: max_uses.map(|max| max.saturating_sub(used_count).max(0)),
            bookable_count: None,
            prorate_adjustment,
        }
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
