//! customer_credits. Rule: spec/reports.md §17.1, vectors V1, V2, V10.

use crate::answers::{ids, keys, lines, request_page, rows};
use testkit::literal_tables::session;

const V10: &str = "
customers
 id | name | email
 7  | Ann  | ann@example.com

balance_transactions
 id | customer_id | type   | amount | date                 | description
 1  | 7           | credit | -5000  | 2026-01-05T10:00:00Z | Refund as credit
 2  | 7           | debit  | 2000   | 2026-01-20T10:00:00Z | Applied to INV-9
";

#[test]
fn credit_shows_positive_newest_first_with_the_balance_now() {
    assert_eq!(
        rows(&session(V10), "customer_credits", ""),
        [
            "7 | Ann | ann@example.com | 2026-01-20T10:00:00Z | -20.00 gbp | 30.00 gbp | \
             Applied to INV-9",
            "7 | Ann | ann@example.com | 2026-01-05T10:00:00Z | 50.00 gbp | 30.00 gbp | \
             Refund as credit",
        ]
    );
}

#[test]
fn a_parent_gives_its_leaves_and_unselected_sorts_show_nowhere() {
    let session = session(V10);
    let page = request_page(
        &session,
        "customer_credits",
        "columns=customer,amount&sort=-created_at&limit=1",
    );
    assert_eq!(keys(&page), ["customer.id", "customer.name", "customer.email", "amount"]);
    assert_eq!(page.total, 2);
    assert_eq!(lines(&page), ["7 | Ann | ann@example.com | -20.00 gbp"]);
    assert!(page.headers.iter().all(|header| header.sorted.is_none()));
    let id = &page.headers[0];
    assert!(id.holds_customer_id && id.required && id.sortable);
    assert_eq!(id.label, "Customer ID");
    let page = request_page(&session, "customer_credits", "columns=customer_id,customer.id");
    assert_eq!(keys(&page), ["customer.id"]);
}

const MANY: &str = "
customers
 id | name | first_name | last_name | email | deleted_at
 1  | -    | Bo         | Ek        | b@x   | -
 2  |      | -          | Zed       | -     | 2026-01-01T00:00:00Z
 3  | -    | -          | -         | c@x   | -

balance_transactions
 id | customer_id | amount | currency | type   | kind     | description | date
 10 | 1           | -100   | gbp      | credit | gift     | a           | 2026-02-13T23:30:00Z
 11 | 1           | -7     | gbp      | credit | payment  | b           | 2026-02-14T00:00:00Z
 12 | 1           | 50     | gbp      | debit  | refund   | -           | 2026-02-14T00:00:00Z
 13 | 1           | -100   | jpy      | credit | gift     | B           | 2026-02-14T11:59:59Z
 14 | 2           | -9     | kwd      | credit | gift     | A           | 2026-02-15T00:00:00Z
 15 | 3           | -9     | gbp      | credit | gift     | ä           | 2026-02-15T00:00:00.000001Z
 16 | 4           | -9     | gbp      | credit | gift     | Ä           | 2025-02-15T00:00:00Z
";

#[test]
fn every_column_has_its_source() {
    let columns = "columns=id,customer,created_at,amount,balance,memo,running_balance,type,kind";
    assert_eq!(
        rows(&session(MANY), "customer_credits", &format!("{columns}&sort=id")),
        [
            "10 | 1 | Bo Ek | b@x | 2026-02-13T23:30:00Z | 1.00 gbp | 0.57 gbp | a | 1.00 gbp | \
             credit | gift",
            "11 | 1 | Bo Ek | b@x | 2026-02-14T00:00:00Z | 0.07 gbp | 0.57 gbp | b | 1.07 gbp | \
             credit | payment",
            "12 | 1 | Bo Ek | b@x | 2026-02-14T00:00:00Z | -0.50 gbp | 0.57 gbp | - | 0.57 gbp | \
             debit | refund",
            "13 | 1 | Bo Ek | b@x | 2026-02-14T11:59:59Z | 100 jpy | 100 jpy | B | 100 jpy | \
             credit | gift",
            "14 | 2 | Zed | - | 2026-02-15T00:00:00Z | 0.009 kwd | 0.009 kwd | A | 0.009 kwd | \
             credit | gift",
            "15 | 3 | - | c@x | 2026-02-15T00:00:00.000001Z | 0.09 gbp | 0.09 gbp | ä | 0.09 gbp \
             | credit | gift",
            "16 | 4 | - | - | 2025-02-15T00:00:00Z | 0.09 gbp | 0.09 gbp | Ä | 0.09 gbp | credit \
             | gift",
        ]
    );
}

#[test]
fn filters_keep_their_rows() {
    let session = session(MANY);
    for (filter, expected) in [
        ("customers=1", "10 11 12 13"),
        ("customers=2,3", "14 15"),
        ("customers=99", ""),
        ("created_at_gte=2026-02-14", "11 12 13 14 15"),
        ("created_at_lte=2026-02-14", "10 11 12 13 16"),
        ("created_at_gte=2026-02-15T00:00:00Z&created_at_lte=2026-02-15T00:00:00Z", "14"),
        ("created_at_gte=2026-02-15&created_at_lte=2026-02-14", ""),
        ("created_at_timeframe=today", "11 12 13"),
        ("created_at_timeframe=yesterday", "10"),
        ("created_at_timeframe=past", "10 11 12 13 16"),
        ("created_at_timeframe=future", "14 15"),
        ("created_at_timeframe=all", "10 11 12 13 14 15 16"),
        ("created_at_timeframe=2025", "16"),
        ("created_at_timeframe=today&created_at_gte=2026-02-14T10:00:00", "13"),
        ("created_at_timeframe=past&as_of=2026-02-15", "10 11 12 13 14 16"),
        ("created_at_timeframe=today&as_of=2026-02-13", "10"),
        ("id_gt=14", "15 16"),
        ("id_gt=0&customers=1", "10 11 12 13"),
    ] {
        assert_eq!(
            ids(&session, "customer_credits", &format!("{filter}&sort=id")),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn rows_come_in_the_order_asked_for() {
    let session = session(MANY);
    for (sort, expected) in [
        ("", "15 14 13 12 11 10 16"),
        ("id_gt=0", "10 11 12 13 14 15 16"),
        ("sort=id", "10 11 12 13 14 15 16"),
        ("sort=-id", "16 15 14 13 12 11 10"),
        ("sort=created_at", "16 10 11 12 13 14 15"),
        ("sort=-created_at", "15 14 13 11 12 10 16"),
        // Lower case first, ties by the raw bytes: A a, B b, then Ä ä; null last.
        ("sort=memo", "14 10 13 11 16 15 12"),
        ("sort=-memo", "15 16 11 13 10 14 12"),
        // Decimal values: -0.50, 0.009, 0.07, 0.09, 0.09, 1.00, 100.
        ("sort=amount", "12 14 11 15 16 10 13"),
        ("sort=-amount", "13 10 15 16 11 14 12"),
        ("sort=customer", "10 11 12 13 14 15 16"),
        ("sort=-customer_name,-id", "14 13 12 11 10 16 15"),
        ("sort=customer.email,-created_at,id", "13 11 12 10 15 14 16"),
        ("sort=kind,-type,amount", "14 15 16 10 13 11 12"),
        ("sort=running_balance", "14 15 16 12 10 11 13"),
    ] {
        assert_eq!(ids(&session, "customer_credits", sort), expected, "{sort}");
    }
}

#[test]
fn sums_past_64_bits_stay_exact() {
    let session = session(
        "
balance_transactions
 id | customer_id | amount
 1  | 1           | -9223372036854775808
 2  | 1           | -9223372036854775808
",
    );
    assert_eq!(
        rows(&session, "customer_credits", "columns=amount,balance&limit=1"),
        ["1 | 92233720368547758.08 gbp | 184467440737095516.16 gbp"]
    );
}
