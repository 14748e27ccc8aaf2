//! Requests to reports, and their results as text that a test can compare.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType,
};
use mirror::MirrorSession;
use model::money::Currency;
use model::output::OutputKind;
use model::time::{Date, Instant};
use reports::{FieldErrors, PageRequest, RawParameters, RawValue, ReportPage, RequestContext};

use testkit::literal_tables::instant;

/// The present of all tests, a Saturday.
pub(crate) const NOW: &str = "2026-02-14T12:00:00Z";

/// Makes parameters from a query string, without decoding.
pub(crate) fn query(text: &str) -> RawParameters {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (name.to_owned(), RawValue::Text(value.to_owned()))).collect()
}

/// Checks parameters into a request for a page.
pub(crate) fn parse(
    session: &MirrorSession,
    report: &str,
    parameters: &RawParameters,
) -> Result<PageRequest, FieldErrors> {
    let context = RequestContext { now: instant(NOW), page_size_max: 100, caller_name: None };
    let report = reports::find_report(report).unwrap();
    reports::parse_page(report, parameters, session.provider(), &context)
}

/// Returns the page that a query string asks for.
pub(crate) fn request_page(session: &MirrorSession, report: &str, text: &str) -> ReportPage {
    let request = parse(session, report, &query(text))
        .unwrap_or_else(|errors| panic!("{report} {text}: {errors:?}"));
    let page = futures::executor::block_on(reports::run_page(session, &request));
    page.unwrap_or_else(|error| panic!("{report} {text}: {error:?}"))
}

/// Returns the page's rows, one line each: `7 | Ann | -20.00 gbp`.
pub(crate) fn rows(session: &MirrorSession, report: &str, text: &str) -> Vec<String> {
    lines(&request_page(session, report, text))
}

/// Returns the ids of the matching rows in order, joined with spaces.
pub(crate) fn ids(session: &MirrorSession, report: &str, text: &str) -> String {
    let page = request_page(session, report, &format!("columns=id&{text}"));
    let position = page.columns.iter().position(|column| column.key == "id").unwrap();
    let ids = page
        .batches
        .iter()
        .flat_map(|batch| batch.column(position).as_primitive::<Int64Type>().values().to_vec());
    let ids = ids.map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(page.total, ids.len() as u64, "{report} {text}");
    ids.join(" ")
}

/// Returns one column of the row with this id.
pub(crate) fn cell(session: &MirrorSession, report: &str, id: i64, column: &str) -> String {
    let page = request_page(session, report, &format!("columns={column}&id_gt={}&limit=1", id - 1));
    let batch = &page.batches[0];
    let position = page.columns.iter().position(|shown| shown.key == column).unwrap();
    text(batch, batch.column(position).as_ref(), &page.columns[position].kind, 0)
}

/// Returns the rows of a page as text.
pub(crate) fn lines(page: &ReportPage) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &page.batches {
        check_types(page, batch);
        for row in 0..batch.num_rows() {
            let cells = page.columns.iter().zip(batch.columns());
            let cells = cells.map(|(column, values)| text(batch, values, &column.kind, row));
            lines.push(cells.collect::<Vec<_>>().join(" | "));
        }
    }
    lines
}

/// Returns the keys of the page's columns.
pub(crate) fn keys(page: &ReportPage) -> Vec<&str> {
    page.columns.iter().map(|column| column.key.as_str()).collect()
}

/// Checks that a page has one column per header and the promised types, on which writers rely.
fn check_types(page: &ReportPage, batch: &RecordBatch) {
    assert_eq!(page.headers.len(), page.columns.len());
    for (position, column) in page.columns.iter().enumerate() {
        assert_eq!(page.headers[position].key, column.key);
        check_type(batch, batch.column(position).data_type(), &column.kind);
    }
}

fn check_type(batch: &RecordBatch, found: &DataType, kind: &OutputKind) {
    let fits = match (kind, found) {
        (OutputKind::Int | OutputKind::TimeOfDay, DataType::Int64)
        | (OutputKind::Text | OutputKind::Json, DataType::Utf8)
        | (OutputKind::Dec4, DataType::Decimal128(18, 4))
        | (OutputKind::Bool, DataType::Boolean)
        | (OutputKind::Date, DataType::Date32)
        | (OutputKind::Instant, DataType::Timestamp(..)) => true,
        (
            OutputKind::Money { currency } | OutputKind::Decimal { currency },
            DataType::Int64 | DataType::Decimal128(38, 0),
        ) => *batch.column(*currency).data_type() == DataType::Utf8,
        (OutputKind::List(item), DataType::List(field)) => {
            check_type(batch, field.data_type(), item);
            true
        }
        (OutputKind::Object { fields, .. }, DataType::Struct(found)) => {
            assert_eq!(fields.len(), found.len());
            for ((name, kind), field) in fields.iter().zip(found) {
                assert_eq!(name, field.name());
                check_type(batch, field.data_type(), kind);
            }
            true
        }
        _ => false,
    };
    assert!(fits, "{kind:?} is stored as {found:?}");
}

fn text(batch: &RecordBatch, values: &dyn Array, kind: &OutputKind, row: usize) -> String {
    nested(batch, values, kind, row, row)
}

fn nested(
    batch: &RecordBatch,
    values: &dyn Array,
    kind: &OutputKind,
    row: usize,
    batch_row: usize,
) -> String {
    if values.is_null(row) {
        return "-".to_owned();
    }
    match kind {
        OutputKind::Int | OutputKind::TimeOfDay => {
            values.as_primitive::<Int64Type>().value(row).to_string()
        }
        OutputKind::Text | OutputKind::Json => values.as_string::<i32>().value(row).to_owned(),
        OutputKind::Dec4 => values.as_primitive::<Decimal128Type>().value_as_string(row),
        OutputKind::Bool => values.as_boolean().value(row).to_string(),
        OutputKind::Date => {
            Date::from_days(values.as_primitive::<Date32Type>().value(row)).to_string()
        }
        OutputKind::Instant => {
            let micros = values.as_primitive::<TimestampMicrosecondType>().value(row);
            Instant::from_micros(micros).to_string()
        }
        OutputKind::Money { currency } | OutputKind::Decimal { currency } => {
            let wide = cast(&values.slice(row, 1), &DataType::Decimal128(38, 0)).unwrap();
            let minor = wide.as_primitive::<Decimal128Type>().value(0);
            let code = batch.column(*currency).as_string::<i32>().value(batch_row);
            format!("{} {code}", Currency::parse(code).unwrap().decimal(minor))
        }
        OutputKind::List(item) => {
            let items = values.as_list::<i32>().value(row);
            let shown = (0..items.len())
                .map(|position| nested(batch, items.as_ref(), item, position, batch_row));
            format!("[{}]", shown.collect::<Vec<_>>().join("; "))
        }
        OutputKind::Object { fields, .. } => {
            let object = values.as_struct();
            let shown = fields.iter().zip(object.columns()).map(|((name, kind), values)| {
                format!("{name} {}", nested(batch, values.as_ref(), kind, row, batch_row))
            });
            format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
        }
    }
}
