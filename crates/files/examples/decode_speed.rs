//! Rows per second of decoding customer memberships, one core:
//! `cargo run --release -p files --example decode_speed -- [ROWS]`.
//! Also rows per second on the processor, which other load on the machine hardly changes (Linux).

use std::fmt::Write as _;
use std::io::Cursor;
use std::time::Instant;

use files::format::Compression;
use files::read::{Decoded, ImportInput, ImportMode, InputSource, read_table};
use model::catalogue;
use model::file_format::FileFormat;

const COLUMNS: &str = "id,customer_id,membership_id,type,status,payment_processor_id,purchased_at,\
    start_date,expiration_date,renewal_date,cancelled_at,downgrade_date,upgrade_date,\
    cancellation_reason,completed_at,billed_price,currency,custom_allotment,billing_anchor_day,\
    billing_interval_weeks,shared_with,created_at,updated_at";

fn main() {
    let rows: usize = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(500_000);
    let samples = [
        ("csv", FileFormat::Csv, csv(rows)),
        ("ndjson, every key", FileFormat::Ndjson, ndjson(rows, true)),
        ("ndjson, given keys", FileFormat::Ndjson, ndjson(rows, false)),
    ];
    for (name, format, text) in samples {
        let line_bytes = text.len() / rows;
        let times: Vec<(f64, f64)> =
            (0..5).map(|_| seconds_to_decode(format, &text, rows)).collect();
        let wall = times.iter().map(|time| time.0).fold(f64::MAX, f64::min);
        let on_processor = times.iter().map(|time| time.1).fold(f64::MAX, f64::min);
        println!(
            "{name}: {:.0} rows/s, on the processor {:.0} rows/s ({line_bytes} bytes per row)",
            rows as f64 / wall,
            rows as f64 / on_processor,
        );
    }
}

/// Returns the processor time of this thread, in seconds.
fn seconds_on_processor() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = schedstat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

fn seconds_to_decode(format: FileFormat, text: &str, rows: usize) -> (f64, f64) {
    let table = catalogue::table("customer_memberships").expect("the catalogue has it");
    let stream = InputSource::Stream(Box::new(Cursor::new(text.to_owned())));
    let input = ImportInput::new(stream, format, Compression::None);
    let (start, start_on_processor) = (Instant::now(), seconds_on_processor());
    let mut decoded_rows = 0;
    for decoded in read_table(table, ImportMode::Upsert, input).expect("the sample is readable") {
        match decoded.expect("the sample is whole") {
            Decoded::Changes { changes, .. } => decoded_rows += changes.len(),
            Decoded::Error(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(decoded_rows, rows);
    (start.elapsed().as_secs_f64(), seconds_on_processor() - start_on_processor)
}

fn values(row: usize) -> Vec<String> {
    let (day, month) = (row % 28 + 1, row / 28 % 12 + 1);
    let is_cancelled = row.is_multiple_of(5);
    let when = |given: bool, value: &str| if given { value.to_owned() } else { String::new() };
    let date = format!("2025-{month:02}-{day:02}");
    vec![
        (row + 1).to_string(),
        (row * 7 % 500_000 + 1).to_string(),
        (row % 40 + 1).to_string(),
        "recurring".to_owned(),
        if is_cancelled { "cancelled" } else { "active" }.to_owned(),
        "3".to_owned(),
        format!("{date}T10:{:02}:{:02}Z", row % 60, row / 60 % 60),
        date.clone(),
        when(row.is_multiple_of(3), &date),
        date.clone(),
        when(is_cancelled, &format!("{date}T12:00:00Z")),
        String::new(),
        String::new(),
        when(is_cancelled, "mistake"),
        String::new(),
        (row % 90 * 100).to_string(),
        "gbp".to_owned(),
        String::new(),
        (row % 28 + 1).to_string(),
        String::new(),
        "[]".to_owned(),
        format!("{date}T10:00:00Z"),
        format!("{date}T10:00:00Z"),
    ]
}

fn csv(rows: usize) -> String {
    let mut text = format!("{COLUMNS}\n");
    for row in 0..rows {
        text.push_str(&values(row).join(","));
        text.push('\n');
    }
    text
}

fn ndjson(rows: usize, has_nulls: bool) -> String {
    let names: Vec<&str> = COLUMNS.split(',').collect();
    let mut text = String::new();
    for row in 0..rows {
        let values = values(row);
        let given = names.iter().zip(&values).filter(|(_, value)| has_nulls || !value.is_empty());
        for (position, (name, value)) in given.enumerate() {
            text.push(if position == 0 { '{' } else { ',' });
            let is_bare = value.starts_with('[') || value.bytes().all(|b| b.is_ascii_digit());
            let written = match value.as_str() {
                "" => write!(text, "\"{name}\":null"),
                value if is_bare => write!(text, "\"{name}\":{value}"),
                value => write!(text, "\"{name}\":\"{value}\""),
            };
            written.expect("writing to a string cannot fail");
        }
        text.push_str("}\n");
    }
    text
}
