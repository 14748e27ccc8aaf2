//! A request body, and the rows that it selects. Rule: spec/exports.md §4, §10.1.

use std::collections::BTreeSet;

use model::provider::Provider;
use serde_json::Value as Json;

use super::books::{BusinessRows, is_deleted};
use super::file::ExpectedFile;
use super::kind::{ReferenceFilter, ReferenceType, columns, stored};
use super::{kinds, metadata, orders};
use crate::oracle::{Bound, OracleRow, parse_instant};

/// Returns a field that is given. Null and empty text count as not given.
fn given<'b>(body: &'b Json, name: &str) -> Option<&'b Json> {
    body.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn word<'b>(body: &'b Json, name: &str, otherwise: &'static str) -> &'b str {
    given(body, name).map_or(otherwise, |value| value.as_str().expect("a word"))
}

/// Returns a JSON integer, also one that is written as a string of digits.
fn integer(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Returns the second that `date_from` or `date_to` stands for.
pub(in crate::both_stores::exports) fn second(body: &Json, name: &str, provider: &Provider) -> i64 {
    let value = &body[name];
    let bound = if name == "date_from" { Bound::From } else { Bound::To };
    integer(value).unwrap_or_else(|| {
        let text = value.as_str().expect("an instant");
        parse_instant(text, provider, bound).micros().div_euclid(1_000_000)
    })
}

/// Returns the given filters that only other types have.
pub(in crate::both_stores::exports) fn ignored(
    kind: &ReferenceType,
    body: &Json,
) -> BTreeSet<String> {
    let all = kinds().into_iter().flat_map(|kind| kind.filters.iter().map(|(name, _)| *name));
    let foreign = all.filter(|name| kind.filter(name).is_none());
    let mut ignored: BTreeSet<String> =
        foreign.filter(|name| given(body, name).is_some()).map(str::to_owned).collect();
    // Types without soft deletion have no deleted rows to include.
    if body["include_deleted"] == true && !kind.has_deletion() {
        ignored.insert("include_deleted".to_owned());
    }
    if body["row_per"] == "line" && kind.lines.is_none() {
        ignored.insert("row_per".to_owned());
    }
    if body["layout"] == "long" && kind.object != "customers_metadata" {
        ignored.insert("layout".to_owned());
    }
    ignored
}

/// Returns true if the row's value `has` matches the requested value `wanted`.
fn is_asked_for(filter: ReferenceFilter, has: &Json, wanted: &Json) -> bool {
    let text = |value: &Json| value.as_str().expect("a text").to_owned();
    match filter {
        ReferenceFilter::Id => has.as_i64() == integer(wanted),
        ReferenceFilter::AnyCase => text(has).eq_ignore_ascii_case(&text(wanted)),
        ReferenceFilter::Country => text(has) == text(wanted).to_ascii_uppercase(),
        ReferenceFilter::Words(_) | ReferenceFilter::Text | ReferenceFilter::Currency => {
            has == wanted
        }
    }
}

fn passes(books: &BusinessRows<'_>, kind: &ReferenceType, row: &OracleRow, body: &Json) -> bool {
    kind.filters.iter().all(|(name, filter)| {
        let Some(wanted) = given(body, name) else { return true };
        let is_all = matches!(filter, ReferenceFilter::Words(_)) && wanted == "all";
        let has = || kind.values_that_select(books, row, name);
        is_all || has().iter().any(|has| is_asked_for(*filter, has, wanted))
    })
}

fn is_in_range(row: &OracleRow, body: &Json, provider: &Provider) -> bool {
    let column = match word(body, "mode", "full_data") {
        "full_data" => "created_at",
        _ => "updated_at",
    };
    let micros = row.instant(column).expect("every row has both").micros();
    let first = second(body, "date_from", provider) * 1_000_000;
    let end = (second(body, "date_to", provider) + 1) * 1_000_000;
    first <= micros && micros < end
}

/// Returns true if the body asks for deleted rows.
fn wants_deleted(kind: &ReferenceType, body: &Json) -> bool {
    let has_status = kind.filter("status").is_some();
    body["include_deleted"] == true || (has_status && word(body, "status", "") == "deleted")
}

/// Returns the ids of an item that an order's filters ask for.
fn item_ids(kind: &ReferenceType, body: &Json) -> [Option<i64>; 2] {
    ["product_id", "sku_id"].map(|name| match kind.object {
        "orders" => given(body, name).and_then(integer),
        _ => None,
    })
}

/// Returns the base rows that a body selects, by id.
fn rows<'a>(books: &BusinessRows<'a>, kind: &ReferenceType, body: &Json) -> Vec<&'a OracleRow> {
    let site = given(body, "site_id").and_then(integer);
    let [product, sku] = item_ids(kind, body);
    let has_item = |row: &OracleRow| {
        let items = books.rows_referring_to("order_items", "order_id", row.id());
        items.into_iter().any(|item| orders::item_has(books, item, product, sku))
    };
    let kept = kind.rows(books).into_iter().filter(|row| {
        is_in_range(row, body, books.provider)
            && (!kind.has_deletion() || wants_deleted(kind, body) || !is_deleted(row))
            && site.is_none_or(|site| kind.site(books, row) == Some(site))
            && passes(books, kind, row, body)
            && ((product.is_none() && sku.is_none()) || has_item(row))
    });
    kept.collect()
}

/// Returns the headings that a body selects; none = all.
fn chosen(body: &Json) -> Option<Vec<String>> {
    let owned = |text: &str| text.trim().to_owned();
    Some(match given(body, "columns")? {
        Json::String(text) => text.split(',').map(owned).collect(),
        list => serde_json::from_value(list.clone()).expect("headings"),
    })
}

/// Returns the content of the file for a body.
pub(in crate::both_stores::exports) fn expected(
    books: &BusinessRows<'_>,
    kind: &ReferenceType,
    body: &Json,
) -> ExpectedFile {
    let rows = rows(books, kind, body);
    if kind.object == "customers_metadata" {
        return match word(body, "layout", "wide") {
            "long" => metadata::long(&rows, chosen(body)),
            _ => metadata::wide(&rows, chosen(body), word(body, "format", "csv") == "ndjson"),
        };
    }
    match &kind.lines {
        Some(lines) if word(body, "row_per", "record") == "line" => {
            let [product, sku] = item_ids(kind, body);
            let of = |row: &&'_ OracleRow| {
                let found = books.rows_referring_to(lines.table, lines.key, row.id()).into_iter();
                let found = found.filter(|line| {
                    (product.is_none() && sku.is_none())
                        || orders::item_has(books, line, product, sku)
                });
                let id = row.id();
                found.map(move |line| (id, line)).collect::<Vec<_>>()
            };
            let pairs: Vec<(i64, &OracleRow)> = rows.iter().flat_map(of).collect();
            let record = |id: i64| books.get(kind.table, Some(id)).expect("a record");
            table(lines.columns, chosen(body), &pairs, |(id, line), heading, kind| {
                let special = (lines.value)(books, record(*id), line, heading);
                special.unwrap_or_else(|| stored(line, heading, kind))
            })
        }
        _ => table(kind.columns, chosen(body), &rows, |row, heading, word| {
            (kind.value)(books, row, heading).unwrap_or_else(|| stored(row, heading, word))
        }),
    }
}

/// Returns the cells of these rows in the selected columns.
fn table<R>(
    notation: &str,
    chosen: Option<Vec<String>>,
    rows: &[R],
    cell: impl Fn(&R, &str, &str) -> super::cell::ExportValue,
) -> ExpectedFile {
    let all = columns(notation);
    let chosen: Vec<(String, String)> = match chosen {
        None => all,
        Some(names) => {
            let column = |name: String| all.iter().find(|(heading, _)| *heading == name).cloned();
            names.into_iter().map(|name| column(name).expect("a heading")).collect()
        }
    };
    let row = |row: &R| chosen.iter().map(|(heading, kind)| cell(row, heading, kind)).collect();
    let rows = rows.iter().map(row).collect();
    let amounts = chosen.iter().filter(|(_, kind)| kind == "money");
    let amounts = amounts.map(|(heading, _)| heading.clone()).collect();
    let headings = chosen.into_iter().map(|(heading, _)| heading).collect();
    ExpectedFile { headings, rows, amounts }
}
