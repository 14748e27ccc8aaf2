//! Rows per second of writing invoices, one core:
//! `cargo run --release -p files --example encode_speed -- [ROWS] [FORMAT...]`.
//! Also rows per second on the processor, which other load on the machine hardly changes (Linux).

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use files::write::{ControlTotals, Dialect, HashingWriter, WriteOptions, create_writer};
use model::file_format::FileFormat;
use model::output::{OutputColumn, OutputKind};

const BATCH_ROWS: usize = 8192;
const BATCHES: usize = 8;

/// Name and kind of each column; `c` is where the currency stands.
const COLUMNS: &str = "id:int number:text customer_id:int customer_email:text \
    customer_first_name:text customer_last_name:text customer_name:text subscription_id:int \
    plan_id:int plan_name:text status:text billing_reason:text currency:text subtotal:money \
    discount:money tax:money total:money amount_due:money amount_paid:money \
    amount_remaining:money date:ts due_date:date period_start:ts period_end:ts paid_at:ts \
    payment_processor_name:text description:text billing_line1:text billing_city:text \
    metadata:json created_at:ts updated_at:ts deleted_at:ts";

fn main() {
    let rows: usize = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(500_000);
    let columns = columns();
    let batches: Vec<RecordBatch> = (0..BATCHES).map(|number| batch(&columns, number)).collect();
    let asked: Vec<_> = std::env::args().skip(2).collect();
    let is_asked = |word: &str| asked.is_empty() || asked.iter().any(|asked| asked == word);
    for format in FileFormat::ALL.into_iter().filter(|format| is_asked(format.word())) {
        let rows = if format == FileFormat::Xlsx { rows / 10 } else { rows };
        let times: Vec<Measured> =
            (0..3).map(|_| write(format, &columns, &batches, rows)).collect();
        let least = |time: fn(&Measured) -> f64| times.iter().map(time).fold(f64::MAX, f64::min);
        println!(
            "{}: {:.0} rows/s, on the processor {:.0} rows/s ({} bytes per row)",
            format.word(),
            rows as f64 / least(|measured| measured.wall),
            rows as f64 / least(|measured| measured.processor),
            times[0].bytes / rows as u64,
        );
    }
}

struct Measured {
    wall: f64,
    processor: f64,
    bytes: u64,
}

/// Writes `rows` rows with hash and totals, as an export does.
fn write(
    format: FileFormat,
    columns: &[OutputColumn],
    batches: &[RecordBatch],
    rows: usize,
) -> Measured {
    let (start, start_on_processor) = (Instant::now(), seconds_on_processor());
    let options = WriteOptions { dialect: Dialect::Export, ..WriteOptions::default() };
    let mut out = HashingWriter::new(io::sink());
    let mut totals = ControlTotals::new(columns);
    let mut writer = create_writer(format, columns, &options).expect("the columns are sound");
    writer.start(&mut out).expect("a sink takes all");
    for batch in batches.iter().cycle().take(rows.div_ceil(BATCH_ROWS)) {
        totals.add_batch(batch).expect("the sample is sound");
        writer.rows(batch, &mut out).expect("the sample is sound");
    }
    writer.finish(&mut out).expect("a sink takes all");
    out.flush().expect("a sink takes all");
    Measured {
        wall: start.elapsed().as_secs_f64(),
        processor: seconds_on_processor() - start_on_processor,
        bytes: out.bytes(),
    }
}

/// Returns the processor time of this thread, in seconds.
fn seconds_on_processor() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = schedstat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

fn columns() -> Vec<OutputColumn> {
    let names: Vec<(&str, &str)> =
        COLUMNS.split_whitespace().filter_map(|column| column.split_once(':')).collect();
    let currency = names.iter().position(|(name, _)| *name == "currency").unwrap_or_default();
    let column = |(name, kind): &(&str, &str)| OutputColumn {
        key: (*name).to_owned(),
        label: (*name).to_owned(),
        kind: match *kind {
            "int" => OutputKind::Int,
            "money" => OutputKind::Money { currency },
            "ts" => OutputKind::Instant,
            "date" => OutputKind::Date,
            "json" => OutputKind::Json,
            _ => OutputKind::Text,
        },
    };
    names.iter().map(column).collect()
}

fn batch(columns: &[OutputColumn], number: usize) -> RecordBatch {
    let first = number * BATCH_ROWS;
    let arrays = columns.iter().enumerate().map(|(place, column)| {
        (column.key.as_str(), array(column, place, first..first + BATCH_ROWS))
    });
    RecordBatch::try_from_iter(arrays).expect("all columns have as many rows")
}

fn array(column: &OutputColumn, place: usize, rows: std::ops::Range<usize>) -> ArrayRef {
    // Some values are missing, as in real rows.
    let given = |row: usize| place < 2 || !(row + place).is_multiple_of(11);
    match column.kind {
        OutputKind::Int => {
            Arc::new(rows.map(|row| given(row).then_some(row as i64 * 7)).collect::<Int64Array>())
        }
        OutputKind::Money { .. } => Arc::new(
            rows.map(|row| given(row).then_some(row as i64 % 90_000)).collect::<Int64Array>(),
        ),
        OutputKind::Instant => {
            let micros = rows
                .map(|row| given(row).then_some(1_700_000_000_000_000 + row as i64 * 61_000_000));
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        OutputKind::Date => Arc::new(
            rows.map(|row| given(row).then_some(19_000 + row as i32 % 900))
                .collect::<Date32Array>(),
        ),
        OutputKind::Json => Arc::new(StringArray::from_iter_values(
            rows.map(|row| if row.is_multiple_of(3) { "{\"source\":\"web\"}" } else { "{}" }),
        )),
        _ if column.key == "currency" => {
            Arc::new(StringArray::from_iter_values(rows.map(|_| "usd")))
        }
        _ => {
            let text = |row: usize| match place % 3 {
                0 => format!("member{row}@example.com"),
                1 => format!("Gold {}", row % 40),
                _ => format!("{} High Street, Leeds", row % 300),
            };
            Arc::new(rows.map(|row| given(row).then(|| text(row))).collect::<StringArray>())
        }
    }
}
