//! Pivots. Rule: spec/reports.md §10.

use model::time::Date;

use super::catalogue::{LifeSpan, OracleBucket, OracleReport, last_event_day};
use super::data::OracleRow;
use super::filter::{Bound, parse_bool, parse_instant};
use super::request::RequestParameters;
use super::timeframe::OracleTimeframe;
use super::world::OracleContext;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The periods of a pivot, and the assignment of rows to them.
pub(super) struct OraclePivot {
    bucket: OracleBucket,
    /// Periods in ascending order.
    pub(super) periods: Vec<OraclePivotPeriod>,
}

/// One period.
pub(super) struct OraclePivotPeriod {
    pub(super) key: String,
    pub(super) label: String,
    first: Date,
    last: Date,
}

impl OraclePivot {
    /// Returns the pivot of a request; none if it has none.
    pub(super) fn new(
        world: &OracleContext<'_>,
        report: &OracleReport,
        params: &RequestParameters,
        rows: &[&OracleRow],
    ) -> Option<Self> {
        let grouping = report.grouping.as_ref()?;
        let name = params.one("pivot")?.to_ascii_lowercase();
        let unit = name.strip_prefix("active_by_").unwrap_or(&name);
        let bucket = grouping.bucket.clone()?;
        if unit == "all" {
            return None;
        }
        let shown = params.number("max_pivot_columns").unwrap_or(4);
        let mut first = period_start(world, unit, last_day(world, report, &bucket, params, rows));
        let mut periods = Vec::new();
        for _ in 0..shown {
            let next = period_start(world, unit, first.plus_days(period_days_max(unit)));
            periods.insert(0, OraclePivotPeriod::new(unit, first, next.plus_days(-1)));
            first = period_start(world, unit, first.plus_days(-1));
        }
        Some(Self { bucket, periods })
    }

    /// Returns true if a row counts in the period with this index.
    pub(super) fn counts(&self, world: &OracleContext<'_>, row: &OracleRow, number: usize) -> bool {
        let period = &self.periods[number];
        match &self.bucket {
            OracleBucket::Day { of, .. } => {
                let day = of(world, row);
                period.first <= day && day <= period.last
            }
            OracleBucket::Active(of) => of(world, row).is_active_within(period.first, period.last),
        }
    }

    /// Returns true if a row belongs to a period before the first one shown.
    pub(super) fn is_truncated(&self, world: &OracleContext<'_>, rows: &[&OracleRow]) -> bool {
        let first = self.periods[0].first;
        rows.iter().any(|row| match &self.bucket {
            OracleBucket::Day { of, .. } => of(world, row) < first,
            OracleBucket::Active(of) => {
                let span = of(world, row);
                let start = span.start.unwrap_or(first);
                span.is_active_within(start, first.plus_days(-1))
            }
        })
    }
}

/// Returns a number of days that leads from the first day of any period into the next one.
fn period_days_max(unit: &str) -> i64 {
    match unit {
        "year" => 366,
        "month" => 31,
        _ => 7,
    }
}

fn period_start(world: &OracleContext<'_>, unit: &str, day: Date) -> Date {
    let start = match unit {
        "year" => Date::new(day.year(), 1, 1),
        "month" => Date::new(day.year(), day.month(), 1),
        "week" => Some(world.week_start(day)),
        _ => panic!("{unit} is no period"),
    };
    start.expect("a first day")
}

/// Returns a day of the last period shown.
fn last_day(
    world: &OracleContext<'_>,
    report: &OracleReport,
    bucket: &OracleBucket,
    params: &RequestParameters,
    rows: &[&OracleRow],
) -> Date {
    let future = params.one("include_future").is_some_and(parse_bool);
    let until = params.one("pivot_until").map(|text| Date::parse(text).expect("a date"));
    let with_events = || {
        if future {
            Some(last_event_day(world, rows).map_or(world.today, |d| d.max(world.today)))
        } else {
            None
        }
    };
    let day = until.or_else(|| filter_end(world, bucket, params)).or_else(with_events);
    let day = day.unwrap_or(world.today);
    if report.name == "attendances" && !future { day.min(world.today) } else { day }
}

/// Returns the upper bound of the report's own time filter.
fn filter_end(
    world: &OracleContext<'_>,
    bucket: &OracleBucket,
    params: &RequestParameters,
) -> Option<Date> {
    let OracleBucket::Day { upper_bound, timeframe, is_instant, .. } = bucket else { return None };
    let bound = params.one(upper_bound).map(|text| match is_instant {
        true => world.local(parse_instant(text, world.provider, Bound::To)),
        false => Date::parse(text).expect("a date"),
    });
    let frame = params.one(timeframe).and_then(|text| {
        OracleTimeframe::parse(text, world).expect("a timeframe").last_day(world, *is_instant)
    });
    bound.into_iter().chain(frame).min()
}

impl OraclePivotPeriod {
    fn new(unit: &str, first: Date, last: Date) -> Self {
        let month = MONTHS[usize::try_from(first.month() - 1).expect("a month")];
        let (key, label) = match unit {
            "year" => (first.year().to_string(), first.year().to_string()),
            "month" => {
                let key = format!("{:04}-{:02}", first.year(), first.month());
                (key, format!("{month} {}", first.year()))
            }
            _ => (first.to_string(), format!("Week of {first}")),
        };
        Self { key, label, first, last }
    }
}

impl LifeSpan {
    fn is_active_on(&self, day: Date) -> bool {
        self.start.is_some_and(|start| start <= day)
            && self.last.iter().all(|last| day <= *last)
            && !self
                .held
                .iter()
                .any(|(first, last)| *first <= day && last.is_none_or(|last| day <= last))
    }

    /// Returns true if there is an active day from `first` to `last`.
    fn is_active_within(&self, first: Date, last: Date) -> bool {
        let Some(start) = self.start else { return false };
        let mut day = first.max(start);
        let end = self.last.iter().copied().fold(last, Date::min);
        while day <= end {
            if self.is_active_on(day) {
                return true;
            }
            day = day.plus_days(1);
        }
        false
    }
}
