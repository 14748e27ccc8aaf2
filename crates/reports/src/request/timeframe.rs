//! Timeframes: words or ranges that stand for a span of days. Rule: spec/reports.md §8.

use model::time::{Date, Weekday};

/// A span of time, resolved to days when the request was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeframe {
    /// No bound; nulls match too.
    All,
    /// Instants up to now, dates before today.
    Past,
    /// Instants after now, dates after today.
    Future,
    /// From the first day to the last, both included; a missing end is open.
    Days(Option<Date>, Option<Date>),
}

const COUNT_MAX: u16 = 999;

/// The accepted timeframes, as listed in the message about an unknown one.
pub(crate) const TIMEFRAMES_ACCEPTED: &str = "today, yesterday, tomorrow, this_week, last_week, next_week \
    (also month, quarter, year), week_to_date, month_to_date, quarter_to_date, year_to_date, \
    last_N_days, next_N_days (also weeks, months, years; N 1 to 999), past, future, all, all_time, \
    YYYY, YYYY-MM, YYYY-MM-DD, or A..B of these three with one end optional";

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The provider's calendar on one day, to which words such as `this_week` refer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeframeCalendar {
    pub(crate) today: Date,
    pub(crate) week_starts_on: Weekday,
}

/// Parses a timeframe. Returns a message if it is unknown or ends before it begins.
pub(crate) fn parse_timeframe(
    text: &str,
    calendar: TimeframeCalendar,
) -> Result<Timeframe, String> {
    let trimmed = text.trim();
    let found = match trimmed.split_once("..") {
        Some((first, last)) => parse_day_range(first.trim(), last.trim())?,
        None => parse_fixed_days(trimmed).or_else(|| parse_timeframe_word(trimmed, calendar)),
    };
    found.ok_or_else(|| {
        let shown = super::values::quote_value(text);
        format!("{shown} is not a timeframe: expected one of {TIMEFRAMES_ACCEPTED}")
    })
}

fn parse_day_range(first: &str, last: &str) -> Result<Option<Timeframe>, String> {
    let bound = |text: &str| match text {
        "" => Some(None),
        _ => calendar_part(text).map(Some),
    };
    let (Some(first), Some(last)) = (bound(first), bound(last)) else { return Ok(None) };
    match (first, last) {
        (None, None) => Ok(None),
        (Some((first, _)), Some((_, last))) if first > last => {
            Err(format!("the timeframe ends on {last}, before it begins on {first}"))
        }
        (first, last) => {
            Ok(Some(Timeframe::Days(first.map(|(day, _)| day), last.map(|(_, day)| day))))
        }
    }
}

fn parse_fixed_days(text: &str) -> Option<Timeframe> {
    calendar_part(text).map(|(first, last)| Timeframe::Days(Some(first), Some(last)))
}

/// First and last day of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn calendar_part(text: &str) -> Option<(Date, Date)> {
    let (unit, first) = match text.len() {
        4 => (CalendarUnit::Year, format!("{text}-01-01")),
        7 => (CalendarUnit::Month, format!("{text}-01")),
        10 => (CalendarUnit::Day, text.to_owned()),
        _ => return None,
    };
    let first = super::values::parse_date(&first).ok()?;
    Some((first, add_units(first, unit, 1).plus_days(-1)))
}

fn parse_timeframe_word(text: &str, calendar: TimeframeCalendar) -> Option<Timeframe> {
    let words = text.to_ascii_lowercase().replace(['-', ' '], "_");
    let today = calendar.today;
    let days = |first: Date, last: Date| Some(Timeframe::Days(Some(first), Some(last)));
    match words.as_str() {
        "all" | "all_time" => return Some(Timeframe::All),
        "past" => return Some(Timeframe::Past),
        "future" => return Some(Timeframe::Future),
        "today" => return days(today, today),
        "yesterday" => return days(today.plus_days(-1), today.plus_days(-1)),
        "tomorrow" => return days(today.plus_days(1), today.plus_days(1)),
        _ => {}
    }
    if let Some(unit) = words.strip_suffix("_to_date") {
        return days(first_day_of_unit(calendar, single_unit(unit)?), today);
    }
    let (which, rest) = words.split_once('_')?;
    match rest.split_once('_') {
        Some((count, unit)) => {
            rolling_days(which, parse_unit_count(count)?, plural_unit(unit)?, today)
        }
        None => {
            let unit = single_unit(rest)?;
            let shift = match which {
                "last" => -1,
                "this" => 0,
                "next" => 1,
                _ => return None,
            };
            let first = add_units(first_day_of_unit(calendar, unit), unit, shift);
            days(first, add_units(first, unit, 1).plus_days(-1))
        }
    }
}

fn rolling_days(which: &str, count: i64, unit: CalendarUnit, today: Date) -> Option<Timeframe> {
    match which {
        "last" => {
            let first = add_units(today, unit, -count).plus_days(1);
            Some(Timeframe::Days(Some(first), Some(today)))
        }
        "next" => {
            let last = add_units(today, unit, count).plus_days(-1);
            Some(Timeframe::Days(Some(today), Some(last)))
        }
        _ => None,
    }
}

fn parse_unit_count(text: &str) -> Option<i64> {
    let is_plain = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let count = is_plain.then(|| text.parse::<u16>().ok()).flatten()?;
    (1..=COUNT_MAX).contains(&count).then_some(i64::from(count))
}

fn single_unit(word: &str) -> Option<CalendarUnit> {
    match word {
        "week" => Some(CalendarUnit::Week),
        "month" => Some(CalendarUnit::Month),
        "quarter" => Some(CalendarUnit::Quarter),
        "year" => Some(CalendarUnit::Year),
        _ => None,
    }
}

fn plural_unit(word: &str) -> Option<CalendarUnit> {
    match word {
        "days" => Some(CalendarUnit::Day),
        "weeks" => Some(CalendarUnit::Week),
        "months" => Some(CalendarUnit::Month),
        "years" => Some(CalendarUnit::Year),
        _ => None,
    }
}

/// Returns the first day of the unit that contains `calendar.today`.
pub(crate) fn first_day_of_unit(calendar: TimeframeCalendar, unit: CalendarUnit) -> Date {
    let today = calendar.today;
    let month_start = today.plus_days(1 - i64::from(today.day()));
    let months_into = match unit {
        CalendarUnit::Day => return today,
        CalendarUnit::Week => return today.week_start(calendar.week_starts_on),
        CalendarUnit::Month => 0,
        CalendarUnit::Quarter => (today.month() - 1) % 3,
        CalendarUnit::Year => today.month() - 1,
    };
    month_start.plus_months(-i64::from(months_into))
}

/// Returns the date moved by `count` units; a negative count moves it back.
pub(crate) fn add_units(from: Date, unit: CalendarUnit, count: i64) -> Date {
    match unit {
        CalendarUnit::Day => from.plus_days(count),
        CalendarUnit::Week => from.plus_days(7 * count),
        CalendarUnit::Month => from.plus_months(count),
        CalendarUnit::Quarter => from.plus_months(3 * count),
        CalendarUnit::Year => from.plus_months(12 * count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, today: &str, week_starts_on: Weekday) -> String {
        let calendar = TimeframeCalendar { today: Date::parse(today).unwrap(), week_starts_on };
        match parse_timeframe(text, calendar) {
            Ok(Timeframe::All) => "all".to_owned(),
            Ok(Timeframe::Past) => "past".to_owned(),
            Ok(Timeframe::Future) => "future".to_owned(),
            Ok(Timeframe::Days(first, last)) => {
                let day = |day: Option<Date>| day.map(|d| d.to_string()).unwrap_or_default();
                format!("{}..{}", day(first), day(last))
            }
            Err(message) => {
                assert!(!message.is_empty());
                "error".to_owned()
            }
        }
    }

    #[test]
    fn every_word_means_its_days() {
        // 2026-03-15 is a Sunday.
        for (text, expected) in [
            ("today", "2026-03-15..2026-03-15"),
            ("yesterday", "2026-03-14..2026-03-14"),
            ("tomorrow", "2026-03-16..2026-03-16"),
            ("this_week", "2026-03-09..2026-03-15"),
            ("last_week", "2026-03-02..2026-03-08"),
            ("next_week", "2026-03-16..2026-03-22"),
            ("this_month", "2026-03-01..2026-03-31"),
            ("last_month", "2026-02-01..2026-02-28"),
            ("next_month", "2026-04-01..2026-04-30"),
            ("this_quarter", "2026-01-01..2026-03-31"),
            ("last_quarter", "2025-10-01..2025-12-31"),
            ("next_quarter", "2026-04-01..2026-06-30"),
            ("this_year", "2026-01-01..2026-12-31"),
            ("last_year", "2025-01-01..2025-12-31"),
            ("next_year", "2027-01-01..2027-12-31"),
            ("week_to_date", "2026-03-09..2026-03-15"),
            ("month_to_date", "2026-03-01..2026-03-15"),
            ("quarter_to_date", "2026-01-01..2026-03-15"),
            ("year_to_date", "2026-01-01..2026-03-15"),
            ("last_7_days", "2026-03-09..2026-03-15"),
            ("last_1_months", "2026-02-16..2026-03-15"),
            ("last_2_weeks", "2026-03-02..2026-03-15"),
            ("last_1_years", "2025-03-16..2026-03-15"),
            ("last_999_years", "1027-03-16..2026-03-15"),
            ("next_7_days", "2026-03-15..2026-03-21"),
            ("next_2_weeks", "2026-03-15..2026-03-28"),
            ("next_1_months", "2026-03-15..2026-04-14"),
            ("next_1_years", "2026-03-15..2027-03-14"),
            ("past", "past"),
            ("FUTURE", "future"),
            ("all", "all"),
            ("All Time", "all"),
            ("Last-7 Days", "2026-03-09..2026-03-15"),
            ("2025", "2025-01-01..2025-12-31"),
            ("2024-02", "2024-02-01..2024-02-29"),
            ("2026-03-15", "2026-03-15..2026-03-15"),
            ("2025..2026-02", "2025-01-01..2026-02-28"),
            ("2026-02-03..2026-02-03", "2026-02-03..2026-02-03"),
            ("..2026", "..2026-12-31"),
            ("2026-02-10..", "2026-02-10.."),
        ] {
            assert_eq!(shown(text, "2026-03-15", Weekday::Monday), expected, "{text}");
        }
        assert_eq!(
            shown("this_week", "2026-03-15", Weekday::Sunday),
            "2026-03-15..2026-03-21",
            "weeks from Sunday"
        );
    }

    #[test]
    fn short_months_end_on_their_last_day() {
        for (text, today, expected) in [
            ("last_1_months", "2026-03-31", "2026-03-01..2026-03-31"),
            ("next_1_months", "2026-01-31", "2026-01-31..2026-02-27"),
            ("last_1_years", "2024-02-29", "2023-03-01..2024-02-29"),
            ("next_1_years", "2024-02-29", "2024-02-29..2025-02-27"),
        ] {
            assert_eq!(shown(text, today, Weekday::Monday), expected, "{text} {today}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "..",
            "2026..2025",
            "last_0_days",
            "last_1000_days",
            "last_day",
            "last_7_day",
            "this_day",
            "last_3_quarters",
            "2026-13",
            "2026-02-30",
            "26",
            "20260",
            "week",
            "this_7_days",
            "today..tomorrow",
            "2026-1",
            "last_+7_days",
            "last__days",
            "1799",
            "3000",
            "2025..2026..2027",
        ] {
            assert_eq!(shown(text, "2026-03-15", Weekday::Monday), "error", "{text:?}");
        }
    }
}
