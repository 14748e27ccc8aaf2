//! JSON Schemas of the rows of reports, derived from the report definitions. Rule: spec/reports.md
//! §3, §9, §10.

use serde_json::{Value, json};

use crate::definition::Report;
use crate::definition::column::Kind;

/// Returns the schema of a row of `report`. No member is required, because the request decides
/// which columns a row has. `money` is the schema of an amount.
pub fn row_schema(report: &Report, money: &Value) -> Value {
    let mut row = object();
    for column in &report.columns {
        insert(&mut row, column.key, nullable(of_kind(&column.kind, money)));
    }
    if report.grouping().is_some() {
        insert(&mut row, "currency", json!({"type": ["string", "null"]}));
    }
    if report.grouping().is_some_and(|grouping| grouping.pivots.is_some()) {
        let cell = measures(report, money);
        let cells = json!({
            "type": "object",
            "description": "Measures by period, as in `2026-01`; only with the parameter `pivot`.",
            "additionalProperties": cell,
        });
        insert(&mut row, "pivot", cells);
    }
    if report.filters.iter().any(|filter| filter.name == "extra_customer_fields") {
        let fields = json!({
            "type": "object",
            "description": "Keys of the customer's metadata that `extra_customer_fields` asked for.",
            "additionalProperties": {"type": ["string", "null"]},
        });
        insert(&mut row, "custom_fields", nullable(fields));
    }
    row
}

fn object() -> Value {
    json!({"type": "object", "properties": {}})
}

/// Returns the schema of one cell of a pivot: the measures of a period.
fn measures(report: &Report, money: &Value) -> Value {
    let mut cell = object();
    let columns = report.columns.iter().filter(|column| column.role.word() == "measure");
    for column in columns {
        insert(&mut cell, column.key, nullable(of_kind(&column.kind, money)));
    }
    cell
}

/// Inserts a schema at a dotted key, with an object for each part before the last. These objects
/// may be null, because a parent whose values are all null is null itself.
fn insert(row: &mut Value, key: &str, schema: Value) {
    match key.split_once('.') {
        None => row["properties"][key] = schema,
        Some((parent, rest)) => {
            let inner = &mut row["properties"][parent];
            if inner.is_null() {
                *inner = json!({"type": ["object", "null"], "properties": {}});
            }
            insert(inner, rest, schema);
        }
    }
}

/// Returns the schema extended to allow null.
fn nullable(mut schema: Value) -> Value {
    match schema["type"].as_str().map(str::to_owned) {
        Some(name) => {
            schema["type"] = json!([name, "null"]);
            schema
        }
        None if schema == json!({}) => schema,
        None => json!({"oneOf": [schema, {"type": "null"}]}),
    }
}

fn of_kind(kind: &Kind, money: &Value) -> Value {
    match kind {
        Kind::Int | Kind::Unmodelled("int") => json!({"type": "integer"}),
        Kind::Bool | Kind::Unmodelled("bool") => json!({"type": "boolean"}),
        Kind::Date | Kind::Unmodelled("date") => json!({"type": "string", "format": "date"}),
        Kind::Instant | Kind::Unmodelled("dt") => {
            json!({"type": "string", "format": "date-time"})
        }
        Kind::TimeOfDay => json!({"type": "string", "description": "Time of day, HH:MM:SS."}),
        Kind::Text | Kind::Weekday | Kind::Unmodelled(_) => json!({"type": "string"}),
        Kind::Money => money.clone(),
        Kind::Decimal | Kind::Dec4 => json!({"type": "number"}),
        Kind::Json => json!({}),
        Kind::List(item) => json!({"type": "array", "items": nullable(of_kind(item, money))}),
        Kind::Object { fields, .. } => {
            let mut schema = object();
            for (name, kind) in *fields {
                schema["properties"][*name] = nullable(of_kind(kind, money));
            }
            schema
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_place_in_the_row() {
        for report in crate::catalogue() {
            let schema = row_schema(report, &json!({"$ref": "money"}));
            for column in &report.columns {
                let path = column.key.replace('.', "/properties/");
                let found = schema.pointer(&format!("/properties/{path}"));
                assert!(found.is_some(), "{} {}", report.name, column.key);
            }
            assert_eq!(
                schema["properties"]["pivot"].is_object(),
                report.grouping().is_some_and(|grouping| grouping.pivots.is_some()),
            );
        }
    }
}
