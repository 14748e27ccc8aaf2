//! Column names and sort items. Rule: spec/reports.md §4, §5.

use model::suggest;

use super::values::quote_value;
use crate::definition::Report;

/// The largest number of sort items in one request.
pub(super) const SORT_ITEMS_MAX: usize = 8;

/// One sort item; `column` is the position of the column in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SortItem {
    pub(crate) column: usize,
    pub(crate) descending: bool,
}

/// Returns the columns that `items` name, in order and each once. Required columns that are not
/// named come first.
pub(crate) fn parse_columns(report: &Report, items: &[String]) -> Result<Vec<usize>, String> {
    let mut chosen: Vec<usize> = Vec::new();
    for item in items {
        let Some(named) = report.columns_named(item) else {
            let known = report.columns.iter().map(|column| column.key).collect::<Vec<_>>();
            return Err(format!(
                "{} is not a column of {}{}: expected some of {}",
                quote_value(item),
                report.name,
                suggest::did_you_mean(item, known.iter().copied()),
                known.join(", ")
            ));
        };
        for column in named {
            if !chosen.contains(&column) {
                chosen.push(column);
            }
        }
    }
    let required = report.required_keys().iter().filter_map(|key| report.column(key));
    let mut all: Vec<usize> = required
        .filter(|column| report.is_required(&report.columns[*column]) && !chosen.contains(column))
        .collect();
    all.extend(chosen);
    Ok(all)
}

/// Returns the columns that are shown when no columns are asked for.
pub(crate) fn default_columns(report: &Report) -> Vec<usize> {
    match report.grouping() {
        Some(grouping) => {
            grouping.default_columns.iter().filter_map(|key| report.column(key)).collect()
        }
        None => (0..report.columns.len()).filter(|c| !report.columns[*c].is_addition).collect(),
    }
}

/// Parses sort items. When a column is named twice, only the first occurrence counts.
pub(crate) fn parse_sort(report: &Report, items: &[String]) -> Result<Vec<SortItem>, String> {
    if items.len() > SORT_ITEMS_MAX {
        return Err(format!("{} sort items; at most {SORT_ITEMS_MAX} are allowed", items.len()));
    }
    let mut sort: Vec<SortItem> = Vec::new();
    for item in items {
        let (name, descending) = split_sort_item(item);
        let Some(column) = column_of_sort_name(report, name) else {
            let known = report.columns.iter().map(|column| column.key);
            let meant = suggest::did_you_mean(name, known);
            return Err(format!("{} is not a column of {}{meant}", quote_value(name), report.name));
        };
        if !report.columns[column].is_sortable {
            return Err(format!("{} cannot be sorted by", quote_value(name)));
        }
        if sort.iter().all(|earlier| earlier.column != column) {
            sort.push(SortItem { column, descending });
        }
    }
    Ok(sort)
}

/// Splits a sort item into its name and a flag that is true if it sorts descending.
pub(super) fn split_sort_item(item: &str) -> (&str, bool) {
    match item.strip_prefix('-') {
        Some(name) => (name, true),
        None => (item, false),
    }
}

/// Returns the column that a name in `sort` means. For a parent this is its `name`, else its `id`.
fn column_of_sort_name(report: &Report, name: &str) -> Option<usize> {
    if report.parents.contains(&name) {
        let below = |leaf: &str| report.column(&format!("{name}.{leaf}"));
        return below("name").or_else(|| below("id"));
    }
    report.column_named(name)
}

/// Returns the default sort of the report.
pub(crate) fn default_sort(report: &Report) -> Vec<SortItem> {
    let items = report.default_sort.iter().map(|item| split_sort_item(item));
    let items = items.filter_map(|(key, descending)| {
        report.column(key).map(|column| SortItem { column, descending })
    });
    items.collect()
}
