//! What a file says about itself, so that whoever has it can check that it is whole.
//! Rule: spec/exports.md §9.

use files::format::FileFormat;
use model::id::Revision;
use model::output::OutputColumn;
use model::time::Instant;
use serde_json::{Map, Value, json};

use super::row_file::WrittenFile;

/// What stands at the front of a manifest: which file it is, and how it was asked for.
pub(crate) struct Request<'r> {
    /// Fields before the format: the job's name, the report or type.
    pub(crate) head: Map<String, Value>,
    /// As it was asked for, resolved: filters, order, present.
    pub(crate) filters: Value,
    /// The provider's time zone.
    pub(crate) timezone: &'r str,
    /// Fields between time zone and rows: the range.
    pub(crate) more: Map<String, Value>,
}

/// The manifest of one file of rows.
pub(crate) fn of_rows(
    request: Request<'_>,
    format: FileFormat,
    name: &str,
    columns: &[OutputColumn],
    file: &WrittenFile,
    revision: Revision,
    now: Instant,
) -> Value {
    let rows = file.totals.rows();
    let mut manifest = Map::new();
    manifest.insert("manifest_version".to_owned(), json!(1));
    manifest.extend(request.head);
    manifest.insert("format".to_owned(), json!(format.word()));
    manifest.insert("rev".to_owned(), json!(revision));
    manifest.insert("filters".to_owned(), request.filters);
    manifest.insert("timezone".to_owned(), json!(request.timezone));
    manifest.extend(request.more);
    manifest.insert("rows".to_owned(), json!(rows));
    manifest.insert("bytes".to_owned(), json!(file.bytes));
    manifest.insert("sha256".to_owned(), json!(file.sha256));
    manifest.insert("columns".to_owned(), columns.iter().map(column).collect());
    manifest.insert("totals".to_owned(), file.totals.to_json());
    manifest.insert("complete".to_owned(), json!(true));
    manifest.insert("created_at".to_owned(), json!(now));
    let file = json!({"name": name, "rows": rows, "bytes": file.bytes, "sha256": file.sha256});
    manifest.insert("files".to_owned(), json!([file]));
    Value::Object(manifest)
}

fn column(column: &OutputColumn) -> Value {
    json!({"name": column.key, "type": column.kind.word()})
}
