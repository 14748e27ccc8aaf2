//! The pivot of a request: its unit and its periods. Rule: spec/reports.md §10.

use model::time::{Date, Weekday};

use super::conditions::{Condition, Wanted};
use super::parameters::Parameters;
use super::period::{self, Period};
use super::timeframe::{Timeframe, Unit};
use super::values::{self, shown};
use crate::definition::Report;
use crate::definition::filter::Test;
use crate::definition::grouping::{Bucket, DayBucket, Pivots};
use crate::engine::scope::Present;

const COLUMNS: i64 = 4;
const COLUMNS_MAX: i64 = 12;

/// The pivot that a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Pivot {
    unit: Unit,
    columns: usize,
    last: LastPeriod,
    week_starts_on: Weekday,
}

/// The rule that decides the last period of a pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastPeriod {
    /// The period that contains this day.
    Holds(Date),
    /// The period that contains the latest day of any row or this day, whichever is later.
    HoldsLastRowOr(Date),
}

impl Pivot {
    pub(crate) fn last(&self) -> LastPeriod {
        self.last
    }

    /// Returns the periods in ascending order, the last of which contains `day`.
    pub(crate) fn periods_until(&self, day: Date) -> Vec<Period> {
        period::ending_with(day, self.unit, self.columns, self.week_starts_on)
    }

    /// Returns the periods if the request alone decides them; none if they depend on the rows.
    pub(crate) fn fixed_periods(&self) -> Option<Vec<Period>> {
        match self.last {
            LastPeriod::Holds(day) => Some(self.periods_until(day)),
            LastPeriod::HoldsLastRowOr(_) => None,
        }
    }
}

/// Reads the pivot parameters, if the report has pivots. `has_measure` is true if a measure is
/// selected, and none if the selection is wrong.
pub(crate) fn read(
    report: &Report,
    parameters: &mut Parameters<'_>,
    conditions: &[Condition],
    present: &Present<'_>,
    has_measure: Option<bool>,
) -> Option<Pivot> {
    let pivots = report.grouping()?.pivots.as_ref()?;
    let columns = parameters.read("max_pivot_columns", |text| values::int(text, 1, COLUMNS_MAX));
    let until = parameters.read("pivot_until", values::date);
    let unit = parameters.read("pivot", |text| unit(pivots, text)).flatten();
    if unit.is_none() && until.is_some() && !parameters.errors.0.contains_key("pivot") {
        parameters.errors.push("pivot_until", "needs a pivot: without one it changes nothing");
    }
    let unit = unit?;
    if has_measure == Some(false) {
        parameters.errors.push("pivot", "a pivot needs a measure among the columns");
    }
    Some(Pivot {
        unit,
        columns: usize::try_from(columns.unwrap_or(COLUMNS)).unwrap_or_default(),
        last: last_period(report, pivots, conditions, present, until),
        week_starts_on: present.provider.week_starts_on,
    })
}

fn unit(pivots: &Pivots, text: &str) -> Result<Option<Unit>, String> {
    let chosen = pivots.choices.iter().find(|choice| choice.name.eq_ignore_ascii_case(text));
    chosen.map(|choice| choice.unit).ok_or_else(|| {
        let known = pivots.choices.iter().map(|choice| choice.name).collect::<Vec<_>>();
        format!(
            "{} is not a pivot of this report: expected one of {}",
            shown(text),
            known.join(", ")
        )
    })
}

fn last_period(
    report: &Report,
    pivots: &Pivots,
    conditions: &[Condition],
    present: &Present<'_>,
    until: Option<Date>,
) -> LastPeriod {
    let today = present.today;
    let Bucket::Day(bucket) = &pivots.bucket else {
        return LastPeriod::Holds(until.unwrap_or(today));
    };
    let wanted = |name: &str| wanted(report, conditions, name);
    let shows_future = match bucket.future {
        Some(filter) => wanted(filter) == Some(&Wanted::Bool(true)),
        None => false,
    };
    let day = until.or_else(|| upper_bound(report, bucket, conditions, present));
    match (day, bucket.future.is_some()) {
        (None, true) if shows_future => LastPeriod::HoldsLastRowOr(today),
        (day, true) if !shows_future => LastPeriod::Holds(day.unwrap_or(today).min(today)),
        (day, _) => LastPeriod::Holds(day.unwrap_or(today)),
    }
}

/// Returns the smallest upper bound that the conditions set on the report's day.
fn upper_bound(
    report: &Report,
    bucket: &DayBucket,
    conditions: &[Condition],
    present: &Present<'_>,
) -> Option<Date> {
    let until = match wanted(report, conditions, bucket.until) {
        Some(Wanted::Date(date)) => Some(*date),
        Some(Wanted::Instant(instant)) => Some(present.provider.timezone.date_of(*instant)),
        _ => None,
    };
    let frame = match wanted(report, conditions, bucket.within) {
        Some(Wanted::Timeframe(Timeframe::Days(_, last))) => *last,
        Some(Wanted::Timeframe(Timeframe::Past)) => {
            let of_instants = report.filters.iter().any(|filter| {
                filter.name == bucket.within && matches!(filter.test, Test::InstantsWithin(_))
            });
            Some(present.today.plus_days(if of_instants { 0 } else { -1 }))
        }
        _ => None,
    };
    until.into_iter().chain(frame).min()
}

fn wanted<'c>(report: &Report, conditions: &'c [Condition], name: &str) -> Option<&'c Wanted> {
    let condition =
        conditions.iter().find(|condition| report.filters[condition.filter].name == name)?;
    Some(&condition.wanted)
}
