//! invoices. Rule: spec/reports.md §17.6.

use crate::answers::{cell, ids, keys, request_page, rows};
use testkit::literal_tables::session;

const BILLS: &str = "
sites
 id | name
 4  | North

customers
 id | site_id | name | email
 1  | 4       | Ann  | a@x

payment_processors
 id | name
 12 | Stripe

coupons
 id | code   | name
 2  | SPRING | Later
 1  | SPRING | Spring sale

invoices
 id | customer_id | status        | number | currency | subtotal | discount | tax | total | credit_applied | date                 | due_date   | paid_at              | payment_processor_id | purchase_type | discount_code | is_credit_note | refunded_invoice_id | customer_membership_id | updated_at           | deleted_at
 20 | 1           | paid          | INV-1  | gbp      | 1000     | 100      | 90  | 990   | 90             | 2026-01-01T00:00:00Z | 2026-01-15 | 2026-01-02T00:00:00Z | 12                   | membership    | SPRING        | false          | -                   | 5                      | 2026-01-02T00:00:00Z | -
 21 | 1           | draft         | -      | gbp      | 10       | 0        | 0   | 10    | 50             | 2026-02-20T00:00:00Z | 2026-02-20 | -                    | -                    | -             | -             | false          | -                   | -                      | 2026-02-01T00:00:00Z | -
 22 | 1           | open          | INV-3  | jpy      | 10       | 0        | 0   | 10    | 0              | 2026-01-03T00:00:00Z | -          | -                    | 12                   | store         | NOPE          | false          | -                   | -                      | 2026-01-03T00:00:00Z | -
 23 | 2           | past_due      | inv-4  | gbp      | 10       | 0        | 0   | 10    | 0              | 2026-01-04T00:00:00Z | 2026-01-10 | -                    | -                    | class         | -             | false          | -                   | -                      | 2026-01-04T00:00:00Z | -
 24 | 2           | open          | INV-5  | gbp      | 10       | 0        | 0   | 10    | 0              | 2026-01-05T00:00:00Z | 2026-02-14 | -                    | -                    | course        | -             | true           | 20                  | -                      | 2026-01-05T00:00:00Z | -
 25 | 2           | open          | INV-6  | gbp      | 10       | 5        | 0   | 5     | 0              | 2026-01-06T00:00:00Z | 2026-02-13 | -                    | -                    | course_session | -            | false          | -                   | -                      | 2026-01-06T00:00:00Z | -
 26 | 2           | void          | INV-7  | gbp      | 10       | 0        | 0   | 10    | 0              | 2026-01-07T00:00:00Z | 2026-02-15 | -                    | -                    | -             | -             | false          | -                   | -                      | 2026-01-07T00:00:00Z | -
 27 | 2           | uncollectible | INV-8  | gbp      | 10       | 0        | 0   | 10    | 0              | 2026-01-08T00:00:00Z | 2025-12-31 | -                    | -                    | -             | -             | false          | -                   | -                      | 2026-01-08T00:00:00Z | -
 28 | 2           | paid          | INV-9  | gbp      | 10       | 0        | 0   | 10    | 0              | 2026-01-09T00:00:00Z | 2026-01-01 | 2026-01-09T00:00:00Z | -                    | -             | -             | false          | -                   | -                      | 2026-01-09T00:00:00Z | 2026-01-10T00:00:00Z

invoice_lines
 id | invoice_id | customer_membership_id | description | updated_at
 2  | 20         | -                      | Towel       | 2026-01-02T00:00:00Z
 1  | 20         | 6                      | Gold        | 2026-01-02T00:00:00Z
 3  | 20         | -                      | -           | 2026-01-05T00:00:00Z
 4  | 22         | 7                      | Shirt       | 2026-01-01T00:00:00Z

payments
 id | invoice_id | status    | type    | amount | currency | date                 | updated_at           | deleted_at
 1  | 20         | failed    | online  | 900    | gbp      | 2026-01-01T10:00:00Z | 2026-01-01T10:00:00Z | -
 2  | 20         | succeeded | online  | 600    | gbp      | 2026-01-02T00:00:00Z | 2026-01-02T00:00:00Z | -
 3  | 20         | pending   | offline | 300    | gbp      | 2026-01-01T11:00:00Z | 2026-01-02T00:00:00Z | -
 4  | 20         | succeeded | online  | 1      | gbp      | 2026-01-01T11:00:00Z | 2026-01-06T00:00:00Z | 2026-01-06T00:00:00Z
 5  | 22         | failed    | online  | 10     | jpy      | 2026-01-03T00:00:00Z | 2026-01-03T00:00:00Z | -
 6  | 22         | pending   | online  | 10     | jpy      | 2026-01-03T00:00:00Z | 2026-01-03T00:00:00Z | -
 7  | 23         | pending   | offline | 10     | gbp      | 2026-01-04T00:00:00Z | 2026-01-04T00:00:00Z | -
 8  | 24         | failed    | online  | 10     | gbp      | 2026-01-05T00:00:00Z | 2026-01-05T00:00:00Z | -
 9  | 26         | pending   | online  | 10     | gbp      | 2026-01-07T00:00:00Z | 2026-01-07T00:00:00Z | -

refunds
 id | invoice_id | payment_id | status    | amount | succeeded_at         | updated_at           | deleted_at
 1  | 20         | 2          | succeeded | 100    | 2026-01-03T00:00:00Z | 2026-01-04T00:00:00Z | -
 2  | -          | 2          | succeeded | 20     | -                    | 2026-01-03T23:30:00Z | -
 3  | 20         | -          | succeeded | 3      | 2026-01-01T00:00:00Z | 2026-01-01T00:00:00Z | -
 4  | 20         | -          | pending   | 1000   | -                    | 2026-01-07T00:00:00Z | -
 5  | 20         | -          | succeeded | 5000   | 2026-01-20T00:00:00Z | 2026-01-04T00:00:00Z | 2026-01-21T00:00:00Z
 6  | -          | -          | succeeded | 7      | 2026-01-20T00:00:00Z | 2026-01-20T00:00:00Z | -

balance_transactions
 id | invoice_id | kind                   | amount | currency
 2  | 20         | unapplied_from_invoice | -10    | gbp
 1  | 20         | applied_to_invoice     | 100    | gbp
 3  | 20         | refund                 | -5     | gbp
 4  | -          | applied_to_invoice     | 5      | gbp
";

#[test]
fn every_column_has_its_source() {
    let session = session(BILLS);
    let page = rows(&session, "invoices", "customers=1");
    assert_eq!(
        page,
        [
            "20 | 2026-01-15 | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z | paid | false | - | \
             INV-1 | 1 | Ann | a@x | 4 | North | 9.90 gbp | 10.00 gbp | 1.00 gbp | 0.90 gbp | \
             0.90 gbp | - | 9.00 gbp | -1.23 gbp | 2026-01-03 | Spring sale | SPRING | Stripe | \
             membership | [Gold; Towel] | - | \
             [{amount {decimal 1.00 gbp}}; {amount {decimal -0.10 gbp}}] | \
             [{created_at 2026-01-01T11:00:00Z, amount {decimal 3.00 gbp, currency gbp}, \
             confirmed_at -}; {created_at 2026-01-02T00:00:00Z, amount {decimal 6.00 gbp, \
             currency gbp}, confirmed_at 2026-01-02T00:00:00Z}] | 2026-01-07T00:00:00Z | -",
            "21 | 2026-02-20 | - | - | upcoming | false | - | - | 1 | Ann | a@x | 4 | North | \
             0.10 gbp | 0.10 gbp | 0.00 gbp | 0.00 gbp | 0.50 gbp | - | 0.00 gbp | 0.00 gbp | - \
             | - | - | - | - | [] | - | [] | [] | 2026-02-01T00:00:00Z | -",
            "22 | - | 2026-01-03T00:00:00Z | - | pending_online | false | - | INV-3 | 1 | Ann | \
             a@x | 4 | North | 10 jpy | 10 jpy | 0 jpy | 0 jpy | 0 jpy | - | 10 jpy | 0 jpy | - | \
             - | NOPE | Stripe | store | [Shirt] | - | [] | [{created_at 2026-01-03T00:00:00Z, \
             amount {decimal 10 jpy, currency jpy}, confirmed_at -}] | 2026-01-03T00:00:00Z | -",
        ]
    );
    assert_eq!(cell(&session, "invoices", 24, "refunded_invoice.id"), "20");
    assert_eq!(cell(&session, "invoices", 24, "is_credit_note"), "true");
    assert_eq!(cell(&session, "invoices", 22, "currency"), "jpy");
}

#[test]
fn an_alias_that_is_also_a_parent_gives_the_parent() {
    let session = session(BILLS);
    for (columns, expected) in [
        ("discount_code", "id customer.id discount_code.name discount_code.code"),
        ("discount_code_name", "id customer.id discount_code.name"),
        ("discount_code.code", "id customer.id discount_code.code"),
        ("refunded_invoice", "id customer.id refunded_invoice.id"),
    ] {
        let page = request_page(&session, "invoices", &format!("columns={columns}"));
        assert_eq!(keys(&page).join(" "), expected, "{columns}");
    }
}

#[test]
fn written_statuses_follow_the_last_payment() {
    let session = session(BILLS);
    let expected = [
        (20, "paid"),
        (21, "upcoming"),
        (22, "pending_online"),
        (23, "pending_offline"),
        (24, "failed"),
        (25, "open"),
        (26, "voided"),
        (27, "retry_failed"),
    ];
    for (id, status) in expected {
        assert_eq!(cell(&session, "invoices", id, "status"), status, "{id}");
        assert_eq!(ids(&session, "invoices", &format!("status={status}")), id.to_string());
    }
    assert_eq!(ids(&session, "invoices", "status=skipped,retrying"), "");
    assert_eq!(ids(&session, "invoices", "status=Paid,OPEN,skipped"), "20 25");
}

#[test]
fn filters_keep_their_rows() {
    let session = session(BILLS);
    for (filter, expected) in [
        ("customers=2", "23 24 25 26 27"),
        ("payment_processors=12", "20 22"),
        ("payment_processors=none", "21 23 24 25 26 27"),
        ("purchase_types=class,course_session", "23 25"),
        ("purchase_types=store", "22"),
        ("due_date_gte=2026-02-14", "21 24 26"),
        ("due_date_lte=2026-01-10", "23 27"),
        ("due_date_timeframe=today", "24"),
        ("due_date_timeframe=past", "20 23 25 27"),
        ("due_date_timeframe=future", "21 26"),
        ("updated_at_gte=2026-01-07T00:00:00Z", "20 21 26 27"),
        ("updated_at_lte=2026-01-07T00:00:00Z", "20 22 23 24 25 26"),
        ("confirmed_at_gte=2026-01-08", "27"),
        ("confirmed_at_lte=2026-01-03", "20 22"),
        ("paid_at_gte=2026-01-01", "20"),
        ("paid_at_lte=2026-01-01", ""),
        ("paid_at_timeframe=2026-01", "20"),
        ("customer_memberships=5", "20"),
        ("customer_memberships=6", "20"),
        ("customer_memberships=5,6,7", "20 22"),
        ("customer_memberships=8", ""),
        ("discount_applied=true", "20 22 25"),
        ("discount_applied=false", "21 23 24 26 27"),
        ("credit_applied=true", "20 21"),
        ("credit_applied=false", "22 23 24 25 26 27"),
    ] {
        assert_eq!(ids(&session, "invoices", filter), expected, "{filter}");
    }
}

#[test]
fn every_kind_of_column_sorts() {
    let session = session(BILLS);
    for (sort, expected) in [
        ("-due_date", "21 26 24 25 20 23 27 22"),
        ("-confirmed_at", "27 26 25 24 23 22 20 21"),
        ("status", "24 25 20 23 22 27 21 26"),
        ("number", "20 22 23 24 25 26 27 21"),
        ("total_amount", "25 21 23 24 26 27 20 22"),
        ("-expected_payment_amount", "22 20 23 24 26 27 25 21"),
        ("-refund_amount,id", "22 21 23 24 25 26 27 20"),
        ("refund_date", "20 21 22 23 24 25 26 27"),
        ("-discount_code", "20 21 22 23 24 25 26 27"),
        ("discount_code.code", "22 20 21 23 24 25 26 27"),
        ("-updated_at", "21 27 20 26 25 24 23 22"),
        ("is_credit_note,-id", "27 26 25 23 22 21 20 24"),
        ("refunded_invoice,customer", "24 20 21 22 23 25 26 27"),
    ] {
        assert_eq!(ids(&session, "invoices", &format!("sort={sort}")), expected, "{sort}");
    }
}
