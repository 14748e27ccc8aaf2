//! Every column of every type. Rule: spec/exports.md §10.

use reports::exports::export_types;
use serde_json::{Value, json};

use super::world::WORLD;
use super::{export, january, record, rows};
use crate::answers::keys;
use testkit::literal_tables::session;

#[test]
fn every_type_has_the_columns_of_its_catalogue_entry() {
    let session = session(WORLD);
    for kind in export_types().iter().filter(|kind| !kind.is_package()) {
        let page = export(&session, &january(kind.object(), json!({})));
        assert!(page.total > 0, "{}", kind.object());
        if kind.object() == "customers_metadata" {
            continue;
        }
        let entry = reports::exports::describe_export_type(kind);
        let named = entry["columns"].as_array().unwrap().iter();
        let named: Vec<&str> = named.map(|column| column["name"].as_str().unwrap()).collect();
        assert_eq!(keys(&page), named, "{}", kind.object());
    }
}

/// Shows the first record of each type with all its columns.
#[test]
fn records_are_the_specs() {
    let session = session(WORLD);
    let mut records = Vec::new();
    for kind in export_types().iter().filter(|kind| !kind.is_package()) {
        let record = record(&session, &january(kind.object(), json!({})));
        records.push(format!("== {}\n{record}", kind.object()));
    }
    insta::assert_snapshot!(records.join("\n\n"));
}

#[test]
fn lines_are_rows_of_their_own() {
    let session = session(WORLD);
    let by_line = |object: &str| {
        let body = january(object, json!({"row_per": "line"}));
        format!("== {object}\n{}", record(&session, &body))
    };
    insta::assert_snapshot!([by_line("invoices"), by_line("orders")].join("\n\n"));
    let columns = |object: &str, columns: &str, fields: Value| {
        let mut body = january(object, json!({"row_per": "line", "columns": columns}));
        body.as_object_mut().unwrap().extend(super::object(fields));
        rows(&session, &body)
    };
    assert_eq!(
        columns(
            "invoices",
            "invoice_id,line_id,plan_id,plan_name,product_name,subscription_id",
            json!({})
        ),
        [
            "17 | 201 | 50 | Monthly | Journal | 80",
            "17 | 202 | 50 | Monthly | Journal | 80",
            "17 | 203 | 52 | Weekly | Journal | 82",
            "18 | 204 | 51 | Yearly | Club | 81",
        ]
    );
    assert_eq!(
        columns("orders", "item_id,order_id,product_id,product_name,sku_name", json!({})),
        [
            "100 | 90 | 42 | Mugs | Red mug",
            "101 | 90 | 40 | Journal | -",
            "102 | 91 | 42 | Mugs | Blue mug",
        ]
    );
    assert_eq!(columns("orders", "item_id", json!({"product_id": 42})), ["100", "102"]);
    assert_eq!(columns("orders", "item_id", json!({"sku_id": 60})), ["100"]);
    assert_eq!(
        columns("orders", "item_id", json!({"product_id": 40, "sku_id": 60})),
        Vec::<String>::new()
    );
}

#[test]
fn subscriptions_say_when_they_renew_or_end() {
    let body = january(
        "subscriptions",
        json!({
            "columns": "id,is_membership,renewal_type,renewal_date,expiry_date,final_phase_end,latest_invoice_id,currency",
            "include_deleted": true,
        }),
    );
    assert_eq!(
        rows(&session(WORLD), &body),
        [
            "80 | false | Auto | 2024-02-10T00:00:00Z | - | 2024-02-10T00:00:00Z | 21 | usd",
            "81 | true | Auto | - | 2024-03-01T00:00:00Z | 2024-03-01T00:00:00Z | 18 | jpy",
            "82 | true | Manual | - | 2024-01-26T00:00:00Z | 2024-01-26T00:00:00Z | - | usd",
            "83 | false | Auto | - | 2024-02-13T00:00:00Z | 2024-02-13T00:00:00Z | - | usd",
        ]
    );
}

#[test]
fn invoices_take_their_plan_address_and_refunds_from_what_belongs_to_them() {
    let body = january(
        "invoices",
        json!({
            "columns": "id,plan_id,plan_name,product_name,amount_due,amount_refunded,billing_line1,line_count",
            "include_deleted": true,
        }),
    );
    assert_eq!(
        rows(&session(WORLD), &body),
        [
            "17 | 50 | Monthly | Journal | 100.00 usd | 25.00 usd | 2 Mill Rd | 3",
            "18 | 51 | Yearly | Club | 500 jpy | 0 jpy | 5 Mill Rd | 1",
            "19 | - | - | - | 29.00 gbp | 0.00 gbp | 2 Mill Rd | 0",
            "20 | 50 | Monthly | Journal | 1.00 gbp | 0.00 gbp | 2 Mill Rd | 0",
            "21 | 50 | Monthly | Journal | 29.00 gbp | 0.00 gbp | 2 Mill Rd | 0",
        ]
    );
}

#[test]
fn refunds_and_payments_find_their_customer_through_others() {
    let session = session(WORLD);
    let body = january(
        "refunds",
        json!({"columns": "id,invoice_id,invoice_number,customer_id,customer_email,payment_category", "include_deleted": true}),
    );
    assert_eq!(
        rows(&session, &body),
        [
            "500 | 17 | A,1 | 7 | Ann@Example.com | Card",
            "501 | 17 | A,1 | 7 | Ann@Example.com | Cash",
            "502 | 18 | A2 | 8 | bob@example.com | -",
            "503 | 17 | A,1 | 9 | cy@example.com | Card",
        ]
    );
    let body = january(
        "payments",
        json!({"columns": "id,customer_id,customer_name,net_amount,paid,refunded,subscription_id"}),
    );
    assert_eq!(
        rows(&session, &body),
        [
            "300 | 7 | Ann Lee | 75.00 usd | true | false | 80",
            "301 | 8 | Bob | 500 jpy | false | false | 81",
            "302 | 9 | Cy Ö | 0.00 usd | false | true | -",
        ]
    );
}

#[test]
fn balances_run_by_date_then_id_over_all_transactions() {
    let body = january(
        "balance_transactions",
        json!({"columns": "id,amount,ending_balance,invoice_number"}),
    );
    assert_eq!(
        rows(&session(WORLD), &body),
        [
            "600 | -50.00 gbp | -40.00 gbp | -",
            "601 | 10.00 gbp | 10.00 gbp | -",
            "603 | -70 jpy | -70 jpy | -",
        ]
    );
    let body = january("customers", json!({"columns": "id,active_subscriptions,balance,balances"}));
    assert_eq!(
        rows(&session(WORLD), &body),
        [
            "7 | 1 | -40.00 gbp | {\"gbp\":\"-40.00\",\"usd\":\"-3.00\"}",
            "8 | 0 | 0.00 gbp | {\"jpy\":\"-70\"}",
            "9 | 1 | 0.00 gbp | {}",
        ]
    );
}

#[test]
fn rates_are_rounded_half_up_and_null_without_a_whole() {
    let body = january(
        "campaign_reports",
        json!({"columns": "id,delivery_rate,open_rate,click_to_open_rate,conversion_rate,revenue_per_delivered"}),
    );
    assert_eq!(
        rows(&session(WORLD), &body),
        ["800 | 0.6667 | 0.5000 | 1.0000 | 0.0000 | 61.73 usd", "801 | - | - | - | - | -",]
    );
}

#[test]
fn orders_add_up_their_items() {
    let body = january(
        "orders",
        json!({"columns": "id,ship_name,items_amount,discount_amount,invoice_id,item_count,fulfilled_at"}),
    );
    assert_eq!(
        rows(&session(WORLD), &body),
        [
            "90 | Ann | 25.00 gbp | 2.00 gbp | 21 | 3 | 2024-01-19T00:00:00Z",
            "91 | - | 8.00 gbp | 0.00 gbp | - | 1 | -",
            "92 | - | 0.00 gbp | 0.00 gbp | - | 0 | -",
        ]
    );
}

#[test]
fn sums_past_64_bits_stay_exact() {
    let session = session(
        "
orders
 id | customer_id | status | amount | shipping_amount | currency | created_at
 1  | 1 | paid | -9223372036854775808 | 9223372036854775807 | usd | 2024-01-05T00:00:00Z

order_items
 id | order_id | quantity | unit_amount | currency
 1  | 1 | 1000000000 | 9223372036854775807 | usd
 2  | 1 | 1000000000 | 9223372036854775807 | usd

campaign_runs
 id | campaign_id | sent | delivered | revenue | currency | created_at
 1  | 1 | 1 | 99999999999999 | 9223372036854775807 | usd | 2024-01-05T00:00:00Z
",
    );
    let body = january("orders", json!({"columns": "items_amount,discount_amount"}));
    assert_eq!(
        rows(&session, &body),
        ["184467440737095516140000000.00 usd | 184467440921562956877095516.15 usd"]
    );
    let body =
        january("campaign_reports", json!({"columns": "delivery_rate,revenue_per_delivered"}));
    assert_eq!(rows(&session, &body), ["99999999999999.0000 | 922.34 usd"]);
}
