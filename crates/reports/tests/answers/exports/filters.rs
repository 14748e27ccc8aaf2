//! The rows that filters keep. Rule: spec/exports.md §10.

use serde_json::{Value, json};

use super::world::WORLD;
use super::{first_column, january};
use testkit::literal_tables::session;

#[test]
fn filters_keep_the_rows_that_they_name() {
    let session = session(WORLD);
    for (object, fields, expected) in [
        ("subscriptions", json!({}), "80 81 82"),
        ("subscriptions", json!({"status": "all"}), "80 81 82"),
        ("subscriptions", json!({"status": null}), "80 81 82"),
        ("subscriptions", json!({"status": ""}), "80 81 82"),
        ("subscriptions", json!({"status": "active"}), "80"),
        ("subscriptions", json!({"status": "deleted"}), "83"),
        ("subscriptions", json!({"status": "active", "include_deleted": true}), "80 83"),
        ("subscriptions", json!({"include_deleted": true}), "80 81 82 83"),
        ("subscriptions", json!({"collection_method": "send_invoice"}), "81"),
        ("subscriptions", json!({"collection_method": "all"}), "80 81 82"),
        ("subscriptions", json!({"plan_id": 50}), "80"),
        ("subscriptions", json!({"plan_id": "50"}), "80"),
        ("subscriptions", json!({"plan_id": 5}), ""),
        ("subscriptions", json!({"product_id": 40}), "80 82"),
        ("subscriptions", json!({"site_id": 2}), "81"),
        ("memberships", json!({}), "81 82"),
        ("memberships", json!({"status": "trialing", "product_id": 40}), "82"),
        ("memberships", json!({"status": "deleted"}), ""),
        ("invoices", json!({}), "17 18 19 21"),
        ("invoices", json!({"status": "draft"}), "19"),
        ("invoices", json!({"status": "void"}), ""),
        ("invoices", json!({"status": "void", "include_deleted": true}), "20"),
        ("invoices", json!({"site_id": 1}), "17 21"),
        (
            "invoices",
            json!({"row_per": "line", "status": "paid", "columns": "line_id"}),
            "201 202 203",
        ),
        ("invoices", json!({"row_per": "line", "site_id": 2, "columns": "line_id"}), "204"),
        ("payments", json!({"status": "failed"}), "302"),
        ("payments", json!({"type": "online"}), "300 302"),
        ("payments", json!({"category": "Card"}), "300"),
        ("payments", json!({"category": "all", "currency": "jpy"}), "301"),
        ("payments", json!({"destination": "bank-1"}), "300"),
        ("payments", json!({"destination": "Bank-1"}), ""),
        ("payments", json!({"site_id": 2}), "301"),
        ("refunds", json!({}), "500 501 502"),
        ("refunds", json!({"status": "succeeded"}), "500 501"),
        ("refunds", json!({"type": "offline"}), "501"),
        ("refunds", json!({"site_id": 1}), "500 501"),
        ("refunds", json!({"site_id": 2}), "502"),
        ("customers", json!({}), "7 8 9"),
        ("customers", json!({"site_id": 1, "include_deleted": true}), "7 10"),
        ("newsletters", json!({"email": "ann@EXAMPLE.com"}), "30"),
        ("newsletters", json!({"email": "éve@example.com"}), ""),
        ("newsletters", json!({"email": "Éve@Example.com"}), "31"),
        ("newsletters", json!({"site_id": 1}), "30"),
        ("addresses", json!({}), "20 21 22 24"),
        ("addresses", json!({"country": "gb"}), "20 21"),
        ("addresses", json!({"country": "FR", "type": "shipping"}), "22"),
        ("addresses", json!({"site_id": 2, "include_deleted": true}), "23 24"),
        ("balance_transactions", json!({"type": "credit"}), "600 603"),
        ("balance_transactions", json!({"type": "debit"}), "601"),
        ("balance_transactions", json!({"site_id": 2}), "603"),
        ("credit_note", json!({"currency": "jpy"}), "401"),
        ("credit_notes", json!({"reason": "duplicate"}), "400"),
        ("credit_notes", json!({"site_id": 1}), "400"),
        ("campaign_reports", json!({"id": 700}), "800"),
        ("campaign_reports", json!({"campaign_key": "autumn"}), "801"),
        ("campaign_reports", json!({"site_id": 2}), "801"),
        ("orders", json!({}), "90 91 92"),
        ("orders", json!({"status": "all"}), "90 91 92"),
        ("orders", json!({"status": "returned"}), "92"),
        ("orders", json!({"product_id": 42}), "90 91"),
        ("orders", json!({"product_id": 40}), "90"),
        ("orders", json!({"sku_id": 61}), "91"),
        ("orders", json!({"product_id": 42, "sku_id": 60}), "90"),
        // Product and SKU must belong to the same item.
        ("orders", json!({"product_id": 40, "sku_id": 60}), ""),
        ("orders", json!({"site_id": 2}), "91"),
    ] {
        let body = january(object, fields);
        assert_eq!(first_column(&session, &body), expected, "{body}");
    }
}

/// The vector of spec/exports.md §13 about modes.
#[test]
fn modes_test_the_creation_or_the_last_change() {
    let session = session(WORLD);
    let march = json!({"date_from": "2024-03-01T00:00:00Z", "date_to": "2024-03-31T23:59:59Z"});
    let asked = |range: &Value, mode: &str| {
        let mut body = january("subscriptions", json!({"mode": mode, "plan_id": 50}));
        body.as_object_mut().unwrap().extend(super::object(range.clone()));
        first_column(&session, &body)
    };
    assert_eq!(asked(&json!({}), "full_data"), "80");
    assert_eq!(asked(&json!({}), "modified_data"), "");
    assert_eq!(asked(&march, "modified_data"), "80");
    assert_eq!(asked(&march, "full_data"), "");
}

/// The vector of spec/exports.md §13 about ranges: whole seconds, both ends included.
#[test]
fn ranges_include_both_of_their_seconds() {
    let session = session(
        "
invoices
 id | created_at
 1  | 2023-12-31T23:59:59.999999Z
 2  | 2024-01-01T00:00:00Z
 3  | 2024-04-01T00:00:00.500Z
 4  | 2024-04-01T00:00:00.999999Z
 5  | 2024-04-01T00:00:01Z

invoice_lines
 id | invoice_id
 7  | 5
 8  | 3
 9  | 1
 10 | 2
",
    );
    let body = json!({"object": "invoices", "date_from": 1_704_067_200, "date_to": 1_711_929_600});
    assert_eq!(first_column(&session, &body), "2 3 4");
    let body = json!({
        "object": "invoices", "date_from": 1_704_067_200, "date_to": 1_711_929_600,
        "row_per": "line", "columns": "line_id",
    });
    assert_eq!(first_column(&session, &body), "10 8");
    let body = json!({"object": "invoices", "date_from": 1_711_929_601, "date_to": 1_711_929_601});
    assert_eq!(first_column(&session, &body), "5");
}
