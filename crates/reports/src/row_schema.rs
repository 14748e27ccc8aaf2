//! JSON Schemas of the rows of reports, derived from the report definitions. Rule: spec/reports.md
//! §3, §9, §10.

use serde_json::{Value, json};

use crate::definition::Report;
use crate::definition::column::ReportColumnKind;

/// Returns the schema of a row of `report`. No member is required, because the request decides
/// which columns a row has. `money` is the schema of an amount.
pub fn row_schema(report: &Report, money: &Value) -> Value {
    let mut row = empty_object_schema();
    for column in &report.columns {
        insert_schema_at(&mut row, column.key, allow_null(schema_of_kind(&column.kind, money)));
    }
    if report.grouping().is_some() {
        insert_schema_at(&mut row, "currency", json!({"type": ["string", "null"]}));
    }
    if report.grouping().is_some_and(|grouping| grouping.pivots.is_some()) {
        let cell = pivot_cell_schema(report, money);
        let cells = json!({
            "type": "object",
            "description": "Measures by period, as in `2026-01`; only with the parameter `pivot`. \
                Like a parent, a period or the whole is null if none of its measures has a value.",
            "additionalProperties": allow_null(cell),
        });
        insert_schema_at(&mut row, "pivot", allow_null(cells));
    }
    if report.filters.iter().any(|filter| filter.name == "extra_customer_fields") {
        let fields = json!({
            "type": "object",
            "description": "Keys of the customer's metadata that `extra_customer_fields` asked for.",
            "additionalProperties": {"type": ["string", "null"]},
        });
        insert_schema_at(&mut row, "custom_fields", allow_null(fields));
    }
    row
}

fn empty_object_schema() -> Value {
    json!({"type": "object", "properties": {}})
}

/// Returns the schema of one cell of a pivot: the measures of a period.
fn pivot_cell_schema(report: &Report, money: &Value) -> Value {
    let mut cell = empty_object_schema();
    let columns = report.columns.iter().filter(|column| column.role.word() == "measure");
    for column in columns {
        insert_schema_at(&mut cell, column.key, allow_null(schema_of_kind(&column.kind, money)));
    }
    cell
}

/// Inserts a schema at a dotted key, with an object for each part before the last. These objects
/// may be null, because a parent whose values are all null is null itself.
fn insert_schema_at(row: &mut Value, key: &str, schema: Value) {
    match key.split_once('.') {
        None => row["properties"][key] = schema,
        Some((parent, rest)) => {
            let inner = &mut row["properties"][parent];
            if inner.is_null() {
                *inner = json!({"type": ["object", "null"], "properties": {}});
            }
            insert_schema_at(inner, rest, schema);
        }
    }
}

/// Returns the schema extended to allow null.
fn allow_null(mut schema: Value) -> Value {
    match schema["type"].as_str().map(str::to_owned) {
        Some(name) => {
            schema["type"] = json!([name, "null"]);
            schema
        }
        None if schema == json!({}) => schema,
        None => json!({"oneOf": [schema, {"type": "null"}]}),
    }
}

fn schema_of_kind(kind: &ReportColumnKind, money: &Value) -> Value {
    match kind {
        ReportColumnKind::Int | ReportColumnKind::Unmodelled("int") => json!({"type": "integer"}),
        ReportColumnKind::Bool | ReportColumnKind::Unmodelled("bool") => json!({"type": "boolean"}),
        ReportColumnKind::Date | ReportColumnKind::Unmodelled("date") => {
            json!({"type": "string", "format": "date"})
        }
        ReportColumnKind::Instant | ReportColumnKind::Unmodelled("dt") => {
            json!({"type": "string", "format": "date-time"})
        }
        ReportColumnKind::TimeOfDay => {
            json!({"type": "string", "description": "Time of day, HH:MM:SS."})
        }
        ReportColumnKind::Text | ReportColumnKind::Weekday | ReportColumnKind::Unmodelled(_) => {
            json!({"type": "string"})
        }
        ReportColumnKind::Money => money.clone(),
        ReportColumnKind::Decimal | ReportColumnKind::Dec4 => json!({"type": "number"}),
        ReportColumnKind::Json => json!({}),
        ReportColumnKind::List(item) => {
            json!({"type": "array", "items": allow_null(schema_of_kind(item, money))})
        }
        ReportColumnKind::Object { fields, .. } => {
            let mut schema = empty_object_schema();
            for (name, kind) in *fields {
                schema["properties"][*name] = allow_null(schema_of_kind(kind, money));
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
        for report in crate::report_catalogue() {
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
