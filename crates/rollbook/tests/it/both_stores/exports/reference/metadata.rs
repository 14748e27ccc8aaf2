//! Customers' metadata, with one column or one row per key. Rule: spec/exports.md §10.8.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::books::{int, text};
use super::cell::ExportValue;
use super::file::ExpectedFile;
use super::kind::ReferenceType;
use crate::oracle::OracleRow;

pub(super) static CUSTOMERS_METADATA: ReferenceType = ReferenceType {
    object: "customers_metadata",
    table: "customers",
    columns: "customer_id int · customer_email text",
    filters: &[],
    is_one: |_, _| true,
    site_of: |_, c| c.int("site_id"),
    has: |_, _, _| vec![],
    value: |_, _, _| None,
    lines: None,
};

/// Returns a customer's metadata: keys by code point, values as JSON text.
pub(in crate::both_stores::exports) fn object(c: &OracleRow) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(c.word("metadata")).expect("an object")
}

/// Returns a text unchanged and other values as JSON; null is empty.
fn shown(value: Option<&RawValue>) -> ExportValue {
    match value.map(RawValue::get) {
        None | Some("null") => ExportValue::Null,
        Some(json) if json.starts_with('"') => {
            ExportValue::Text(serde_json::from_str(json).expect("a text"))
        }
        Some(json) => ExportValue::Text(json.to_owned()),
    }
}

fn before() -> Vec<String> {
    vec!["customer_id".to_owned(), "customer_email".to_owned()]
}

/// Returns one row per customer.
pub(super) fn wide(
    rows: &[&OracleRow],
    columns: Option<Vec<String>>,
    is_ndjson: bool,
) -> ExpectedFile {
    let keys: BTreeSet<String> = rows.iter().flat_map(|row| object(row).into_keys()).collect();
    let all = || {
        if is_ndjson {
            [before(), vec!["metadata".to_owned()]].concat()
        } else {
            let keys = keys.iter().map(|key| format!("metadata.{key}"));
            before().into_iter().chain(keys).collect()
        }
    };
    let headings = columns.unwrap_or_else(all);
    let cell = |row: &OracleRow, heading: &str| match heading {
        "customer_id" => int(Some(row), "id"),
        "customer_email" => text(Some(row), "email"),
        "metadata" => ExportValue::Stored(row.word("metadata").to_owned()),
        key => shown(object(row).get(&key["metadata.".len()..]).map(AsRef::as_ref)),
    };
    let rows = rows.iter();
    let rows = rows.map(|row| headings.iter().map(|heading| cell(row, heading)).collect());
    ExpectedFile { rows: rows.collect(), headings, ..ExpectedFile::default() }
}

/// Returns one row per customer and key.
pub(super) fn long(rows: &[&OracleRow], columns: Option<Vec<String>>) -> ExpectedFile {
    let all = || [before(), vec!["key".to_owned(), "value".to_owned()]].concat();
    let headings = columns.unwrap_or_else(all);
    let mut found = Vec::new();
    for row in rows {
        for (key, value) in object(row) {
            let cell = |heading: &String| match heading.as_str() {
                "customer_id" => int(Some(row), "id"),
                "customer_email" => text(Some(row), "email"),
                "key" => ExportValue::Text(key.clone()),
                _ => shown(Some(value.as_ref())),
            };
            found.push(headings.iter().map(cell).collect());
        }
    }
    ExpectedFile { rows: found, headings, ..ExpectedFile::default() }
}
