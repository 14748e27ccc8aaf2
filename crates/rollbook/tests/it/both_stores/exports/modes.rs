//! `full_data` and `modified_data` over a sequence of imports. Rule: spec/exports.md §10.1.

use serde_json::{Value, json};

use super::{BASE, ask, business, january, made, outcome};
use crate::server::Server;

const COLUMNS: &str = "id,customer_email,status,updated_at";

fn import(server: &Server, token: &str, table: &str, row: Value) {
    let body = row.to_string();
    server.import(token, table, "application/x-ndjson", body.as_bytes()).ok();
}

/// Returns the subscriptions of a month in a mode, without the header, or the error if there are
/// none.
fn subscriptions(server: &Server, token: &str, month: &str, mode: &str) -> String {
    let range = json!({
        "date_from": format!("{month}-01T00:00:00Z"),
        "date_to": format!("{month}-28T23:59:59Z"),
        "mode": mode,
        "columns": COLUMNS,
    });
    let body = january("subscriptions", range);
    let answer = ask(server, token, &body);
    if answer.status != 200 {
        return outcome(&answer);
    }
    let (_, file) = super::fetched(server, token, answer.json()["uuid"].as_str().unwrap());
    let text = file.text();
    let rows = text.strip_prefix(&format!("{COLUMNS}\r\n")).unwrap();
    rows.trim_end().to_owned()
}

const NOTHING: &str = "400 nothing_to_export";

#[test]
fn a_record_moves_to_the_month_of_its_last_change_in_one_mode_only() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let asked = |month, mode| subscriptions(&server, &token, month, mode);
    let at = "2024-01-02T03:04:05Z";
    let before = format!("80,ann@example.com,active,{at}");
    assert_eq!(asked("2024-01", "full_data"), before);
    assert_eq!(asked("2024-01", "modified_data"), before);
    assert_eq!(asked("2024-03", "full_data"), NOTHING);
    assert_eq!(asked("2024-03", "modified_data"), NOTHING);

    // A change of a joined record does not count as a change of the row.
    let customer =
        json!({"id": 7, "email": "new@example.com", "updated_at": "2024-03-04T00:00:00Z"});
    import(&server, &token, "customers", customer);
    let joined = format!("80,new@example.com,active,{at}");
    assert_eq!(asked("2024-01", "modified_data"), joined);
    assert_eq!(asked("2024-03", "modified_data"), NOTHING);

    let changed = json!({"id": 80, "status": "canceled", "updated_at": "2024-03-05T00:00:00Z"});
    import(&server, &token, "subscriptions", changed);
    let after = "80,new@example.com,canceled,2024-03-05T00:00:00Z";
    assert_eq!(asked("2024-01", "full_data"), after);
    assert_eq!(asked("2024-01", "modified_data"), NOTHING);
    assert_eq!(asked("2024-03", "full_data"), NOTHING);
    assert_eq!(asked("2024-03", "modified_data"), after);

    // A deletion in April is a change, but deleted rows are only exported on request.
    let deleted = json!({"id": 80, "deleted_at": "2024-04-06T00:00:00Z", "updated_at": "2024-04-06T00:00:00Z"});
    import(&server, &token, "subscriptions", deleted);
    assert_eq!(asked("2024-01", "full_data"), NOTHING);
    assert_eq!(asked("2024-04", "modified_data"), NOTHING);
    let range = json!({
        "date_from": "2024-04-01", "date_to": "2024-04-30", "mode": "modified_data",
        "status": "deleted", "columns": "id,status",
    });
    let (_, file) = made(&server, &token, &january("subscriptions", range));
    assert_eq!(file.text(), "id,status\r\n80,canceled\r\n");
}
