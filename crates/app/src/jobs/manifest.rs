//! The manifest of a file, with which a reader can check that the file is complete.
//! Rule: spec/exports.md §9.

use model::file_format::FileFormat;
use model::id::Revision;
use model::output::OutputColumn;
use model::time::Instant;
use serde_json::{Map, Value, json};

use super::row_file::WrittenFile;

/// The fields of a manifest that describe the request.
pub(crate) struct ManifestRequest<'r> {
    /// Fields before the format: the job's id, and the report or export type.
    pub(crate) head: Map<String, Value>,
    /// The request as it was resolved: filters, order and present.
    pub(crate) filters: Value,
    /// The provider's time zone.
    pub(crate) timezone: &'r str,
    /// Fields between the time zone and the rows, such as the range.
    pub(crate) fields_before_rows: Map<String, Value>,
}

/// Returns the manifest of one file of rows.
pub(crate) fn row_file_manifest(
    request: ManifestRequest<'_>,
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
    manifest.extend(request.fields_before_rows);
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
