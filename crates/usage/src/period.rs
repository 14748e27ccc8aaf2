//! The days, weeks, months and years that contain a date. Rule: spec/usage.md §1, §4.

use std::num::NonZeroU16;

use model::allotment::Period;
use model::provider::{Provider, UsageAlignment};
use model::time::{Date, Weekday};

use crate::membership::Membership;

/// -9999-01-01 and 9999-12-31: the calendar's ends, at which periods stop.
const CALENDAR: DateRange =
    DateRange { first: Date::from_days(-4_371_587), last: Date::from_days(2_932_896) };

/// 1800-01-01 and 2999-12-31: dates that can be asked about.
const ASKABLE: DateRange =
    DateRange { first: Date::from_days(-62_091), last: Date::from_days(376_199) };

/// Days from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// First day.
    pub first: Date,
    /// Last day, not before the first.
    pub last: Date,
}

/// Knows the periods of one membership.
#[derive(Debug, Clone, Copy)]
pub struct PeriodCalendar {
    week_starts_on: Weekday,
    alignment: UsageAlignment,
    origin: Date,
    anchor_day: i8,
    interval_weeks: Option<NonZeroU16>,
}

/// A date to ask about: `YYYY-MM-DD` of a real day from 1800-01-01 to 2999-12-31. Rule: §1.
pub fn parse_date(text: &str) -> Option<Date> {
    Date::parse(text).filter(|date| ASKABLE.contains(*date))
}

impl DateRange {
    /// Whether `date` is one of these days.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    /// How many days these are, at least 1.
    pub fn days(&self) -> i64 {
        i64::from(self.last.days()) - i64::from(self.first.days()) + 1
    }

    /// `length` days from `first`, both in days since 1970-01-01, cut at the calendar's ends.
    fn from_days(first: i64, length: i64) -> Self {
        Self { first: calendar_day(first), last: calendar_day(first.saturating_add(length - 1)) }
    }
}

impl PeriodCalendar {
    /// The calendar of a membership under its provider's settings.
    pub fn of(provider: &Provider, membership: &Membership) -> Self {
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

    /// The period of this kind that contains `date`; none for lifetime, which has no days of its
    /// own. A date past the calendar's ends is taken as its end.
    pub fn range_of(&self, period: Period, date: Date) -> Option<DateRange> {
        let date = within_calendar(date);
        let is_billing = self.alignment == UsageAlignment::Billing;
        match period {
            Period::Lifetime => None,
            Period::Year if is_billing => {
                Some(year_from(self.origin.month(), self.origin.day(), date))
            }
            Period::Year => Some(year_from(1, 1, date)),
            Period::Month if is_billing => Some(self.billing_month(date)),
            Period::Month => Some(month_from(1, date)),
            Period::Week => {
                let first = date.week_start(self.week_starts_on);
                Some(DateRange::from_days(first.days().into(), 7))
            }
            Period::Day => Some(DateRange { first: date, last: date }),
        }
    }

    /// The month from one billing day to the day before the next, or the `n` weeks that stand for
    /// it, whatever the provider's alignment.
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

/// The month around `date` whose first day is `anchor_day`, or the last day of a shorter month.
fn month_from(anchor_day: i8, date: Date) -> DateRange {
    let (year, month) = (i32::from(date.year()), date.month());
    let before = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    let after = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let starts = [before, (year, month), after];
    around(date, starts.map(|(year, month)| day_in(year, month, anchor_day)))
}

/// The year around `date` that begins on this day; 29 February falls on 28 in common years.
fn year_from(month: i8, day: i8, date: Date) -> DateRange {
    let year = i32::from(date.year());
    around(date, [year - 1, year, year + 1].map(|year| day_in(year, month, day)))
}

/// From the latest of three consecutive starts that is not after `date` to the day before the
/// next; a start past the calendar's ends is none.
fn around(date: Date, [before, middle, after]: [Option<Date>; 3]) -> DateRange {
    let (first, next) = match middle {
        Some(start) if start <= date => (middle, after),
        _ => (before, middle),
    };
    DateRange {
        first: first.unwrap_or(CALENDAR.first),
        last: next.map_or(CALENDAR.last, |next| Date::from_days(next.days() - 1)),
    }
}

/// This day of the month, or the month's last; none outside the calendar.
fn day_in(year: i32, month: i8, day: i8) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    (day.min(28)..=day).rev().find_map(|day| Date::new(year, month, day))
}

fn within_calendar(date: Date) -> Date {
    date.clamp(CALENDAR.first, CALENDAR.last)
}

fn calendar_day(days: i64) -> Date {
    let days = days.clamp(CALENDAR.first.days().into(), CALENDAR.last.days().into());
    Date::from_days(i32::try_from(days).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_days_they_are_named_for() {
        for (date, year, month, day) in [
            (CALENDAR.first, -9999, 1, 1),
            (CALENDAR.last, 9999, 12, 31),
            (ASKABLE.first, 1800, 1, 1),
            (ASKABLE.last, 2999, 12, 31),
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
