//! The periods of a pivot: consecutive weeks, months or years. Rule: spec/reports.md §10.

use model::time::{Date, Weekday};

use super::timeframe::{CalendarUnit, TimeframeCalendar, add_units, first_day_of_unit};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One period of a pivot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownPeriod {
    /// The key: `2026`, `2026-02`, or the first day of a week.
    pub(crate) key: String,
    /// The display name: `2026`, `Feb 2026`, `Week of 2026-02-23`.
    pub(crate) label: String,
    pub(crate) first: Date,
    pub(crate) last: Date,
}

/// Returns `count` consecutive periods in ascending order; the last one contains `day`.
pub(crate) fn pivot_periods_until(
    day: Date,
    unit: CalendarUnit,
    count: usize,
    week_starts_on: Weekday,
) -> Vec<ShownPeriod> {
    let last = first_day_of_unit(TimeframeCalendar { today: day, week_starts_on }, unit);
    let back = (0..count as i64).rev();
    back.map(|steps| period(add_units(last, unit, -steps), unit)).collect()
}

fn period(first: Date, unit: CalendarUnit) -> ShownPeriod {
    let last = add_units(first, unit, 1).plus_days(-1);
    let (year, month) = (first.year(), first.month());
    let name = usize::try_from(month - 1).ok().and_then(|place| MONTHS.get(place).copied());
    let (key, label) = match unit {
        CalendarUnit::Year => (year.to_string(), year.to_string()),
        CalendarUnit::Month => {
            (format!("{year:04}-{month:02}"), format!("{} {year}", name.unwrap_or_default()))
        }
        _ => (first.to_string(), format!("Week of {first}")),
    };
    ShownPeriod { key, label, first, last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(day: &str, unit: CalendarUnit, count: usize, week_starts_on: Weekday) -> String {
        let periods = pivot_periods_until(Date::parse(day).unwrap(), unit, count, week_starts_on);
        for pair in periods.windows(2) {
            assert_eq!(pair[0].last.plus_days(1), pair[1].first);
        }
        let keys = periods.iter().map(|period| format!("{} {}", period.key, period.label));
        keys.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_last_period_holds_the_day() {
        let (monday, sunday) = (Weekday::Monday, Weekday::Sunday);
        for (day, unit, count, week, expected) in [
            ("2026-02-28", CalendarUnit::Month, 1, monday, "2026-02 Feb 2026"),
            (
                "2026-01-31",
                CalendarUnit::Month,
                3,
                monday,
                "2025-11 Nov 2025, 2025-12 Dec 2025, 2026-01 Jan 2026",
            ),
            ("2026-12-31", CalendarUnit::Year, 2, monday, "2025 2025, 2026 2026"),
            // 2026-03-01 is a Sunday.
            ("2026-03-01", CalendarUnit::Week, 1, monday, "2026-02-23 Week of 2026-02-23"),
            (
                "2026-03-01",
                CalendarUnit::Week,
                2,
                sunday,
                "2026-02-22 Week of 2026-02-22, 2026-03-01 Week of 2026-03-01",
            ),
        ] {
            assert_eq!(shown(day, unit, count, week), expected, "{day}");
        }
    }
}
