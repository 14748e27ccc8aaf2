//! Parameters of one valid request. Rule: spec/reports.md §2, §6.

use model::provider::Provider;
use model::time::{Date, Instant};

use super::catalogue::OracleReport;
use super::column::{OracleColumn, sorted_by};
use super::data::OracleRow;
use super::filter::{Bound, OracleFilterTest, parse_instant};
use super::world::OracleContext;

/// The pairs of a query string, decoded.
pub(super) struct RequestParameters(Vec<(String, String)>);

impl RequestParameters {
    pub(super) fn new(pairs: &[(String, String)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| {
            (name.strip_suffix("[]").unwrap_or(name).to_owned(), value.clone())
        });
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Returns the value of a parameter that is not a list.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the items of a list, separated by commas or repeated, without spaces and duplicates.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for (known, value) in &self.0 {
            if known == name {
                for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                    if !items.iter().any(|known| known == item) {
                        items.push(item.to_owned());
                    }
                }
            }
        }
        items
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.one(name).map(|text| text.parse().expect("a number"))
    }

    pub(super) fn as_of(&self, provider: &Provider) -> Option<Instant> {
        self.one("as_of").map(|text| parse_instant(text, provider, Bound::From))
    }

    /// Returns the size of the page, and the number of rows before it.
    pub(super) fn page(&self) -> (usize, usize) {
        let (page, page_size) = (self.number("page"), self.number("page_size"));
        let (limit, offset) = (self.number("limit"), self.number("offset"));
        if page.is_none() && page_size.is_none() {
            return (limit.unwrap_or(50), offset.unwrap_or(0));
        }
        let size = page_size.or(limit).unwrap_or(50);
        (size, (page.unwrap_or(1) - 1) * size)
    }

    /// Returns the items of the `sort` parameter: position of the column, and true if descending.
    pub(super) fn sort(&self, columns: &[OracleColumn], parents: &[&str]) -> Vec<(usize, bool)> {
        let items = self.list("sort");
        sort_items(items.iter().map(String::as_str), columns, parents)
    }
}

/// Parses sort items. A column that is named twice counts at its first position.
pub(super) fn sort_items<'n>(
    names: impl Iterator<Item = &'n str>,
    columns: &[OracleColumn],
    parents: &[&str],
) -> Vec<(usize, bool)> {
    let mut sort: Vec<(usize, bool)> = Vec::new();
    for item in names {
        let name = item.strip_prefix('-').unwrap_or(item);
        let column = sorted_by(columns, parents, name).unwrap_or_else(|| panic!("sort={item}"));
        if sort.iter().all(|(known, _)| *known != column) {
            sort.push((column, item.starts_with('-')));
        }
    }
    sort
}

/// Returns the base rows that pass every filter, by id. Rule: §2.2, §16 (soft deletion).
pub(super) fn filtered<'a>(
    world: &OracleContext<'a>,
    report: &OracleReport,
    params: &RequestParameters,
) -> Vec<&'a OracleRow> {
    let id_gt = params.one("id_gt").map(|text| text.parse::<i64>().expect("an id"));
    let given = report.filters.iter().map(|filter| {
        let items = match filter.test {
            OracleFilterTest::Ids(_)
            | OracleFilterTest::IdsOrNone(_)
            | OracleFilterTest::Words(..) => params.list(&filter.name),
            _ => params.one(&filter.name).map(|text| text.trim().to_owned()).into_iter().collect(),
        };
        (filter, items)
    });
    let given = given.collect::<Vec<_>>();
    let mut rows = Vec::new();
    let date = params.one("date").filter(|_| report.is_about_usage());
    let date = date.map(|text| Date::parse(text).expect("a date"));
    for row in world.base_rows(report, date) {
        let above = id_gt.is_none_or(|id| row.int(report.cursor()) > Some(id));
        if above
            && (report.is_base_row)(world, row)
            && given.iter().all(|(filter, items)| filter.passes(world, row, items))
        {
            rows.push(row);
        }
    }
    rows
}
