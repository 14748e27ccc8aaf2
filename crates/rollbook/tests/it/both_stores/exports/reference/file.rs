//! Rows as a file, and its control totals. Rule: spec/exports.md §9, §11.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::cell::{ExportValue, JsonAmountStyle, json_text, quoted};

/// The content of a file.
#[derive(Debug, Default)]
pub(in crate::both_stores::exports) struct ExpectedFile {
    pub(in crate::both_stores::exports) headings: Vec<String>,
    pub(in crate::both_stores::exports) rows: Vec<Vec<ExportValue>>,
    /// Headings of the columns with amounts.
    pub(in crate::both_stores::exports) amounts: Vec<String>,
}

/// Returns the file as CSV.
pub(in crate::both_stores::exports) fn csv(table: &ExpectedFile, has_mark: bool) -> String {
    let headings: Vec<String> = table.headings.iter().map(|heading| quoted(heading)).collect();
    let mut text = if has_mark { "\u{feff}".to_owned() } else { String::new() };
    text += &line(&headings);
    for row in &table.rows {
        text += &line(&row.iter().map(ExportValue::csv).collect::<Vec<_>>());
    }
    text
}

/// Returns a line of CSV. Readers would skip an empty line, so a single empty cell is quoted.
fn line(cells: &[String]) -> String {
    match cells.join(",").as_str() {
        "" => "\"\"\r\n".to_owned(),
        cells => format!("{cells}\r\n"),
    }
}

/// Returns the file as NDJSON.
pub(in crate::both_stores::exports) fn ndjson(table: &ExpectedFile) -> String {
    let row = |row: &Vec<ExportValue>| {
        let members = table.headings.iter().zip(row);
        let members = members.map(|(heading, value)| {
            format!("{}:{}", json_text(heading), value.json(JsonAmountStyle::Minor))
        });
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    table.rows.iter().map(row).collect()
}

/// Returns the total and the number of the amounts, by currency and column.
pub(in crate::both_stores::exports) fn totals(table: &ExpectedFile) -> Json {
    let mut found: BTreeMap<&str, BTreeMap<&str, (i128, u64)>> = BTreeMap::new();
    for row in &table.rows {
        for (heading, value) in table.headings.iter().zip(row) {
            if let ExportValue::Money(minor, currency) = value {
                let (sum, count) = found.entry(currency).or_default().entry(heading).or_default();
                *sum += minor;
                *count += 1;
            }
        }
    }
    let columns = |sums: &BTreeMap<&str, (i128, u64)>| {
        let column = |heading: &String| {
            let (sum, count) = sums.get(heading.as_str()).copied().unwrap_or_default();
            (heading.clone(), json!({"sum": sum.to_string(), "count": count}))
        };
        Json::Object(table.amounts.iter().map(column).collect::<Map<_, _>>())
    };
    let totals = found.iter().map(|(currency, sums)| ((*currency).to_owned(), columns(sums)));
    Json::Object(totals.collect())
}
