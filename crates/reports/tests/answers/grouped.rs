//! Grouped reports. Rule: spec/reports.md §9, vectors V7, V11.

use reports::ReportPage;

use crate::answers::{keys, lines, parse, query, request_page, rows};
use testkit::literal_tables::{provider, session, session_of};

const MEMBERSHIPS: &str = "customer_memberships.grouped";

const V11: &str = "
memberships
 id | name
 7  | Gold

customer_memberships
 id | membership_id | billed_price | currency
 1  | 7             | 4500         | gbp
 2  | 7             | 4500         | gbp
 3  | 7             | 6000         | eur
";

/// Returns `key=label` of every header, with its priority in the sort.
fn headers(page: &ReportPage) -> String {
    let shown = page.headers.iter().map(|header| {
        let sorted = header.sorted.map(|sorted| {
            let sign = if sorted.descending { "-" } else { "" };
            format!(" {sign}{}", sorted.priority)
        });
        format!("{}={}{}", header.key, header.label, sorted.unwrap_or_default())
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn currencies_are_never_added() {
    let page = request_page(&session(V11), MEMBERSHIPS, "columns=membership,count,billed_price");
    assert_eq!(lines(&page), ["7 | Gold | 1 | 60.00 eur | eur", "7 | Gold | 2 | 90.00 gbp | gbp"]);
    assert_eq!(page.total, 2);
    assert_eq!(
        headers(&page),
        "membership.id=Membership ID 0, membership.name=Membership Name 1, count=Count, \
         billed_price=Billed Price, currency=Currency 2"
    );
    assert!(page.headers[4].sortable && !page.headers[4].required);
}

#[test]
fn one_currency_shows_only_in_the_amounts() {
    let session = session(&V11.replace("eur", "gbp"));
    let page = request_page(&session, MEMBERSHIPS, "columns=membership,count,billed_price");
    assert_eq!(lines(&page), ["7 | Gold | 3 | 150.00 gbp"]);
    assert!(!page.columns.iter().any(|column| column.key == "currency"));
}

#[test]
fn a_currency_asked_for_stands_where_it_was_asked_for() {
    let session = session(V11);
    for (text, expected) in [
        ("columns=currency,count", "eur | 1; gbp | 2"),
        ("columns=count,currency,billed_price", "1 | eur | 60.00 eur; 2 | gbp | 90.00 gbp"),
        ("columns=currency,billed_price&memberships=8", ""),
        ("columns=count", "3"),
        ("columns=billed_price", "60.00 eur | eur; 90.00 gbp | gbp"),
        ("columns=billed_price&sort=-currency", "90.00 gbp | gbp; 60.00 eur | eur"),
        ("columns=billed_price&sort=-billed_price", "90.00 gbp | gbp; 60.00 eur | eur"),
    ] {
        assert_eq!(rows(&session, MEMBERSHIPS, text).join("; "), expected, "{text}");
    }
}

#[test]
fn only_measures_make_one_total_row_always() {
    let mut elsewhere = provider();
    elsewhere.currency = model::money::Currency::parse("jpy").unwrap();
    let session = session_of(elsewhere, V11);
    for (text, expected) in [
        ("columns=count", "0"),
        ("columns=billed_price,count", "0 jpy | 0"),
        ("columns=billed_price,count&limit=0", ""),
        ("columns=billed_price,count&offset=1", ""),
        ("columns=count&offset=99900", ""),
        ("columns=billed_price&pivot=active_by_month&max_pivot_columns=2", "0 jpy | 0 jpy | 0 jpy"),
    ] {
        let page = request_page(&session, MEMBERSHIPS, &format!("{text}&ids=99"));
        assert_eq!(lines(&page).join("; "), expected, "{text}");
        assert_eq!(page.total, 1, "{text}");
    }
    let none = request_page(&session, MEMBERSHIPS, "columns=type,count&ids=99");
    assert_eq!((none.total, lines(&none).len()), (0, 0));
}

const STUDIO: &str = "
customers
 id | name | first_name | last_name | email | created_at           | date_of_birth | gender | last_login_at        | deleted_at
 1  | Ann  | -          | -         | a@x   | 2025-06-30T23:30:00Z | 2000-02-14    | f      | 2025-07-01T00:00:00Z | -
 2  | ann  | -          | -         | -     | 2026-02-01T10:15:00Z | 2000-02-15    | f      | -                    | -
 3  | -    | Bo         | Lee       | -     | 2026-02-01T11:00:00Z | -             | -      | -                    | -
 4  | Zed  | -          | -         | -     | 2026-02-01T11:00:00Z | -             | m      | -                    | 2026-02-02T00:00:00Z

payment_processors
 id | name
 12 | Stripe
 13 | Stripe
 14 | -

memberships
 id | name
 7  | Gold
 8  | Gold
 9  | silver

customer_memberships
 id | customer_id | membership_id | type      | status    | payment_processor_id | purchased_at         | start_date | expiration_date | cancelled_at         | cancellation_reason | billed_price        | deleted_at
 10 | 1           | 7             | recurring | active    | 12                   | 2026-01-31T23:30:00Z | 2026-02-01 | -               | -                    | -                   | 4500                | -
 11 | 1           | 8             | pack      | active    | 13                   | 2025-06-30T23:30:00Z | 2025-07-01 | 2026-07-01      | -                    | -                   | 9223372036854775807 | -
 12 | 2           | 8             | prepaid   | cancelled | 14                   | 2025-01-01T00:00:00Z | 2025-01-01 | 2025-12-31      | 2025-06-30T23:30:00Z | upgraded            | 9223372036854775807 | -
 13 | 2           | 9             | pack      | active    | -                    | 2024-01-01T00:00:00Z | -          | -               | -                    | -                   | 1                   | -
 14 | 2           | 9             | pack      | active    | -                    | 2024-01-01T00:00:00Z | -          | -               | -                    | -                   | 100                 | 2026-01-01T00:00:00Z

invoices
 id | customer_id | status | due_date   | paid_at              | total | discount | customer_membership_id | purchase_type | payment_processor_id
 20 | 1           | paid   | 2026-01-31 | 2026-01-31T10:00:00Z | 1000  | 0        | 10                     | membership    | 12
 21 | 2           | open   | 2026-02-10 | -                    | 2000  | 100      | -                      | store         | 13
 22 | 2           | draft  | -          | -                    | -500  | 0        | 12                     | store         | -
 23 | 3           | open   | -          | -                    | 0     | 0        | -                      | -             | -

invoice_lines
 id | invoice_id | description | type
 2  | 21         | Mat         | service_fee
 1  | 21         | -           | flat_fee
 3  | 20         | January     | flat_fee
 4  | 22         | Credit      | recurring_plan_membership

payments
 id | invoice_id | status | type   | date
 1  | 21         | failed | online | 2026-02-11T00:00:00Z
";

#[test]
fn rows_with_equal_dimensions_form_a_group() {
    let session = session(STUDIO);
    for (text, expected) in [
        ("columns=type,count", "pack | 2; prepaid | 1; recurring | 1"),
        ("columns=type", "pack; prepaid; recurring"),
        ("columns=count,type&sort=-count,-type", "2 | pack; 1 | recurring; 1 | prepaid"),
        ("columns=status,count", "active | 3; upgraded | 1"),
        ("columns=membership.name,count", "Gold | 3; silver | 1"),
        ("columns=membership,count", "7 | Gold | 1; 8 | Gold | 2; 9 | silver | 1"),
        ("columns=membership_id,count&sort=-membership", "9 | 1; 8 | 2; 7 | 1"),
        ("columns=membership,count&sort=-membership", "9 | silver | 1; 7 | Gold | 1; 8 | Gold | 2"),
        // Two processors with the same name are one group. So are a processor without a name and
        // none.
        ("columns=payment_processor,count", "Stripe | 2; - | 2"),
        (
            "columns=purchase_year,purchase_month,count",
            "2024 | 1 | 1; 2025 | 1 | 1; 2025 | 7 | 1; 2026 | 1 | 1",
        ),
        ("columns=start_month,start_year", "1 | 2025; 2 | 2026; 7 | 2025; - | -"),
        (
            "columns=expiration_year,expiration_month,count",
            "2025 | 12 | 1; 2026 | 7 | 1; - | - | 2",
        ),
        ("columns=cancelled_month,cancelled_year,count", "7 | 2025 | 1; - | - | 3"),
        ("columns=type,count&status=active&memberships=8,9", "pack | 2"),
        ("columns=type,count&id_gt=11", "pack | 1; prepaid | 1"),
        ("columns=type,count&limit=1&offset=1", "prepaid | 1"),
        ("columns=type,count&page=2&page_size=2", "recurring | 1"),
        // The sum exceeds 64 bits and is exact.
        ("columns=billed_price", "184467440737095561.15 gbp"),
    ] {
        assert_eq!(rows(&session, MEMBERSHIPS, text).join("; "), expected, "{text}");
    }
    assert_eq!(request_page(&session, MEMBERSHIPS, "columns=type,count&limit=1").total, 3);
    assert_eq!(request_page(&session, MEMBERSHIPS, "columns=type,count&limit=0").total, 3);
}

#[test]
fn customers_are_grouped_by_their_local_times() {
    let session = session(STUDIO);
    for (text, expected) in [
        ("columns=created_date,count", "2025-07-01 | 1; 2026-02-01 | 2"),
        (
            "columns=created_year,created_month,created_hour,count",
            "2025 | 7 | 0 | 1; 2026 | 2 | 10 | 1; 2026 | 2 | 11 | 1",
        ),
        ("columns=gender,count", "f | 2; - | 1"),
        ("columns=gender,count&include_deleted=true", "f | 2; m | 1; - | 1"),
        ("columns=is_claimed,is_new,count", "false | true | 2; true | false | 1"),
        ("columns=age,count", "25 | 1; 26 | 1; - | 1"),
        ("columns=birth_month,count&ids=1,2", "2 | 2"),
        ("columns=registration_blocked,count", "- | 3"),
        ("columns=registration_blocked,count&ids=99", ""),
        (
            "columns=is_active,is_slipping_away,has_account_credit,count",
            "false | false | false | 1; true | false | false | 2",
        ),
        ("columns=count&extra_customer_fields=tier", "3"),
    ] {
        assert_eq!(rows(&session, "customers.grouped", text).join("; "), expected, "{text}");
    }
}

#[test]
fn invoices_are_grouped_by_what_was_bought() {
    let session = session(STUDIO);
    for (text, expected) in [
        ("columns=status,count", "failed | 1; open | 1; paid | 1; upcoming | 1"),
        ("columns=customer,count", "1 | Ann | a@x | 1; 2 | ann | - | 2; 3 | Bo Lee | - | 1"),
        ("columns=customer_name,count", "Ann | 1; ann | 2; Bo Lee | 1"),
        ("columns=customer_email,total_amount", "a@x | 10.00 gbp; - | 15.00 gbp"),
        ("columns=purchased_item,count", "Gold | 2; Mat | 1; - | 1"),
        ("columns=purchase_fee_type,count", "flat_fee | 2; - | 2"),
        ("columns=payment_processor,count", "Stripe | 2; - | 2"),
        ("columns=due_date_year,due_date_month,count", "2026 | 1 | 1; 2026 | 2 | 1; - | - | 2"),
        ("columns=payment_month,payment_year", "1 | 2026; - | -"),
        ("columns=payout_month,payout_year,count,total_amount", "- | - | 4 | 25.00 gbp"),
        (
            "columns=total_amount,purchase_type&sort=total_amount",
            "0.00 gbp | -; 10.00 gbp | membership; 15.00 gbp | store",
        ),
        ("columns=count&discount_applied=true", "1"),
    ] {
        assert_eq!(rows(&session, "invoices.grouped", text).join("; "), expected, "{text}");
    }
}

#[test]
fn what_a_grouped_report_needs_is_asked_for() {
    let session = session("");
    for (report, text, field) in [
        (MEMBERSHIPS, "", "columns"),
        (MEMBERSHIPS, "columns=", "columns"),
        (MEMBERSHIPS, "columns=foo", "columns"),
        (MEMBERSHIPS, "columns=id,count", "columns"),
        (MEMBERSHIPS, "columns=customer,count", "columns"),
        (MEMBERSHIPS, "columns=membership,count&max_pivot_columns=13", "max_pivot_columns"),
        (MEMBERSHIPS, "columns=count&max_pivot_columns=0", "max_pivot_columns"),
        (MEMBERSHIPS, "columns=count&pivot=all", "pivot"),
        (MEMBERSHIPS, "columns=count&pivot=month", "pivot"),
        (MEMBERSHIPS, "columns=type&pivot=active_by_month", "pivot"),
        (MEMBERSHIPS, "columns=count&pivot_until=2026-02-30", "pivot_until"),
        (MEMBERSHIPS, "columns=type,count&sort=status", "sort"),
        (MEMBERSHIPS, "columns=type,count&sort=billed_price", "sort"),
        (MEMBERSHIPS, "columns=type,count&sort=currency", "sort"),
        (MEMBERSHIPS, "columns=type,count&sort=foo", "sort"),
        (MEMBERSHIPS, "columns=type,count&sort=membership", "sort"),
        (MEMBERSHIPS, "columns=count&sort=pivot.2026-01.count", "sort"),
        (MEMBERSHIPS, "columns=count&pivot=active_by_month&sort=pivot.2025-01.count", "sort"),
        (
            MEMBERSHIPS,
            "columns=count&pivot=active_by_month&sort=pivot.2026-01.billed_price",
            "sort",
        ),
        ("invoices.grouped", "columns=payout_month,count&sort=payout_month", "sort"),
        ("invoices.grouped", "columns=count&pivot=all", "pivot"),
        ("customers.grouped", "columns=count&max_pivot_columns=4", "max_pivot_columns"),
        ("customers.grouped", "columns=count&pivot_until=2026-02-01", "pivot_until"),
        ("customers.grouped", "columns=count&is_any=old", "is_any"),
    ] {
        let errors = parse(&session, report, &query(text)).unwrap_err();
        assert_eq!(errors.0.keys().collect::<Vec<_>>(), [field], "{report} {text}");
    }
}

#[test]
fn no_column_of_groups_is_required() {
    let session = session(STUDIO);
    let page = request_page(&session, "invoices.grouped", "columns=count,customer_id");
    assert_eq!(keys(&page), ["count", "customer.id"]);
    assert!(page.headers[1].holds_customer_id);
    assert!(page.headers.iter().all(|header| !header.required));
}

#[test]
fn pages_of_groups_walk_through_all_of_them() {
    let mut tables = "customer_memberships\n id | membership_id | billed_price\n".to_owned();
    for id in 1..=230 {
        tables.push_str(&format!(" {id} | {} | {id}\n", id % 115 + 1));
    }
    let session = session(&tables);
    for sort in ["", "&sort=-billed_price", "&sort=count"] {
        let mut seen = Vec::new();
        for offset in (0..140).step_by(20) {
            let text =
                format!("columns=membership.id,count,billed_price&limit=20&offset={offset}{sort}");
            let page = request_page(&session, MEMBERSHIPS, &text);
            assert_eq!(page.total, 115);
            seen.extend(lines(&page));
        }
        assert_eq!(seen.len(), 115);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 115, "{sort}");
    }
}

const BOOKINGS: &str = "
sites
 id | name  | timezone
 4  | North | America/New_York
 5  | South | -

offering_types
 id | name
 1  | Yoga

booking_sources
 id | name
 1  | App

customers
 id | name | email
 1  | Ann  | a@x

memberships
 id | name   | type
 7  | Gold   | recurring
 8  | Silver | prepaid

customer_memberships
 id | customer_id | membership_id | type      | deleted_at
 10 | 1           | 7             | recurring | -
 11 | 1           | 8             | prepaid   | -
 12 | 1           | 8             | prepaid   | 2026-01-01T00:00:00Z

customer_membership_holds
 id | customer_membership_id | start_date | end_date   | payment_resolution_type
 1  | 10                     | 2026-01-01 | 2026-01-02 | none
 2  | 10                     | 2026-02-01 | 2026-02-03 | charge
 3  | 11                     | 2026-02-20 | -          | credit
 4  | 12                     | 2026-02-20 | -          | credit

events
 id | kind           | status    | starts_at               | site_id | offering_type_id
 1  | class          | active    | 2026-02-01T02:00:00Z    | 4       | 1
 2  | class          | active    | 2026-02-01T18:30:00.75Z | 5       | 1
 3  | appointment    | active    | 2026-02-02T18:30:00Z    | -       | -
 4  | class          | active    | 2026-03-02T18:30:00Z    | -       | -
 5  | class          | cancelled | 2026-02-02T18:30:00Z    | -       | -
 6  | course_session | active    | 2026-02-02T18:30:00Z    | -       | -

attendances
 id | event_id | customer_id | status     | booking_method | booking_source_id
 1  | 1        | 1           | attended   | membership     | 1
 2  | 2        | 1           | attended   | free           | -
 3  | 3        | 2           | no_show    | free           | -
 4  | 4        | 1           | registered | dropin         | -
 5  | 5        | 1           | registered | dropin         | -
 6  | 6        | 1           | registered | dropin         | -

invoices
 id | customer_id | status | deleted_at
 20 | 1           | paid   | -
 21 | 1           | paid   | 2026-01-01T00:00:00Z

invoice_lines
 id | invoice_id | type     | customer_membership_id | order_item_id | amount | currency
 1  | 20         | flat_fee | -                      | -             | 1000   | gbp
 2  | 20         | -        | 10                     | -             | -250   | gbp
 3  | 20         | -        | 11                     | -             | 500    | eur
 4  | 20         | -        | -                      | 3             | 7      | gbp
 5  | 20         | -        | -                      | -             | 1      | gbp
 6  | 21         | -        | -                      | -             | 1      | jpy
";

#[test]
fn bookings_are_grouped_by_the_clocks_of_their_site() {
    let session = session(BOOKINGS);
    for (text, expected) in [
        ("columns=day_of_week,count", "monday | 1; saturday | 1; sunday | 1"),
        ("columns=day_of_week&sort=-day_of_week", "sunday; saturday; monday"),
        ("columns=event_start_time,count", "66600000000 | 2; 75600000000 | 1"),
        ("columns=venue,count", "4 | North | 1; 5 | South | 1; - | - | 1"),
        ("columns=offering_type,count", "1 | Yoga | 2; - | - | 1"),
        ("columns=customer,count", "1 | Ann | a@x | 2; 2 | - | - | 1"),
        ("columns=booking_source,booking_method,count", "App | membership | 1; - | free | 2"),
        ("columns=status,count&include_future=true", "attended | 2; no_show | 1; registered | 1"),
        // The first event was on 31 January at its site.
        ("columns=count&pivot=month&max_pivot_columns=2", "3 | 1 | 2"),
        ("columns=count&pivot=week&max_pivot_columns=1&event_start_lte=2026-02-01", "2 | 2"),
        ("columns=count&pivot=month&max_pivot_columns=2&include_future=true", "4 | 2 | 1"),
        ("columns=count&pivot=all", "3"),
    ] {
        assert_eq!(rows(&session, "attendances.grouped", text).join("; "), expected, "{text}");
    }
}

#[test]
fn pivots_of_bookings_end_with_their_filter_today_or_the_last_event() {
    let session = session(BOOKINGS);
    for (text, last) in [
        ("", "2026-02"),
        ("pivot_until=2025-12-31", "2025-12"),
        ("pivot_until=2026-05-31", "2026-02"),
        ("event_start_lte=2025-07-01", "2025-07"),
        ("event_start_lte=2025-07-01&event_timeframe=2025-06", "2025-06"),
        ("event_timeframe=2026-03", "2026-02"),
        ("include_future=true", "2026-03"),
        ("include_future=true&customers=2", "2026-02"),
        ("include_future=true&event_timeframe=2026-04", "2026-04"),
        ("include_future=true&pivot_until=2027-01-01", "2027-01"),
        ("include_future=true&sort=-pivot.2026-03.count", "2026-03"),
        ("include_future=true&sort=-pivot.2026-09.count", "2026-03"),
    ] {
        let text = format!("columns=status,count&pivot=month&{text}");
        let page = request_page(&session, "attendances.grouped", &text);
        let key = keys(&page).last().unwrap().split('.').nth(1).unwrap().to_owned();
        assert_eq!(key, last, "{text}");
    }
}

#[test]
fn holds_are_grouped_with_their_mean_length() {
    let session = session(BOOKINGS);
    for (text, expected) in [
        ("columns=membership.name,average_hold_duration,count", "Gold | 3 | 2; Silver | - | 1"),
        ("columns=membership,count", "Gold | recurring_plan | 2; Silver | prepaid_plan | 1"),
        ("columns=status,count", "ended | 2; upcoming | 1"),
        ("columns=payment_resolution_type,count", "charge | 1; credit | 1; - | 1"),
        (
            "columns=start_month,start_year,end_month,end_year",
            "1 | 2026 | 1 | 2026; 2 | 2026 | 2 | 2026; 2 | 2026 | - | -",
        ),
        ("columns=average_hold_duration&pivot=month&max_pivot_columns=3", "3 | - | 2 | 3"),
        ("columns=count&pivot=week&max_pivot_columns=2&pivot_until=2026-02-22", "3 | 0 | 1"),
        ("columns=count&pivot=year&max_pivot_columns=1&start_date_lte=2026-01-31", "1 | 1"),
        ("columns=average_hold_duration&memberships=8", "-"),
    ] {
        let found = rows(&session, "customer_membership_holds.grouped", text);
        assert_eq!(found.join("; "), expected, "{text}");
    }
    let page = request_page(
        &session,
        "customer_membership_holds.grouped",
        "columns=count&pivot=month&start_timeframe=past",
    );
    assert_eq!(keys(&page)[4], "pivot.2026-02.count");
}

#[test]
fn lines_are_grouped_without_columns_asked_for() {
    let session = session(BOOKINGS);
    for (text, expected) in [
        (
            "",
            "10.00 gbp | flat_fee | gbp; 5.00 eur | prepaid_plan_membership | eur; \
             -2.50 gbp | recurring_plan_membership | gbp; 0.07 gbp | store_order | gbp; \
             0.01 gbp | - | gbp",
        ),
        ("columns=count", "5"),
        ("columns=currency,total_amount", "eur | 5.00 eur; gbp | 7.58 gbp"),
        ("columns=total_amount&invoice_status=open", "0.00 gbp"),
    ] {
        let found = rows(&session, "invoice_line_items.grouped", text);
        assert_eq!(found.join("; "), expected, "{text}");
    }
}
