//! A page as the bytes of an answer or a file. Rule: spec/reports.md §3, §7.

use files::format::FileFormat;
use files::write::{RowWriter, WriteError, WriteOptions, writer};
use reports::{Header, Page};
use serde_json::{Value, json};

/// Room for a page of the usual size.
const BYTES_USUAL: usize = 64 * 1024;

/// The JSON envelope: `total`, `column_headers`, `rows`.
pub fn json(page: &Page) -> Result<Vec<u8>, WriteError> {
    let headers: Vec<Value> = page.headers.iter().map(header).collect();
    let headers = Value::Array(headers);
    let mut out = Vec::with_capacity(BYTES_USUAL);
    out.extend_from_slice(
        format!(r#"{{"total":{},"column_headers":{headers},"rows":["#, page.total).as_bytes(),
    );
    let mut rows = writer(FileFormat::Json, &page.columns, &WriteOptions::default())?;
    write_rows(&mut *rows, page, &mut out)?;
    out.extend_from_slice(b"]}");
    Ok(out)
}

/// The same page as CSV, with the header row of a file.
pub fn csv(page: &Page, has_formula_guard: bool, has_bom: bool) -> Result<Vec<u8>, WriteError> {
    let options = WriteOptions { has_bom, has_formula_guard, ..WriteOptions::default() };
    let mut out = Vec::with_capacity(BYTES_USUAL);
    write_rows(&mut *writer(FileFormat::Csv, &page.columns, &options)?, page, &mut out)?;
    Ok(out)
}

fn write_rows(
    writer: &mut dyn RowWriter,
    page: &Page,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    writer.start(out)?;
    for batch in &page.batches {
        writer.rows(batch, out)?;
    }
    writer.finish(out)
}

fn header(header: &Header) -> Value {
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
