//! The catalogue entry of an export type, derived from the definition that also checks requests.
//! Rule: spec/exports.md §7.1, §10.2.

use serde_json::{Value, json};

use super::ExportType;
use super::export_filter::ExportFilter;
use super::export_request::{DateMode, formats_of};
use crate::definition::column::ReportColumnKind;

/// Returns the catalogue entry of a type, without its recent exports.
pub fn describe_export_type(kind: &ExportType) -> Value {
    let formats = formats_of(Some(kind)).into_iter().map(|(word, _)| word);
    let date_field = if kind.is_package() {
        Value::Null
    } else {
        json!({
            DateMode::FullData.word(): DateMode::FullData.date_field(),
            DateMode::ModifiedData.word(): DateMode::ModifiedData.date_field(),
        })
    };
    json!({
        "object": kind.object,
        "name": kind.name,
        "aliases": kind.aliases,
        "date_field": date_field,
        "filters": describe_filters(kind),
        "formats": formats.collect::<Vec<_>>(),
        "schema": kind.schema(),
        "columns": describe_columns(kind),
    })
}

fn describe_filters(kind: &ExportType) -> Vec<Value> {
    let field = |name: &str, word: &str, required: bool| json!({"name": name, "type": word, "required": required});
    let site = field("site_id", "integer", false);
    if kind.is_package() {
        return vec![field("month", "date", true), field("currency", "string", true), site];
    }
    let modes: Vec<&str> = DateMode::WORDS.iter().map(|(word, _)| *word).collect();
    let mut filters = vec![
        field("date_from", "timestamp", true),
        field("date_to", "timestamp", true),
        json!({"name": "mode", "type": "string", "required": false, "values": modes}),
    ];
    filters.extend(kind.filters.iter().map(describe_filter));
    filters.push(site);
    filters
}

fn describe_filter(filter: &ExportFilter) -> Value {
    let mut described = json!({"name": filter.name, "type": filter.word(), "required": false});
    if let (Some(members), Some(words)) = (described.as_object_mut(), filter.words()) {
        members.insert("values".to_owned(), json!(words));
    }
    described
}

fn describe_columns(kind: &ExportType) -> Vec<Value> {
    let Some(layout) = kind.layout(false) else { return vec![] };
    let columns = layout.columns.iter();
    let described = |name: &str, word: &str| json!({"name": name, "type": word});
    columns
        .map(|column| {
            if kind.is_metadata() && column.kind == ReportColumnKind::Json {
                described("metadata.<key>", "text")
            } else {
                described(column.key, kind_word(&column.kind))
            }
        })
        .collect()
}

/// Returns the word that spec/exports.md §10.2 uses for a kind.
pub(super) fn kind_word(kind: &ReportColumnKind) -> &'static str {
    match kind {
        ReportColumnKind::Int => "int",
        ReportColumnKind::Text
        | ReportColumnKind::TimeOfDay
        | ReportColumnKind::Weekday
        | ReportColumnKind::Unmodelled(_) => "text",
        ReportColumnKind::Bool => "bool",
        ReportColumnKind::Date => "date",
        ReportColumnKind::Instant => "ts",
        ReportColumnKind::Money | ReportColumnKind::Decimal => "money",
        ReportColumnKind::Dec4 => "dec4",
        ReportColumnKind::Json | ReportColumnKind::Object { .. } => "json",
        ReportColumnKind::List(_) => "list",
    }
}
