//! Sort and pivot of a request to a grouped report. Rule: spec/reports.md §5, §9, §10.

use super::conditions::Condition;
use super::parameters::Parameters;
use super::period::Period;
use super::pivot::{self, Pivot};
use super::selection::{self, SORT_ITEMS_MAX};
use super::values::shown;
use crate::definition::Report;
use crate::definition::column::{Kind, Role};
use crate::engine::scope::Present;

/// The key of the currency column, which appears by itself when amounts are shown without it.
pub(crate) const CURRENCY: &str = "currency";

/// The sort and pivot of a request to a grouped report.
#[derive(Debug, Clone)]
pub(crate) struct Arrangement {
    /// The sort that was asked for; by default the dimensions from left to right.
    pub(crate) sort: Vec<GroupSort>,
    pub(crate) pivot: Option<Pivot>,
}

/// One sort item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupSort {
    pub(crate) key: SortKey,
    pub(crate) descending: bool,
}

/// The key that groups are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SortKey {
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
pub(crate) fn read(
    report: &Report,
    parameters: &mut Parameters<'_>,
    selected: Option<&[usize]>,
    conditions: &[Condition],
    present: &Present<'_>,
) -> Arrangement {
    let is_measure = |column: &usize| matches!(report.columns[*column].role, Role::Measure(_));
    let has_measure = selected.map(|columns| columns.iter().any(is_measure));
    let pivot = pivot::read(report, parameters, conditions, present, has_measure);
    let choice = Choice { report, selected, pivot: pivot.as_ref() };
    let sort = parameters.read_list("sort", |items| choice.sort(items));
    let sort = sort.unwrap_or_else(|| choice.default_sort());
    Arrangement { sort, pivot }
}

/// The columns and cells that groups can be sorted by.
struct Choice<'a> {
    report: &'a Report,
    selected: Option<&'a [usize]>,
    pivot: Option<&'a Pivot>,
}

impl Choice<'_> {
    /// Returns the default sort: the dimensions from left to right, then the currency if it was
    /// added.
    fn default_sort(&self) -> Vec<GroupSort> {
        let columns = self.selected.into_iter().flatten().filter(|position| {
            let column = &self.report.columns[**position];
            column.role == Role::Dimension && column.is_sortable
        });
        let columns = columns.map(|position| SortKey::Column(*position));
        let currency = self.shows_currency().then_some(SortKey::Currency);
        columns.chain(currency).map(|key| GroupSort { key, descending: false }).collect()
    }

    fn sort(&self, items: &[String]) -> Result<Vec<GroupSort>, String> {
        if items.len() > SORT_ITEMS_MAX {
            return Err(format!(
                "{} sort items; at most {SORT_ITEMS_MAX} are allowed",
                items.len()
            ));
        }
        let mut sort: Vec<GroupSort> = Vec::new();
        for item in items {
            let (name, descending) = selection::direction(item);
            let key = self.key(name)?;
            if sort.iter().all(|earlier| earlier.key != key) {
                sort.push(GroupSort { key, descending });
            }
        }
        Ok(sort)
    }

    fn key(&self, name: &str) -> Result<SortKey, String> {
        if let Some((period, measure)) = cell_name(name) {
            return self.cell(name, period, measure);
        }
        let report = self.report;
        let found = match report.parents.contains(&name) {
            true => {
                let below = |leaf: &str| report.column(&format!("{name}.{leaf}"));
                let leaves = below("name").into_iter().chain(below("id"));
                leaves.reduce(|first, second| if self.has(first) { first } else { second })
            }
            false => selection::leaf(report, name),
        };
        match found {
            None => Err(format!("{} is not a column of {}", shown(name), report.name)),
            Some(column) if self.has(column) => match report.columns[column].is_sortable {
                true => Ok(SortKey::Column(column)),
                false => Err(format!("{} cannot be sorted by", shown(name))),
            },
            Some(_) if name == CURRENCY && self.shows_currency() => Ok(SortKey::Currency),
            Some(_) => Err(format!("{} is not among the columns", shown(name))),
        }
    }

    fn cell(&self, name: &str, period: &str, measure: &str) -> Result<SortKey, String> {
        let wrong = || format!("{} is not a column of this pivot", shown(name));
        let pivot = self.pivot.ok_or_else(wrong)?;
        let measure = self.report.column(measure).filter(|column| {
            self.has(*column) && matches!(self.report.columns[*column].role, Role::Measure(_))
        });
        let measure = measure.ok_or_else(wrong)?;
        let is_shown = |periods: Vec<Period>| periods.iter().any(|shown| shown.key == period);
        match pivot.fixed_periods().is_none_or(is_shown) {
            true => Ok(SortKey::Cell(period.to_owned(), measure)),
            false => Err(wrong()),
        }
    }

    fn has(&self, column: usize) -> bool {
        self.selected.is_none_or(|selected| selected.contains(&column))
    }

    /// Returns true if the currency column is added to the selected columns.
    fn shows_currency(&self) -> bool {
        self.selected.is_some_and(|selected| joins_currency(self.report, selected))
    }
}

/// Returns true if the currency becomes part of the group key without being asked for: amounts are
/// selected, but the currency is not.
pub(crate) fn joins_currency(report: &Report, selected: &[usize]) -> bool {
    let columns = || selected.iter().map(|position| &report.columns[*position]);
    columns().any(|column| column.kind == Kind::Money)
        && !columns().any(|column| column.key == CURRENCY)
}

/// Splits `pivot.<period>.<measure>` into period and measure.
fn cell_name(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("pivot.")?.split_once('.')
}
