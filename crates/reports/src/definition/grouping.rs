//! The grouped form of a report. Rule: spec/reports.md §9, §10.

use super::column::{Column, Role};
use super::value::Value;
use super::{Report, Shape};
use crate::request::timeframe::Unit;

/// How the rows of a report are grouped, beside its columns.
pub(crate) struct Grouping {
    /// Keys of the columns that are shown when none are asked for; none: some must be asked for.
    pub(crate) default_columns: &'static [&'static str],
    pub(crate) pivots: Option<Pivots>,
}

/// The pivots of a grouped report.
pub(crate) struct Pivots {
    pub(crate) choices: &'static [PivotChoice],
    /// The choice that holds when none is made.
    pub(crate) default: Option<&'static str>,
    pub(crate) bucket: Bucket,
}

/// One pivot: its name and how long its periods are; `all` has none.
pub(crate) struct PivotChoice {
    pub(crate) name: &'static str,
    pub(crate) unit: Option<Unit>,
}

/// In which periods a row counts.
pub(crate) enum Bucket {
    /// In the one that holds its day.
    Day(DayBucket),
    /// In each one with a day on which the base row, a customer membership, was active.
    Active,
}

/// The day of a row, and the report's own filter on it.
pub(crate) struct DayBucket {
    pub(crate) day: Value,
    /// Filter that is its upper bound.
    pub(crate) until: &'static str,
    /// Filter that is its timeframe.
    pub(crate) within: &'static str,
    /// Filter without which no period after today is shown.
    pub(crate) future: Option<&'static str>,
}

/// `all`, `year`, `month`, `week`: the pivots of rows that have a day.
pub(crate) const BY_DAY: &[PivotChoice] = &[
    PivotChoice { name: "all", unit: None },
    PivotChoice { name: "year", unit: Some(Unit::Year) },
    PivotChoice { name: "month", unit: Some(Unit::Month) },
    PivotChoice { name: "week", unit: Some(Unit::Week) },
];

/// The pivots of rows that are active for a while.
pub(crate) const BY_LIFE_SPAN: &[PivotChoice] = &[
    PivotChoice { name: "active_by_year", unit: Some(Unit::Year) },
    PivotChoice { name: "active_by_month", unit: Some(Unit::Month) },
];

/// What the grouped form of a report has instead of the plain one's.
pub(crate) struct Groups {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// In catalogue order; those that are no measures are dimensions.
    pub(crate) columns: Vec<Column>,
    pub(crate) parents: &'static [&'static str],
    pub(crate) grouping: Grouping,
}

impl Report {
    /// The same rows under the same filters and permissions, in groups.
    pub(crate) fn in_groups(self, groups: Groups) -> Self {
        let mut columns = groups.columns;
        for column in &mut columns {
            if column.role == Role::Column {
                column.role = Role::Dimension;
            }
        }
        Self {
            name: groups.name,
            label: groups.label,
            columns,
            parents: groups.parents,
            default_sort: &[],
            brief_columns: &[],
            shape: Shape::Grouped(groups.grouping),
            ..self
        }
    }
}
