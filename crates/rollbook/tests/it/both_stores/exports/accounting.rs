//! The accounting package as an export. Rule: spec/exports.md §10.15.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::{Value, json};

use super::{BASE, EXPORTS, ask, business, made, outcome};
use crate::jobs::sha256;
use crate::server::run;

#[test]
fn a_package_is_a_zip_of_eleven_files_and_has_a_full_bundle_beside_it() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let body = json!({"object": "accounting", "month": "2024-01-01", "currency": "usd", "mode": "full_data"});
    let (export, file) = made(&server, &token, &body);
    assert_eq!(file.header("content-type"), Some("application/force-download"));
    assert!(file.header("content-disposition").unwrap().contains("accounting_2024-01_usd.zip"));
    assert!(file.body.starts_with(b"PK"));
    assert_eq!(export["filters"]["date_from"], json!(null));
    assert_eq!(
        (&export["filters"]["month"], &export["filters"]["currency"]),
        (&json!("2024-01-01"), &json!("usd"))
    );
    assert_eq!(export["ignored_filters"], json!(["mode"]));
    let path = format!("{EXPORTS}/{}", export["uuid"].as_str().unwrap());
    let full = server.get(&token, &format!("{path}?bundle=full"));
    assert_eq!(full.status, 200);
    assert!(
        full.header("content-disposition").unwrap().contains("accounting_2024-01_usd_full.zip")
    );
    assert!(full.body.len() > file.body.len());
    assert_eq!(
        outcome(&server.get(&token, &format!("{path}?bundle=x"))),
        "400 validation_failed bundle"
    );
    let manifest = server.get(&token, &format!("{path}/manifest")).ok();
    let names: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(&names[..2], ["accounting_2024-01_usd.zip", "accounting_2024-01_usd_full.zip"]);
    assert!(names.contains(&"payments_received.csv"), "{names:?}");
    assert_eq!(manifest["month"], "2024-01");

    let clerk = data.token_with(&["--provider", "1", "--permissions", "exports"]);
    for end in ["", "/status", "/manifest"] {
        let answer = server.get(&clerk, &format!("{path}{end}"));
        assert_eq!(outcome(&answer), "403 permission_denied", "{end}");
    }
    let catalogue = server.get(&clerk, EXPORTS).ok();
    assert_eq!(catalogue["data"][13]["exports"], json!([]));
    assert_eq!(server.get(&clerk, &format!("{EXPORTS}?history=1")).ok()["meta"]["total"], 0);
}

#[test]
fn what_is_not_in_the_books_is_refused_at_once() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let package = |month: &str, currency: &str, as_of: Value| {
        let body =
            json!({"object": "accounting", "month": month, "currency": currency, "as_of": as_of});
        let answer = ask(&server, &token, &body);
        match answer.status {
            200 => "200".to_owned(),
            _ => outcome(&answer),
        }
    };
    let nothing = "400 nothing_to_export currency";
    // There are no records in euro.
    assert_eq!(package("2024-01", "eur", Value::Null), nothing);
    assert_eq!(package("2024-01", "usd", json!("2024-01-01T12:00:00Z")), nothing, "not yet");
    assert_eq!(package("2023-12", "usd", Value::Null), "400 validation_failed month");
    for month in ["2024-01", "2024-02"] {
        run(&["close", "month", "--data", data.path(), "--provider", "1", "--month", month]);
    }
    assert_eq!(package("2024-01", "eur", Value::Null), nothing, "closed, without that currency");
    let closed = "400 validation_failed as_of";
    assert_eq!(package("2024-01", "usd", json!("2024-01-20T12:00:00Z")), closed);
    assert_eq!(package("2024-02", "usd", json!("2024-01-20T12:00:00Z")), closed, "and outside");
    let history = server.get(&token, &format!("{EXPORTS}?history=1")).ok();
    assert_eq!(history["meta"]["total"], 0, "{history}");
    // A closed month, a closed month without rows, and a quiet open month with a balance.
    for month in ["2024-01", "2024-02", "2024-06"] {
        made(&server, &token, &json!({"object": "accounting", "month": month, "currency": "usd"}));
    }
}

/// Returns the members of a ZIP, by name.
fn members(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut members = BTreeMap::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        members.insert(member.name().unwrap().into_owned(), bytes);
    }
    members
}

#[test]
fn a_package_for_spreadsheets_is_the_same_with_a_byte_order_mark_before_each_csv() {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    let (data, token) = business(BASE);
    let server = data.serve();
    let both = |dialect: &str| {
        let body = json!({"object": "accounting", "month": "2024-01", "currency": "usd",
            "csv_dialect": dialect, "include_deleted": true});
        let (export, file) = made(&server, &token, &body);
        assert_eq!(export["ignored_filters"], json!(["include_deleted"]));
        let path = format!("{EXPORTS}/{}", export["uuid"].as_str().unwrap());
        let full = server.get(&token, &format!("{path}?bundle=full")).body;
        let manifest = server.get(&token, &format!("{path}/manifest")).ok();
        (file.body, full, manifest)
    };
    let compare = || {
        let (plain, plain_full, _) = both("rfc4180");
        let (excel, excel_full, manifest) = both("excel");
        for (plain, excel) in [(plain, &excel), (plain_full, &excel_full)] {
            let (plain, excel) = (members(&plain), members(excel));
            assert!(plain.keys().eq(excel.keys()));
            for (name, bytes) in plain.iter().filter(|(name, _)| *name != "manifest.json") {
                let mark = if name.ends_with(".csv") { BOM } else { b"" };
                assert_eq!(excel[name], [mark, bytes].concat(), "{name}");
            }
        }
        let full = members(&excel_full);
        let inside: Value = serde_json::from_slice(&full["manifest.json"]).unwrap();
        let mut count = 0;
        for listed in [&manifest, &inside] {
            for file in listed["files"].as_array().unwrap() {
                let name = file["name"].as_str().unwrap();
                let Some(bytes) = full.get(name) else { continue };
                count += 1;
                assert_eq!(file["bytes"], bytes.len(), "{name}");
                assert_eq!(file["sha256"], sha256(bytes), "{name}");
            }
        }
        assert!(count > 30, "{count} files");
        let zip = &manifest["files"][0];
        assert_eq!(zip["sha256"], sha256(&excel));
        assert_eq!(zip["bytes"], excel.len());
    };
    compare();
    run(&["close", "month", "--data", data.path(), "--provider", "1", "--month", "2024-01"]);
    // The package is frozen without byte-order marks; they are added on the way out.
    compare();
}
