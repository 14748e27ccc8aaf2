//! Additions: fields that the vendor's dialect lacks. In strict mode they are all refused. Rule:
//! spec/exports.md §4, table of additions.

use std::collections::HashSet;

use model::file_format::FileFormat;
use model::provider::Provider;
use model::time::{Instant, Zone};
use serde_json::Value;

use super::super::ExportType;
use super::super::export_request::{MetadataLayout, NamedExportType, RowPer, formats_of};
use super::super::metadata::is_metadata_heading;
use super::body::ExportBody;
use super::{ExportContext, body_values, named_export_type, read_choice};
use crate::csv_dialect::CsvDialect;
use crate::request::values::quote_value;

/// The names of all additions.
pub(super) const ADDITION_NAMES: [&str; 8] = [
    "format",
    "columns",
    "row_per",
    "layout",
    "csv_dialect",
    "include_deleted",
    "objects",
    "as_of",
];

/// The values of the additions.
#[derive(Debug, Clone, Default)]
pub(super) struct Additions {
    pub(super) format: FileFormat,
    pub(super) columns: Option<Vec<String>>,
    pub(super) row_per: RowPer,
    pub(super) layout: MetadataLayout,
    pub(super) csv_dialect: CsvDialect,
    pub(super) include_deleted: bool,
    pub(super) as_of: Option<Instant>,
}

/// Reads the types of a request for several exports; none if it asks for a single one.
pub(super) fn read_object_list(
    body: &mut ExportBody<'_>,
    is_strict: bool,
) -> Option<Vec<NamedExportType>> {
    if is_strict || body.value("objects").is_none() {
        return None;
    }
    if body.value("object").is_some() {
        let message = "The objects field cannot be given together with the object field.";
        body.errors.push("objects", message);
    }
    Some(body.read("objects", read_objects).unwrap_or_default())
}

fn read_objects(field: &str, value: &Value) -> Result<Vec<NamedExportType>, String> {
    let names = value.as_array().filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| format!("The {field} must be a list of types."))?;
    let mut objects: Vec<NamedExportType> = Vec::new();
    for name in names {
        let shown = body_values::quote_json_value(name);
        let Some(object) = name.as_str().and_then(named_export_type) else {
            return Err(format!("{shown} in {field} is invalid: it is no type."));
        };
        if object.kind.is_package() {
            return Err(format!("{shown} in {field} is invalid: it can only be exported alone."));
        }
        if objects.iter().any(|other| other.kind.object() == object.kind.object()) {
            return Err(format!("{shown} in {field} is invalid: its type comes twice."));
        }
        objects.push(object);
    }
    Ok(objects)
}

/// Reads the additions of a request for these types. In strict mode, refuses them all.
pub(super) fn read_additions(
    body: &mut ExportBody<'_>,
    objects: &[NamedExportType],
    provider: &Provider,
    context: &ExportContext<'_>,
) -> Additions {
    if context.is_strict {
        for name in body.names().filter(|name| ADDITION_NAMES.contains(name)) {
            let message = format!("The {name} field is not allowed: exports.strict is on.");
            body.errors.push(name, message);
        }
        return Additions::default();
    }
    let kinds: Vec<&ExportType> = objects.iter().map(|object| object.kind).collect();
    let is_package = kinds.iter().any(|kind| kind.is_package());
    let zone = &provider.timezone;
    let format = body.read("format", |field, value| {
        read_choice(field, value, &formats_of(kinds.first().copied()))
    });
    let row_per = body.read("row_per", |field, value| {
        let row_per = read_choice(field, value, &RowPer::WORDS)?;
        let is_taken = row_per == RowPer::Record || kinds.iter().any(|kind| kind.has_lines());
        refuse_unless(is_taken, row_per, field, "invoices and orders")
    });
    let layout = body.read("layout", |field, value| {
        let layout = read_choice(field, value, &MetadataLayout::WORDS)?;
        refuse_unless(
            kinds.iter().any(|kind| kind.is_metadata()),
            layout,
            field,
            "customers_metadata",
        )
    });
    let csv_dialect =
        body.read("csv_dialect", |field, value| read_choice(field, value, &CsvDialect::WORDS));
    let include_deleted = body.read("include_deleted", body_values::read_bool);
    let as_of = body.read("as_of", |field, value| {
        refuse_unless(is_package, read_as_of(field, value, zone)?, field, "accounting")
    });
    let format = format.unwrap_or_default();
    let is_marked = csv_dialect.is_some_and(|dialect| dialect != CsvDialect::default());
    if is_marked && format != FileFormat::Csv {
        body.errors.push("csv_dialect", "The csv_dialect field is only for csv.");
    }
    let row_per = row_per.unwrap_or_default();
    let layout = layout.unwrap_or_default();
    let columns = body.read("columns", |field, value| {
        let columns = read_columns(field, value)?;
        for kind in &kinds {
            check_columns(kind, &columns, format, row_per, layout)?;
        }
        Ok(columns)
    });
    Additions {
        format,
        columns,
        row_per,
        layout,
        csv_dialect: csv_dialect.unwrap_or_default(),
        include_deleted: include_deleted.unwrap_or_default(),
        as_of,
    }
}

fn refuse_unless<T>(is_taken: bool, value: T, field: &str, types: &str) -> Result<T, String> {
    if is_taken { Ok(value) } else { Err(format!("The {field} field is only for {types}.")) }
}

fn read_as_of(field: &str, value: &Value, zone: &Zone) -> Result<Instant, String> {
    let second = body_values::read_second(field, value, zone, true)?;
    let instant = Instant::from_seconds(second);
    instant.ok_or_else(|| format!("The {field} is not a valid date."))
}

/// Reads headings from a list or from text with commas.
fn read_columns(field: &str, value: &Value) -> Result<Vec<String>, String> {
    let names: Option<Vec<String>> = match value {
        Value::String(text) => Some(text.split(',').map(|name| name.trim().to_owned()).collect()),
        Value::Array(names) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let names = names.ok_or_else(|| format!("The {field} must be a list of headings."))?;
    if names.is_empty() {
        return Err(format!("The {field} must name at least one column."));
    }
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(format!("The {field} names {} twice.", quote_value(twice))),
        None => Ok(names),
    }
}

/// Checks that a type has all these headings.
fn check_columns(
    kind: &ExportType,
    names: &[String],
    format: FileFormat,
    row_per: RowPer,
    layout: MetadataLayout,
) -> Result<(), String> {
    let Some(rows) = kind.layout(row_per == RowPer::Line) else {
        return Err("The columns field is not for accounting.".to_owned());
    };
    let has = |name: &str| {
        if kind.is_metadata() {
            is_metadata_heading(name, format, layout)
        } else {
            rows.column(name).is_some()
        }
    };
    match names.iter().find(|name| !has(name)) {
        Some(unknown) => Err(format!(
            "The columns name {}, which {} lacks.",
            quote_value(unknown),
            kind.object()
        )),
        None => Ok(()),
    }
}
