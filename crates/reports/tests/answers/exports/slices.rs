//! Exports of more rows than one slice has.

use serde_json::json;

use super::{january, rows};
use testkit::literal_tables::session;

/// The lines of a few invoices, so that slices end between lines of one invoice. Ids are far apart
/// and do not follow the order of the invoices.
const INVOICES: i64 = 13;
const LINES: i64 = 1300;

fn invoice_of(line: i64) -> i64 {
    100 + (line * 7) % INVOICES
}

fn id_of(line: i64) -> i64 {
    1 + (LINES - line) * 1_000_003
}

fn tables() -> String {
    let at = "2024-01-05T10:00:00Z";
    let mut text = format!("customers\n id | email | created_at\n 7 | ann@example.com | {at}\n");
    text += "\ninvoices\n id | customer_id | status | currency | date | created_at\n";
    for id in 100..100 + INVOICES {
        text += &format!(" {id} | 7 | paid | usd | {at} | {at}\n");
    }
    text += "\ninvoice_lines\n id | invoice_id | description | amount | currency | created_at\n";
    for line in 0..LINES {
        let (id, invoice) = (id_of(line), invoice_of(line));
        text += &format!(" {id} | {invoice} | line {line} | {line} | usd | {at}\n");
    }
    text
}

#[test]
fn lines_come_by_invoice_and_then_by_id_each_once() {
    let session = session(&tables());
    let fields =
        json!({"row_per": "line", "columns": "invoice_id,line_id,description,customer_id"});
    let mut lines: Vec<i64> = (0..LINES).collect();
    lines.sort_by_key(|line| (invoice_of(*line), id_of(*line)));
    let expected: Vec<String> = lines
        .iter()
        .map(|line| format!("{} | {} | line {line} | 7", invoice_of(*line), id_of(*line)))
        .collect();
    assert_eq!(rows(&session, &january("invoices", fields)), expected);
}

#[test]
fn cells_of_lines_hold_those_of_their_own_invoice() {
    let session = session(&tables());
    let fields = json!({"columns": "id,line_count"});
    let expected: Vec<String> = (100..100 + INVOICES)
        .map(|id| {
            let count = (0..LINES).filter(|line| invoice_of(*line) == id).count();
            format!("{id} | {count}")
        })
        .collect();
    assert_eq!(rows(&session, &january("invoices", fields)), expected);
}
