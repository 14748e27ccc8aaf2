//! invoice_line_items. Rule: spec/reports.md §17.7.

use crate::answers::{cell, ids, keys, rows};
use testkit::literal_tables::session;

const LINES: &str = "
customers
 id | site_id | name | email
 1  | 4       | Ann  | a@x

sites
 id | name
 4  | North

coupons
 id | code   | name
 1  | SPRING | Spring sale

customer_memberships
 id | type
 5  | pack
 6  | prepaid
 7  | recurring

invoices
 id | customer_id | status | number | currency | date                 | due_date   | paid_at              | discount_code | is_credit_note | updated_at           | deleted_at
 20 | 1           | paid   | INV-1  | gbp      | 2026-01-01T00:00:00Z | 2026-01-15 | 2026-01-02T00:00:00Z | SPRING        | false          | 2026-01-02T00:00:00Z | -
 21 | 1           | draft  | -      | gbp      | 2026-02-01T00:00:00Z | 2026-02-15 | -                    | -             | true           | 2026-01-03T00:00:00Z | -
 22 | 2           | open   | INV-3  | jpy      | 2026-01-05T00:00:00Z | -          | -                    | -             | false          | 2026-01-04T00:00:00Z | -
 23 | 2           | paid   | INV-4  | gbp      | 2026-01-05T00:00:00Z | -          | -                    | -             | false          | 2026-01-04T00:00:00Z | 2026-01-06T00:00:00Z

invoice_lines
 id | invoice_id | customer_membership_id | order_item_id | type     | description | quantity | amount | discount | tax | currency | updated_at
 1  | 20         | 5                      | -             | -        | Gold        | 1        | 1000   | 100      | 20  | gbp      | 2026-01-01T00:00:00Z
 2  | 20         | 6                      | 3             | -        | -           | 2        | -50    | 0        | 0   | gbp      | 2026-01-09T00:00:00Z
 3  | 21         | 7                      | -             | -        | -           | 1        | 1      | 0        | 0   | gbp      | 2026-01-01T00:00:00Z
 4  | 22         | -                      | 3             | -        | Towel       | 1        | 700    | 0        | 0   | jpy      | 2026-01-01T00:00:00Z
 5  | 22         | 5                      | -             | flat_fee | -           | 1        | 5      | 0        | 0   | jpy      | 2026-01-01T00:00:00Z
 6  | 22         | -                      | -             | -        | -           | 1        | 6      | 0        | 0   | jpy      | 2026-01-01T00:00:00Z
 7  | 23         | -                      | -             | -        | -           | 1        | 6      | 0        | 0   | gbp      | 2026-01-01T00:00:00Z

payments
 id | invoice_id | status  | type    | amount | currency | date                 | updated_at
 1  | 22         | pending | offline | 700    | jpy      | 2026-01-05T00:00:00Z | 2026-01-07T00:00:00Z
";

#[test]
fn every_column_has_its_source() {
    let session = session(LINES);
    let shown = rows(&session, "invoice_line_items", "limit=4");
    let expected = [
        "1 | 20 | 2026-01-15 | INV-1 | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z | \
         2026-01-09T00:00:00Z | paid | false | Spring sale | SPRING | 1 | Ann | a@x | 4 | North | \
         10.00 gbp | pack_membership | {object customer_membership, id 5} | Gold | 0.20 gbp | \
         1.00 gbp | - | -",
        "2 | 20 | 2026-01-15 | INV-1 | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z | \
         2026-01-09T00:00:00Z | paid | false | Spring sale | SPRING | 1 | Ann | a@x | 4 | North | \
         -0.50 gbp | prepaid_plan_membership | {object customer_membership, id 6} | - | 0.00 gbp \
         | 0.00 gbp | - | -",
        "3 | 21 | 2026-02-15 | - | - | - | 2026-01-03T00:00:00Z | upcoming | true | - | - | 1 | \
         Ann | a@x | 4 | North | 0.01 gbp | recurring_plan_membership | \
         {object customer_membership, id 7} | - | 0.00 gbp | 0.00 gbp | - | -",
        "4 | 22 | - | INV-3 | 2026-01-05T00:00:00Z | - | 2026-01-07T00:00:00Z | pending_offline | \
         false | - | - | 2 | - | - | - | - | 700 jpy | store_order | {object store_order_item, id \
         3} | Towel | 0 jpy | 0 jpy | - | -",
    ];
    assert_eq!(shown, expected);
    for (id, expected) in [
        (5, "flat_fee {object customer_membership, id 5} 1 jpy"),
        (6, "- - 1 jpy"),
        (2, "prepaid_plan_membership {object customer_membership, id 6} 2 gbp"),
    ] {
        let cells = ["type", "billed_item", "quantity", "currency"]
            .map(|column| cell(&session, "invoice_line_items", id, column));
        assert_eq!(cells.join(" "), expected, "{id}");
    }
}

#[test]
fn filters_keep_their_rows() {
    let session = session(LINES);
    for (filter, expected) in [
        ("", "1 2 3 4 5 6"),
        ("invoice_status=paid", "1 2"),
        ("invoice_status=pending_offline,upcoming", "3 4 5 6"),
        ("invoice_status=open", ""),
        ("invoice_due_date_gte=2026-01-16", "3"),
        ("invoice_due_date_lte=2026-01-15", "1 2"),
        ("invoice_paid_at_gte=2026-01-02", "1 2"),
        ("invoice_paid_at_lte=2026-01-01", ""),
        ("invoice_updated_at_gte=2026-01-08", "1 2"),
        ("invoice_updated_at_lte=2026-01-07T00:00:00Z", "3 4 5 6"),
        ("invoice_confirmed_at_gte=2026-01-05", "4 5 6"),
        ("invoice_confirmed_at_lte=2026-01-04", "1 2"),
        ("customers=1", "1 2 3"),
        ("invoices=21,22", "3 4 5 6"),
        ("id_gt=4", "5 6"),
    ] {
        assert_eq!(ids(&session, "invoice_line_items", filter), expected, "{filter}");
    }
}

#[test]
fn parents_and_aliases_give_their_leaves_and_lines_sort() {
    let session = session(LINES);
    for (columns, expected) in [
        ("discount_code", "id customer.id invoice.discount_code.code"),
        (
            "invoice.discount_code",
            "id customer.id invoice.discount_code.name invoice.discount_code.code",
        ),
        ("due_date,paid_at", "id customer.id invoice.due_date invoice.paid_at"),
    ] {
        let text = format!("columns={columns}");
        let page = crate::answers::request_page(&session, "invoice_line_items", &text);
        assert_eq!(keys(&page).join(" "), expected, "{columns}");
    }
    for (sort, expected) in [
        ("-amount", "4 1 6 5 3 2"),
        ("type,id", "5 1 2 3 4 6"),
        ("-invoice.status,id", "3 4 5 6 1 2"),
        ("invoice.updated_at,-id", "3 6 5 4 2 1"),
        ("description", "1 4 2 3 5 6"),
    ] {
        let found = ids(&session, "invoice_line_items", &format!("sort={sort}"));
        assert_eq!(found, expected, "{sort}");
    }
}
