//! Months in the provider's calendar, and the positions at which recognition is calculated.
//! Rule: spec/accounting.md §1, §7.2.

use std::fmt;

use model::time::{Date, Instant, Zone};

/// The last day of the calendar, 9999-12-31.
const CALENDAR_END: Date = Date::from_days(2_932_896);

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// Returns the month that contains `date`.
    pub fn from_date(date: Date) -> Self {
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// Parses `YYYY-MM`; none for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 7 {
            return None;
        }
        Date::parse(&format!("{text}-01")).map(Self::from_date)
    }

    /// Returns the number of months since January of the year 0.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Returns the month with this number of months since January of the year 0.
    pub fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Returns the first day of the month.
    pub fn first_day(self) -> Date {
        let year = i16::try_from(self.0.div_euclid(12)).unwrap_or(i16::MAX);
        let month = i8::try_from(self.0.rem_euclid(12) + 1).unwrap_or(1);
        // Months after the end of the calendar start on its last day.
        Date::new(year, month, 1).unwrap_or(CALENDAR_END)
    }

    /// Returns the last day of the month.
    pub fn last_day(self) -> Date {
        Date::from_days(self.next().first_day().days() - 1)
    }

    /// Returns the next month.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// Returns the previous month.
    #[must_use]
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// Returns this month moved by `months`.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Returns the number of months from `earlier` to this one.
    pub fn since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the months from this one to `last`, both included. Empty if `last` is earlier.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A calendar that converts instants to local dates and months.
#[derive(Debug, Clone)]
pub struct ProviderCalendar {
    zone: Zone,
}

impl ProviderCalendar {
    /// Returns the calendar of a provider's time zone.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }

    /// Returns the time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the local date of `instant`.
    pub fn date_of(&self, instant: Instant) -> Date {
        self.zone.date_of(instant)
    }

    /// Returns the local month of `instant`.
    pub fn month_of(&self, instant: Instant) -> Month {
        Month::from_date(self.date_of(instant))
    }

    /// Returns the first instant of `month`.
    pub fn start_of(&self, month: Month) -> Instant {
        self.zone.start_of(month.first_day())
    }

    /// Returns the local time of day of `instant`, in microseconds.
    pub fn micros_of_day(&self, instant: Instant) -> i64 {
        let offset = i64::from(self.zone.offset_seconds(instant));
        instant.plus_seconds(offset).micros().rem_euclid(86_400_000_000)
    }
}

/// The point in time up to which the ledger is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// Everything before this instant: the end of a month or of a day.
    Before(Instant),
    /// Everything up to and including this instant: a month to date.
    AsOf(Instant),
}

impl Horizon {
    /// Returns the end of `month`.
    pub fn end_of_month(month: Month, calendar: &ProviderCalendar) -> Self {
        Self::Before(calendar.start_of(month.next()))
    }

    /// Returns the end of `date`.
    pub fn end_of_day(date: Date, calendar: &ProviderCalendar) -> Self {
        Self::Before(calendar.zone().start_of(date.plus_days(1)))
    }

    /// Returns true if an event at `instant` is within the horizon.
    pub fn includes(self, instant: Instant) -> bool {
        match self {
            Self::Before(end) => instant < end,
            Self::AsOf(end) => instant <= end,
        }
    }

    /// Returns the last instant within the horizon.
    pub fn last_instant(self) -> Instant {
        match self {
            Self::Before(end) => Instant::from_micros(end.micros().saturating_sub(1)),
            Self::AsOf(end) => end,
        }
    }
}

/// The part of a ledger that is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerSpan {
    /// The first month whose recognition is posted month by month. Recognition before it may be
    /// combined in one posting of an earlier month; none means that nothing is combined.
    pub detail_from: Option<Month>,
    /// The end of the part.
    pub until: Horizon,
    /// True if postings carry the steps of their calculation.
    pub explains: bool,
}

impl LedgerSpan {
    /// Returns the span up to a horizon, with recognition month by month.
    pub fn until(until: Horizon) -> Self {
        Self { detail_from: None, until, explains: false }
    }

    /// Returns the span of one month. Earlier recognition is combined.
    pub fn month(month: Month, until: Horizon) -> Self {
        Self { detail_from: Some(month), until, explains: false }
    }

    /// Returns the same span with the calculation of each posting.
    #[must_use]
    pub fn explained(self) -> Self {
        Self { explains: true, ..self }
    }
}

/// A point in time at which the progress of a piece is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecognitionPosition {
    /// The instant of the position.
    pub instant: Instant,
    /// True if events at the instant itself are included.
    pub includes_instant: bool,
    /// The local date up to which days count, exclusive.
    pub date: Date,
    /// The month up to which months count, exclusive.
    pub months_until: Month,
    /// The month to which movement up to this position belongs.
    pub month: Month,
}

impl RecognitionPosition {
    /// Returns the position at the end of `month`.
    pub fn at_month_end(month: Month, calendar: &ProviderCalendar) -> Self {
        let next = month.next();
        Self {
            instant: calendar.start_of(next),
            includes_instant: false,
            date: next.first_day(),
            months_until: next,
            month,
        }
    }

    /// Returns the position of an event. Its own day and month count as not yet delivered.
    pub fn at_event(instant: Instant, calendar: &ProviderCalendar) -> Self {
        let date = calendar.date_of(instant);
        let month = Month::from_date(date);
        Self { instant, includes_instant: true, date, months_until: month, month }
    }

    /// Returns the position of a horizon. Its month counts in full if months are counted.
    pub fn at_horizon(horizon: Horizon, calendar: &ProviderCalendar) -> Self {
        let month = calendar.month_of(horizon.last_instant());
        match horizon {
            Horizon::AsOf(instant) => {
                Self { months_until: month.next(), month, ..Self::at_event(instant, calendar) }
            }
            Horizon::Before(instant) => Self {
                includes_instant: false,
                months_until: month.next(),
                month,
                ..Self::at_event(instant, calendar)
            },
        }
    }

    /// Returns true if an event at `instant` has happened at this position.
    pub fn has_reached(&self, instant: Instant) -> bool {
        if self.includes_instant { instant <= self.instant } else { instant < self.instant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_know_their_days() {
        let month = Month::parse("2024-02").unwrap();
        assert_eq!(month.last_day().to_string(), "2024-02-29");
        assert_eq!(month.plus(-2).to_string(), "2023-12");
        assert_eq!(month.through(month.plus(2)).count(), 3);
        assert_eq!(CALENDAR_END.to_string(), "9999-12-31");
        assert_eq!(Month::parse("9999-12").unwrap().next().first_day(), CALENDAR_END);
        for bad in ["2024-13", "2024-2", "2024-02-01", "24-02", ""] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_month_ends_at_local_midnight() {
        let calendar = ProviderCalendar::new(Zone::parse("America/New_York").unwrap());
        let month = Month::parse("2024-10").unwrap();
        assert_eq!(
            RecognitionPosition::at_month_end(month, &calendar).instant.to_string(),
            "2024-11-01T04:00:00Z"
        );
        let instant = Instant::parse("2024-11-01T03:59:59Z").unwrap();
        assert_eq!(calendar.month_of(instant), month);
    }
}
