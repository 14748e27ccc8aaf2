//! customer_membership_holds. Rule: spec/reports.md §17.3.

use crate::answers::{cell, ids, rows};
use testkit::literal_tables::session;

const HOLDS: &str = "
sites
 id | name
 4  | North

customers
 id | site_id | name | email
 1  | 4       | Ann  | a@x
 2  | -       | Bo   | -

memberships
 id | name   | type
 7  | Gold   | recurring
 8  | Silver | pack
 9  | Bronze | prepaid

customer_memberships
 id | customer_id | membership_id | type    | status | start_date | expiration_date | currency | deleted_at
 10 | 1           | 7             | pack    | active | 2026-01-01 | 2026-12-31      | gbp      | -
 11 | 1           | 8             | pack    | active | -          | -               | gbp      | -
 12 | 2           | 9             | prepaid | active | -          | -               | jpy      | -
 13 | 2           | 9             | prepaid | active | -          | -               | gbp      | 2026-01-01T00:00:00Z

customer_membership_holds
 id | customer_membership_id | start_date | end_date   | prorate_usage | days_to_add | payment_resolution_type | credit_amount | reactivation_charge_amount | currency | created_at           | updated_at
 20 | 10                     | 2026-01-01 | 2026-02-13 | true          | 44          | credit                  | 1250          | 0                          | eur      | 2025-07-01T23:30:00Z | 2026-01-01T00:00:00Z
 21 | 11                     | 2026-02-15 | -          | false         | -           | none                    | 0             | 500                        | -        | 2026-01-31T00:00:00Z | 2026-02-01T00:00:00Z
 22 | 12                     | 2026-02-14 | 2026-02-14 | true          | 1           | charge                  | 0             | 100                        | -        | 2026-02-01T00:00:00Z | 2026-02-02T12:00:00Z
 23 | 13                     | 2026-02-14 | 2026-02-14 | true          | 1           | charge                  | 0             | 100                        | -        | 2026-02-01T00:00:00Z | 2026-02-02T00:00:00Z
 24 | 12                     | 2026-02-01 | -          | true          | -           | none                    | 0             | 0                          | -        | 2026-02-01T00:00:00Z | 2026-02-03T00:00:00Z
";

#[test]
fn every_column_has_its_source() {
    let session = session(HOLDS);
    let shown = rows(&session, "customer_membership_holds", "limit=3");
    let expected = [
        "20 | 2025-07-01T23:30:00Z | 2026-01-01T00:00:00Z | 2026-01-01 | 2026-02-13 | ended | \
         true | 12.50 eur | 0.00 eur | - | 1 | Ann | a@x | 4 | North | 10 | 7 | recurring_plan | \
         Gold | 2026-01-01 | 2026-12-31 | - | - | - | [{id 11, membership {id 8, name Silver}}] | \
         44",
        "21 | 2026-01-31T00:00:00Z | 2026-02-01T00:00:00Z | 2026-02-15 | - | upcoming | false | \
         0.00 gbp | 5.00 gbp | - | 1 | Ann | a@x | 4 | North | 11 | 8 | pack | Silver | - | - | \
         - | - | - | [{id 10, membership {id 7, name Gold}}] | -",
        "22 | 2026-02-01T00:00:00Z | 2026-02-02T12:00:00Z | 2026-02-14 | 2026-02-14 | active | \
         true | 0 jpy | 100 jpy | - | 2 | Bo | - | - | - | 12 | 9 | prepaid_plan | Bronze | - | \
         - | - | - | - | [] | 1",
    ];
    assert_eq!(shown, expected);
    assert_eq!(cell(&session, "customer_membership_holds", 24, "status"), "active");
}

#[test]
fn filters_keep_their_rows() {
    let session = session(HOLDS);
    for (filter, expected) in [
        ("", "20 21 22 24"),
        ("customers=1", "20 21"),
        ("memberships=8,9", "21 22 24"),
        ("membership_types=pack", "21"),
        ("membership_types=prepaid_plan,RECURRING", "20 22 24"),
        // 23:30 in UTC is the day after in London's summer.
        ("created_at_gte=2025-07-02&created_at_lte=2025-07-02", "20"),
        ("created_at_lte=2025-07-01", ""),
        ("created_at_gte=2026-02-01", "22 24"),
        ("updated_at_gte=2026-02-02&updated_at_lte=2026-02-02", "22"),
        ("updated_at_lte=2026-01-31", "20"),
        ("created_at_timeframe=this_month", "22 24"),
        ("start_date_gte=2026-02-14", "21 22"),
        ("start_date_lte=2026-02-01", "20 24"),
        ("end_date_gte=2026-02-14", "22"),
        ("end_date_lte=2026-02-13", "20"),
        ("start_timeframe=future", "21"),
        ("end_timeframe=today", "22"),
        ("status=active", "22 24"),
        ("status=ended,upcoming", "20 21"),
        ("status=ended&as_of=2026-02-15T00:00:00Z", "20 22"),
        ("payment_resolution_type=none", "21 24"),
        ("payment_resolution_type=charge,credit", "20 22"),
        ("is_usage_prorated=false", "21"),
        ("is_usage_prorated=true&status=active&customers=2", "22 24"),
        ("id_gt=21", "22 24"),
    ] {
        assert_eq!(ids(&session, "customer_membership_holds", filter), expected, "{filter}");
    }
}

#[test]
fn columns_sort_with_nulls_last() {
    let session = session(HOLDS);
    for (sort, expected) in [
        ("status", "22 24 20 21"),
        ("-end_date", "22 20 21 24"),
        ("-days_to_add", "20 22 21 24"),
        ("membership_type,-id", "21 24 22 20"),
        ("customer_membership.membership,-id", "24 22 20 21"),
        ("customer_membership,-start_date", "20 21 22 24"),
        ("-reactivation_charge_amount", "22 21 24 20"),
        ("-customer.venue,-id", "21 20 24 22"),
    ] {
        let found = ids(&session, "customer_membership_holds", &format!("sort={sort}"));
        assert_eq!(found, expected, "{sort}");
    }
}
