//! Instants, civil dates and time zones. Only this module uses the time library.
//! Rule: spec/data-model.md §1.

use std::fmt;

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::iso;

/// An instant: UTC microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A civil date: days since 1970-01-01, within years -9999 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The day on which a week begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Sunday.
    Sunday,
    /// Monday.
    #[default]
    Monday,
}

/// An IANA time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The choice between the two instants of a civil time that occurs twice, when clocks are turned
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// The first of the two.
    Earlier,
    /// The second of the two.
    Later,
}

const SECOND: i64 = 1_000_000;

/// The greatest step, in days and in months. Longer steps saturate at the ends of the calendar
/// (years -9999 to 9999).
const CALENDAR_DAYS: i64 = 19_998 * 365;
const CALENDAR_MONTHS: i64 = 19_998 * 12;

/// Appends `HH:MM:SS` for microseconds since midnight. Fractions of a second are dropped.
pub fn write_time_of_day(micros_of_day: i64, out: &mut Vec<u8>) {
    let second_of_day = (micros_of_day / SECOND).clamp(0, 86_399);
    out.extend_from_slice(&iso::time_text(i32::try_from(second_of_day).unwrap_or_default()));
}

fn write_fraction(micros: i64, out: &mut Vec<u8>) {
    let text = match micros % 1000 {
        0 => format!(".{:03}", micros / 1000),
        _ => format!(".{micros:06}"),
    };
    out.extend_from_slice(text.as_bytes());
}

impl Instant {
    /// Returns the instant at these UTC microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the UTC microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the instant at these Unix seconds; none outside the years -9999 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(|t| Self(t.as_microsecond()))
    }

    /// Returns the Unix seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Parses RFC 3339 text with an offset, such as `2026-01-05T10:00:00Z`. Keeps up to 6 fraction
    /// digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let separated = matches!(bytes.get(10), Some(b'T' | b't' | b' '));
        if let Some(micros) = iso::parse_utc_instant(bytes) {
            return Some(Self(micros));
        }
        if !separated || text.contains('[') {
            return None;
        }
        // Rounds down, not towards zero: dates before 1970 keep their first six digits, too.
        let nanos = text.parse::<Timestamp>().ok()?.as_nanosecond();
        i64::try_from(nanos.div_euclid(1000)).ok().map(Self)
    }

    /// Appends the text of [`fmt::Display`] without a formatter, which is faster.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let days = self.0.div_euclid(86_400 * SECOND);
        let micros_of_day = self.0.rem_euclid(86_400 * SECOND);
        Date(i32::try_from(days).unwrap_or_default()).write_to(out);
        out.push(b'T');
        write_time_of_day(micros_of_day, out);
        match micros_of_day % SECOND {
            0 => {}
            fraction => write_fraction(fraction, out),
        }
        out.push(b'Z');
    }

    /// Returns this instant moved by `seconds`, saturating.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }
}

impl fmt::Display for Instant {
    /// Writes `2026-01-05T10:00:00Z`. A fraction is written only if it is not zero: 3 digits if
    /// they suffice, else 6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.write_to(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected an RFC 3339 instant"))
    }
}

impl Date {
    /// Returns the date at this number of days since 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Returns the days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Returns the date with this year, month (1..12) and day; none if the day does not exist.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        civil::Date::new(year, month, day).ok().map(Self::from_civil)
    }

    /// Parses `YYYY-MM-DD`; none for other text and for dates that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        iso::parse_date(text.as_bytes()).map(Self)
    }

    /// Appends the text of [`fmt::Display`] without a formatter, which is faster.
    pub fn write_to(self, out: &mut Vec<u8>) {
        match iso::date_text(self.0) {
            Some(text) => out.extend_from_slice(&text),
            None => out.extend_from_slice(self.to_string().as_bytes()),
        }
    }

    /// Returns the year.
    pub fn year(self) -> i16 {
        self.civil().year()
    }

    /// Returns the month, 1..12.
    pub fn month(self) -> i8 {
        self.civil().month()
    }

    /// Returns the day of the month, 1..31.
    pub fn day(self) -> i8 {
        self.civil().day()
    }

    /// Returns this date moved by `days`, saturating at the ends of the calendar.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let days = days.clamp(-CALENDAR_DAYS, CALENDAR_DAYS);
        Self::from_civil(self.civil().saturating_add(days.days()))
    }

    /// Returns this date moved by `months`. A day that the month does not have becomes its last
    /// day.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        let months = months.clamp(-CALENDAR_MONTHS, CALENDAR_MONTHS);
        Self::from_civil(self.civil().saturating_add(months.months()))
    }

    /// Returns the first day of the week that contains this date.
    #[must_use]
    pub fn week_start(self, week_starts_on: Weekday) -> Self {
        let since = match week_starts_on {
            Weekday::Sunday => self.days_since_sunday(),
            Weekday::Monday => (self.days_since_sunday() + 6) % 7,
        };
        Self(self.0 - since)
    }

    /// Returns the days since the last Sunday: 0 for Sunday to 6 for Saturday.
    pub fn days_since_sunday(self) -> i32 {
        (self.0 + 4).rem_euclid(7)
    }

    fn from_civil(date: civil::Date) -> Self {
        let epoch = civil::Date::constant(1970, 1, 1);
        let days = date.duration_since(epoch).as_hours() / 24;
        Self(i32::try_from(days).unwrap_or_default())
    }

    fn civil(self) -> civil::Date {
        let days = i64::from(self.0).clamp(-CALENDAR_DAYS, CALENDAR_DAYS);
        civil::Date::constant(1970, 1, 1).saturating_add(days.days())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = iso::civil_day(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected a date YYYY-MM-DD"))
    }
}

impl Zone {
    /// Returns the zone UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Returns the zone with this IANA name, from the bundled database.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "UTC" {
            return Some(Self::utc());
        }
        TimeZone::get(name).ok().map(Self)
    }

    /// Returns the IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the civil date of `instant` in this zone.
    pub fn date_of(&self, instant: Instant) -> Date {
        let micros = instant.0.saturating_add(i64::from(self.offset_seconds(instant)) * SECOND);
        Date(i32::try_from(micros.div_euclid(86_400 * SECOND)).unwrap_or_default())
    }

    /// Returns the offset from UTC at `instant`, in seconds, positive to the east.
    pub fn offset_seconds(&self, instant: Instant) -> i32 {
        match Timestamp::from_microsecond(instant.0) {
            Ok(timestamp) => self.0.to_offset(timestamp).seconds(),
            Err(_) => 0,
        }
    }

    /// Returns the first instant of `date` in this zone. If a gap hides midnight, returns the first
    /// instant after the gap.
    pub fn start_of(&self, date: Date) -> Instant {
        self.instant_at(date, 0, Fold::Earlier)
    }

    /// Returns the instant at `micros_of_day` of `date`. A time inside a gap becomes the first
    /// instant after it; `fold` selects one of the two instants of a time that occurs twice.
    pub fn instant_at(&self, date: Date, micros_of_day: i64, fold: Fold) -> Instant {
        let datetime = date.civil().to_datetime(civil::Time::midnight());
        let datetime = datetime.saturating_add(micros_of_day.microseconds());
        let ambiguous = self.0.to_ambiguous_timestamp(datetime);
        let resolved = match (ambiguous.offset(), fold) {
            (jiff::tz::AmbiguousOffset::Gap { before, .. }, _) => {
                let inside = before.to_timestamp(datetime);
                inside.and_then(|t| self.first_after_gap(t))
            }
            (_, Fold::Earlier) => ambiguous.earlier(),
            (_, Fold::Later) => ambiguous.later(),
        };
        Instant(resolved.map(|t| t.as_microsecond()).unwrap_or_default())
    }

    fn first_after_gap(&self, inside: Timestamp) -> Result<Timestamp, jiff::Error> {
        let probe = inside.saturating_add(1.seconds())?;
        let transition = self.0.preceding(probe).next().map(|t| t.timestamp());
        Ok(transition.unwrap_or(inside))
    }

    /// Returns the changes of the offset from `from` up to and including `until`. Each entry is an
    /// instant and the offset in seconds that applies from it on; the first entry is `from` itself.
    /// Query plans use the list to convert instants to civil dates by look-up.
    pub fn offsets_between(&self, from: Instant, until: Instant) -> Vec<(Instant, i32)> {
        let mut offsets = vec![(from, self.offset_seconds(from))];
        let Ok(start) = Timestamp::from_microsecond(from.0) else { return offsets };
        for transition in self.0.following(start) {
            let at = Instant(transition.timestamp().as_microsecond());
            if at > until {
                break;
            }
            offsets.push((at, transition.offset().seconds()));
        }
        offsets
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("{name} is not an IANA time zone")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn instants_print_what_they_parse() {
        for (input, output) in [
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
            ("2026-01-05 10:00:00+02:00", "2026-01-05T08:00:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
            ("2026-01-05T10:00:00.000001Z", "2026-01-05T10:00:00.000001Z"),
        ] {
            assert_eq!(instant(input).to_string(), output);
        }
        for bad in ["2026-01-05", "2026-02-30T00:00:00Z", "2026-01-05T10:00:00", "x", ""] {
            assert_eq!(Instant::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_real_days_only() {
        assert_eq!(date("1970-01-01").days(), 0);
        assert_eq!(date("2024-02-29").plus_months(12).to_string(), "2025-02-28");
        assert_eq!(date("2024-01-31").plus_months(1).to_string(), "2024-02-29");
        assert_eq!(date("2026-11-20").days_since_sunday(), 5);
        assert_eq!(date("2026-11-20").week_start(Weekday::Monday).to_string(), "2026-11-16");
        assert_eq!(date("2026-11-22").week_start(Weekday::Monday).to_string(), "2026-11-16");
        assert_eq!(date("2026-11-22").week_start(Weekday::Sunday).to_string(), "2026-11-22");
        assert_eq!(Date::from_days(i32::MAX).plus_days(i64::MAX).year(), 9999);
        assert_eq!(Date::from_days(i32::MIN).plus_months(i64::MIN).year(), -9999);
        for bad in ["2024-02-30", "2024-13-01", "24-01-01", "2024-1-1", "2024-01-01T", "٢٠٢٤-01"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn zones_know_gaps_and_folds() {
        let london = Zone::parse("Europe/London").unwrap();
        assert_eq!(london.date_of(instant("2026-06-30T23:30:00Z")).to_string(), "2026-07-01");
        assert_eq!(london.start_of(date("2026-07-01")), instant("2026-06-30T23:00:00Z"));
        let half_past_one = 90 * 60 * SECOND;
        let gap = london.instant_at(date("2026-03-29"), half_past_one, Fold::Earlier);
        assert_eq!(gap, instant("2026-03-29T01:00:00Z"));
        let early = london.instant_at(date("2026-10-25"), half_past_one, Fold::Earlier);
        let late = london.instant_at(date("2026-10-25"), half_past_one, Fold::Later);
        assert_eq!(early, instant("2026-10-25T00:30:00Z"));
        assert_eq!(late, instant("2026-10-25T01:30:00Z"));
        let sao_paulo = Zone::parse("America/Sao_Paulo").unwrap();
        assert_eq!(sao_paulo.start_of(date("2018-11-04")), instant("2018-11-04T03:00:00Z"));
    }
}
