//! Days, weeks, months and years that contain a date. Rule: spec/usage.md §1, §4.

use std::num::NonZeroU16;

use model::allotment::LimitPeriod;
use model::provider::{Provider, UsageAlignment};
use model::time::{Date, Weekday};

use crate::date_range::{CALENDAR, DateRange};
use crate::membership::Membership;

/// The dates that a caller may ask for: 1800-01-01 to 2999-12-31.
const REQUEST_DATES: DateRange =
    DateRange { first: Date::from_days(-62_091), last: Date::from_days(376_199) };

/// The calendar of usage periods of one membership.
#[derive(Debug, Clone, Copy)]
pub struct PeriodCalendar {
    week_starts_on: Weekday,
    alignment: UsageAlignment,
    origin: Date,
    anchor_day: i8,
    interval_weeks: Option<NonZeroU16>,
}

/// Parses the date of a request: `YYYY-MM-DD`, from 1800-01-01 to 2999-12-31. Rule: §1.
pub fn parse_date(text: &str) -> Option<Date> {
    Date::parse(text).filter(|date| REQUEST_DATES.contains(*date))
}

impl PeriodCalendar {
    /// Returns the calendar of a membership under its provider's settings.
    pub fn for_membership(provider: &Provider, membership: &Membership) -> Self {
        let origin = within_calendar(membership.origin(&provider.timezone));
        let anchor_day = membership.billing_anchor_day.unwrap_or_else(|| origin.day());
        Self {
            week_starts_on: provider.week_starts_on,
            alignment: provider.usage_alignment,
            origin,
            anchor_day: anchor_day.clamp(1, 31),
            interval_weeks: membership.billing_interval_weeks,
        }
    }

    /// Returns the period of this kind that contains `date`; none for a lifetime, which has no
    /// fixed days. A date outside the calendar counts as the calendar's first or last day.
    pub fn range_of(&self, period: LimitPeriod, date: Date) -> Option<DateRange> {
        let date = within_calendar(date);
        let is_billing = self.alignment == UsageAlignment::Billing;
        match period {
            LimitPeriod::Lifetime => None,
            LimitPeriod::Year if is_billing => {
                Some(year_from(self.origin.month(), self.origin.day(), date))
            }
            LimitPeriod::Year => Some(year_from(1, 1, date)),
            LimitPeriod::Month if is_billing => Some(self.billing_month(date)),
            LimitPeriod::Month => Some(month_from(1, date)),
            LimitPeriod::Week => {
                let first = date.week_start(self.week_starts_on);
                Some(DateRange::from_days(first.days().into(), 7))
            }
            LimitPeriod::Day => Some(DateRange { first: date, last: date }),
        }
    }

    /// Returns the billing period that contains `date`: from one billing day to the day before the
    /// next, or the membership's interval of weeks. The provider's alignment does not matter.
    pub fn billing_month(&self, date: Date) -> DateRange {
        let date = within_calendar(date);
        let Some(weeks) = self.interval_weeks else {
            return month_from(self.anchor_day, date);
        };
        let length = 7 * i64::from(weeks.get());
        let origin = i64::from(self.origin.days());
        let since = i64::from(date.days()) - origin;
        DateRange::from_days(origin + since.div_euclid(length) * length, length)
    }
}

/// Returns the month that contains `date` and starts on `anchor_day`, or on the last day of a
/// shorter month.
fn month_from(anchor_day: i8, date: Date) -> DateRange {
    let (year, month) = (i32::from(date.year()), date.month());
    let before = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    let after = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let starts = [before, (year, month), after];
    range_between_starts(
        date,
        starts.map(|(year, month)| day_or_month_end(year, month, anchor_day)),
    )
}

/// Returns the year that contains `date` and starts on this day. 29 February becomes 28 in common
/// years.
fn year_from(month: i8, day: i8, date: Date) -> DateRange {
    let year = i32::from(date.year());
    range_between_starts(
        date,
        [year - 1, year, year + 1].map(|year| day_or_month_end(year, month, day)),
    )
}

/// Returns the range that contains `date`: from the latest of three consecutive starts that is not
/// after `date` to the day before the next start. None is a start outside the calendar.
fn range_between_starts(date: Date, [before, middle, after]: [Option<Date>; 3]) -> DateRange {
    let (first, next) = match middle {
        Some(start) if start <= date => (middle, after),
        _ => (before, middle),
    };
    DateRange {
        first: first.unwrap_or(CALENDAR.first),
        last: next.map_or(CALENDAR.last, |next| Date::from_days(next.days() - 1)),
    }
}

/// Returns this day of the month, or the month's last day; none outside the calendar.
fn day_or_month_end(year: i32, month: i8, day: i8) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    (day.min(28)..=day).rev().find_map(|day| Date::new(year, month, day))
}

fn within_calendar(date: Date) -> Date {
    date.clamp(CALENDAR.first, CALENDAR.last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_days_they_are_named_for() {
        for (date, year, month, day) in [
            (CALENDAR.first, -9999, 1, 1),
            (CALENDAR.last, 9999, 12, 31),
            (REQUEST_DATES.first, 1800, 1, 1),
            (REQUEST_DATES.last, 2999, 12, 31),
        ] {
            assert_eq!(Some(date), Date::new(year, month, day));
        }
    }

    #[test]
    fn dates_to_ask_about_are_bounded() {
        for (text, is_good) in [
            ("1800-01-01", true),
            ("2999-12-31", true),
            ("1799-12-31", false),
            ("3000-01-01", false),
            ("2026-02-29", false),
            ("2026-2-9", false),
            ("", false),
            ("-2026-01-01", false),
        ] {
            assert_eq!(parse_date(text).is_some(), is_good, "{text}");
        }
    }
}
