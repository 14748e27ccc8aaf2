//! customer_membership_usage. Rule: spec/usage.md §11.

use datafusion::execution::memory_pool::MemoryConsumer;
use mirror::MirrorSession;

use crate::answers::{keys, parse, query, request_page, rows};
use testkit::literal_tables::session;

/// A Gold membership with a hold (1), one of a plan without limits (2), one with limits of its own
/// (3), a deleted one (4), and a pack that is used up (7). The present is 14 February 2026.
const STUDIO: &str = r#"
customers
 id | name
 1  | Ann
 2  | Bo

offering_types
 id | name
 12 | HIIT
 13 | KB

memberships
 id | name | allotment
 3  | Gold | {"period_limits":[{"period":"month","max_uses":8,"offering_type_limits":[{"offering_type":12,"max_uses":3},{"offering_type":13,"max_uses":2,"is_extra":true}]}]}
 4  | Free | {}
 5  | Pack | {"period_limits":[{"period":"lifetime","max_uses":1}]}

customer_memberships
 id | customer_id | membership_id | type      | status    | start_date | deleted_at           | custom_allotment
 1  | 1           | 3             | recurring | active    | 2025-01-01 | -                    | -
 2  | 2           | 4             | recurring | active    | 2025-01-01 | -                    | -
 3  | 1           | 3             | recurring | active    | 2025-01-01 | -                    | {"period_limits":[{"period":"week","max_uses":1},{"period":"year","type":"course","max_uses":5}]}
 4  | 1           | 3             | recurring | active    | 2025-01-01 | 2026-01-01T00:00:00Z | -
 7  | 2           | 5             | pack      | completed | 2025-01-01 | -                    | -

customer_membership_holds
 id | customer_membership_id | start_date | end_date
 1  | 1                      | 2026-02-15 | 2026-02-21

events
 id | offering_type_id | kind  | starts_at            | status
 1  | 12               | class | 2026-02-02T10:00:00Z | active
 2  | 13               | class | 2026-02-03T10:00:00Z | active
 3  | 12               | class | 2026-01-30T10:00:00Z | active
 4  | 12               | class | 2026-02-05T10:00:00Z | cancelled
 5  | 12               | class | 2026-02-28T23:30:00Z | active

attendances
 id | event_id | customer_membership_id | status         | booking_method | comped
 1  | 1        | 1                      | attended       | membership     | false
 2  | 2        | 1                      | registered     | membership     | false
 3  | 3        | 1                      | attended       | membership     | false
 4  | 4        | 1                      | registered     | membership     | false
 5  | 1        | 1                      | attended       | dropin         | false
 6  | 1        | 1                      | attended       | membership     | true
 7  | 5        | 1                      | registered     | membership     | false
 8  | 1        | -                      | attended       | membership     | false
 9  | 3        | 7                      | no_show        | membership     | false
 10 | 1        | 4                      | attended       | membership     | false
 11 | 1        | 2                      | late_cancelled | membership     | false
 12 | 2        | 2                      | attended       | membership     | false
"#;

const REPORT: &str = "customer_membership_usage";

fn shown(session: &MirrorSession, more: &str) -> Vec<String> {
    let columns = "columns=customer_membership_id,customer_id,period_type,offering_type_name,max_uses,\
        used_count,remaining_count,bookable_count";
    rows(session, REPORT, &format!("{columns}&{more}"))
}

#[test]
fn there_is_one_row_per_limit_in_entry_order() {
    let session = session(STUDIO);
    let expected = [
        "1 | 1 | month | - | 6 | 2 | 4 | 4",
        "1 | 1 | month | HIIT | 2 | 2 | 0 | 0",
        "1 | 1 | month | KB | 2 | 1 | 1 | 1",
        "2 | 2 | - | - | - | 2 | - | -",
        "3 | 1 | year | - | 5 | 0 | 5 | 5",
        "3 | 1 | week | - | 1 | 0 | 1 | 1",
        "7 | 2 | lifetime | - | 1 | 1 | 0 | 0",
    ];
    assert_eq!(shown(&session, ""), expected);
}

#[test]
fn all_columns_come_by_default() {
    let session = session(STUDIO);
    let page = request_page(&session, REPORT, "");
    assert_eq!(page.total, 7);
    let found = keys(&page).join(" ");
    assert_eq!(
        found,
        "customer_membership.id customer.id customer.name customer.email customer.venue.id \
         customer.venue.name membership.id membership.name type status period_type limit_type \
         start_date end_date offering_type.id offering_type.name is_extra max_uses used_count \
         remaining_count bookable_count original_max_uses active_days total_days"
    );
    let lines = rows(&session, REPORT, "limit=2");
    assert_eq!(
        lines[1],
        "1 | 1 | Ann | - | - | - | 3 | Gold | recurring | active | month | event | 2026-02-01 | \
         2026-02-28 | 12 | HIIT | false | 2 | 2 | 0 | 0 | 3 | 21 | 28"
    );
}

#[test]
fn required_columns_come_first_when_left_out() {
    let session = session(STUDIO);
    let keys = |columns: &str| keys(&request_page(&session, REPORT, columns)).join(" ");
    assert_eq!(keys("columns=type"), "customer_membership.id customer.id type");
    let asked = "columns=type,customer_id";
    assert_eq!(keys(asked), "customer_membership.id type customer.id");
}

#[test]
fn groups_sum_what_is_not_null() {
    let session = session(STUDIO);
    let grouped = |text: &str| rows(&session, "customer_membership_usage.grouped", text).join(", ");
    for (text, expected) in [
        (
            "columns=membership,count,max_uses,used_count,remaining_count",
            "3 | Gold | 5 | 16 | 5 | 11, 4 | Free | 1 | - | 2 | -, 5 | Pack | 1 | 1 | 1 | 0",
        ),
        ("columns=is_exhausted,count&sort=is_exhausted", "false | 5, true | 2"),
        ("columns=period_type,used_count&period_types=month,week", "month | 5, week | 0"),
        ("columns=count,used_count,max_uses&date=2026-01-15&ids=1", "3 | 2 | 13"),
        ("columns=count,used_count&ids=99", "0 | -"),
        ("columns=offering_type,count&include_offering_types=false", "- | - | 5"),
    ] {
        assert_eq!(grouped(text), expected, "{text}");
    }
}

#[test]
fn filters_sorts_and_pages_act_on_computed_numbers() {
    let session = session(STUDIO);
    let of = |more: &str| {
        let text = format!("columns=customer_membership_id,customer_id,used_count&{more}");
        let page = request_page(&session, REPORT, &text);
        (page.total, rows(&session, REPORT, &text).join(", "))
    };
    for (more, total, expected) in [
        ("sort=remaining_count,-used_count&limit=3", 7, "1 | 1 | 2, 7 | 2 | 1, 1 | 1 | 1"),
        ("sort=customer_membership,used_count&limit=3", 7, "1 | 1 | 1, 1 | 1 | 2, 1 | 1 | 2"),
        ("sort=-active_days&limit=3&offset=2", 7, "1 | 1 | 1, 2 | 2 | 2, 3 | 1 | 0"),
        ("is_exhausted=true", 2, "1 | 1 | 2, 7 | 2 | 1"),
        ("is_exhausted=false", 5, "1 | 1 | 2, 1 | 1 | 1, 2 | 2 | 2, 3 | 1 | 0, 3 | 1 | 0"),
        ("used_count_gte=2&sort=-customer_membership.id", 3, "2 | 2 | 2, 1 | 1 | 2, 1 | 1 | 2"),
        ("used_count_lte=0", 2, "3 | 1 | 0, 3 | 1 | 0"),
        ("remaining_count_gte=4", 2, "1 | 1 | 2, 3 | 1 | 0"),
        (
            "include_offering_types=false",
            5,
            "1 | 1 | 2, 2 | 2 | 2, 3 | 1 | 0, 3 | 1 | 0, 7 | 2 | 1",
        ),
        ("offering_types=13", 1, "1 | 1 | 1"),
        ("period_types=week,lifetime", 2, "3 | 1 | 0, 7 | 2 | 1"),
        ("limit_types=course", 1, "3 | 1 | 0"),
        ("types=pack", 1, "7 | 2 | 1"),
        ("status=completed", 1, "7 | 2 | 1"),
        ("customers=2", 2, "2 | 2 | 2, 7 | 2 | 1"),
        ("memberships=4", 1, "2 | 2 | 2"),
        ("ids=3,4", 2, "3 | 1 | 0, 3 | 1 | 0"),
        ("id_gt=2", 3, "3 | 1 | 0, 3 | 1 | 0, 7 | 2 | 1"),
        ("sort=-used_count&limit=2&offset=1", 7, "1 | 1 | 2, 2 | 2 | 2"),
        ("date=2026-01-15&ids=1", 3, "1 | 1 | 1, 1 | 1 | 1, 1 | 1 | 0"),
        ("date=1800-01-01&ids=1", 3, "1 | 1 | 0, 1 | 1 | 0, 1 | 1 | 0"),
        ("date=2999-12-31&ids=2", 1, "2 | 2 | 2"),
        ("limit=0", 7, ""),
    ] {
        assert_eq!(of(more), (total, expected.to_owned()), "{more}");
    }
}

#[test]
fn events_that_do_not_fit_in_memory_are_refused_as_any_plan_is() {
    let events =
        (100..20_100).map(|id| format!(" {id} | 12 | class | 2026-02-02T10:00:00Z | active\n"));
    let mut tables = STUDIO.split("\n\n").collect::<Vec<_>>();
    let with_many = tables[5].trim_start().to_owned() + "\n" + &events.collect::<String>();
    tables[5] = &with_many;
    let session = session(&tables.join("\n\n"));
    let ask = |text: &str| {
        let request = parse(&session, REPORT, &query(text)).unwrap();
        futures::executor::block_on(reports::run_page(&session, &request))
    };
    let pool = &session.engine().state().runtime_env().memory_pool;
    let taken = MemoryConsumer::new("other plans").register(pool);
    taken.try_grow(59 << 20).unwrap();
    let error = ask("used_count_gte=0").unwrap_err();
    assert_eq!(error.code(), "memory_exhausted");
    assert!(format!("{error:?}").contains("events that usage counts"), "{error:?}");
    drop(taken);
    assert_eq!(ask("used_count_gte=0").unwrap().total, 7);
}

#[test]
fn numbers_are_the_same_however_many_bookings_one_membership_has() {
    let mut tables = STUDIO.to_owned();
    let bookings = (100..30_100).map(|id| {
        let owner = if id < 12_000 { 1 } else { 1 + id % 3 };
        format!(" {id} | 1 | {owner} | attended | membership | false\n")
    });
    tables.extend(bookings);
    let session = session(&tables);
    let shown = "columns=customer_membership_id,customer_id,period_type,used_count\
        &include_offering_types=false&sort=customer_membership.id,used_count";
    let expected = [
        "1 | 1 | month | 17936",
        "2 | 2 | - | 6035",
        "3 | 1 | year | 0",
        "3 | 1 | week | 0",
        "7 | 2 | lifetime | 1",
    ];
    assert_eq!(rows(&session, REPORT, shown), expected);
    assert_eq!(rows(&session, REPORT, &format!("{shown}&limit=1")), expected[..1]);
}
