//! One schema for each table that can be imported, from the catalogue of tables.

use model::allotment::ALLOTMENT_EXAMPLE;
use model::catalogue::{self, Column, ColumnDefault, ColumnType, Presence, Table};
use serde_json::{Map, Value, json};

/// Returns the name of a table's schema.
pub(crate) fn schema_name(table: &Table) -> String {
    format!("row_{}", table.name)
}

/// Returns the schemas of all tables, by name.
pub(super) fn schemas() -> impl Iterator<Item = (String, Value)> {
    let tables = catalogue::tables().iter().map(|table| (schema_name(table), schema(table)));
    std::iter::once(("Allotment".to_owned(), allotment())).chain(tables)
}

fn schema(table: &Table) -> Value {
    let columns = table.columns.iter();
    let properties: Map<String, Value> =
        columns.map(|column| (column.name.to_owned(), column_schema(column))).collect();
    json!({
        "type": "object",
        "description": table.doc,
        "required": ["id"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn column_schema(column: &Column) -> Value {
    let mut schema = schema_of_kind(column.kind);
    if column.is_nullable() {
        match schema.get("type").cloned() {
            // Generators only make one type of an enum when null stands beside its words, not among
            // them.
            Some(Value::String(name)) if schema.get("enum").is_none() => {
                schema["type"] = json!([name, "null"]);
            }
            Some(Value::Array(mut names)) => {
                names.push(json!("null"));
                schema["type"] = json!(names);
            }
            _ => schema = json!({"oneOf": [schema, {"type": "null"}]}),
        }
    }
    let mut notes: Vec<String> =
        schema["description"].as_str().map(str::to_owned).into_iter().collect();
    if let Some(target) = column.references {
        notes.push(format!("Id in `{target}`."));
    }
    match column.presence {
        Presence::Required if column.name != "id" => notes.push("Required on new rows.".to_owned()),
        // The default is described in words: clients would send a `default` and so overwrite other
        // values.
        Presence::Default(default) => notes.extend(default_in_words(column.kind, default)),
        _ => {}
    }
    if !notes.is_empty() {
        schema["description"] = json!(notes.join(" "));
    }
    schema
}

fn default_in_words(kind: ColumnType, default: ColumnDefault) -> Option<String> {
    let value = match default {
        ColumnDefault::Int(value) if kind == ColumnType::Bool => (value != 0).to_string(),
        ColumnDefault::Int(value) => value.to_string(),
        ColumnDefault::Text(text) => text.to_owned(),
        _ => return None,
    };
    Some(format!("Default on new rows: `{value}`."))
}

fn schema_of_kind(kind: ColumnType) -> Value {
    match kind {
        ColumnType::Int { min: i64::MIN, max: i64::MAX } => {
            json!({"type": "integer", "format": "int64"})
        }
        ColumnType::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        ColumnType::Text => json!({"type": "string"}),
        ColumnType::Enum(words) => json!({"type": "string", "enum": words}),
        ColumnType::Bool => json!({"type": "boolean"}),
        ColumnType::Date => json!({"type": "string", "format": "date"}),
        ColumnType::Instant => json!({
            "type": ["string", "integer"],
            "description": "RFC 3339 with an offset, or Unix seconds.",
        }),
        ColumnType::Money => json!({
            "type": "integer", "format": "int64",
            "description": "Minor units of the row's currency.",
        }),
        ColumnType::Currency => json!({
            "type": "string", "pattern": "^[a-z]{3}$", "description": "ISO 4217, lower case.",
        }),
        ColumnType::Country => json!({
            "type": "string", "pattern": "^[A-Z]{2}$",
            "description": "ISO 3166-1 alpha-2, upper case.",
        }),
        ColumnType::Percent => json!({
            "type": ["number", "string"], "description": "0 to 100, up to 4 decimals.",
        }),
        ColumnType::Json => json!({"type": "object"}),
        ColumnType::Allotment => {
            json!({"$ref": "#/components/schemas/Allotment"})
        }
        ColumnType::TextList => json!({"type": "array", "items": {"type": "string"}}),
        ColumnType::IntList => json!({"type": "array", "items": {"type": "integer"}}),
    }
}

/// Returns the schema of an allotment, with an example. Rule: spec/usage.md §2.
fn allotment() -> Value {
    let count = |text: &str| json!({"type": ["integer", "null"], "minimum": 0, "maximum": 1_000_000, "description": text});
    let kinds = ["event", "course"];
    let example: Value = serde_json::from_str(ALLOTMENT_EXAMPLE).unwrap_or_default();
    let of_type = json!({
        "type": "object",
        "required": ["offering_type", "max_uses"],
        "additionalProperties": false,
        "properties": {
            "offering_type": {"type": "integer", "description": "Id in `offering_types`."},
            "max_uses": count("Uses allowed of this offering type; null = no limit of its own."),
            "is_extra": {"type": "boolean", "description":
                "`false` (default): a limit inside that of the period. `true`: an allowance on top of it."},
            "allow_zero": {"type": "boolean", "description":
                "`true` (default): `max_uses` 0 means none at all. `false`: it means no limit."},
        },
    });
    let limit = json!({
        "type": "object",
        "required": ["period", "max_uses"],
        "additionalProperties": false,
        "properties": {
            "period": {"type": "string", "enum": ["day", "week", "month", "year", "lifetime"]},
            "type": {"type": "string", "enum": ["event", "class", "course"],
                "description": "What is counted: `event` (default; classes and appointments) or `course`."},
            "max_uses": count("Uses allowed in each period; null = no limit of the period itself."),
            "offering_type_limits": {"type": "array", "maxItems": 200, "items": of_type},
        },
    });
    json!({
        "type": "object",
        "description": "How much a membership allows. The example allows 8 classes a month, of which \
            at most 3 of offering type 12; no-shows count. Without `period_limits`: unlimited.",
        "additionalProperties": false,
        "properties": {
            "ignore_no_shows": {"type": "boolean",
                "description": "`true`: no-shows do not count as uses. Default: `false`."},
            "types": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": kinds},
                "description": "What may be booked at all. Default: both."},
            "period_limits": {"type": "array", "maxItems": 20, "items": limit},
        },
        "examples": [example],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_allotment_is_known() {
        for (path, limit) in [("", json!({})), ("/properties/period_limits/items", json!({}))] {
            let schema = allotment();
            let properties = schema.pointer(&format!("{path}/properties")).unwrap();
            for name in properties.as_object().unwrap().keys() {
                let mut object = limit.clone();
                object[name] = json!("no value of this kind");
                let whole = match path {
                    "" => object,
                    _ => json!({"period_limits": [object]}),
                };
                let error = model::allotment::parse_allotment(&whole.to_string()).unwrap_err();
                assert_eq!(error.code, model::import::ImportCode::AllotmentBadValue, "{name}");
            }
        }
    }
}
