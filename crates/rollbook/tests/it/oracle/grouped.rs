//! Grouped reports. Rule: spec/reports.md §9.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use model::money::Currency;

use super::answer::{CurrencyColumn, OracleHeader, OraclePage};
use super::catalogue::{MeasureKind, OracleGrouping, OracleMeasure, OracleReport};
use super::column::{OracleColumn, c, label, selected};
use super::data::OracleRow;
use super::pivot::OraclePivot;
use super::request::{RequestParameters, filtered, sort_items};
use super::value::{OracleValue, order};
use super::world::{OracleContext, currency};

/// The source of one column of a grouped report.
#[derive(Clone)]
enum GroupedColumnSource {
    Dimension,
    Measure(OracleMeasure),
    /// A measure in the period with this index.
    Pivot(usize, OracleMeasure),
    /// The currency, which shows because there are several.
    Currency,
}

/// The rows with equal dimensions.
struct Group<'a> {
    /// Values of the requested dimensions in order, then the currency if it belongs to the key.
    key: Vec<OracleValue>,
    rows: Vec<&'a OracleRow>,
}

pub(super) fn answer(
    world: &OracleContext<'_>,
    report: &OracleReport,
    params: &RequestParameters,
) -> OraclePage {
    let grouping = report.grouping.as_ref().expect("a grouped form");
    let rows = filtered(world, report, params);
    let mut shown = asked(grouping, params);
    let measures = measures(&shown);
    let has_money = measures.iter().any(|m| matches!(m.kind, MeasureKind::Sum(_)));
    let currency_of = |row: &OracleRow| if has_money { currency(row) } else { None };

    let has_currency_dimension = shown.iter().any(|(column, _)| column.key == "currency");
    let currencies = rows.iter().filter_map(|r| currency_of(r)).collect::<BTreeSet<_>>();
    let is_mixed = has_money && !has_currency_dimension && currencies.len() >= 2;

    let dimensions =
        shown.iter().filter(|(_, what)| matches!(what, GroupedColumnSource::Dimension));
    let mut dimensions = dimensions.map(|(column, _)| column.clone()).collect::<Vec<_>>();
    let currency_column = c("currency", "", |_, row| OracleValue::text(row.text("currency")));
    if is_mixed {
        dimensions.push(currency_column.clone());
    }
    let groups = groups(world, &dimensions, &rows);

    let pivot = OraclePivot::new(world, report, params, &rows);
    for (number, period) in pivot.iter().flat_map(|pivot| pivot.periods.iter().enumerate()) {
        for measure in &measures {
            let mut column = placeholder(&format!("pivot.{}.{}", period.key, measure.key));
            column.label = Some(match measures.len() {
                1 => period.label.clone(),
                _ => format!("{} {}", period.label, label(measure.key)),
            });
            shown.push((column, GroupedColumnSource::Pivot(number, measure.clone())));
        }
    }
    if is_mixed {
        shown.push((currency_column, GroupedColumnSource::Currency));
    }

    let mut table = Vec::new();
    for group in &groups {
        let of_rows = group.rows.iter().find_map(|row| currency_of(row));
        let currency = of_rows.unwrap_or(world.provider.currency);
        let mut key = group.key.iter();
        let values = shown.iter().map(|(_, what)| match what {
            GroupedColumnSource::Dimension | GroupedColumnSource::Currency => {
                key.next().expect("a dimension").clone()
            }
            GroupedColumnSource::Measure(measure) => {
                measured(world, measure, &group.rows, currency)
            }
            GroupedColumnSource::Pivot(number, measure) => {
                let pivot = pivot.as_ref().expect("a pivot");
                let counted = group.rows.iter().filter(|row| pivot.counts(world, row, *number));
                measured(world, measure, &counted.copied().collect::<Vec<_>>(), currency)
            }
        });
        table.push((group, currency, values.collect::<Vec<_>>()));
    }

    let columns = shown.iter().map(|(column, _)| column.clone()).collect::<Vec<_>>();
    let sort = sort(grouping, params, &shown, &columns);
    table.sort_by(|(group_a, _, a), (group_b, _, b)| {
        let mut ordering = Ordering::Equal;
        for (column, descending) in &sort {
            ordering = ordering.then_with(|| order(&a[*column], &b[*column], *descending));
        }
        for (a, b) in group_a.key.iter().zip(&group_b.key) {
            ordering = ordering.then_with(|| order(a, b, false));
        }
        ordering
    });

    let headers = columns.iter().enumerate().map(|(position, column)| {
        let priority = sort.iter().position(|(sorted, _)| *sorted == position);
        OracleHeader {
            key: column.key.clone(),
            label: column.label(),
            sortable: column.sortable,
            sorted: priority.map(|priority| (priority, sort[priority].1)),
            holds_customer_id: column.key == "customer.id",
            required: false,
        }
    });
    let (size, before) = params.page();
    let page = table.iter().skip(before).take(size).collect::<Vec<_>>();
    let mut currencies = Vec::new();
    if has_money && !is_mixed && !has_currency_dimension {
        let codes = page.iter().map(|(_, currency, _)| currency.code().to_ascii_uppercase());
        currencies.push(CurrencyColumn { label: "Currency".to_owned(), codes: codes.collect() });
    }
    OraclePage {
        total: table.len(),
        headers: headers.collect(),
        rows: page.iter().map(|(_, _, values)| values.clone()).collect(),
        currencies,
        pivot_truncated: pivot.is_some_and(|pivot| pivot.is_truncated(world, &rows)),
    }
}

/// Returns a column whose values do not come from base rows.
fn placeholder(key: &str) -> OracleColumn {
    c(key, "", |_, _| OracleValue::Null)
}

/// Returns the requested columns in order.
fn asked(
    grouping: &OracleGrouping,
    params: &RequestParameters,
) -> Vec<(OracleColumn, GroupedColumnSource)> {
    let mut known = grouping.dimensions.clone();
    known.extend(grouping.measures.iter().map(|measure| placeholder(measure.key)));
    let mut names = params.list("columns");
    if names.is_empty() {
        names = grouping.default_columns.iter().map(|name| (*name).to_owned()).collect();
    }
    let mut positions = Vec::new();
    for name in names {
        for position in selected(&known, grouping.parents, &name) {
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
    }
    assert!(!positions.is_empty(), "a grouped report needs columns");
    let shown = positions.into_iter().map(|position| {
        let what = match position.checked_sub(grouping.dimensions.len()) {
            None => GroupedColumnSource::Dimension,
            Some(measure) => GroupedColumnSource::Measure(grouping.measures[measure].clone()),
        };
        (known[position].clone(), what)
    });
    shown.collect()
}

fn measures(shown: &[(OracleColumn, GroupedColumnSource)]) -> Vec<OracleMeasure> {
    let measure = |(_, what): &(OracleColumn, GroupedColumnSource)| match what {
        GroupedColumnSource::Measure(measure) => Some(measure.clone()),
        _ => None,
    };
    shown.iter().filter_map(measure).collect()
}

/// Returns one group for each combination of values; a single group if there are no dimensions.
fn groups<'a>(
    world: &OracleContext<'_>,
    dimensions: &[OracleColumn],
    rows: &[&'a OracleRow],
) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for row in rows {
        let key = dimensions.iter().map(|column| column.of(world, row)).collect::<Vec<_>>();
        let group = groups.entry(format!("{key:?}"));
        group.or_insert_with(|| Group { key, rows: vec![] }).rows.push(row);
    }
    if groups.is_empty() && dimensions.is_empty() {
        return vec![Group { key: vec![], rows: vec![] }];
    }
    groups.into_values().collect()
}

fn measured(
    world: &OracleContext<'_>,
    measure: &OracleMeasure,
    rows: &[&OracleRow],
    currency: Currency,
) -> OracleValue {
    match &measure.kind {
        MeasureKind::Count => OracleValue::Int(i64::try_from(rows.len()).expect("a count")),
        MeasureKind::Sum(of) => {
            OracleValue::Money(rows.iter().map(|r| of(world, r)).sum(), currency)
        }
        MeasureKind::Total(of) => {
            let values = rows.iter().filter_map(|r| of(world, r));
            OracleValue::int(values.reduce(|sum, value| sum + value))
        }
        MeasureKind::Mean(of) => {
            let values = rows.iter().filter_map(|r| of(world, r)).collect::<Vec<_>>();
            let count = i64::try_from(values.len()).expect("a count");
            let sum = values.iter().sum::<i64>();
            OracleValue::int((count > 0).then(|| (2 * sum + count).div_euclid(2 * count)))
        }
    }
}

fn sort(
    grouping: &OracleGrouping,
    params: &RequestParameters,
    shown: &[(OracleColumn, GroupedColumnSource)],
    columns: &[OracleColumn],
) -> Vec<(usize, bool)> {
    let names = params.list("sort");
    if !names.is_empty() {
        return sort_items(names.iter().map(String::as_str), columns, grouping.parents);
    }
    let dimensions = shown.iter().enumerate().filter(|(_, (column, what))| {
        matches!(what, GroupedColumnSource::Dimension | GroupedColumnSource::Currency)
            && column.sortable
    });
    dimensions.map(|(position, _)| (position, false)).collect()
}
