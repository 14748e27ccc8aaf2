//! customers. Rule: spec/reports.md §17.4.

use crate::answers::{cell, ids, lines, request_page};
use testkit::literal_tables::session;

const PEOPLE: &str = "
sites
 id | name
 4  | North

customers
 id | site_id | name | first_name | last_name | email | phone | date_of_birth | gender | is_lead | last_login_at        | created_at           | deleted_at           | external_id | language | organization | metadata
 1  | 4       | Ann  | Ann        | Lee       | a@x   | 123   | 2000-02-29    | f      | false   | 2026-01-01T00:00:00Z | 2025-01-01T00:00:00Z | -                    | E1          | en       | Acme         | {\"shirt\":\"L\",\"n\":1.50}
 2  | -       | Bo   | -          | -         | -     | -     | 1990-02-14    | -      | true    | -                    | 2026-01-15T23:30:00Z | -                    | -           | -        | -            | {}
 3  | -       | Cy   | -          | -         | -     | -     | -             | -      | false   | -                    | 2026-01-16T00:00:00Z | -                    | -           | -        | -            | {}
 4  | -       | Di   | -          | -         | -     | -     | -             | -      | false   | -                    | 2026-01-14T00:00:00Z | 2026-02-01T00:00:00Z | -           | -        | -            | {}
 5  | -       | Ed   | -          | -         | -     | -     | -             | -      | false   | -                    | 2025-01-14T00:00:00Z | -                    | -           | -        | -            | {}
 6  | -       | Fi   | -          | -         | -     | -     | -             | -      | false   | -                    | 2025-01-14T00:00:00Z | -                    | -           | -        | -            | {}

addresses
 id | customer_id | type     | line1 | line2 | city  | state | postal_code | country | is_default | deleted_at
 1  | 1           | billing  | draft  | -     | -     | -     | -           | GB      | false      | -
 2  | 1           | shipping | ship  | two   | Town  | Shire | AB1         | GB      | false      | -
 3  | 1           | shipping | gone  | -     | -     | -     | -           | GB      | true       | 2026-01-01T00:00:00Z
 4  | 2           | shipping | ship  | -     | -     | -     | -           | GB      | false      | -
 5  | 2           | billing  | main  | -     | -     | -     | -           | GB      | true       | -

memberships
 id | name
 7  | Gold
 8  | Silver

customer_memberships
 id | customer_id | membership_id | status    | cancellation_reason | shared_with | deleted_at
 12 | 1           | 7             | active    | -                   | []          | -
 11 | 1           | 8             | active    | -                   | [3]         | -
 10 | 1           | 7             | cancelled | upgraded            | [5]         | -
 13 | 1           | 7             | completed | -                   | []          | -
 14 | 1           | 9             | active    | -                   | [5]         | 2026-01-01T00:00:00Z
 15 | 4           | 7             | active    | -                   | []          | -

customer_membership_holds
 id | customer_membership_id | start_date | end_date
 1  | 11                     | 2026-02-01 | -

events
 id | name  | kind           | starts_at            | status
 1  | Yoga  | class          | 2026-01-31T11:59:59Z | active
 2  | Swim  | course_session | 2025-12-16T12:00:00Z | active
 3  | Box   | class          | 2026-03-01T00:00:00Z | cancelled
 4  | Run   | class          | 2026-01-01T00:00:00Z | active

attendances
 id | customer_id | event_id | status
 1  | 1           | 1        | attended
 2  | 1           | 3        | registered
 3  | 1           | 4        | no_show
 4  | 1           | 2        | late_cancelled
 5  | 2           | 2        | registered
 6  | 2           | 2        | attended
 7  | 5           | 4        | no_show

invoices
 id | customer_id | status   | deleted_at
 1  | 1           | past_due | -
 2  | 2           | paid     | -

payments
 id | customer_id | invoice_id | status    | amount | currency | date                 | deleted_at
 1  | 1           | 1          | failed    | 10     | gbp      | 2026-02-01T00:00:00Z | -
 2  | 1           | 1          | succeeded | 300    | jpy      | 2026-01-01T00:00:00Z | -
 3  | 1           | 1          | succeeded | 200    | eur      | 2026-01-01T00:00:00Z | -
 4  | 1           | 1          | succeeded | 100    | gbp      | 2026-01-02T00:00:00Z | 2026-01-03T00:00:00Z
 5  | 2           | 2          | failed    | 10     | gbp      | 2026-01-02T00:00:00Z | -

balance_transactions
 id | customer_id | amount | currency
 1  | 1           | -500   | gbp
 2  | 1           | 100    | gbp
 3  | 1           | -9900  | eur
 4  | 2           | 100    | gbp
";

#[test]
fn every_column_has_its_source() {
    let session = session(PEOPLE);
    for (column, first, second, third) in [
        ("id", "1", "2", "3"),
        ("full_name", "Ann", "Bo", "Cy"),
        ("first_name", "Ann", "-", "-"),
        ("last_name", "Lee", "-", "-"),
        ("email", "a@x", "-", "-"),
        ("created_at", "2025-01-01T00:00:00Z", "2026-01-15T23:30:00Z", "2026-01-16T00:00:00Z"),
        ("deleted_at", "-", "-", "-"),
        ("is_active", "true", "true", "true"),
        ("date_of_birth", "2000-02-29", "1990-02-14", "-"),
        ("age", "25", "36", "-"),
        ("phone_number", "123", "-", "-"),
        (
            "address",
            "{first_line ship, second_line two, city Town, region Shire, country GB, \
             postal_code AB1}",
            "{first_line main, second_line -, city -, region -, country GB, postal_code -}",
            "-",
        ),
        ("days_until_birthday", "14", "0", "-"),
        ("gender", "f", "-", "-"),
        ("is_claimed", "true", "false", "false"),
        ("is_new", "false", "false", "true"),
        ("is_slipping_away", "true", "false", "false"),
        ("registration_blocked", "-", "-", "-"),
        ("has_failed_payments", "true", "false", "false"),
        ("has_retry_payments", "-", "-", "-"),
        ("family.id", "-", "-", "-"),
        ("family.managers", "-", "-", "-"),
        ("venue.id", "4", "-", "-"),
        ("venue.name", "North", "-", "-"),
        ("instructor.name", "-", "-", "-"),
        ("referral_code", "-", "-", "-"),
        ("thumbnail_url", "-", "-", "-"),
        ("active_customer_memberships", "[{id 12, membership {id 7, name Gold}}]", "[]", "[]"),
        (
            "inactive_customer_memberships",
            "[{id 10, membership {id 7, name Gold}}; {id 13, membership {id 7, name Gold}}]",
            "[]",
            "[]",
        ),
        ("on_hold_customer_memberships", "[{id 11, membership {id 8, name Silver}}]", "[]", "[]"),
        ("referring_member.name", "-", "-", "-"),
        ("account_credit_balance", "4.00 gbp", "-1.00 gbp", "0.00 gbp"),
        ("last_payment_at", "2026-01-01T00:00:00Z", "-", "-"),
        ("last_payment_amount", "2.00 eur", "-", "-"),
        ("registered_and_attended_count", "1", "2", "0"),
        ("registrations_count", "0", "1", "0"),
        ("attendances_count", "1", "1", "0"),
        ("late_cancels_count", "1", "0", "0"),
        ("no_shows_count", "1", "0", "0"),
        (
            "latest_registration",
            "{id 1, starts_at 2026-01-31T11:59:59Z, name Yoga, type event}",
            "{id 2, starts_at 2025-12-16T12:00:00Z, name Swim, type course_session}",
            "-",
        ),
        ("emergency_contact.name", "-", "-", "-"),
        ("lead_source.name", "-", "-", "-"),
        ("is_lead", "false", "true", "false"),
        ("external_id", "E1", "-", "-"),
        ("language", "en", "-", "-"),
        ("organization", "Acme", "-", "-"),
    ] {
        let found = [1, 2, 3].map(|id| cell(&session, "customers", id, column));
        assert_eq!(found, [first, second, third], "{column}");
    }
}

#[test]
fn activity_is_owned_shared_or_recent() {
    let session = session(PEOPLE);
    // Ed's shared memberships were upgraded or deleted; Fi has nothing; Di is deleted.
    for (id, expected) in [(1, "true"), (2, "true"), (3, "true"), (5, "false"), (6, "false")] {
        assert_eq!(cell(&session, "customers", id, "is_active"), expected, "{id}");
    }
    assert_eq!(ids(&session, "customers", "is_active=true&include_deleted=true"), "1 2 3");
    // One second later Bo's registration is more than 60 days ago.
    assert_eq!(ids(&session, "customers", "is_active=true&as_of=2026-02-14T12:00:01Z"), "1 3");
    assert_eq!(ids(&session, "customers", "is_slipping_away=true&as_of=2026-02-14T11:59:59Z"), "");
}

#[test]
fn filters_keep_their_rows() {
    let session = session(PEOPLE);
    for (filter, expected) in [
        ("", "1 2 3 5 6"),
        ("include_deleted=true", "1 2 3 4 5 6"),
        ("include_deleted=false", "1 2 3 5 6"),
        ("created_at_gte=2026-01-15", "2 3"),
        ("created_at_lte=2026-01-15", "1 2 5 6"),
        ("created_at_timeframe=2026-01-15", "2"),
        ("latest_registration_starts_at_gte=2026-01-01", "1"),
        ("latest_registration_starts_at_lte=2026-01-01", "2"),
        ("date_of_birth_gte=1990-02-15", "1"),
        ("date_of_birth_lte=1990-02-14", "2"),
        ("ids=1,4,6", "1 6"),
        ("is_new=true", "3"),
        ("is_new=false", "1 2 5 6"),
        ("is_claimed=true", "1"),
        ("is_claimed=false", "2 3 5 6"),
        ("is_active=true", "1 2 3"),
        ("is_active=false", "5 6"),
        ("is_slipping_away=true", "1"),
        ("is_slipping_away=false", "2 3 5 6"),
        ("is_any=new,lead", "2 3"),
        ("is_any=inactive", "5 6"),
        ("is_any=slipping_away,registration_blocked", "1"),
        ("is_any=registration_blocked", ""),
        ("is_any=active,inactive", "1 2 3 5 6"),
        ("is_any=claimed", "1"),
        ("registration_blocked=true", ""),
        ("registration_blocked=false", "1 2 3 5 6"),
        ("has_account_credit=true", "1"),
        ("has_account_credit=false", "2 3 5 6"),
        ("active_memberships=7", "1"),
        ("active_memberships=8", ""),
        ("active_memberships=7,8,9&include_deleted=true", "1 4"),
        ("id_gt=3", "5 6"),
    ] {
        assert_eq!(ids(&session, "customers", filter), expected, "{filter}");
    }
}

#[test]
fn derived_columns_sort() {
    let session = session(PEOPLE);
    for (sort, expected) in [
        ("-full_name", "6 5 3 2 1"),
        ("is_active", "5 6 1 2 3"),
        ("-is_slipping_away", "1 2 3 5 6"),
        ("age", "1 2 3 5 6"),
        ("-age", "2 1 3 5 6"),
        ("days_until_birthday", "2 1 3 5 6"),
        ("-account_credit_balance", "1 3 5 6 2"),
        ("last_payment_at", "1 2 3 5 6"),
        ("-last_payment_amount", "1 2 3 5 6"),
        ("-registered_and_attended_count", "2 1 3 5 6"),
        ("no_shows_count", "2 3 6 1 5"),
        ("-has_failed_payments", "1 2 3 5 6"),
        ("venue", "1 2 3 5 6"),
        ("-is_new,-id", "3 6 5 2 1"),
    ] {
        assert_eq!(ids(&session, "customers", &format!("sort={sort}")), expected, "{sort}");
    }
}

#[test]
fn keys_of_the_metadata_become_columns() {
    let session = session(PEOPLE);
    let page = request_page(
        &session,
        "customers",
        "columns=id&ids=1,2&extra_customer_fields=shirt, n,nope",
    );
    assert_eq!(lines(&page), ["1 | L | 1.50 | -", "2 | - | - | -"]);
    let header = &page.headers[1];
    assert_eq!((header.key.as_str(), header.label.as_str()), ("custom_fields.shirt", "shirt"));
    assert!(!header.sortable && !header.required);
    assert!(page.headers[0].holds_customer_id);
}
