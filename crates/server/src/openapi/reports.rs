//! Parameters, bodies and answers of reports, from the descriptions that the discovery endpoints
//! answer with.

use model::file_format::FileFormat;
use reports::Report;
use serde_json::{Map, Value, json};

use super::{as_required, filters, object_schema, query_parameter, schema_reference};
use crate::http::idempotency;

/// Parameters that choose a page and so do not apply to files.
const PAGING: [&str; 5] = ["limit", "offset", "page", "page_size", "format"];

/// Returns the query parameters of a report's page. `description` is the discovery document of the
/// report.
pub(crate) fn page_parameters(description: &Value) -> Vec<Value> {
    let has_default = list(description, "columns").any(|column| column["default"] == json!(true));
    let keys: Vec<&str> = list(description, "columns").filter_map(|c| c["key"].as_str()).collect();
    let columns = format!(
        "Columns of the answer, separated by commas, by key, alias or parent (`customer` = all of \
         `customer.*`). {} Keys: {}.",
        if has_default { "Default: all but additions." } else { "At least one." },
        code_list(&keys),
    );
    let columns = list_parameter("columns", &columns, json!({"type": "string"}));
    let integer = |minimum: i64| json!({"type": "integer", "minimum": minimum});
    let with_default = |minimum: i64, default: i64| {
        let mut schema = integer(minimum);
        schema["default"] = json!(default);
        schema
    };
    let mut parameters = vec![
        if has_default { columns } else { as_required(columns) },
        list_parameter(
            "sort",
            "Columns to sort by, most significant first; `-` in front = descending. At most 8.",
            json!({"type": "string"}),
        ),
        query_parameter(
            "limit",
            "Rows of the page, at most 100 unless the server allows more.",
            with_default(0, 50),
        ),
        query_parameter("offset", "Rows to skip.", with_default(0, 0)),
        query_parameter(
            "page",
            "Number of the page, from 1; then `offset` does not count.",
            integer(1),
        ),
        query_parameter(
            "page_size",
            "Rows of the page, instead of `limit`; then `offset` does not count.",
            integer(0),
        ),
        query_parameter("id_gt", "Only rows whose primary key is above this.", integer(0)),
        query_parameter(
            "as_of",
            "Evaluate statuses, ages and timeframes as of this time instead of now, such as \
             `2026-01-31T09:00:00Z`.",
            json!({"type": "string"}),
        ),
        query_parameter(
            "format",
            "`csv` answers the same page as CSV. Default: by `Accept`, else `json`.",
            json!({"type": "string", "enum": ["json", "csv"]}),
        ),
        query_parameter(
            "csv_dialect",
            "`excel` writes a byte-order mark in front of CSV, by which Excel knows that it is \
             UTF-8. Default: the setting `reports.csv_bom`.",
            json!({"type": "string", "enum": ["rfc4180", "excel"]}),
        ),
    ];
    parameters.extend(pivot_parameters(description));
    parameters.extend(list(description, "filters").filter_map(filter_parameter));
    parameters
}

fn pivot_parameters(description: &Value) -> Vec<Value> {
    let pivots: Vec<&Value> = list(description, "pivots").collect();
    if pivots.is_empty() {
        return Vec::new();
    }
    let mut pivot = json!({"type": "string", "enum": pivots});
    if let Some(default) = description["default_pivot"].as_str() {
        pivot["default"] = json!(default);
    }
    let columns = json!({"type": "integer", "minimum": 1, "maximum": 12, "default": 4});
    let day = json!({"type": "string", "format": "date"});
    vec![
        query_parameter("pivot", "Spreads measures over columns, one per period.", pivot),
        query_parameter(
            "max_pivot_columns",
            "How many periods a pivot shows; checked, but without effect, where there is none.",
            columns,
        ),
        query_parameter(
            "pivot_until",
            "A day of the last period that the pivot shows; refused without `pivot`.",
            day,
        ),
    ]
}

fn filter_parameter(filter: &Value) -> Option<Value> {
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
    if let Some(default) = filter["default"].as_str().and_then(|text| text.parse::<bool>().ok()) {
        schema["default"] = json!(default);
    }
    let text = filters::filter_description(filter);
    let is_list = filter["list"] == json!(true) || kind.ends_with("[]");
    Some(if is_list {
        list_parameter(name, &text, schema)
    } else {
        query_parameter(name, &text, schema)
    })
}

fn list<'v>(description: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    description[name].as_array().into_iter().flatten()
}

/// Returns a list parameter: values separated by commas, or a repeated name.
pub(crate) fn list_parameter(name: &str, description: &str, items: Value) -> Value {
    let schema = json!({"type": "array", "items": items});
    let mut parameter = query_parameter(name, description, schema);
    parameter["style"] = json!("form");
    parameter["explode"] = json!(false);
    parameter
}

fn code_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Returns the `Idempotency-Key` header parameter.
pub(crate) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Repeat a request safely: the same key with the same request, within 24 \
            hours, is done once and answered as the first time.",
        "schema": {"type": "string", "minLength": 1, "maxLength": idempotency::BYTES_MAX},
    })
}

/// Returns the schema of a list in a JSON body: an array, or one text with commas.
pub(crate) fn list_or_text(items: Value) -> Value {
    json!({"anyOf": [{"type": "array", "items": items}, {"type": "string"}]})
}

/// Returns the body of a request for a report file: the parameters of a page without paging.
pub(crate) fn export_body(description: &Value) -> Value {
    let is_grouped = description["grouped"] == json!(true);
    let mut properties: Map<String, Value> = Map::new();
    let mut needed = Vec::new();
    for parameter in page_parameters(description) {
        let name = parameter["name"].as_str().unwrap_or_default();
        if PAGING.contains(&name) {
            continue;
        }
        let mut schema = parameter["schema"].clone();
        if schema["type"] == "array" {
            schema = list_or_text(schema["items"].clone());
        }
        schema["description"] = parameter["description"].clone();
        without_default(&mut schema);
        if parameter["required"] == json!(true) {
            needed.push(name.to_owned());
        }
        properties.insert(name.to_owned(), schema);
    }
    let formats: Vec<&str> = FileFormat::ALL.iter().map(|format| format.word()).collect();
    properties.insert(
        "format".to_owned(),
        json!({"type": "string", "enum": formats,
            "description": "How the file is written. Default: `csv`."}),
    );
    let mut schema = json!({"type": "object", "properties": properties});
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    let description = if is_grouped {
        "Which groups, which columns, and how the file is written."
    } else {
        "Without a body: all rows with the default columns, as CSV."
    };
    json!({
        "required": is_grouped,
        "description": description,
        "content": {
            "application/json": {"schema": &schema},
            "application/x-www-form-urlencoded": {"schema": &schema},
            "multipart/form-data": {"schema": &schema},
        },
    })
}

/// Replaces a `default` by words in the description. Some generators treat a field with a default
/// as always present.
fn without_default(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    let Some(default) = members.remove("default") else { return };
    let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
    if let Some(Value::String(text)) = members.get_mut("description") {
        text.push_str(&format!(" Default: `{default}`."));
    }
}

/// Returns the `format` parameter in the query of a request for a report file. It applies if the
/// body has no `format`.
pub(crate) fn export_format_parameter() -> Value {
    let formats: Vec<&str> = FileFormat::ALL.iter().map(|format| format.word()).collect();
    query_parameter(
        "format",
        "How the file is written, where the body does not say it.",
        json!({"type": "string", "enum": formats}),
    )
}

fn schema_name(report: &Report, what: &str) -> String {
    format!("{}_report_{what}", report.name().replace('.', "_"))
}

/// Returns the answer of a page, as JSON and CSV.
pub(crate) fn page_answer(report: &Report) -> Value {
    json!({
        "description": "One page of the report, from one revision.",
        "headers": answer_headers(),
        "content": {
            "application/json": {"schema": schema_reference(&schema_name(report, "page"))},
            "text/csv": {"schema": {"type": "string"}},
        },
    })
}

/// Returns the schemas of the pages and rows of every report, by name.
pub(super) fn schemas() -> impl Iterator<Item = (String, Value)> {
    reports::report_catalogue().iter().flat_map(|report| {
        let mut row = reports::row_schema(report, &schema_reference("Money"));
        row["description"] =
            json!(format!("A row of {}: a member for each column asked for.", report.label()));
        let page = page(schema_reference(&schema_name(report, "row")));
        [(schema_name(report, "row"), row), (schema_name(report, "page"), page)]
    })
}

fn page(row: Value) -> Value {
    let mut page = object_schema(json!({
        "total": {"type": "integer",
            "description": "Rows of the whole report after filters; of a grouped one, groups."},
        "column_headers": {"type": "array", "items": schema_reference("ColumnHeader")},
        "rows": {"type": "array", "items": row},
    }));
    page["properties"]["pivot_truncated"] = json!({
        "type": "boolean",
        "description": "`true` when rows belong to periods before the first one shown.",
    });
    page
}

/// Returns the answer to a request for a report file.
pub(crate) fn export_answer() -> Value {
    let job =
        object_schema(json!({"job": {"type": "integer", "description": "Number of the job."}}));
    json!({
        "description": "The job that makes the file. (Where `Accept` takes CSV alone, the same number as CSV.)",
        "headers": answer_headers_without_revision(),
        "content": {"application/json": {"schema": job}},
    })
}

/// Returns the headers of an answer from records.
pub(crate) fn answer_headers() -> Value {
    let mut headers = answer_headers_without_revision();
    headers["Rollbook-Revision"] = json!({"$ref": "#/components/headers/Rollbook-Revision"});
    headers
}

fn answer_headers_without_revision() -> Value {
    let names = ["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
    let reference = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let headers: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), reference(name))).collect();
    Value::Object(headers)
}
