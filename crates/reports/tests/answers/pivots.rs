//! Pivots. Rule: spec/reports.md §10, vectors V8, V12.

use mirror::MirrorSession;

use crate::answers::{keys, lines, request_page};
use testkit::literal_tables::{provider, session, session_of};

const MEMBERSHIPS: &str = "customer_memberships.grouped";

const V12: &str = "
memberships
 id | name
 7  | Gold

customer_memberships
 id | membership_id | start_date | cancelled_at         | status    | cancellation_reason
 1  | 7             | 2025-12-10 | -                    | active    | -
 2  | 7             | 2026-01-20 | 2026-02-01T00:00:00Z | cancelled | cancelled
 3  | 7             | 2025-01-01 | -                    | active    | -

customer_membership_holds
 id | customer_membership_id | start_date | end_date
 1  | 3                      | 2026-01-01 | 2026-01-31
";

fn in_utc(tables: &str) -> MirrorSession {
    let mut provider = provider();
    provider.timezone = model::time::Zone::utc();
    session_of(provider, tables)
}

#[test]
fn memberships_count_in_every_period_in_which_they_were_active() {
    let session = in_utc(V12);
    let columns = "columns=membership,count&pivot=active_by_month";
    let page = request_page(&session, MEMBERSHIPS, &format!("{columns}&max_pivot_columns=2"));
    assert_eq!(lines(&page), ["7 | Gold | 3 | 2 | 2"]);
    let labels = page.headers.iter().map(|header| header.label.as_str()).collect::<Vec<_>>();
    assert_eq!(labels, ["Membership ID", "Membership Name", "Count", "Jan 2026", "Feb 2026"]);
    assert_eq!(keys(&page)[3..], ["pivot.2026-01.count", "pivot.2026-02.count"]);
    assert!(page.headers.iter().all(|header| header.sortable && !header.required));
    assert!(page.pivot_truncated);

    let page = request_page(&session, MEMBERSHIPS, &format!("{columns}&max_pivot_columns=1"));
    assert_eq!(lines(&page), ["7 | Gold | 3 | 2"]);
    assert_eq!(keys(&page)[3..], ["pivot.2026-02.count"]);

    let page = request_page(&session, MEMBERSHIPS, &format!("{columns}&max_pivot_columns=12"));
    assert_eq!(lines(&page), ["7 | Gold | 3 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 2 | 2 | 2"]);
    assert_eq!(keys(&page)[3], "pivot.2025-03.count");
    assert!(page.pivot_truncated, "C was active in January 2025");

    let page =
        request_page(&session, MEMBERSHIPS, &format!("{columns}&ids=1&max_pivot_columns=12"));
    assert!(!page.pivot_truncated);
    let page = request_page(&session, MEMBERSHIPS, &format!("{columns}&ids=1&max_pivot_columns=3"));
    assert!(!page.pivot_truncated);
    let page = request_page(&session, MEMBERSHIPS, &format!("{columns}&ids=1&max_pivot_columns=2"));
    assert!(page.pivot_truncated);
}

#[test]
fn pivots_end_where_they_are_told_to() {
    let session = in_utc(V12);
    for (text, expected) in [
        ("pivot=active_by_month", "2025-11 2025-12 2026-01 2026-02"),
        ("pivot=ACTIVE_BY_YEAR&max_pivot_columns=2", "2025 2026"),
        ("pivot=active_by_month&pivot_until=2026-12-31&max_pivot_columns=1", "2026-12"),
        ("pivot=active_by_month&as_of=2025-01-31&max_pivot_columns=2", "2024-12 2025-01"),
        ("max_pivot_columns=2", ""),
    ] {
        let page = request_page(&session, MEMBERSHIPS, &format!("columns=count&{text}"));
        let periods = keys(&page).into_iter().skip(1).map(|key| key.split('.').nth(1).unwrap());
        assert_eq!(periods.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn every_end_of_a_membership_counts() {
    let session = in_utc(
        "
memberships
 id | begin_on_first_registration
 7  | false
 8  | true

customer_memberships
 id | membership_id | status    | start_date | purchased_at         | expiration_date | cancelled_at         | cancellation_reason | upgrade_date | downgrade_date | completed_at         | updated_at
 1  | 7             | active    | -          | 2026-01-10T00:00:00Z | -               | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 2  | 8             | active    | -          | 2026-01-10T00:00:00Z | -               | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 3  | 9             | active    | -          | 2026-01-10T00:00:00Z | 2026-01-31      | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 4  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | 2026-02-01T00:00:00Z | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 5  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | 2026-01-10T10:00:00Z | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 6  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | upgraded            | 2026-02-02   | 2026-01-01     | -                    | 2026-01-10T00:00:00Z
 7  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | downgraded          | 2026-02-02   | 2026-02-01     | -                    | 2026-01-10T00:00:00Z
 8  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | mistake             | 2026-02-02   | 2026-02-02     | -                    | 2026-02-02T00:00:00Z
 9  | 7             | cancelled | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | upgraded            | -            | -              | -                    | 2026-02-02T00:00:00Z
 10 | 7             | completed | 2026-01-10 | 2026-01-10T00:00:00Z | 2026-03-31      | -                    | -                   | -            | -              | 2026-02-01T00:00:00Z | 2026-01-10T00:00:00Z
 11 | 7             | completed | 2026-01-10 | 2026-01-10T00:00:00Z | 2026-03-31      | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 12 | 7             | completed | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | -                   | -            | -              | -                    | 2026-01-20T00:00:00Z
 13 | 7             | active    | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 14 | 7             | active    | 2026-01-10 | 2026-01-10T00:00:00Z | -               | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z
 15 | 7             | active    | 2026-01-10 | 2026-01-10T00:00:00Z | 2026-01-05      | -                    | -                   | -            | -              | -                    | 2026-01-10T00:00:00Z

customer_membership_holds
 id | customer_membership_id | start_date | end_date
 1  | 13                     | 2026-01-01 | -
 2  | 14                     | 2026-01-31 | 2026-02-15
 3  | 14                     | 2026-02-16 | 2026-02-28
",
    );
    let months = |id: i64| {
        let text = format!(
            "columns=count&pivot=active_by_month&max_pivot_columns=3&pivot_until=2026-03-01&ids={id}"
        );
        let page = request_page(&session, MEMBERSHIPS, &text);
        assert!(!page.pivot_truncated);
        lines(&page)[0].strip_prefix("1 | ").unwrap().to_owned()
    };
    for (id, expected) in [
        (1, "1 | 1 | 1"),
        (2, "0 | 0 | 0"),
        (3, "1 | 0 | 0"),
        (4, "1 | 0 | 0"),
        (5, "0 | 0 | 0"),
        (6, "1 | 1 | 0"),
        (7, "1 | 0 | 0"),
        (8, "1 | 1 | 0"),
        (9, "1 | 1 | 0"),
        (10, "1 | 1 | 0"),
        (11, "1 | 1 | 1"),
        (12, "1 | 0 | 0"),
        (13, "0 | 0 | 0"),
        (14, "1 | 0 | 1"),
        (15, "0 | 0 | 0"),
    ] {
        assert_eq!(months(id), expected, "{id}");
    }
}

#[test]
fn amounts_are_spread_in_their_currency() {
    let session = session(
        "
customer_memberships
 id | membership_id | type | start_date | expiration_date | billed_price | currency
 1  | 7             | pack | 2026-02-01 | -               | 4500         | gbp
 2  | 7             | pack | 2026-01-01 | 2026-01-31      | 1000         | gbp
 3  | 8             | pack | 2026-01-01 | 2026-01-31      | 700          | jpy
",
    );
    let text = "columns=membership.id,billed_price,count&pivot=active_by_month&max_pivot_columns=2";
    let page = request_page(&session, MEMBERSHIPS, text);
    assert_eq!(
        lines(&page),
        [
            "7 | 55.00 gbp | 2 | 10.00 gbp | 1 | 45.00 gbp | 1 | gbp",
            "8 | 700 jpy | 1 | 700 jpy | 1 | 0 jpy | 0 | jpy",
        ]
    );
    assert_eq!(page.headers[3].label, "Jan 2026 Billed Price");
    assert_eq!(page.headers[4].label, "Jan 2026 Count");
    assert_eq!(page.headers[7].key, "currency");
    for (sort, expected) in [
        ("pivot.2026-02.count", "8 7"),
        ("-pivot.2026-02.billed_price", "7 8"),
        ("-pivot.2026-01.billed_price", "8 7"),
        ("pivot.2026-01.count,-membership.id", "8 7"),
    ] {
        let page = request_page(&session, MEMBERSHIPS, &format!("{text}&sort={sort}"));
        let ids = lines(&page).iter().map(|line| line[..1].to_owned()).collect::<Vec<_>>();
        assert_eq!(ids.join(" "), expected, "{sort}");
        let sorted = page
            .headers
            .iter()
            .find(|header| sort.trim_start_matches('-').starts_with(&header.key));
        assert_eq!(sorted.unwrap().sorted.unwrap().priority, 0, "{sort}");
    }
}
