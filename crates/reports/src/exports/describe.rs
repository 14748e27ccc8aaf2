//! The catalogue entry of an export type, derived from the definition that also checks requests.
//! Rule: spec/exports.md §7.1, §10.2.

use serde_json::{Value, json};

use super::ExportType;
use super::filter::Filter;
use super::request::{ExportFormat, Mode};
use crate::definition::column::Kind;

/// Returns the catalogue entry of a type, without its recent exports.
pub fn describe(kind: &ExportType) -> Value {
    let formats = ExportFormat::of(kind).iter().map(|(word, _)| *word);
    let date_field = match kind.is_package() {
        true => Value::Null,
        false => json!({
            Mode::FullData.word(): Mode::FullData.date_field(),
            Mode::ModifiedData.word(): Mode::ModifiedData.date_field(),
        }),
    };
    json!({
        "object": kind.object,
        "name": kind.name,
        "aliases": kind.aliases,
        "date_field": date_field,
        "filters": filters(kind),
        "formats": formats.collect::<Vec<_>>(),
        "schema": kind.schema(),
        "columns": columns(kind),
    })
}

fn filters(kind: &ExportType) -> Vec<Value> {
    let field = |name: &str, word: &str, required: bool| json!({"name": name, "type": word, "required": required});
    let site = field("site_id", "integer", false);
    if kind.is_package() {
        return vec![field("month", "date", true), field("currency", "string", true), site];
    }
    let modes: Vec<&str> = Mode::WORDS.iter().map(|(word, _)| *word).collect();
    let mut filters = vec![
        field("date_from", "timestamp", true),
        field("date_to", "timestamp", true),
        json!({"name": "mode", "type": "string", "required": false, "values": modes}),
    ];
    filters.extend(kind.filters.iter().map(filter));
    filters.push(site);
    filters
}

fn filter(filter: &Filter) -> Value {
    let mut described = json!({"name": filter.name, "type": filter.word(), "required": false});
    if let (Some(members), Some(words)) = (described.as_object_mut(), filter.words()) {
        members.insert("values".to_owned(), json!(words));
    }
    described
}

fn columns(kind: &ExportType) -> Vec<Value> {
    let Some(layout) = kind.layout(false) else { return vec![] };
    let columns = layout.report.columns.iter();
    let described = |name: &str, word: &str| json!({"name": name, "type": word});
    columns
        .map(|column| match kind.is_metadata() && column.kind == Kind::Json {
            true => described("metadata.<key>", "text"),
            false => described(column.key, word(&column.kind)),
        })
        .collect()
}

/// Returns the word that spec/exports.md §10.2 uses for a kind.
pub(super) fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int => "int",
        Kind::Text | Kind::TimeOfDay | Kind::Weekday | Kind::Unmodelled(_) => "text",
        Kind::Bool => "bool",
        Kind::Date => "date",
        Kind::Instant => "ts",
        Kind::Money | Kind::Decimal => "money",
        Kind::Dec4 => "dec4",
        Kind::Json | Kind::Object { .. } => "json",
        Kind::List(_) => "list",
    }
}
