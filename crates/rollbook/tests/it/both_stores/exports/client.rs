//! A client that was written only from the public reference of the dialect.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::{BASE, business};

fn run(address: &str, token: &str, folder: &str, body: &Value) -> Result<PathBuf, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/export_client.py");
    let output = Command::new("python3")
        .args([script, address, token, "3", folder, &body.to_string()])
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(said(&output.stdout).into())
    } else {
        Err(said(&output.stderr))
    }
}

#[test]
fn a_client_written_from_the_public_reference_runs_unchanged() {
    let (data, token) = business(&BASE.replace("[exports]", "[exports]\nstrict = true"));
    let server = data.serve();
    let row = json!({"id": 3, "name": "Journal"}).to_string();
    server.import(&token, "sites", "application/x-ndjson", row.as_bytes()).ok();
    let folder = tempfile::tempdir().unwrap();
    let run = |body: Value| run(&server.address, &token, folder.path().to_str().unwrap(), &body);
    let printed = |object: &str| json!({"object": object, "date_from": 1_704_067_200, "date_to": 1_711_929_600});
    let invoices = run(printed("invoices")).unwrap();
    let text = std::fs::read_to_string(invoices).unwrap();
    assert!(text.starts_with("id,number,customer_id,"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    for object in ["subscriptions", "payments", "customers", "credit_note"] {
        let text = std::fs::read_to_string(run(printed(object)).unwrap()).unwrap();
        assert!(text.lines().count() > 1, "{object}: {text}");
    }
    let package = json!({"object": "accounting", "month": "2024-01-01", "currency": "usd"});
    assert!(std::fs::read(run(package).unwrap()).unwrap().starts_with(b"PK"));
    assert_eq!(run(printed("refunds")).unwrap_err(), "400: Nothing to export {}");
    let reversed = json!({"object": "invoices", "date_from": 2, "date_to": 1});
    assert!(run(reversed).unwrap_err().starts_with("400: Invalid date range"));
}
