//! customer_memberships. Rule: spec/reports.md §17.2, vector V13.

use crate::answers::{cell, ids, keys, rows};
use testkit::literal_tables::session;

const V13: &str = "
customer_memberships
 id | status    | cancellation_reason | expiration_date
 1  | active    | -                   | -
 2  | active    | -                   | -
 3  | active    | -                   | -
 4  | cancelled | upgraded            | -
 5  | cancelled | mistake             | -
 6  | hold      | -                   | -
 7  | active    | -                   | 2026-01-31
 8  | cancelled | downgraded          | -
 9  | completed | -                   | -

customer_membership_holds
 id | customer_membership_id | start_date | end_date
 1  | 1                      | 2026-02-14 | 2026-02-14
 2  | 2                      | 2026-02-01 | 2026-02-13
 3  | 3                      | 2026-02-10 | -
 4  | 9                      | 2026-02-10 | -
";

#[test]
fn status_is_the_effective_one() {
    let session = session(V13);
    let columns = "columns=id,status&sort=id";
    let shown = rows(&session, "customer_memberships", columns);
    let shown: Vec<_> = shown.iter().filter_map(|line| line.split(" | ").last()).collect();
    let expected = [
        "hold",
        "active",
        "hold",
        "upgraded",
        "cancelled",
        "hold",
        "active",
        "downgraded",
        "completed",
    ];
    assert_eq!(shown, expected);
    for (status, expected) in [
        ("cancelled", "5"),
        ("active", "2 7"),
        ("hold", "1 3 6"),
        ("upgraded,downgraded", "4 8"),
        ("completed", "9"),
    ] {
        assert_eq!(ids(&session, "customer_memberships", &format!("status={status}")), expected);
    }
}

const STUDIO: &str = "
sites
 id | name
 4  | North

customers
 id | site_id | name | email
 1  | 4       | Ann  | a@x
 2  | -       | Bo   | -

payment_processors
 id | name
 12 | Stripe

membership_categories
 id | name
 3  | Adults

memberships
 id | name   | category_id | type
 7  | Gold   | 3           | recurring
 8  | Silver | -           | pack

customer_memberships
 id | customer_id | membership_id | type      | status    | payment_processor_id | purchased_at         | start_date | expiration_date | renewal_date | cancelled_at         | downgrade_date | upgrade_date | cancellation_reason | completed_at         | billed_price | currency | custom_allotment | updated_at           | deleted_at
 10 | 1           | 7             | recurring | active    | 12                   | 2026-01-31T23:30:00Z | 2026-02-01 | -               | 2026-03-01   | -                    | -              | 2026-04-01   | -                   | -                    | 4500         | gbp      | {}               | 2026-01-31T23:30:00Z | -
 11 | 1           | 8             | pack      | active    | -                    | 2025-06-30T23:30:00Z | 2025-07-01 | 2026-07-01      | -            | -                    | -              | -            | -                   | -                    | 6000         | eur      | -                | 2025-06-30T23:30:00Z | -
 12 | 1           | 7             | prepaid   | cancelled | 13                   | 2025-01-01T00:00:00Z | 2025-01-01 | 2025-12-31      | -            | 2025-06-30T23:30:00Z | 2025-07-01     | -            | cancelled           | -                    | 100          | jpy      | -                | 2025-06-30T23:30:00Z | -
 13 | 1           | 7             | pack      | active    | -                    | 2024-01-01T00:00:00Z | -          | -               | -            | -                    | -              | -            | -                   | -                    | 1            | gbp      | -                | 2024-01-01T00:00:00Z | 2026-01-01T00:00:00Z
 14 | 2           | 8             | pack      | completed | -                    | 2025-02-01T00:00:00Z | 2025-02-01 | -               | -            | -                    | -              | -            | -                   | 2025-03-01T00:00:00Z | 0            | gbp      | -                | 2025-03-01T00:00:00Z | -
 15 | 3           | 9             | pack      | active    | -                    | 2025-02-01T00:00:00Z | -          | -               | -            | -                    | -              | -            | -                   | -                    | 450          | gbp      | -                | 2025-02-01T00:00:00Z | -

customer_membership_holds
 id | customer_membership_id | start_date | end_date   | updated_at
 1  | 11                     | 2026-01-01 | 2026-01-10 | 2025-12-31T00:00:00Z
 2  | 11                     | 2026-03-01 | 2026-03-10 | 2025-12-31T00:00:00Z
 3  | 11                     | 2026-02-20 | -          | 2025-12-31T00:00:00Z
 4  | 12                     | 2026-01-01 | 2026-01-10 | 2025-12-31T00:00:00Z
 5  | 14                     | 2026-02-15 | 2026-02-20 | 2026-02-01T00:00:00Z
";

#[test]
fn every_column_has_its_source() {
    let session = session(STUDIO);
    let shown = rows(&session, "customer_memberships", "");
    let expected = [
        "10 | 2026-01-31T23:30:00Z | 1 | Ann | a@x | 4 | North | \
         [{id 11, membership {id 8, name Silver}}] | 7 | Gold | recurring | active | Stripe | \
         2026-01-31 | 2026-02-01 | - | 2026-03-01 | - | - | 2026-04-01 | true | false | 45.00 gbp \
         | - | -",
        // A hold that ended on the 10th made it active again at the start of the 11th.
        "11 | 2026-01-11T00:00:00Z | 1 | Ann | a@x | 4 | North | \
         [{id 10, membership {id 7, name Gold}}] | 8 | Silver | pack | active | - | 2025-07-01 | \
         2025-07-01 | 2026-07-01 | - | - | - | - | false | false | 60.00 eur | - | -",
        "12 | 2025-12-31T00:00:00Z | 1 | Ann | a@x | 4 | North | \
         [{id 10, membership {id 7, name Gold}}; {id 11, membership {id 8, name Silver}}] | 7 | \
         Gold | prepaid | cancelled | - | 2025-01-01 | 2025-01-01 | 2025-12-31 | - | 2025-07-01 | \
         2025-07-01 | - | false | true | 100 jpy | cancelled | -",
        "14 | 2026-02-01T00:00:00Z | 2 | Bo | - | - | - | [] | 8 | Silver | pack | completed | - \
         | 2025-02-01 | 2025-02-01 | - | - | - | - | - | false | true | 0.00 gbp | - | \
         2025-03-01T00:00:00Z",
        "15 | 2025-02-01T00:00:00Z | 3 | - | - | - | - | [] | 9 | - | pack | active | - | \
         2025-02-01 | - | - | - | - | - | - | false | true | 4.50 gbp | - | -",
    ];
    assert_eq!(shown, expected);
    for (id, expected) in
        [(10, "- - - gbp"), (11, "3 2026-02-20 - eur"), (14, "5 2026-02-15 2026-02-20 gbp")]
    {
        let additions =
            ["active_hold.id", "active_hold.start_date", "active_hold.end_date", "currency"];
        let cells = additions.map(|column| cell(&session, "customer_memberships", id, column));
        assert_eq!(cells.join(" "), expected, "{id}");
    }
}

#[test]
fn filters_keep_their_rows() {
    let session = session(STUDIO);
    for (filter, expected) in [
        ("ids=10,13,14", "10 14"),
        ("customers=1", "10 11 12"),
        ("memberships=8,9", "11 14 15"),
        ("membership_categories=3", "10 12"),
        ("payment_processors=12,none", "10 11 14 15"),
        ("payment_processors=none", "11 14 15"),
        ("payment_processors=13", "12"),
        ("has_expiration_date=true", "11 12"),
        ("has_expiration_date=0", "10 14 15"),
        ("has_active_hold=true", "11 14"),
        ("has_active_hold=false", "10 12 15"),
        ("has_custom_limits=1", "10"),
        ("has_custom_limits=FALSE", "11 12 14 15"),
        ("is_first_membership=true", "12 14 15"),
        ("is_first_membership=false", "10 11"),
        ("start_date_gte=2025-07-01", "10 11"),
        ("start_date_lte=2025-02-01", "12 14"),
        ("start_date_gte=2026-01-01&start_date_lte=2025-01-01", ""),
        ("start_date_timeframe=this_month", "10"),
        ("start_date_timeframe=past", "10 11 12 14"),
        ("start_date_timeframe=all", "10 11 12 14 15"),
        ("expiration_date_gte=2026-01-01", "11"),
        ("expiration_date_lte=2026-01-01", "12"),
        ("expiration_date_timeframe=future", "11"),
        ("renewal_date_gte=2026-03-01", "10"),
        ("renewal_date_lte=2026-02-28", ""),
        ("renewal_date_timeframe=next_month", "10"),
        ("downgrade_date_gte=2025-07-01", "12"),
        ("downgrade_date_lte=2025-06-30", ""),
        ("downgrade_date_timeframe=2025", "12"),
        ("upgrade_date_gte=2026-04-01", "10"),
        ("upgrade_date_lte=2026-04-01", "10"),
        ("upgrade_date_timeframe=2026-04..", "10"),
        ("active_hold_start_date_gte=2026-02-16", "11"),
        ("active_hold_start_date_lte=2026-02-16", "14"),
        ("active_hold_end_date_gte=2026-01-01", "14"),
        ("active_hold_end_date_lte=2026-02-19", ""),
        ("purchased_at_gte=2025-07-01", "10 11"),
        ("purchased_at_lte=2025-06-30", "12 14 15"),
        ("purchased_at_timeframe=2025-07", "11"),
        ("cancelled_at_gte=2025-07-01", "12"),
        ("cancelled_at_lte=2025-06-30", ""),
        ("cancelled_at_timeframe=2025-07", "12"),
        ("updated_at_gte=2026-01-11T00:00:00Z", "10 11 14"),
        ("updated_at_lte=2026-01-11T00:00:00Z", "11 12 15"),
        ("updated_at_gte=2026-01-11T00:00:00Z&as_of=2026-01-10T00:00:00Z", "10 14"),
        ("status=active", "10 11 15"),
        ("status=active&as_of=2026-02-20", "10 15"),
        ("status=hold&as_of=2026-02-20", "11"),
        ("types=pack", "11 14 15"),
        ("types=PREPAID_plan,recurring", "10 12"),
        ("customers=1&types=pack&status=active", "11"),
        ("id_gt=12", "14 15"),
    ] {
        assert_eq!(ids(&session, "customer_memberships", filter), expected, "{filter}");
    }
}

#[test]
fn every_sortable_column_sorts_nulls_last() {
    let session = session(STUDIO);
    for (sort, expected) in [
        ("updated_at", "15 12 11 10 14"),
        ("-updated_at", "14 10 11 12 15"),
        ("customer", "10 11 12 14 15"),
        ("-customer.name", "14 10 11 12 15"),
        ("customer.venue", "10 11 12 14 15"),
        ("membership", "10 12 11 14 15"),
        ("-membership_name,-id", "14 11 12 10 15"),
        ("type,status", "11 15 14 12 10"),
        ("payment_processor", "10 11 12 14 15"),
        ("-purchase_date", "10 11 14 15 12"),
        ("start_date", "12 14 11 10 15"),
        ("-start_date", "10 11 14 12 15"),
        ("expiration_date", "12 11 10 14 15"),
        ("has_custom_limits", "11 12 14 15 10"),
        ("-is_first_membership", "12 14 15 10 11"),
        ("billed_price", "14 15 10 11 12"),
        ("active_hold.start_date", "14 11 10 12 15"),
        ("-currency", "12 10 14 15 11"),
    ] {
        let found = ids(&session, "customer_memberships", &format!("sort={sort}"));
        assert_eq!(found, expected, "{sort}");
    }
}

#[test]
fn rows_may_be_sorted_by_what_a_filter_fixes() {
    let session = session(STUDIO);
    let filters = "status=active&is_first_membership=false";
    for sort in ["-status,-completed_at,-id", "-completed_at,status,-id"] {
        let found = ids(&session, "customer_memberships", &format!("{filters}&sort={sort}"));
        assert_eq!(found, "11 10", "{sort}");
    }
}

#[test]
fn required_columns_come_first_when_left_out() {
    let session = session(STUDIO);
    for (columns, expected) in [
        ("status", "id customer.id status"),
        ("customer_name,id", "customer.id customer.name id"),
        ("status,customer.venue", "id customer.id status customer.venue.id customer.venue.name"),
        (
            "customer",
            "id customer.id customer.name customer.email customer.venue.id customer.venue.name",
        ),
        ("id,customer.id,active_hold.id", "id customer.id active_hold.id"),
    ] {
        let page = crate::answers::request_page(
            &session,
            "customer_memberships",
            &format!("columns={columns}"),
        );
        assert_eq!(keys(&page).join(" "), expected, "{columns}");
    }
}
