//! One file of every type from the demo's publisher, byte for byte as committed in
//! `tests/golden/exports`. Rule: spec/exports.md §10, §11.
//!
//! `INSTA_UPDATE=always` rewrites them, as it does the snapshots.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{BASE, EXPORTS, ask_at, fetched};
use crate::books::records::import_folder;
use crate::server::{TestDataFolder, run};

const PUBLISHER: &str = "2";
/// Number of characters that are shown before and after a difference.
const SHOWN_CHARS: usize = 60;

/// Returns the name of each file with the type, days and fields of its request. Days are those of
/// New York, chosen so that most kinds of records of a type occur.
fn files() -> [(&'static str, [&'static str; 3], Value); 16] {
    const FIRST: &str = "2023-01-01";
    const LAST: &str = "2026-06-30";
    let none = || json!({});
    [
        ("subscriptions", ["subscriptions", "2025-11-22", "2026-03-21"], none()),
        ("memberships", ["memberships", FIRST, LAST], none()),
        ("invoices", ["invoices", "2026-04-08", "2026-04-14"], none()),
        ("invoices_by_line", ["invoices", "2026-04-08", "2026-04-14"], json!({"row_per": "line"})),
        ("payments", ["payments", "2026-04-16", "2026-04-27"], json!({"include_deleted": true})),
        ("refunds", ["refunds", FIRST, LAST], none()),
        ("customers", ["customers", "2025-10-28", "2026-03-11"], none()),
        ("customers_metadata", ["customers_metadata", "2025-10-28", "2026-03-11"], none()),
        (
            "customers_metadata_long",
            ["customers_metadata", "2025-10-28", "2026-03-11"],
            json!({"layout": "long"}),
        ),
        ("newsletters", ["newsletters", "2025-08-23", "2025-12-31"], none()),
        ("addresses", ["addresses", "2025-08-24", "2025-11-21"], json!({"include_deleted": true})),
        ("balance_transactions", ["balance_transactions", FIRST, LAST], none()),
        ("credit_note", ["credit_note", FIRST, LAST], none()),
        ("campaign_reports", ["campaign_reports", "2025-09-08", "2025-11-05"], none()),
        ("orders", ["orders", "2025-10-01", "2026-01-31"], json!({"include_deleted": true})),
        ("orders_by_line", ["orders", "2025-10-01", "2026-01-31"], json!({"row_per": "line"})),
    ]
}

fn body([object, from, to]: [&str; 3], fields: Value) -> Value {
    let mut body = json!({"object": object, "date_from": from, "date_to": to});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// Returns a data folder with the demo's publisher, at a small size.
fn publisher() -> TestDataFolder {
    let told = tempfile::tempdir().unwrap();
    run(&["demo", "--write", told.path().to_str().unwrap(), "--rows", "6000"]);
    let data = TestDataFolder::empty();
    data.configure(&format!("{BASE}max_range_months = 0\n"));
    data.add_provider(2, "America/New_York", "usd");
    import_folder(&data, PUBLISHER, &told.path().join(format!("provider-{PUBLISHER}")));
    data
}

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/exports");
    folder.join(format!("{name}.csv"))
}

#[test]
fn every_type_of_the_demo_is_the_golden_file() {
    let data = publisher();
    let token = data.token(2);
    let server = data.serve();
    let is_renewed = std::env::var("INSTA_UPDATE").is_ok_and(|word| word == "always");
    let mut parted = Vec::new();
    for (name, asked, fields) in files() {
        let body = body(asked, fields);
        let asked = ask_at(&server, &token, &format!("{EXPORTS}?site_id=1"), &body).ok();
        let (export, file) = fetched(&server, &token, asked["uuid"].as_str().unwrap());
        if is_renewed {
            std::fs::write(golden(name), &file.body).unwrap();
        }
        let rows = export["rows"].as_u64().unwrap();
        assert!((2..=80).contains(&rows), "{name} has {rows} rows");
        let expected = std::fs::read(golden(name)).unwrap_or_default();
        if file.body != expected {
            parted.push(format!("{name}.csv: {}", difference(&file.body, &expected)));
        }
    }
    assert!(
        parted.is_empty(),
        "{}\nINSTA_UPDATE=always writes the files anew: look at what git shows then",
        parted.join("\n")
    );
}

/// Returns the line in which two files differ, and both texts around the difference.
fn difference(actual: &[u8], expected: &[u8]) -> String {
    let same = actual.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let line = 1 + actual[..same].iter().filter(|byte| **byte == b'\n').count();
    let around = |bytes: &[u8]| {
        let part = &bytes[same.saturating_sub(SHOWN_CHARS)..bytes.len().min(same + SHOWN_CHARS)];
        format!("{:?}", String::from_utf8_lossy(part))
    };
    format!("line {line}\n  is        {}\n  should be {}", around(actual), around(expected))
}
