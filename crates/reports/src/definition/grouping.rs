//! The grouped form of a report. Rule: spec/reports.md §9, §10.

use super::column::{ColumnRole, ReportColumn};
use super::scoped_expr::ScopedExpr;
use super::{Report, ReportShape};
use crate::request::timeframe::CalendarUnit;

/// The properties of a grouped report, besides its columns.
pub(crate) struct ReportGrouping {
    /// Keys of the columns that are shown when none are asked for. If it is empty, the request must
    /// name columns.
    pub(crate) default_columns: &'static [&'static str],
    pub(crate) pivots: Option<Pivots>,
}

/// The pivots of a grouped report.
pub(crate) struct Pivots {
    pub(crate) choices: &'static [PivotChoice],
    /// The name of the pivot that is used when none is asked for.
    pub(crate) default: Option<&'static str>,
    pub(crate) bucket: PivotBucket,
}

/// One pivot: its name and the unit of its periods. `all` has no periods.
pub(crate) struct PivotChoice {
    pub(crate) name: &'static str,
    pub(crate) unit: Option<CalendarUnit>,
}

/// The rule that decides in which periods of a pivot a row counts.
pub(crate) enum PivotBucket {
    /// The period that contains the row's day.
    Day(PivotDayBucket),
    /// Every period with a day on which the base row, a customer membership, was active.
    Active,
}

/// The day of a row, and the filters of the report that restrict that day.
pub(crate) struct PivotDayBucket {
    pub(crate) day: ScopedExpr,
    /// The name of the filter that sets the upper bound of the day.
    pub(crate) until: &'static str,
    /// The name of the filter that restricts the day to a timeframe.
    pub(crate) within: &'static str,
    /// The name of the bool filter that must be true for periods after today to be shown.
    pub(crate) future: Option<&'static str>,
}

/// The pivots of rows that have a day: `all`, `year`, `month`, `week`.
pub(crate) const BY_DAY: &[PivotChoice] = &[
    PivotChoice { name: "all", unit: None },
    PivotChoice { name: "year", unit: Some(CalendarUnit::Year) },
    PivotChoice { name: "month", unit: Some(CalendarUnit::Month) },
    PivotChoice { name: "week", unit: Some(CalendarUnit::Week) },
];

/// The pivots of rows that are active over a span of days.
pub(crate) const BY_LIFE_SPAN: &[PivotChoice] = &[
    PivotChoice { name: "active_by_year", unit: Some(CalendarUnit::Year) },
    PivotChoice { name: "active_by_month", unit: Some(CalendarUnit::Month) },
];

/// The properties in which the grouped form of a report differs from the plain one.
pub(crate) struct GroupedForm {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// The columns in catalogue order. Columns that are not measures become dimensions.
    pub(crate) columns: Vec<ReportColumn>,
    pub(crate) parents: &'static [&'static str],
    pub(crate) grouping: ReportGrouping,
}

impl Report {
    /// Returns the grouped form of the report: the same rows, filters and permissions, but in
    /// groups.
    pub(crate) fn into_grouped(self, groups: GroupedForm) -> Self {
        let mut columns = groups.columns;
        for column in &mut columns {
            if column.role == ColumnRole::Column {
                column.role = ColumnRole::Dimension;
            }
        }
        Self {
            name: groups.name,
            label: groups.label,
            columns,
            parents: groups.parents,
            default_sort: &[],
            brief_columns: &[],
            shape: ReportShape::Grouped(groups.grouping),
            ..self
        }
    }
}
