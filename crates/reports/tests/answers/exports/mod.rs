//! Exports over small literal tables. Rule: spec/exports.md.

mod catalogue;
mod columns;
mod filters;
mod formats;
mod metadata;
mod parsing;
mod slices;
mod world;

use datafusion::arrow::array::RecordBatch;
use futures::TryStreamExt;
use futures::executor::block_on;
use mirror::MirrorSession;
use model::provider::Provider;
use reports::ReportPage;
use reports::exports::{ExportContext, ExportErrors, ExportRequest, ExportRequests};
use serde_json::{Map, Value, json};

use crate::answers::lines;
use testkit::literal_tables::instant;

/// The present of these tests.
const NOW: &str = "2024-05-15T12:00:00Z";

fn parse_with(
    provider: &Provider,
    body: &Value,
    change: impl FnOnce(&mut ExportContext<'static>),
) -> Result<ExportRequests, ExportErrors> {
    let mut context = ExportContext {
        now: instant(NOW),
        is_strict: false,
        range_months_max: 6,
        sites: &[1, 2],
        first_month: None,
        last_closed: None,
    };
    change(&mut context);
    reports::exports::parse_export_body(body.as_object().unwrap(), provider, &context)
}

/// Makes a body that asks for January 2024. `fields` are added to it or replace its fields.
fn january(object: &str, fields: Value) -> Value {
    let mut body = json!({
        "object": object,
        "date_from": "2024-01-01T00:00:00Z",
        "date_to": "2024-01-31T23:59:59Z",
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// Returns the single request of a valid body, after it was stored and read back.
fn request(session: &MirrorSession, body: &Value) -> ExportRequest {
    let requests = parse_with(session.provider(), body, |_| {});
    let requests = requests.unwrap_or_else(|errors| panic!("{body}: {errors:?}")).requests;
    let [request] = requests.as_slice() else { panic!("{body} asks for several") };
    let stored = serde_json::to_string(request).unwrap();
    let read: ExportRequest = serde_json::from_str(&stored).unwrap();
    assert_eq!(&read, request);
    read
}

/// Returns all rows of an export in the form of one page.
fn export(session: &MirrorSession, body: &Value) -> ReportPage {
    let request = request(session, body);
    block_on(async {
        let rows = reports::exports::open_export_rows(session, &request).await;
        let rows = rows.unwrap_or_else(|error| panic!("{body}: {error:?}"));
        let batches: Vec<RecordBatch> = rows.batches.try_collect().await.unwrap();
        let found: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows.total, found as u64, "{body}");
        let has_rows = reports::exports::export_has_rows(session, &request).await.unwrap();
        assert_eq!(has_rows, found > 0, "{body}");
        for column in &rows.columns {
            assert_eq!(column.key, column.label);
        }
        ReportPage {
            total: rows.total,
            headers: rows.columns.iter().map(|column| header(&column.key)).collect(),
            columns: rows.columns,
            batches,
            revision: rows.revision,
            pivot_truncated: false,
        }
    })
}

fn header(key: &str) -> reports::ColumnHeader {
    reports::ColumnHeader {
        label: key.to_owned(),
        key: key.to_owned(),
        sortable: false,
        sorted: None,
        holds_customer_id: false,
        required: false,
    }
}

/// Returns the rows as text, one line each.
fn rows(session: &MirrorSession, body: &Value) -> Vec<String> {
    lines(&export(session, body))
}

/// Returns the first column of each row, joined with spaces.
fn first_column(session: &MirrorSession, body: &Value) -> String {
    let rows = rows(session, body);
    let first = |row: &String| row.split(" | ").next().unwrap_or_default().to_owned();
    rows.iter().map(first).collect::<Vec<_>>().join(" ")
}

/// Returns one row with every column, as lines `heading = value`.
fn record(session: &MirrorSession, body: &Value) -> String {
    let page = export(session, body);
    let row = lines(&page).remove(0);
    let cells = row.split(" | ");
    let cells =
        page.columns.iter().zip(cells).map(|(column, cell)| format!("{} = {cell}", column.key));
    cells.collect::<Vec<_>>().join("\n")
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
