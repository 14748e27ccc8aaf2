//! Sort and pivot of a request to a grouped report. Rule: spec/reports.md §5, §9, §10.

use super::conditions::Condition;
use super::parameters::Parameters;
use super::period::ShownPeriod;
use super::pivot::{self, PivotOptions};
use super::selection::{self, SORT_ITEMS_MAX};
use super::values::quote_value;
use crate::definition::Report;
use crate::definition::column::{ColumnRole, ReportColumnKind};
use crate::query_scope::ProviderPresent;

/// The key of the currency column, which appears by itself when amounts are shown without it.
pub(crate) const CURRENCY: &str = "currency";

/// The sort and pivot of a request to a grouped report.
#[derive(Debug, Clone)]
pub(crate) struct GroupedOptions {
    /// The sort that was asked for; by default the dimensions from left to right.
    pub(crate) sort: Vec<GroupSortItem>,
    pub(crate) pivot: Option<PivotOptions>,
}

/// One sort item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupSortItem {
    pub(crate) key: GroupSortKey,
    pub(crate) descending: bool,
}

/// The key that groups are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupSortKey {
    /// A selected column, by its position in the report.
    Column(usize),
    /// A measure in one period of the pivot: the period's key, and the measure's position in the
    /// report.
    Cell(String, usize),
    /// The currency column that was added to the groups without being asked for.
    Currency,
}

/// Reads sort and pivot from `parameters`, which keep the errors. `selected` holds the columns
/// asked for; it is none if those are wrong.
pub(crate) fn read_grouped_options(
    report: &Report,
    parameters: &mut Parameters<'_>,
    selected: Option<&[usize]>,
    conditions: &[Condition],
    present: &ProviderPresent<'_>,
) -> GroupedOptions {
    let is_measure =
        |column: &usize| matches!(report.columns[*column].role, ColumnRole::Measure(_));
    let has_measure = selected.map(|columns| columns.iter().any(is_measure));
    let pivot = pivot::read_pivot_options(report, parameters, conditions, present, has_measure);
    let choice = GroupSortChoices { report, selected, pivot: pivot.as_ref() };
    let sort = parameters.read_list("sort", |items| choice.sort(items));
    let sort = sort.unwrap_or_else(|| choice.default_sort());
    GroupedOptions { sort, pivot }
}

/// The columns and cells that groups can be sorted by.
struct GroupSortChoices<'a> {
    report: &'a Report,
    selected: Option<&'a [usize]>,
    pivot: Option<&'a PivotOptions>,
}

impl GroupSortChoices<'_> {
    /// Returns the default sort: the dimensions from left to right, then the currency if it was
    /// added.
    fn default_sort(&self) -> Vec<GroupSortItem> {
        let columns = self.selected.into_iter().flatten().filter(|position| {
            let column = &self.report.columns[**position];
            column.role == ColumnRole::Dimension && column.is_sortable
        });
        let columns = columns.map(|position| GroupSortKey::Column(*position));
        let currency = self.shows_currency().then_some(GroupSortKey::Currency);
        columns.chain(currency).map(|key| GroupSortItem { key, descending: false }).collect()
    }

    fn sort(&self, items: &[String]) -> Result<Vec<GroupSortItem>, String> {
        if items.len() > SORT_ITEMS_MAX {
            return Err(format!(
                "{} sort items; at most {SORT_ITEMS_MAX} are allowed",
                items.len()
            ));
        }
        let mut sort: Vec<GroupSortItem> = Vec::new();
        for item in items {
            let (name, descending) = selection::split_sort_item(item);
            let key = self.key(name)?;
            if sort.iter().all(|earlier| earlier.key != key) {
                sort.push(GroupSortItem { key, descending });
            }
        }
        Ok(sort)
    }

    fn key(&self, name: &str) -> Result<GroupSortKey, String> {
        if let Some((period, measure)) = split_cell_key(name) {
            return self.cell(name, period, measure);
        }
        let report = self.report;
        let found = if report.parents.contains(&name) {
            let below = |leaf: &str| report.column(&format!("{name}.{leaf}"));
            let leaves = below("name").into_iter().chain(below("id"));
            leaves.reduce(|first, second| if self.has(first) { first } else { second })
        } else {
            report.column_named(name)
        };
        match found {
            None => Err(format!("{} is not a column of {}", quote_value(name), report.name)),
            Some(column) if self.has(column) => {
                if report.columns[column].is_sortable {
                    Ok(GroupSortKey::Column(column))
                } else {
                    Err(format!("{} cannot be sorted by", quote_value(name)))
                }
            }
            Some(_) if name == CURRENCY && self.shows_currency() => Ok(GroupSortKey::Currency),
            Some(_) => Err(format!("{} is not among the columns", quote_value(name))),
        }
    }

    fn cell(&self, name: &str, period: &str, measure: &str) -> Result<GroupSortKey, String> {
        let wrong = || format!("{} is not a column of this pivot", quote_value(name));
        let pivot = self.pivot.ok_or_else(wrong)?;
        let measure = self.report.column(measure).filter(|column| {
            self.has(*column) && matches!(self.report.columns[*column].role, ColumnRole::Measure(_))
        });
        let measure = measure.ok_or_else(wrong)?;
        let is_shown = |periods: Vec<ShownPeriod>| periods.iter().any(|shown| shown.key == period);
        if pivot.fixed_periods().is_none_or(is_shown) {
            Ok(GroupSortKey::Cell(period.to_owned(), measure))
        } else {
            Err(wrong())
        }
    }

    fn has(&self, column: usize) -> bool {
        self.selected.is_none_or(|selected| selected.contains(&column))
    }

    /// Returns true if the currency column is added to the selected columns.
    fn shows_currency(&self) -> bool {
        self.selected.is_some_and(|selected| adds_currency_to_key(self.report, selected))
    }
}

/// Returns true if the currency becomes part of the group key without being asked for: amounts are
/// selected, but the currency is not.
pub(crate) fn adds_currency_to_key(report: &Report, selected: &[usize]) -> bool {
    let columns = || selected.iter().map(|position| &report.columns[*position]);
    columns().any(|column| column.kind == ReportColumnKind::Money)
        && !columns().any(|column| column.key == CURRENCY)
}

/// Splits `pivot.<period>.<measure>` into period and measure.
fn split_cell_key(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("pivot.")?.split_once('.')
}
