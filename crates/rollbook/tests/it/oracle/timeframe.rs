//! Timeframes. Rule: spec/reports.md §8.

use model::time::{Date, Instant};

use super::world::OracleContext;

/// The dates and instants that a timeframe includes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum OracleTimeframe {
    /// Everything, including nulls.
    All,
    /// Instants up to now, dates before today.
    Past,
    /// Instants after now, dates after today.
    Future,
    /// From the first to the last day, both included and optional.
    Days(Option<Date>, Option<Date>),
}

impl OracleTimeframe {
    pub(super) fn parse(text: &str, world: &OracleContext<'_>) -> Option<Self> {
        let text = text.trim();
        let words = text.to_ascii_lowercase().replace(['-', ' '], "_");
        match words.as_str() {
            "all" | "all_time" => return Some(Self::All),
            "past" => return Some(Self::Past),
            "future" => return Some(Self::Future),
            _ => {}
        }
        let range = named(&words, world).or_else(|| rolling(&words, world.today));
        if let Some((first, last)) = range {
            return Some(Self::Days(Some(first), Some(last)));
        }
        let Some((a, b)) = text.split_once("..") else {
            let (first, last) = written(text)?;
            return Some(Self::Days(Some(first), Some(last)));
        };
        let a = if a.is_empty() { None } else { Some(written(a)?.0) };
        let b = if b.is_empty() { None } else { Some(written(b)?.1) };
        if (a.is_none() && b.is_none()) || (a.is_some() && b.is_some() && a > b) {
            return None;
        }
        Some(Self::Days(a, b))
    }

    pub(super) fn holds_date(self, date: Option<Date>, world: &OracleContext<'_>) -> bool {
        let Some(date) = date else { return self == Self::All };
        match self {
            Self::All => true,
            Self::Past => date < world.today,
            Self::Future => date > world.today,
            Self::Days(first, last) => {
                first.is_none_or(|first| first <= date) && last.is_none_or(|last| date <= last)
            }
        }
    }

    pub(super) fn holds_instant(self, t: Option<Instant>, world: &OracleContext<'_>) -> bool {
        let Some(t) = t else { return self == Self::All };
        match self {
            Self::All => true,
            Self::Past => t <= world.now,
            Self::Future => t > world.now,
            Self::Days(first, last) => {
                first.is_none_or(|first| world.midnight(first) <= t)
                    && last.is_none_or(|last| t < world.midnight(last.plus_days(1)))
            }
        }
    }

    /// Returns the last included day, if there is one.
    pub(super) fn last_day(self, world: &OracleContext<'_>, of_instants: bool) -> Option<Date> {
        match self {
            Self::All | Self::Future => None,
            Self::Past if of_instants => Some(world.today),
            Self::Past => Some(world.today.plus_days(-1)),
            Self::Days(_, last) => last,
        }
    }
}

/// Returns the first day of the calendar unit that contains `day`, moved by `units` units.
fn unit_start(unit: &str, day: Date, units: i64, world: &OracleContext<'_>) -> Option<Date> {
    let first_of = |month: i8| Date::new(day.year(), month, 1).expect("a first of a month");
    Some(match unit {
        "week" => world.week_start(day).plus_days(7 * units),
        "month" => first_of(day.month()).plus_months(units),
        "quarter" => first_of((day.month() - 1) / 3 * 3 + 1).plus_months(3 * units),
        "year" => first_of(1).plus_months(12 * units),
        _ => return None,
    })
}

fn named(words: &str, world: &OracleContext<'_>) -> Option<(Date, Date)> {
    let today = world.today;
    match words {
        "today" => return Some((today, today)),
        "yesterday" => return Some((today.plus_days(-1), today.plus_days(-1))),
        "tomorrow" => return Some((today.plus_days(1), today.plus_days(1))),
        _ => {}
    }
    if let Some(unit) = words.strip_suffix("_to_date") {
        return Some((unit_start(unit, today, 0, world)?, today));
    }
    let (which, unit) = words.split_once('_')?;
    let units = match which {
        "this" => 0,
        "last" => -1,
        "next" => 1,
        _ => return None,
    };
    let first = unit_start(unit, today, units, world)?;
    Some((first, unit_start(unit, today, units + 1, world)?.plus_days(-1)))
}

/// Parses `last_N_days` and similar words.
fn rolling(words: &str, today: Date) -> Option<(Date, Date)> {
    let parts = words.split('_').collect::<Vec<_>>();
    let [which, number, unit] = parts[..] else { return None };
    if number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n = number.parse::<i64>().ok().filter(|n| *n >= 1)?;
    let moved = |sign: i64| match unit {
        "days" => Some(today.plus_days(sign * n)),
        "weeks" => Some(today.plus_days(sign * n * 7)),
        "months" => Some(today.plus_months(sign * n)),
        "years" => Some(today.plus_months(sign * n * 12)),
        _ => None,
    };
    match which {
        "last" => Some((moved(-1)?.plus_days(1), today)),
        "next" => Some((today, moved(1)?.plus_days(-1))),
        _ => None,
    }
}

/// Returns the first and last day of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
fn written(text: &str) -> Option<(Date, Date)> {
    match text.len() {
        4 => Some((Date::parse(&format!("{text}-01-01"))?, Date::parse(&format!("{text}-12-31"))?)),
        7 => {
            let first = Date::parse(&format!("{text}-01"))?;
            Some((first, first.plus_months(1).plus_days(-1)))
        }
        _ => Date::parse(text).map(|day| (day, day)),
    }
}

#[cfg(test)]
mod tests {
    use model::id::ProviderId;
    use model::provider::Provider;
    use model::time::Weekday;

    use super::super::data::OracleTables;
    use super::*;

    #[test]
    fn timeframes_mean_what_the_table_says() {
        let tables = OracleTables::default();
        let mut provider = Provider::new(ProviderId(1), "p");
        let now = Instant::parse("2026-03-15T12:00:00Z").unwrap();
        for (week, text, range) in [
            (Weekday::Monday, "last_7_days", "2026-03-09..2026-03-15"),
            (Weekday::Monday, "last_1_months", "2026-02-16..2026-03-15"),
            (Weekday::Monday, "Last 1-Months", "2026-02-16..2026-03-15"),
            (Weekday::Monday, "next_1_months", "2026-03-15..2026-04-14"),
            (Weekday::Monday, "this_week", "2026-03-09..2026-03-15"),
            (Weekday::Sunday, "this_week", "2026-03-15..2026-03-21"),
            (Weekday::Monday, "last_quarter", "2025-10-01..2025-12-31"),
            (Weekday::Monday, "next_year", "2027-01-01..2027-12-31"),
            (Weekday::Monday, "quarter_to_date", "2026-01-01..2026-03-15"),
            (Weekday::Monday, "2024-02", "2024-02-01..2024-02-29"),
            (Weekday::Monday, "2024..2025-02", "2024-01-01..2025-02-28"),
            (Weekday::Monday, "..2025", "none..2025-12-31"),
        ] {
            provider.week_starts_on = week;
            let world = OracleContext::new(&tables, &provider, now);
            let Some(OracleTimeframe::Days(a, b)) = OracleTimeframe::parse(text, &world) else {
                panic!()
            };
            let show = |d: Option<Date>| d.map_or("none".to_owned(), |d| d.to_string());
            assert_eq!(format!("{}..{}", show(a), show(b)), range, "{text}");
        }
        let world = OracleContext::new(&tables, &provider, now);
        for bad in ["", "..", "last_0_days", "last_1000_days", "2026..2025", "2026-13", "soon"] {
            assert_eq!(OracleTimeframe::parse(bad, &world), None, "{bad}");
        }
    }
}
