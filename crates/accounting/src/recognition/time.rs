//! Pieces recognized over time: recognized = elapsed time ÷ length of the period × deferred.
//! Rule: spec/accounting.md §7.3.

use model::time::{Date, Instant};

use crate::arithmetic::mul_div_half_away;
use crate::calendar::{Month, ProviderCalendar, RecognitionPosition};
use crate::settings::RecognitionMethod;

const LAST_SECOND_OF_DAY: i64 = 86_399_000_000;

/// A period and the measure of its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSchedule {
    start: Instant,
    end: Instant,
    first_month: Month,
    last_month: Month,
    measure: TimeMeasure,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TimeMeasure {
    Days {
        start: Date,
        end: Date,
    },
    Micros,
    Months {
        count: i32,
    },
    /// The amounts of the months, from the first month on.
    MonthAmounts(Vec<i128>),
}

impl TimeSchedule {
    /// Returns the schedule of a piece of `net` over `start`..`end`. `end` must not be before
    /// `start`.
    pub(crate) fn new(
        method: RecognitionMethod,
        (start, end): (Instant, Instant),
        net: i128,
        calendar: &ProviderCalendar,
    ) -> Self {
        let end = following_midnight(end, calendar);
        let (start_date, end_date) = (calendar.date_of(start), calendar.date_of(end));
        let (first_month, end_month) = (Month::from_date(start_date), Month::from_date(end_date));
        let measure = match method {
            RecognitionMethod::Daily => TimeMeasure::Days { start: start_date, end: end_date },
            RecognitionMethod::Exact => TimeMeasure::Micros,
            RecognitionMethod::MonthlyEven => {
                TimeMeasure::Months { count: end_month.since(first_month).max(1) }
            }
            RecognitionMethod::MonthlyEvenProrated => {
                TimeMeasure::MonthAmounts(amounts_by_month((start, end), net, calendar))
            }
        };
        Self { start, end, first_month, last_month: end_month.max(first_month), measure }
    }

    pub(super) fn progress(&self, position: &RecognitionPosition) -> i128 {
        let months = i128::from(position.months_until.since(self.first_month));
        match &self.measure {
            TimeMeasure::Days { start, end } => {
                let days = days_between(*start, position.date);
                match days_between(*start, *end) {
                    0 => i128::from(days > 0),
                    total => days.clamp(0, total),
                }
            }
            TimeMeasure::Micros if self.start == self.end => {
                i128::from(position.instant > self.start)
            }
            TimeMeasure::Micros => {
                micros_between(self.start, position.instant).clamp(0, self.total())
            }
            TimeMeasure::Months { count } => months.clamp(0, i128::from(*count)),
            TimeMeasure::MonthAmounts(amounts) => {
                amounts.iter().take(usize::try_from(months.max(0)).unwrap_or(usize::MAX)).sum()
            }
        }
    }

    pub(super) fn total(&self) -> i128 {
        match &self.measure {
            TimeMeasure::Days { start, end } => days_between(*start, *end).max(1),
            TimeMeasure::Micros => micros_between(self.start, self.end).max(1),
            TimeMeasure::Months { count } => i128::from(*count),
            TimeMeasure::MonthAmounts(amounts) => amounts.iter().sum(),
        }
    }

    pub(super) fn units(&self, position: &RecognitionPosition) -> i128 {
        match &self.measure {
            TimeMeasure::MonthAmounts(_) => {
                let months = i128::from(position.months_until.since(self.first_month));
                months.clamp(0, self.units_total())
            }
            _ => self.progress(position),
        }
    }

    pub(super) fn units_total(&self) -> i128 {
        match &self.measure {
            TimeMeasure::MonthAmounts(amounts) => {
                i128::try_from(amounts.len()).unwrap_or(i128::MAX)
            }
            _ => self.total(),
        }
    }

    pub(super) fn next_change(&self, month: Month) -> Option<Month> {
        let next = month.max(self.first_month);
        (next <= self.last_month).then_some(next)
    }

    pub(super) fn method(&self) -> RecognitionMethod {
        match self.measure {
            TimeMeasure::Days { .. } => RecognitionMethod::Daily,
            TimeMeasure::Micros => RecognitionMethod::Exact,
            TimeMeasure::Months { .. } => RecognitionMethod::MonthlyEven,
            TimeMeasure::MonthAmounts(_) => RecognitionMethod::MonthlyEvenProrated,
        }
    }

    pub(super) fn unit_name(&self) -> &'static str {
        match self.measure {
            TimeMeasure::Days { .. } => "days",
            TimeMeasure::Micros => "microseconds",
            TimeMeasure::Months { .. } => "months",
            TimeMeasure::MonthAmounts(_) => "minor units of the table of months",
        }
    }

    pub(super) fn period(&self) -> (Instant, Instant) {
        (self.start, self.end)
    }

    /// Returns the end of the period.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }
}

fn days_between(start: Date, end: Date) -> i128 {
    i128::from(end.days()) - i128::from(start.days())
}

fn micros_between(start: Instant, end: Instant) -> i128 {
    i128::from(end.micros()) - i128::from(start.micros())
}

/// Returns the following midnight for an end in the last second of a day, else the end itself.
fn following_midnight(end: Instant, calendar: &ProviderCalendar) -> Instant {
    if calendar.micros_of_day(end) < LAST_SECOND_OF_DAY {
        return end;
    }
    calendar.zone().start_of(calendar.date_of(end).plus_days(1)).max(end)
}

/// Returns the amount of each month of the period. Partial months get their part of the period,
/// full months get equal amounts, and the last full month gets the rounding remainder.
fn amounts_by_month(
    (start, end): (Instant, Instant),
    net: i128,
    calendar: &ProviderCalendar,
) -> Vec<i128> {
    let first = calendar.month_of(start);
    let last = calendar.month_of(Instant::from_micros(end.micros().saturating_sub(1))).max(first);
    if first == last {
        return vec![net];
    }
    let length = micros_between(start, end);
    let part_of =
        |from: Instant, until: Instant| mul_div_half_away(net, micros_between(from, until), length);
    let second_start = calendar.start_of(first.next());
    let is_first_full = calendar.start_of(first) == start;
    let is_last_full = calendar.start_of(last.next()) == end;
    let first_full = if is_first_full { first } else { first.next() };
    let last_full = if is_last_full { last } else { last.previous() };
    let full = i128::from(last_full.since(first_full) + 1).max(0);
    let tail = if is_last_full { 0 } else { part_of(calendar.start_of(last), end) };
    let head = match (is_first_full, full) {
        (true, _) => 0,
        (false, 0) => net - tail,
        (false, _) => part_of(start, second_start),
    };
    let rest = net - head - tail;
    first
        .through(last)
        .map(|month| {
            if month < first_full {
                head
            } else if month > last_full {
                tail
            } else if month == last_full {
                rest - rest / full * (full - 1)
            } else {
                rest / full
            }
        })
        .collect()
}
