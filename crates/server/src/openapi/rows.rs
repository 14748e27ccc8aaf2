//! One schema per table that can be imported, from the table catalogue.

use model::catalogue::{self, Column, Default, Kind, Presence, Table};
use serde_json::{Map, Value, json};

/// Name of a table's schema.
pub(crate) fn schema_name(table: &Table) -> String {
    format!("row_{}", table.name)
}

/// All of them.
pub(super) fn schemas() -> impl Iterator<Item = (String, Value)> {
    catalogue::tables().iter().map(|table| (schema_name(table), schema(table)))
}

fn schema(table: &Table) -> Value {
    let columns = table.columns.iter();
    let properties: Map<String, Value> =
        columns.map(|column| (column.name.to_owned(), property(column))).collect();
    json!({
        "type": "object",
        "description": table.doc,
        "required": ["id"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(column: &Column) -> Value {
    let mut schema = of_kind(column.kind);
    if column.is_nullable() {
        match (schema.get("type").cloned(), schema.get_mut("enum").and_then(Value::as_array_mut)) {
            (_, Some(words)) => words.push(Value::Null),
            (Some(Value::String(name)), None) => schema["type"] = json!([name, "null"]),
            (Some(Value::Array(mut names)), None) => {
                names.push(json!("null"));
                schema["type"] = json!(names);
            }
            _ => {}
        }
    }
    let mut notes: Vec<String> =
        schema["description"].as_str().map(str::to_owned).into_iter().collect();
    if let Some(target) = column.references {
        notes.push(format!("Names rows of `{target}`."));
    }
    match column.presence {
        Presence::Required if column.name != "id" => notes.push("Required on new rows.".to_owned()),
        Presence::Default(Default::Int(value)) if column.kind == Kind::Bool => {
            schema["default"] = json!(value != 0);
        }
        Presence::Default(Default::Int(value)) => schema["default"] = json!(value),
        Presence::Default(Default::Text(text)) => {
            let is_json = !matches!(column.kind, Kind::Text | Kind::Enum(_));
            let parsed = serde_json::from_str(text).ok().filter(|_: &Value| is_json);
            schema["default"] = parsed.unwrap_or_else(|| json!(text));
        }
        _ => {}
    }
    if !notes.is_empty() {
        schema["description"] = json!(notes.join(" "));
    }
    schema
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Int { min: i64::MIN, max: i64::MAX } => json!({"type": "integer", "format": "int64"}),
        Kind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Text => json!({"type": "string"}),
        Kind::Enum(words) => json!({"enum": words}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Instant => json!({
            "type": ["string", "integer"],
            "description": "RFC 3339 with an offset, or Unix seconds.",
        }),
        Kind::Money => json!({
            "type": "integer", "format": "int64",
            "description": "Minor units of the row's currency.",
        }),
        Kind::Currency => json!({
            "type": "string", "pattern": "^[a-z]{3}$", "description": "ISO 4217, lower case.",
        }),
        Kind::Country => json!({
            "type": "string", "pattern": "^[A-Z]{2}$",
            "description": "ISO 3166-1 alpha-2, upper case.",
        }),
        Kind::Percent => json!({
            "type": ["number", "string"], "description": "0 to 100, up to 4 decimals.",
        }),
        Kind::Json => json!({"type": "object"}),
        Kind::Allotment => {
            json!({"type": "object", "description": "How much a membership allows."})
        }
        Kind::TextList => json!({"type": "array", "items": {"type": "string"}}),
        Kind::IntList => json!({"type": "array", "items": {"type": "integer"}}),
    }
}
