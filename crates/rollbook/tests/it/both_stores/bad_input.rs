//! Bad input for imports is answered with a clear 4xx, stores nothing and does not take up memory.
//! Rule: spec/data-model.md §3.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use crate::server::{HttpAnswer, Server, TestDataFolder};

const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";
const PARQUET: &str = "application/vnd.apache.parquet";

fn first_error(answer: &HttpAnswer) -> (String, Value) {
    let body = answer.json();
    assert_eq!(body["code"], "import_invalid", "{body}");
    assert!(body["error_count"].as_u64().unwrap() >= 1);
    let error = body["errors"][0].clone();
    assert!(!error["message"].as_str().unwrap().is_empty());
    (error["code"].as_str().unwrap().to_owned(), error)
}

fn revision(server: &Server, token: &str) -> String {
    let page = server.get(token, "/api/v2/reports/customers/data?page_size=0");
    assert_eq!(page.ok()["total"], 0, "nothing may be stored");
    page.header("Rollbook-Revision").unwrap().to_owned()
}

#[test]
fn every_kind_of_bad_row_has_its_own_code_and_line() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let before = revision(&server, &token);
    let invoice = r#""customer_id":1,"status":"open","currency":"gbp","subtotal":1"#;
    let cases: Vec<(&str, &str, Vec<u8>, &str, u64)> = vec![
        ("customers", NDJSON, b"{\"id\":1}\n{\"id\":2".to_vec(), "json_invalid", 2),
        ("customers", NDJSON, b"{\"id\":1}\n[1]\n".to_vec(), "json_invalid", 2),
        ("customers", NDJSON, b"{\"id\":1}\n\n{\"id\":2,\"name\":\"\xff\"}\n".to_vec(), "utf8_invalid", 3),
        ("customers", NDJSON, b"{\"id\":1,\"nmae\":\"x\"}\n".to_vec(), "column_unknown", 1),
        ("customers", NDJSON, b"{\"id\":1,\"name\":\"x\",\"name\":\"y\"}\n".to_vec(), "column_duplicate", 1),
        ("customers", NDJSON, b"{\"id\":1,\"name\":5}\n".to_vec(), "type_mismatch", 1),
        ("customers", NDJSON, b"{\"id\":1,\"date_of_birth\":\"2024-02-30\"}\n".to_vec(), "date_invalid", 1),
        ("customers", NDJSON, b"{\"id\":1,\"last_login_at\":\"soon\"}\n".to_vec(), "timestamp_invalid", 1),
        ("customers", NDJSON, b"{\"name\":\"x\"}\n".to_vec(), "id_invalid", 1),
        ("customers", NDJSON, b"{\"id\":0}\n".to_vec(), "id_invalid", 1),
        ("customers", NDJSON, b"{\"id\":9007199254740992}\n".to_vec(), "id_invalid", 1),
        ("customers", NDJSON, b"{\"id\":1,\"site_id\":77}\n".to_vec(), "reference_missing", 1),
        ("customers", NDJSON, b"{\"id\":1,\"name\":\"a\"}\n{\"id\":1,\"name\":\"b\"}\n".to_vec(), "duplicate_id", 2),
        ("invoices", NDJSON, format!("{{\"id\":1,{invoice}}}\n").into_bytes(), "required_missing", 1),
        ("invoices", NDJSON, format!("{{\"id\":1,{invoice},\"total\":12345678901234567890}}\n").into_bytes(), "number_out_of_range", 1),
        ("invoices", NDJSON, format!("{{\"id\":1,{invoice},\"total\":1.5}}\n").into_bytes(), "type_mismatch", 1),
        ("orders", NDJSON, b"{\"id\":1,\"customer_id\":1,\"status\":\"Paid\",\"amount\":1,\"currency\":\"gbp\"}\n".to_vec(), "enum_invalid", 1),
        ("orders", NDJSON, b"{\"id\":1,\"customer_id\":1,\"status\":\"paid\",\"amount\":1,\"currency\":\"GBP\"}\n".to_vec(), "currency_invalid", 1),
        ("payments", NDJSON, b"{\"id\":1,\"amount\":-1,\"currency\":\"gbp\",\"status\":\"failed\",\"type\":\"online\",\"category\":\"Card\"}\n".to_vec(), "row_invalid", 1),
        ("memberships", NDJSON, b"{\"id\":1,\"name\":\"G\",\"type\":\"pack\",\"price\":1,\"currency\":\"gbp\",\"allotment\":{\"x\":1}}\n".to_vec(), "allotment_unknown_key", 1),
        ("customers", CSV, b"id,name\r\n1,\"Ann\r\n2,Bob\r\n".to_vec(), "csv_quote_unclosed", 2),
        ("customers", CSV, b"id,name\n1,Ann\n2\n".to_vec(), "csv_invalid", 3),
        ("customers", CSV, b"id,nmae\n1,Ann\n".to_vec(), "column_unknown", 1),
        ("customers", CSV, b"id,name\n1,\xff\n".to_vec(), "utf8_invalid", 2),
        ("customers", CSV, b"id,is_lead\n1,perhaps\n".to_vec(), "type_mismatch", 2),
    ];
    for (table, kind, body, code, line) in cases {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = server.import(&token, table, kind, &body);
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        let (found, error) = first_error(&answer);
        assert_eq!(found, code, "{shown}: {error}");
        assert_eq!(error["line"], line, "{shown}: {error}");
        assert_eq!(error["table"], table, "{shown}: {error}");
        assert_eq!(revision(&server, &token), before, "{shown}");
    }
    let answer = server.import(&token, "customers", PARQUET, b"PAR1 no");
    assert_eq!((answer.status, first_error(&answer).0), (400, "parquet_invalid".to_owned()));
    let request = server.request("POST", "/api/v1/import").token(&token);
    let answer = request.body(NDJSON, b"{\"table\":\"nope\",\"row\":{\"id\":1}}\n").send();
    assert_eq!((answer.status, first_error(&answer).0), (400, "table_unknown".to_owned()));
    let request = server.request("POST", "/api/v1/import/customers").token(&token);
    let answer = request.header("Content-Encoding", "gzip").body(NDJSON, &gzip_cut_short()).send();
    assert_eq!((answer.status, first_error(&answer).0), (400, "compression_invalid".to_owned()));
    assert_eq!(revision(&server, &token), before);
}

fn gzip_cut_short() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for id in 1..=5000 {
        writeln!(encoder, "{{\"id\":{id},\"name\":\"Customer {id}\"}}").unwrap();
    }
    let mut bytes = encoder.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    bytes
}

#[test]
fn all_errors_are_counted_and_a_hundred_listed() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let body: String = (1..=2500).map(|id| format!("{{\"id\":{id},\"name\":{id}}}\n")).collect();
    let answer = server.import(&token, "customers", NDJSON, body.as_bytes());
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error_count"], 2500);
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 100);
}

#[test]
fn sql_in_a_text_is_only_text() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let nasty = "Robert'); DROP TABLE customers; --\"\u{0}".replace('\u{0}', "");
    let row =
        serde_json::json!({"id": 1, "name": nasty, "email": "' OR 1=1 --", "gender": "\"; --"});
    server.import(&token, "customers", NDJSON, row.to_string().as_bytes()).ok();
    let page = server.get(&token, "/api/v2/reports/customers/data?columns=full_name,email,gender");
    let row = &page.ok()["rows"][0];
    assert_eq!(row["full_name"], nasty.as_str());
    assert_eq!(row["email"], "' OR 1=1 --");
    assert_eq!(row["gender"], "\"; --");
}

/// Sends a body with one endless line in chunks. The server must not keep it in memory.
#[test]
fn a_line_of_two_gigabytes_is_refused_with_flat_memory() {
    const GIGABYTE: usize = 1 << 30;
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    data.configure("[import]\nmax_body_bytes = 3221225472\n");
    let server = data.serve();
    let before = server.memory().1;
    let host = server.address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = 2 * GIGABYTE;
    write!(
        stream,
        "POST /api/v1/import/customers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Token {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..length / chunk.len() {
        stream.write_all(&chunk).unwrap();
    }
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{}", &answer[..answer.len().min(500)]);
    assert!(answer.contains("row_too_long"), "{answer}");
    let grown = server.memory().1.saturating_sub(before);
    assert!(grown < 100 << 20, "memory grew by {} MiB", grown >> 20);
}

#[test]
fn misspelt_parameters_and_columns_are_told_the_right_names() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    for (query, field, meant) in [
        ("colums=id", "colums", "columns"),
        ("page_sise=1", "page_sise", "page_size"),
        ("columns=id,full_nam", "columns", "full_name"),
        ("sort=emial", "sort", "email"),
    ] {
        let answer = server.get(&token, &format!("/api/v2/reports/customers/data?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let message = answer.json()["field_errors"][field][0].to_string();
        let message = message.replace("\\\"", "`").to_lowercase();
        assert!(message.contains(&format!("did you mean `{meant}`?")), "{query}: {message}");
    }
}
