//! Days from a first to a last.

use model::time::Date;

/// The ends of the calendar, -9999-01-01 and 9999-12-31. Periods stop there.
pub(crate) const CALENDAR: DateRange =
    DateRange { first: Date::from_days(-4_371_587), last: Date::from_days(2_932_896) };

/// The days from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// First day.
    pub first: Date,
    /// The last day, not before the first.
    pub last: Date,
}

impl DateRange {
    /// Returns true if `date` is in the range.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    /// Returns the number of days, at least 1.
    pub fn days(&self) -> i64 {
        i64::from(self.last.days()) - i64::from(self.first.days()) + 1
    }

    /// Returns the range of `length` days from `first`, in days since 1970-01-01, clamped to the
    /// calendar.
    pub(crate) fn from_days(first: i64, length: i64) -> Self {
        Self { first: calendar_day(first), last: calendar_day(first.saturating_add(length - 1)) }
    }
}

fn calendar_day(days: i64) -> Date {
    let days = days.clamp(CALENDAR.first.days().into(), CALENDAR.last.days().into());
    Date::from_days(i32::try_from(days).unwrap_or_default())
}
