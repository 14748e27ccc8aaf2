//! An explanation of usage: the bookings behind each number. The holds are part of the usage
//! itself.

use model::allotment::LimitType;
use model::time::Date;

use crate::booking::{MembershipUse, NotCountedReason, visit_uses};
use crate::calculation::{Usage, UsageFacts};

/// Usage with the bookings that it was counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageExplanation {
    /// The usage.
    pub usage: Usage,
    /// All counted uses, by date, then attendance.
    pub uses: Vec<CountedUse>,
    /// The attendances that do not count, with the reason, by id.
    pub not_counted: Vec<(i64, NotCountedReason)>,
    /// The uses charged to each entry of `usage.periods`.
    pub periods: Vec<ExplainedPeriod>,
}

/// One counted use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedUse {
    /// The local date on which the use counts.
    pub date: Date,
    /// The type of the limits that the use is charged to.
    pub limit_type: LimitType,
    /// The id of the use's offering type.
    pub offering_type: i64,
    /// The ids of the attendances that make up this use, starting with the one that sets its date.
    /// Only a course has more than one.
    pub attendances: Vec<i64>,
}

/// The uses charged to one period limit, as positions in [`UsageExplanation::uses`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExplainedPeriod {
    /// The uses charged to the period itself. Their number equals its `used_count`.
    pub uses: Vec<usize>,
    /// The uses charged to the limit of each offering type. Their number equals its `used_count`.
    pub offering_types: Vec<Vec<usize>>,
}

impl UsageFacts<'_> {
    /// Returns the usage in the periods that contain `date`, with the bookings behind each number.
    pub fn explain_on(&self, date: Date) -> UsageExplanation {
        let ignore_no_shows = self.limits().ignores_no_shows();
        let mut uses: Vec<(MembershipUse, Vec<i64>)> = Vec::new();
        visit_uses(self.bookings, ignore_no_shows, |each, bookings| {
            let mut bookings = bookings.to_vec();
            bookings.sort_unstable_by_key(|booking| booking.sort_key());
            uses.push((each, bookings.iter().map(|b| b.attendance).collect()));
        });
        uses.sort_by(|(a, of_a), (b, of_b)| (a.date, of_a).cmp(&(b.date, of_b)));
        let refused = self.bookings.iter().filter_map(|booking| {
            booking.not_counted_reason(ignore_no_shows).map(|why| (booking.attendance, why))
        });
        let mut not_counted: Vec<_> = refused.collect();
        not_counted.sort_unstable_by_key(|(attendance, _)| *attendance);
        UsageExplanation {
            usage: self.usage_on(date),
            periods: self.explain_periods(date, &uses),
            uses: uses.into_iter().map(CountedUse::from_use).collect(),
            not_counted,
        }
    }

    fn explain_periods(
        &self,
        date: Date,
        uses: &[(MembershipUse, Vec<i64>)],
    ) -> Vec<ExplainedPeriod> {
        let days = self.limit_days(date, uses.first().map(|(each, _)| each.date));
        let limits = self.limits().periods().iter().zip(days);
        let periods = limits.map(|(limit, days)| {
            let offering_types = vec![Vec::new(); limit.offering_types.len()];
            let mut period = ExplainedPeriod { uses: Vec::new(), offering_types };
            for (at, (each, _)) in uses.iter().enumerate() {
                let Some(charge) = limit.charge(&days, each) else { continue };
                if charge.is_in_period {
                    period.uses.push(at);
                }
                if let Some(own) = charge.own {
                    period.offering_types[own].push(at);
                }
            }
            period
        });
        periods.collect()
    }
}

impl CountedUse {
    fn from_use((each, attendances): (MembershipUse, Vec<i64>)) -> Self {
        let MembershipUse { date, limit_type, offering_type } = each;
        Self { date, limit_type, offering_type, attendances }
    }
}
