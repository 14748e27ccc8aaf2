//! Writing of a report page as JSON or CSV. Rule: spec/reports.md §3, §7.

use files::write::{JsonEnvelope, RowWriter, WriteError, WriteOptions, create_writer};
use model::file_format::FileFormat;
use reports::{ColumnHeader, ReportPage};
use serde_json::{Value, json};

/// The initial capacity for a page.
const BYTES_USUAL: usize = 64 * 1024;

/// Returns the JSON around the rows of a report: `total`, `column_headers`, `rows`.
pub(crate) fn envelope(
    total: u64,
    headers: &[ColumnHeader],
    is_pivot_truncated: bool,
) -> JsonEnvelope {
    let headers: Vec<Value> = headers.iter().map(header).collect();
    let headers = Value::Array(headers);
    let prefix = format!(r#"{{"total":{total},"column_headers":{headers},"rows":["#);
    let suffix = if is_pivot_truncated { r#"],"pivot_truncated":true}"# } else { "]}" };
    JsonEnvelope { prefix, suffix: suffix.to_owned() }
}

/// Writes a page as JSON.
pub fn page_json(page: &ReportPage) -> Result<Vec<u8>, WriteError> {
    let envelope = envelope(page.total, &page.headers, page.pivot_truncated);
    write(page, FileFormat::Json, &WriteOptions { envelope, ..WriteOptions::default() })
}

/// Writes a page as CSV, with the same header row as a file.
pub fn page_csv(
    page: &ReportPage,
    has_formula_guard: bool,
    has_bom: bool,
) -> Result<Vec<u8>, WriteError> {
    let options = WriteOptions { has_bom, has_formula_guard, ..WriteOptions::default() };
    write(page, FileFormat::Csv, &options)
}

fn write(
    page: &ReportPage,
    format: FileFormat,
    options: &WriteOptions,
) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::with_capacity(BYTES_USUAL);
    let mut writer: Box<dyn RowWriter> = create_writer(format, &page.columns, options)?;
    writer.start(&mut out)?;
    for batch in &page.batches {
        writer.rows(batch, &mut out)?;
    }
    writer.finish(&mut out)?;
    Ok(out)
}

fn header(header: &ColumnHeader) -> Value {
    let mut value = json!({"label": header.label, "key": header.key, "sortable": header.sortable});
    if let Some(sorted) = header.sorted {
        let order = if sorted.descending { "desc" } else { "asc" };
        value["sorted"] = json!({"order": order, "priority": sorted.priority});
    }
    if header.holds_customer_id {
        value["holds_customer_id"] = json!(true);
    }
    value["required"] = json!(header.required);
    value
}
