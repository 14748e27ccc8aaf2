//! Parameters of reports, from the same descriptions that discovery answers with.

use files::format::FileFormat;
use serde_json::{Map, Value, json};

use crate::http::idempotency;

/// Query parameters of a page of a report. `description` is what discovery says of the report.
pub(crate) fn of_page(description: &Value) -> Vec<Value> {
    let has_default = list(description, "columns").any(|column| column["default"] == json!(true));
    let keys: Vec<&str> = list(description, "columns").filter_map(|c| c["key"].as_str()).collect();
    let columns =
        "Columns to answer with, separated by commas: dotted keys, flat aliases or parents. Keys: ";
    let mut parameters = vec![
        with_items(
            "columns",
            &format!("{columns}{}.", code_list(&keys)),
            json!({"type": "string"}),
            !has_default,
        ),
        with_items(
            "sort",
            "Columns to sort by, most significant first; `-` in front = descending. At most 8.",
            json!({"type": "string"}),
            false,
        ),
        plain(
            "limit",
            "Rows of the page.",
            json!({"type": "integer", "minimum": 0, "default": 50}),
        ),
        plain(
            "offset",
            "Rows to pass over.",
            json!({"type": "integer", "minimum": 0, "default": 0}),
        ),
        plain("page", "Number of the page, from 1.", json!({"type": "integer", "minimum": 1})),
        plain(
            "page_size",
            "Rows of the page, with `page`.",
            json!({"type": "integer", "minimum": 0}),
        ),
        plain(
            "id_gt",
            "Only rows with a primary key above this.",
            json!({"type": "integer", "minimum": 0}),
        ),
        plain("as_of", "The instant that counts as now.", json!({"type": "string"})),
        plain(
            "format",
            "`csv` answers the same page as CSV.",
            json!({"type": "string", "enum": ["json", "csv"]}),
        ),
        plain(
            "csv_dialect",
            "`excel` writes a byte-order mark in front of CSV, by which Excel knows that it is \
             UTF-8. Default: the setting `reports.csv_bom`.",
            json!({"type": "string", "enum": ["rfc4180", "excel"]}),
        ),
    ];
    let pivots: Vec<&Value> = list(description, "pivots").collect();
    if !pivots.is_empty() {
        let mut schema = json!({"type": "string", "enum": pivots});
        if let Some(default) = description["default_pivot"].as_str() {
            schema["default"] = json!(default);
        }
        parameters.push(plain("pivot", "Spreads measures over columns, one per period.", schema));
        parameters.push(plain(
            "max_pivot_columns",
            "How many periods a pivot shows.",
            json!({"type": "integer", "minimum": 1, "maximum": 12, "default": 4}),
        ));
        parameters.push(plain(
            "pivot_until",
            "A day of the last period of a pivot.",
            json!({"type": "string", "format": "date"}),
        ));
    }
    parameters.extend(list(description, "filters").filter_map(filter));
    parameters
}

fn filter(filter: &Value) -> Option<Value> {
    let name = filter["name"].as_str()?;
    let kind = filter["type"].as_str().unwrap_or("string");
    let words = filter["enum"].as_array().filter(|words| !words.is_empty());
    let mut schema = match kind.trim_end_matches("[]") {
        "int" => json!({"type": "integer"}),
        "bool" => json!({"type": "boolean"}),
        "date" => json!({"type": "string", "format": "date"}),
        _ => json!({"type": "string"}),
    };
    if let Some(words) = words {
        schema["enum"] = json!(words);
    }
    let text = format!("Filter of type {kind}.");
    let is_list = filter["list"] == json!(true) || kind.ends_with("[]");
    Some(if is_list { with_items(name, &text, schema, false) } else { plain(name, &text, schema) })
}

fn list<'v>(description: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    description[name].as_array().into_iter().flatten()
}

fn plain(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}

/// A list: separated by commas, or the name repeated.
fn with_items(name: &str, description: &str, items: Value, is_required: bool) -> Value {
    let mut parameter = plain(name, description, json!({"type": "array", "items": items}));
    parameter["required"] = json!(is_required);
    parameter["style"] = json!("form");
    parameter["explode"] = json!(false);
    parameter
}

fn code_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The header by which a request is done once.
pub(crate) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The same key with the same request answers what the first call answered.",
        "schema": {"type": "string", "minLength": 1, "maxLength": idempotency::BYTES_MAX},
    })
}

/// The body of an export: the parameters of a page but for paging.
pub(crate) fn of_export(description: &Value) -> Value {
    let is_grouped = description["grouped"] == json!(true);
    let paging = ["limit", "offset", "page", "page_size", "format"];
    let mut properties: Map<String, Value> = Map::new();
    let mut required = Vec::new();
    for parameter in of_page(description) {
        let name = parameter["name"].as_str().unwrap_or_default();
        if paging.contains(&name) {
            continue;
        }
        let mut schema = parameter["schema"].clone();
        schema["description"] = parameter["description"].clone();
        if parameter["required"] == json!(true) {
            required.push(name.to_owned());
        }
        properties.insert(name.to_owned(), schema);
    }
    let formats: Vec<&str> = FileFormat::ALL.iter().map(|format| format.word()).collect();
    properties
        .insert("format".to_owned(), json!({"type": "string", "enum": formats, "default": "csv"}));
    let schema = json!({"type": "object", "properties": properties, "required": required});
    json!({
        "required": is_grouped,
        "description": "Without a body: all rows with the default columns.",
        "content": {
            "application/json": {"schema": &schema},
            "application/x-www-form-urlencoded": {"schema": &schema},
            "multipart/form-data": {"schema": &schema},
        },
    })
}

/// The answer of a page, in both formats.
pub(crate) fn page_answer() -> Value {
    json!({
        "description": "One page, from one revision.",
        "headers": answer_headers(),
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ReportPage"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    })
}

/// The answer to a request for a file.
pub(crate) fn export_answer() -> Value {
    let job = json!({
        "type": "object",
        "required": ["job"],
        "properties": {"job": {"type": "integer", "description": "Number of the job."}},
    });
    json!({
        "description": "The job that makes the file.",
        "content": {
            "application/json": {"schema": job},
            "text/csv": {"schema": {"type": "string"}},
        },
    })
}

/// Headers of an answer that was computed from records.
pub(crate) fn answer_headers() -> Value {
    let names = [
        "Rollbook-Revision",
        "X-Request-Id",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
    ];
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let headers: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), reference(name))).collect();
    Value::Object(headers)
}
