//! The pivot of a request: its unit and its periods. Rule: spec/reports.md §10.

use model::time::{Date, Weekday};

use super::conditions::{Condition, ConditionValue};
use super::parameters::Parameters;
use super::period::{self, ShownPeriod};
use super::timeframe::{CalendarUnit, Timeframe};
use super::values::{self, quote_value};
use crate::definition::Report;
use crate::definition::filter::FilterTest;
use crate::definition::grouping::{PivotBucket, PivotDayBucket, Pivots};
use crate::query_scope::ProviderPresent;

const PERIODS_DEFAULT: i64 = 4;
const PERIODS_MAX: i64 = 12;

/// The pivot that a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct PivotOptions {
    unit: CalendarUnit,
    columns: usize,
    last: LastPivotPeriod,
    week_starts_on: Weekday,
}

/// The rule that decides the last period of a pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastPivotPeriod {
    /// The period that contains this day.
    Contains(Date),
    /// The period that contains the latest day of any row or this day, whichever is later.
    ContainsLastRowOr(Date),
}

impl PivotOptions {
    pub(crate) fn last(&self) -> LastPivotPeriod {
        self.last
    }

    /// Returns the periods in ascending order, the last of which contains `day`.
    pub(crate) fn periods_until(&self, day: Date) -> Vec<ShownPeriod> {
        period::pivot_periods_until(day, self.unit, self.columns, self.week_starts_on)
    }

    /// Returns the periods if the request alone decides them; none if they depend on the rows.
    pub(crate) fn fixed_periods(&self) -> Option<Vec<ShownPeriod>> {
        match self.last {
            LastPivotPeriod::Contains(day) => Some(self.periods_until(day)),
            LastPivotPeriod::ContainsLastRowOr(_) => None,
        }
    }
}

/// Reads the pivot parameters, if the report has pivots. `has_measure` is true if a measure is
/// selected, and none if the selection is wrong.
pub(crate) fn read_pivot_options(
    report: &Report,
    parameters: &mut Parameters<'_>,
    conditions: &[Condition],
    present: &ProviderPresent<'_>,
    has_measure: Option<bool>,
) -> Option<PivotOptions> {
    let pivots = report.grouping()?.pivots.as_ref()?;
    let columns =
        parameters.read("max_pivot_columns", |text| values::parse_int(text, 1, PERIODS_MAX));
    let until = parameters.read("pivot_until", values::parse_date);
    let unit = parameters.read("pivot", |text| read_pivot_unit(pivots, text)).flatten();
    if unit.is_none() && until.is_some() && !parameters.errors.0.contains_key("pivot") {
        parameters.errors.push("pivot_until", "needs a pivot: without one it changes nothing");
    }
    let unit = unit?;
    if has_measure == Some(false) {
        parameters.errors.push("pivot", "a pivot needs a measure among the columns");
    }
    Some(PivotOptions {
        unit,
        columns: usize::try_from(columns.unwrap_or(PERIODS_DEFAULT)).unwrap_or_default(),
        last: last_pivot_period(report, pivots, conditions, present, until),
        week_starts_on: present.provider.week_starts_on,
    })
}

fn read_pivot_unit(pivots: &Pivots, text: &str) -> Result<Option<CalendarUnit>, String> {
    let chosen = pivots.choices.iter().find(|choice| choice.name.eq_ignore_ascii_case(text));
    chosen.map(|choice| choice.unit).ok_or_else(|| {
        let known = pivots.choices.iter().map(|choice| choice.name).collect::<Vec<_>>();
        format!(
            "{} is not a pivot of this report: expected one of {}",
            quote_value(text),
            known.join(", ")
        )
    })
}

fn last_pivot_period(
    report: &Report,
    pivots: &Pivots,
    conditions: &[Condition],
    present: &ProviderPresent<'_>,
    until: Option<Date>,
) -> LastPivotPeriod {
    let today = present.today;
    let PivotBucket::Day(bucket) = &pivots.bucket else {
        return LastPivotPeriod::Contains(until.unwrap_or(today));
    };
    let wanted = |name: &str| condition_value(report, conditions, name);
    let shows_future = match bucket.future {
        Some(filter) => wanted(filter) == Some(&ConditionValue::Bool(true)),
        None => false,
    };
    let day = until.or_else(|| upper_bound(report, bucket, conditions, present));
    match (day, bucket.future.is_some()) {
        (None, true) if shows_future => LastPivotPeriod::ContainsLastRowOr(today),
        (day, true) if !shows_future => LastPivotPeriod::Contains(day.unwrap_or(today).min(today)),
        (day, _) => LastPivotPeriod::Contains(day.unwrap_or(today)),
    }
}

/// Returns the smallest upper bound that the conditions set on the report's day.
fn upper_bound(
    report: &Report,
    bucket: &PivotDayBucket,
    conditions: &[Condition],
    present: &ProviderPresent<'_>,
) -> Option<Date> {
    let until = match condition_value(report, conditions, bucket.until) {
        Some(ConditionValue::Date(date)) => Some(*date),
        Some(ConditionValue::Instant(instant)) => Some(present.provider.timezone.date_of(*instant)),
        _ => None,
    };
    let frame = match condition_value(report, conditions, bucket.within) {
        Some(ConditionValue::Timeframe(Timeframe::Days(_, last))) => *last,
        Some(ConditionValue::Timeframe(Timeframe::Past)) => {
            let of_instants = report.filters.iter().any(|filter| {
                filter.name == bucket.within && matches!(filter.test, FilterTest::InstantsWithin(_))
            });
            Some(present.today.plus_days(if of_instants { 0 } else { -1 }))
        }
        _ => None,
    };
    until.into_iter().chain(frame).min()
}

fn condition_value<'c>(
    report: &Report,
    conditions: &'c [Condition],
    name: &str,
) -> Option<&'c ConditionValue> {
    let condition =
        conditions.iter().find(|condition| report.filters[condition.filter].name == name)?;
    Some(&condition.value)
}
