//! Plain reports. Rule: spec/reports.md §3, §4, §5, §6.

use std::cmp::Ordering;

use model::money::Currency;

use super::answer::{CurrencyColumn, OracleHeader, OraclePage};
use super::catalogue::OracleReport;
use super::column::{OracleColumn, c, selected};
use super::data::OracleRow;
use super::filter::OracleFilterTest;
use super::request::{RequestParameters, filtered, sort_items};
use super::value::{OracleValue, order};
use super::world::OracleContext;

pub(super) fn answer(
    world: &OracleContext<'_>,
    report: &OracleReport,
    params: &RequestParameters,
) -> OraclePage {
    let shown = shown(report, params);
    let sort = sort(report, params);
    let rows = sorted(world, report, filtered(world, report, params), &sort);
    let (size, before) = params.page();
    let page = rows.iter().skip(before).take(size);

    let mut headers = Vec::new();
    for position in &shown {
        let column = &report.columns[*position];
        let priority = sort.iter().position(|(sorted, _)| sorted == position);
        headers.push(OracleHeader {
            key: column.key.clone(),
            label: column.label(),
            sortable: column.sortable,
            sorted: priority.map(|priority| (priority, sort[priority].1)),
            holds_customer_id: column.key == "customer.id"
                || (report.name == "customers" && column.key == "id"),
            required: is_required(report, column),
        });
    }
    let mut columns = shown.iter().map(|i| report.columns[*i].clone()).collect::<Vec<_>>();
    for column in custom_fields(report, params) {
        headers.push(OracleHeader {
            key: column.key.clone(),
            label: column.label(),
            sortable: false,
            sorted: None,
            holds_customer_id: false,
            required: false,
        });
        columns.push(column);
    }
    let page = page.copied().collect::<Vec<_>>();
    OraclePage {
        total: rows.len(),
        headers,
        rows: page.iter().map(|r| columns.iter().map(|c| c.of(world, r)).collect()).collect(),
        currencies: currencies(world, &columns, &page),
        pivot_truncated: false,
    }
}

fn is_required(report: &OracleReport, column: &OracleColumn) -> bool {
    report.required().contains(&column.key.as_str()) && !column.addition
}

/// Returns the positions of the shown columns, in order.
fn shown(report: &OracleReport, params: &RequestParameters) -> Vec<usize> {
    let names = params.list("columns");
    if names.is_empty() {
        return (0..report.columns.len()).filter(|i| !report.columns[*i].addition).collect();
    }
    let mut asked = Vec::new();
    for name in names {
        for position in selected(&report.columns, report.parents, &name) {
            if !asked.contains(&position) {
                asked.push(position);
            }
        }
    }
    let mut shown = Vec::new();
    for key in report.required() {
        let position = report.columns.iter().position(|column| column.key == key);
        if let Some(position) = position
            && is_required(report, &report.columns[position])
            && !asked.contains(&position)
        {
            shown.push(position);
        }
    }
    shown.extend(asked);
    shown
}

/// Returns the columns that `extra_customer_fields` adds.
fn custom_fields(report: &OracleReport, params: &RequestParameters) -> Vec<OracleColumn> {
    let filter =
        report.filters.iter().find(|filter| matches!(filter.test, OracleFilterTest::CustomFields));
    let keys = filter.map(|filter| params.list(&filter.name)).unwrap_or_default();
    let column = |key: String| {
        let label = Some(key.clone());
        let value = c(&format!("custom_fields.{key}"), "", move |_, r| {
            let metadata: serde_json::Value =
                serde_json::from_str(r.word("metadata")).expect("JSON");
            match metadata.get(&key) {
                None | Some(serde_json::Value::Null) => OracleValue::Null,
                Some(serde_json::Value::String(text)) => OracleValue::Text(text.clone()),
                Some(other) => OracleValue::Text(other.to_string()),
            }
        });
        OracleColumn { label, ..value.unsortable() }
    };
    keys.into_iter().map(column).collect()
}

fn sort(report: &OracleReport, params: &RequestParameters) -> Vec<(usize, bool)> {
    let sort = params.sort(&report.columns, report.parents);
    if !sort.is_empty() {
        return sort;
    }
    let default = match params.one("id_gt") {
        Some(_) if report.is_about_usage() => &[],
        Some(_) => &["id"][..],
        None => report.default_sort,
    };
    sort_items(default.iter().copied(), &report.columns, report.parents)
}

/// Returns the rows in order. Ties are broken by the ascending primary key.
fn sorted<'a>(
    world: &OracleContext<'_>,
    report: &OracleReport,
    rows: Vec<&'a OracleRow>,
    sort: &[(usize, bool)],
) -> Vec<&'a OracleRow> {
    let keys = |row: &OracleRow| {
        sort.iter().map(|(column, _)| report.columns[*column].of(world, row)).collect::<Vec<_>>()
    };
    let mut rows = rows.into_iter().map(|row| (keys(row), row)).collect::<Vec<_>>();
    rows.sort_by(|(a, row_a), (b, row_b)| {
        let mut ordering = Ordering::Equal;
        for (position, (_, descending)) in sort.iter().enumerate() {
            ordering = ordering.then_with(|| order(&a[position], &b[position], *descending));
        }
        ordering.then_with(|| row_a.id().cmp(&row_b.id()))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Returns the currency columns of a CSV file; none if `currency` is a column of its own, as in
/// grouped reports. Rule: §7.2 no. 4, §9.
fn currencies(
    world: &OracleContext<'_>,
    columns: &[OracleColumn],
    page: &[&OracleRow],
) -> Vec<CurrencyColumn> {
    if columns.iter().any(|column| column.key == "currency") {
        return Vec::new();
    }
    let money = columns.iter().filter_map(|column| Some((column, column.currency.clone()?)));
    let money = money.collect::<Vec<_>>();
    let differ = money.iter().any(|(_, currency)| currency.table != money[0].1.table);
    let of = |get: &super::column::MoneyCurrency| {
        let code = |currency: Currency| currency.code().to_ascii_uppercase();
        page.iter().map(|row| (get.of)(world, row).map(code).unwrap_or_default()).collect()
    };
    if differ {
        let label = |column: &OracleColumn| format!("{} Currency", column.label());
        money.iter().map(|(c, get)| CurrencyColumn { label: label(c), codes: of(get) }).collect()
    } else {
        let first = money.first().into_iter();
        first
            .map(|(_, get)| CurrencyColumn { label: "Currency".to_owned(), codes: of(get) })
            .collect()
    }
}
