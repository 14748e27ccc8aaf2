//! Round trips of values: imported values are exported unchanged, and exported values can be
//! imported. Rule: spec/data-model.md §3, spec/exports.md §5.2, §11.

use serde_json::{Value, json};

use super::{BASE, EXPORTS, accepted, business, finished, made};
use crate::server::{HttpAnswer, Server};

const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

fn import(server: &Server, token: &str, table: &str, row: &str) -> HttpAnswer {
    server.import(token, table, NDJSON, row.as_bytes())
}

fn body(object: &str, format: &str, columns: Value) -> Value {
    json!({
        "object": object, "date_from": "2020-01-01", "date_to": "2020-01-31",
        "format": format, "columns": columns,
    })
}

#[test]
fn numbers_of_metadata_come_out_digit_for_digit() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let metadata = r#"{"card":89490200001234567890,"rate":0.12345678901234567890,"z":-0,"p":1.10}"#;
    let row = format!(
        r#"{{"id":1,"name":"x","created_at":"2020-01-02T00:00:00Z","metadata":{metadata}}}"#
    );
    import(&server, &token, "customers", &row).ok();
    let columns = json!(["id", "metadata"]);
    let (_, csv) = made(&server, &token, &body("customers", "csv", columns.clone()));
    let quoted = metadata.replace('"', "\"\"");
    assert_eq!(csv.text(), format!("id,metadata\r\n1,\"{quoted}\"\r\n"));
    let (_, ndjson) = made(&server, &token, &body("customers", "ndjson", columns));
    assert_eq!(ndjson.text(), format!("{{\"id\":1,\"metadata\":{metadata}}}\n"));
    let wide = body("customers_metadata", "csv", json!(["metadata.card", "metadata.rate"]));
    let (_, wide) = made(&server, &token, &wide);
    let line = "89490200001234567890,0.12345678901234567890";
    assert_eq!(wide.text(), format!("metadata.card,metadata.rate\r\n{line}\r\n"));
    for (kind, file) in [(CSV, csv), (NDJSON, ndjson)] {
        let again = server.import(&token, "customers", kind, file.text().as_bytes()).ok();
        assert_eq!(again["tables"]["customers"]["unchanged"], 1, "{kind}: {again}");
    }
}

#[test]
fn lists_texts_and_empty_texts_of_a_csv_export_import_again_unchanged() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let rows = [
        json!({"id": 1, "lists": ["news", "offers"], "first_name": "=1+1", "last_name": ""}),
        json!({"id": 2, "lists": ["a;b", "c"], "first_name": "'=1", "postal_code": "0012"}),
        json!({"id": 3, "lists": ["Lee, Jr"], "first_name": "a\r\n\"b\""}),
        json!({"id": 4, "lists": [], "first_name": " x "}),
    ];
    for mut row in rows {
        row["email"] = json!("a@example.org");
        row["created_at"] = json!("2020-01-02T00:00:00Z");
        import(&server, &token, "newsletters", &row.to_string()).ok();
    }
    let columns = json!(["id", "email", "lists", "first_name", "last_name", "postal_code"]);
    for format in ["csv", "ndjson", "parquet"] {
        let (_, file) = made(&server, &token, &body("newsletters", format, columns.clone()));
        let kind = match format {
            "csv" => CSV,
            "ndjson" => NDJSON,
            _ => "application/vnd.apache.parquet",
        };
        let again = server.import(&token, "newsletters", kind, &file.body).ok();
        assert_eq!(again["tables"]["newsletters"]["unchanged"], 4, "{format}: {again}");
    }
}

#[test]
fn a_cell_that_is_too_long_fails_the_export_with_its_row_and_column() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let row = json!({"id": 17, "name": "x".repeat(32_768), "created_at": "2020-01-02T00:00:00Z"});
    import(&server, &token, "customers", &row.to_string()).ok();
    let uuid = accepted(&server, &token, &body("customers", "xlsx", json!(["id", "name"])));
    let export = finished(&server, &token, &uuid);
    let reason =
        "cell_too_long: column name of row 17 holds a text that is too long for a cell of XLSX";
    assert_eq!((&export["state"], &export["failed_reason"]), (&json!("failed"), &json!(reason)));
    let file = server.get(&token, &format!("{EXPORTS}/{uuid}"));
    assert_eq!(file.json()["failed_reason"], reason);
}

#[test]
fn amounts_below_one_are_stored_with_a_warning() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let csv = b"id,name,type,price,currency\n1,Gold,recurring,45,gbp\n2,Blue,pack,60,gbp\n";
    let answer = server.import(&token, "memberships", CSV, csv).ok();
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{answer}");
    assert_eq!(warnings[0]["code"], "amounts_below_one");
    assert_eq!(
        (&warnings[0]["table"], &warnings[0]["column"]),
        (&json!("memberships"), &json!("price"))
    );
    let message = warnings[0]["message"].as_str().unwrap();
    assert!(message.contains("all 2 amounts are below 1.00 GBP"), "{message}");
    let usual = b"id,name,type,price,currency\n1,Gold,recurring,4500,gbp\n";
    let answer = server.import(&token, "memberships", CSV, usual).ok();
    assert_eq!(answer.get("warnings"), None, "{answer}");
    let pounds = b"id,name,type,price,currency\n3,Red,pack,45.00,gbp\n4,Grey,pack,45,gbp\n";
    let refused = server.import(&token, "memberships", CSV, pounds);
    assert_eq!(refused.status, 400);
    let message = &refused.json()["errors"][0]["message"];
    assert_eq!(message, "amounts are in minor units: write 4500 for 45.00");
}
