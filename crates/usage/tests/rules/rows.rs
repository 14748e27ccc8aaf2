//! Tests of the readers of stored cells.

use std::num::NonZeroU16;

use model::catalogue;
use model::cell::{Cell, CellRef};
use model::time::Zone;
use usage::rows::{
    AttendanceReader, EventReader, HoldReader, MembershipReader, PlanReader, SiteZones,
};
use usage::upgrade::MembershipType;
use usage::{
    BookedEvent, BookingMethod, BookingStatus, EventKind, MembershipStatus, UnusableMembership,
    UsageError, UsageLimits,
};

use crate::scenario::{allotment, date, instant};

/// Returns a row of a table with the given cells. All other cells are null.
fn row(table: &str, given: &[(&str, Cell)]) -> Vec<Cell> {
    let table = catalogue::table(table).unwrap();
    let mut cells = vec![Cell::Null; table.columns.len()];
    for (name, cell) in given {
        cells[table.position_of(name).unwrap()] = cell.clone();
    }
    cells
}

fn at<'c>(cells: &'c [Cell]) -> impl Fn(usize) -> CellRef<'c> {
    |position| cells[position].as_ref()
}

fn day(text: &str) -> Cell {
    Cell::Int(date(text).days().into())
}

fn moment(text: &str) -> Cell {
    Cell::Int(instant(text).micros())
}

fn membership_row() -> Vec<Cell> {
    row(
        "customer_memberships",
        &[
            ("id", Cell::Int(7)),
            ("membership_id", Cell::Int(3)),
            ("type", Cell::text("recurring")),
            ("status", Cell::text("hold")),
            ("purchased_at", moment("2026-01-15T10:00:00Z")),
            ("start_date", day("2026-01-16")),
            ("cancelled_at", moment("2026-05-01T00:00:00Z")),
            ("custom_allotment", Cell::text(allotment("week 2").to_json())),
            ("billing_anchor_day", Cell::Int(31)),
            ("billing_interval_weeks", Cell::Int(4)),
        ],
    )
}

#[test]
fn a_customer_membership_is_read_with_its_plan() {
    let reader = MembershipReader::default();
    let cells = membership_row();
    let membership = reader.read(at(&cells)).unwrap();
    assert_eq!((membership.id, membership.status), (7, MembershipStatus::Hold));
    assert_eq!(membership.purchased_at, instant("2026-01-15T10:00:00Z"));
    assert_eq!(membership.start_date, Some(date("2026-01-16")));
    assert_eq!(membership.expiration_date, None);
    assert_eq!(membership.cancelled_at, Some(instant("2026-05-01T00:00:00Z")));
    assert_eq!(membership.custom_limits, Some(UsageLimits::from_allotment(&allotment("week 2"))));
    assert_eq!(membership.billing_anchor_day, Some(31));
    assert_eq!(membership.billing_interval_weeks, NonZeroU16::new(4));
    assert_eq!(reader.plan_id(at(&cells)).unwrap(), 3);
    assert_eq!(reader.membership_type(at(&cells)).unwrap(), MembershipType::Recurring);
    let unusable = membership.unusable_on(date("2026-03-01"), &[], &Zone::utc());
    assert_eq!(unusable, Some(UnusableMembership::HeldWithoutHold));

    let plan = row(
        "memberships",
        &[
            ("begin_on_first_registration", Cell::Int(1)),
            ("allotment", Cell::text(allotment("month 8 [KB 3 extra]").to_json())),
        ],
    );
    let plan = PlanReader::default().read(at(&plan)).unwrap();
    assert!(plan.begin_on_first_registration);
    assert_eq!(plan.limits, UsageLimits::from_allotment(&allotment("month 8 [KB 3 extra]")));
    assert_eq!(plan.limits.offering_types(), [13]);
}

#[test]
fn a_hold_is_read() {
    let cells = row(
        "customer_membership_holds",
        &[
            ("id", Cell::Int(5)),
            ("customer_membership_id", Cell::Int(7)),
            ("start_date", day("2026-03-01")),
            ("prorate_usage", Cell::Int(1)),
        ],
    );
    let reader = HoldReader::default();
    let hold = reader.read(at(&cells)).unwrap();
    assert_eq!((hold.id, hold.end_date, hold.prorate_usage), (5, None, true));
    assert_eq!(hold.start_date, date("2026-03-01"));
    assert_eq!(reader.customer_membership_id(at(&cells)).unwrap(), 7);
}

fn zones() -> SiteZones {
    let mut zones = SiteZones::new(Zone::parse("Europe/London").unwrap());
    for (id, timezone) in [
        (1, Cell::text("America/New_York")),
        (2, Cell::Null),
        (3, Cell::text("Mars/Olympus")),
        (4, Cell::text("Pacific/Kiritimati")),
        (5, Cell::text("America/Sao_Paulo")),
    ] {
        let cells = row("sites", &[("id", Cell::Int(id)), ("timezone", timezone)]);
        zones.add_site(at(&cells)).unwrap();
    }
    zones
}

#[test]
fn an_event_falls_on_the_local_day_of_its_site() {
    let zones = zones();
    for (site, starts_at, expected) in [
        (Cell::Int(1), "2026-03-08T04:59:59Z", "2026-03-07"),
        // Summer time begins at 07:00 UTC on this day: the next midnight is an hour earlier.
        (Cell::Int(1), "2026-03-09T03:59:59Z", "2026-03-08"),
        (Cell::Int(1), "2026-03-09T04:00:00Z", "2026-03-09"),
        // A site without a zone, or with an invalid one, uses the provider's zone.
        (Cell::Int(2), "2026-06-30T23:30:00Z", "2026-07-01"),
        (Cell::Int(3), "2026-06-30T23:30:00Z", "2026-07-01"),
        (Cell::Int(99), "2026-06-30T23:30:00Z", "2026-07-01"),
        (Cell::Null, "2026-12-31T23:30:00Z", "2026-12-31"),
        (Cell::Int(4), "2026-12-31T10:00:00Z", "2027-01-01"),
        // A day that has no midnight.
        (Cell::Int(5), "2018-11-04T02:59:59Z", "2018-11-03"),
        (Cell::Int(5), "2018-11-04T03:00:00Z", "2018-11-04"),
    ] {
        let cells = row(
            "events",
            &[
                ("offering_type_id", Cell::Int(12)),
                ("site_id", site.clone()),
                ("kind", Cell::text("course_session")),
                ("starts_at", moment(starts_at)),
                ("status", Cell::text("active")),
                ("course_id", Cell::Int(4)),
            ],
        );
        let reader = EventReader::default();
        let event = BookedEvent {
            kind: EventKind::CourseSession,
            offering_type: 12,
            course: Some(4),
            date: date(expected),
            is_cancelled: false,
        };
        assert_eq!(reader.read(at(&cells), &zones).unwrap(), event, "{site:?} {starts_at}");
        assert_eq!(reader.site_id(at(&cells)).unwrap(), site.as_int());
    }
}

#[test]
fn every_word_of_an_attendance_is_known() {
    let event = BookedEvent {
        kind: EventKind::Class,
        offering_type: 12,
        course: None,
        date: date("2026-03-10"),
        is_cancelled: true,
    };
    let attendances = catalogue::table("attendances").unwrap();
    let words = |column: &str| {
        let kind = attendances.columns[attendances.position_of(column).unwrap()].kind;
        let catalogue::ColumnType::Enum(words) = kind else { panic!("{column}") };
        words
    };
    let mut seen = Vec::new();
    for (status, method) in
        words("status").iter().flat_map(|s| words("booking_method").iter().map(move |m| (*s, *m)))
    {
        let cells = row(
            "attendances",
            &[
                ("id", Cell::Int(9)),
                ("event_id", Cell::Int(8)),
                ("customer_membership_id", Cell::Int(7)),
                ("status", Cell::text(status)),
                ("booking_method", Cell::text(method)),
                ("comped", Cell::Int(1)),
            ],
        );
        let reader = AttendanceReader::default();
        let booking = reader.read(at(&cells), event).unwrap();
        assert_eq!((booking.attendance, booking.is_comped, booking.event), (9, true, event));
        assert_eq!(reader.event_id(at(&cells)).unwrap(), 8);
        assert_eq!(reader.customer_membership_id(at(&cells)).unwrap(), Some(7));
        seen.push((booking.status, booking.method));
    }
    assert_eq!(seen.len(), 12);
    assert!(seen.contains(&(BookingStatus::LateCancelled, BookingMethod::Free)));
    assert!(seen.contains(&(BookingStatus::NoShow, BookingMethod::Dropin)));
    assert!(seen.contains(&(BookingStatus::Registered, BookingMethod::Membership)));
    assert!((1..seen.len()).all(|at| !seen[..at].contains(&seen[at])), "each word its own");
}

#[test]
fn values_that_the_import_refuses_are_named_by_table_and_column() {
    let table = catalogue::table("customer_memberships").unwrap();
    for (column, cell, expected) in [
        ("status", Cell::text("paused"), "customer_memberships.status holds"),
        ("status", Cell::Null, "customer_memberships.status holds"),
        ("purchased_at", Cell::Null, "customer_memberships.purchased_at holds"),
        ("start_date", Cell::Int(i64::MAX), "customer_memberships.start_date holds"),
        ("start_date", Cell::text("2026-01-01"), "customer_memberships.start_date holds"),
        ("billing_anchor_day", Cell::Int(1000), "customer_memberships.billing_anchor_day holds"),
        (
            "custom_allotment",
            Cell::text(r#"{"types":[]}"#),
            "customer_memberships.custom_allotment is no allotment: types:",
        ),
    ] {
        let mut cells = membership_row();
        cells[table.position_of(column).unwrap()] = cell;
        let error = MembershipReader::default().read(at(&cells)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        let is_allotment = matches!(error, UsageError::Allotment { .. });
        let code = if is_allotment { "usage_allotment_invalid" } else { "usage_value_invalid" };
        assert_eq!(error.code(), code);
    }
}
