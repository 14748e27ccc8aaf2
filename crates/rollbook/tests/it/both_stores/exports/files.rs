//! Files of exports: their bytes, headers, ranges, and the number of downloads. Rule:
//! spec/exports.md §6, §9, §11, vectors §13.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{BASE, EXPORTS, accepted, ask, business, finished, january, made, outcome};
use crate::server::HttpAnswer;

const COLUMNS: &str = "id,number,total,currency,created_at";

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn paid(fields: Value) -> Value {
    let mut body = january("invoices", json!({"status": "paid", "columns": COLUMNS}));
    for (name, value) in fields.as_object().unwrap() {
        body.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    body
}

/// The vector of spec/exports.md §13.
#[test]
fn the_bytes_are_those_of_the_specs_example() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let (export, file) = made(&server, &token, &paid(json!({})));
    assert_eq!(
        file.text(),
        "id,number,total,currency,created_at\r\n17,\"A,1\",110.00,usd,2024-01-02T03:04:05Z\r\n"
    );
    let expected = "028f322550e2c25cdddf54a5b67562638d929584c99bd4407173d1f4703d6a7d";
    assert_eq!((file.body.len(), sha256(&file.body).as_str()), (79, expected));
    let uuid = export["uuid"].as_str().unwrap();
    let manifest = server.get(&token, &format!("{EXPORTS}/{uuid}/manifest")).ok();
    assert_eq!(manifest["totals"], json!({"usd": {"total": {"sum": "11000", "count": 1}}}));
    assert_eq!((&manifest["sha256"], &manifest["bytes"]), (&json!(expected), &json!(79)));
    assert_eq!((&manifest["rows"], &manifest["schema"]), (&json!(1), &json!("invoices/1")));
    assert_eq!(
        (&manifest["rev"], &manifest["timezone"]),
        (&export["rev"], &json!("Europe/London"))
    );
    let range =
        json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-31T23:59:59Z", "inclusive": true});
    assert_eq!((&manifest["range"], &manifest["complete"]), (&range, &json!(true)));
    assert_eq!(manifest["files"][0]["name"], "invoices_2024-01-01_2024-01-31.csv");
    let types: Vec<&str> = manifest["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["int", "text", "money", "text", "ts"]);

    let (_, file) = made(&server, &token, &paid(json!({"format": "ndjson"})));
    assert_eq!(
        file.text(),
        "{\"id\":17,\"number\":\"A,1\",\"total\":11000,\"currency\":\"usd\",\
         \"created_at\":\"2024-01-02T03:04:05Z\"}\n"
    );
    let (_, file) = made(&server, &token, &paid(json!({"csv_dialect": "excel"})));
    assert_eq!(&file.body[..6], b"\xEF\xBB\xBFid,");
    let (_, again) = made(&server, &token, &paid(json!({})));
    assert_eq!(sha256(&again.body), expected);
}

#[test]
fn every_format_of_every_type_is_made() {
    let (data, token) = business(BASE);
    let server = data.serve();
    for object in ["invoices", "payments", "customers", "customers_metadata", "subscriptions"] {
        for (format, magic) in
            [("csv", &b""[..]), ("ndjson", b"{"), ("parquet", b"PAR1"), ("xlsx", b"PK")]
        {
            let body = january(object, json!({"format": format}));
            let (export, file) = made(&server, &token, &body);
            assert!(file.body.starts_with(magic), "{object} {format}");
            assert_eq!(export["sha256"], sha256(&file.body), "{object} {format}");
            assert_eq!(export["bytes"], file.body.len(), "{object} {format}");
        }
    }
}

#[test]
fn formulas_are_defused_and_cells_hold_json() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let columns = json!({"columns": "id,customer_name,line_items", "status": "paid"});
    let (_, file) = made(&server, &token, &january("invoices", columns));
    let expected = "17,'=Ann,\"[{\"\"id\"\":170,\"\"description\"\":null,\"\"quantity\"\":1,\
        \"\"amount\"\":\"\"110.00\"\",";
    assert!(file.text().contains(expected), "{}", file.text());
    let columns = json!({"columns": "line_items", "status": "paid", "format": "ndjson"});
    let (_, file) = made(&server, &token, &january("invoices", columns));
    assert!(file.text().starts_with("{\"line_items\":[{\"id\":170,"), "{}", file.text());
    assert_eq!(file.json()["line_items"][0]["amount"], 11000);
}

#[test]
fn files_are_sent_whole_in_ranges_and_not_again() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let (export, file) = made(&server, &token, &paid(json!({})));
    let path = format!("{EXPORTS}/{}", export["uuid"].as_str().unwrap());
    let etag = format!("\"{}\"", sha256(&file.body));
    for (name, expected) in [
        ("content-type", "application/force-download"),
        ("content-disposition", "attachment; filename=\"invoices_2024-01-01_2024-01-31.csv\""),
        ("content-length", "79"),
        ("accept-ranges", "bytes"),
        ("etag", &etag),
        ("cache-control", "no-store"),
        ("rollbook-revision", &export["rev"].to_string()),
    ] {
        assert_eq!(file.header(name), Some(expected), "{name}");
    }
    assert!(file.header("repr-digest").unwrap().starts_with("sha-256=:"));
    let with = |name: &str, value: &str| {
        server.request("GET", &path).token(&token).header(name, value).send()
    };
    let part = with("Range", "bytes=37-40");
    assert_eq!((part.status, part.body.as_slice()), (206, &file.body[37..41]));
    assert_eq!(part.header("content-range"), Some("bytes 37-40/79"));
    assert_eq!(with("Range", "bytes=0-1,3-4").status, 200);
    let outside = with("Range", "bytes=79-");
    assert_eq!(outcome(&outside), "416 range_not_satisfiable");
    assert_eq!(outside.header("content-range"), Some("bytes */79"));
    assert_eq!(with("If-None-Match", &etag).status, 304);
    let head = server.request("HEAD", &path).token(&token).send();
    assert_eq!((head.status, head.header("content-length")), (200, Some("79")));
    let alias = server.get(&token, &path.replace("exports", "download-export"));
    assert_eq!(alias.body, file.body);
    assert_eq!(
        outcome(&server.get(&token, &format!("{path}?bundle=full"))),
        "400 validation_failed bundle"
    );
}

/// Waits for a change that is recorded after the last byte has been sent.
fn until(what: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !what() {
        assert!(std::time::Instant::now() < deadline, "it does not come to pass");
        std::thread::yield_now();
    }
}

#[test]
fn a_file_is_fetched_once_where_that_is_set_and_as_often_as_wished_elsewhere() {
    let (data, token) = business(&BASE.replace("[exports]", "[exports]\ndownload_once = true"));
    let server = data.serve();
    let uuid = accepted(&server, &token, &paid(json!({})));
    finished(&server, &token, &uuid);
    let path = format!("{EXPORTS}/{uuid}");
    let with = |method: &str, name: &str, value: &str| {
        server.request(method, &path).token(&token).header(name, value).send()
    };
    assert_eq!(with("HEAD", "Accept", "*/*").status, 200);
    assert_eq!(with("GET", "Range", "bytes=0-9").status, 206);
    assert_eq!(with("GET", "Range", "bytes=0-77").status, 206);
    let first: HttpAnswer = server.get(&token, &path);
    assert_eq!((first.status, first.body.len()), (200, 79));
    until(|| super::status(&server, &token, &uuid)["state"] == "downloaded");
    let again = server.get(&token, &path);
    assert_eq!(outcome(&again), "400 export_gone");
    assert_eq!(
        again.json()["message"],
        "The requested file has already been downloaded or has expired."
    );
    let export = super::status(&server, &token, &uuid);
    assert_eq!((&export["download_count"], &export["rows"]), (&json!(1), &json!(1)));
    let files = data.folder.path().join("files");
    until(|| !contains_file(&files));

    let (data, token) = business(BASE);
    let server = data.serve();
    let (export, _) = made(&server, &token, &paid(json!({})));
    let uuid = export["uuid"].as_str().unwrap();
    assert_eq!(server.get(&token, &format!("{EXPORTS}/{uuid}")).status, 200);
    until(|| super::status(&server, &token, uuid)["download_count"] == 2);
    assert_eq!(super::status(&server, &token, uuid)["state"], "completed");
}

fn contains_file(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.extension().is_some_and(|ending| ending == "csv")
            || path.is_dir() && contains_file(&path)
    })
}

#[test]
fn exports_of_a_group_are_of_one_revision() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let objects = ["invoices", "refunds", "customers", "credit_notes"];
    let body = january("", json!({"object": null, "objects": objects, "format": "ndjson"}));
    let answer = ask(&server, &token, &body).ok();
    let row = json!({"id": 99, "email": "new@example.com", "created_at": "2024-01-09T00:00:00Z"});
    let imported =
        server.import(&token, "customers", "application/x-ndjson", row.to_string().as_bytes());
    let imported = imported.ok()["revision"].as_i64().unwrap();
    assert_eq!(answer["skipped"], json!(["refunds"]));
    assert!(answer["group"].is_string());
    let exports: Vec<Value> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|export| finished(&server, &token, export["uuid"].as_str().unwrap()))
        .collect();
    let named: Vec<&Value> = exports.iter().map(|export| &export["object"]).collect();
    assert_eq!(named, ["invoices", "customers", "credit_notes"]);
    for export in &exports {
        assert_eq!(export["state"], "completed", "{export}");
        assert_eq!(export["rev"], exports[0]["rev"], "{export}");
        assert_eq!(export["group"], answer["group"]);
    }
    // A worker that begins late sees the new customer, in all files of the group.
    let has_new_customer = exports[0]["rev"].as_i64() >= Some(imported);
    assert_eq!(exports[1]["rows"], if has_new_customer { 3 } else { 2 }, "{exports:?}");
}

#[test]
fn the_command_line_makes_the_same_file() {
    let (data, token) = business(BASE);
    let server = data.serve();
    for (object, format, filter) in
        [("invoices", "csv", "status=paid"), ("customers", "parquet", "mode=full_data")]
    {
        let (name, value) = filter.split_once('=').unwrap();
        let body = january(object, json!({"format": format, name: value}));
        let (_, file) = made(&server, &token, &body);
        let path = data.folder.path().join(format!("x.{format}"));
        let output = path.to_str().unwrap();
        let said = crate::server::run(&[
            "export",
            "--data",
            data.path(),
            "--provider",
            "1",
            object,
            "--from",
            "1704067200",
            "--to",
            "1706745599",
            "--filter",
            filter,
            "-o",
            output,
        ]);
        assert!(std::fs::read(&path).unwrap() == file.body, "{object} {format}");
        assert!(said.contains(&sha256(&file.body)), "{said}");
    }
}
