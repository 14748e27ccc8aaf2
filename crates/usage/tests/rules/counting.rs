//! Tests of counting (§5), allowances (§2, §6) and further bookings (§7), rule by rule.

use model::provider::UsageRounding;
use model::time::Zone;
use usage::{
    BookingMethod, BookingStatus, EventKind, MembershipStatus, UnusableMembership, UsageLimits,
};

use crate::scenario::{UsageScenario, allotment, date, instant, render};

const DAY: &str = "2026-03-10";

#[test]
fn each_kind_of_booking_counts_as_the_table_says() {
    use BookingStatus::*;
    for (case, ignore_no_shows, status, method, is_comped, is_cancelled, used) in [
        ("booked", false, Registered, BookingMethod::Membership, false, false, 1),
        ("came", false, Attended, BookingMethod::Membership, false, false, 1),
        ("late cancel", true, LateCancelled, BookingMethod::Membership, false, false, 1),
        ("no-show", false, NoShow, BookingMethod::Membership, false, false, 1),
        ("no-show ignored", true, NoShow, BookingMethod::Membership, false, false, 0),
        ("event cancelled", false, Registered, BookingMethod::Membership, false, true, 0),
        ("drop-in", false, Attended, BookingMethod::Dropin, false, false, 0),
        ("free", false, Attended, BookingMethod::Free, false, false, 0),
        ("comped", false, Attended, BookingMethod::Membership, true, false, 0),
    ] {
        let mut limits = allotment("month 8");
        limits.ignore_no_shows = ignore_no_shows;
        let mut scenario = UsageScenario::new("");
        scenario.plan.limits = UsageLimits::from_allotment(&limits);
        let booking = scenario.book("HIIT", DAY);
        (booking.status, booking.method, booking.is_comped) = (status, method, is_comped);
        booking.event.is_cancelled = is_cancelled;
        let usage = scenario.usage_on("2026-03-20");
        assert_eq!(usage.periods[0].count.used_count, used, "{case}");
        assert_eq!(usage.used_count, used, "{case}");
        assert_eq!(scenario.bookings[0].not_counted_reason(ignore_no_shows).is_none(), used == 1);
    }
}

#[test]
fn a_booking_in_the_future_counts_on_the_day_of_its_session() {
    let mut scenario = UsageScenario::new("month 8");
    scenario.book("HIIT", "2026-04-30");
    assert_eq!(scenario.usage_on("2026-03-20").periods[0].count.used_count, 0);
    assert_eq!(scenario.usage_on("2026-04-01").periods[0].count.used_count, 1);
    assert_eq!(scenario.usage_on("2026-05-01").periods[0].count.used_count, 0);
}

#[test]
fn sessions_of_a_course_are_one_use_on_the_earliest_counted_day() {
    let mut scenario = UsageScenario::new("month course 4 [Dance 2, Yoga 2]; month 8");
    for (name, course, day, is_cancelled) in [
        ("Dance", Some(5), "2026-02-24", true),
        ("Dance", Some(5), "2026-03-10", false),
        ("Dance", Some(5), "2026-03-03", false),
        ("Dance", Some(5), "2026-04-07", false),
        ("Dance", Some(6), "2026-03-31", false),
        // Without a course, sessions of one offering type belong together.
        ("Yoga", None, "2026-03-05", false),
        ("Yoga", None, "2026-04-05", false),
        ("Dance", None, "2026-04-06", false),
    ] {
        let event = &mut scenario.book(name, day).event;
        (event.kind, event.course) = (EventKind::CourseSession, course);
        event.is_cancelled = is_cancelled;
    }
    for (day, expected) in [
        (
            "2026-02-20",
            "month 0/8 left 8 book 8; month course 0/4 left 4 book 4 \
             [Dance 0/2 left 2 book 2, Yoga 0/2 left 2 book 2]",
        ),
        (
            "2026-03-20",
            "month 0/8 left 8 book 8; month course 3/4 left 1 book 1 \
             [Dance 2/2 left 0 book 0, Yoga 1/2 left 1 book 1]",
        ),
        (
            "2026-04-20",
            "month 0/8 left 8 book 8; month course 1/4 left 3 book 3 \
             [Dance 1/2 left 1 book 1, Yoga 0/2 left 2 book 2]",
        ),
    ] {
        assert_eq!(render(&scenario.usage_on(day)), expected, "{day}");
    }
    assert_eq!(scenario.usage_on("2026-03-20").used_count, 4);
}

#[test]
fn classes_and_appointments_are_charged_to_event_limits_only() {
    let mut scenario = UsageScenario::new("week course 2; week 5");
    scenario.book("HIIT", DAY);
    scenario.book("HIIT", DAY).event.kind = EventKind::Appointment;
    // A class may name a course; only sessions are grouped by it.
    scenario.book("HIIT", DAY).event.course = Some(9);
    scenario.book("HIIT", DAY).event.course = Some(9);
    let expected = "week 4/5 left 1 book 1; week course 0/2 left 2 book 2";
    assert_eq!(render(&scenario.usage_on(DAY)), expected);
}

#[test]
fn entries_come_by_period_then_type_and_offering_types_as_given() {
    let mut scenario = UsageScenario::new(
        "day 9; week course 9; month 9 [KB 2, HIIT 1]; lifetime course 9; year 9; week 9; \
         lifetime 9; month course -",
    );
    scenario.book("HIIT", DAY);
    let usage = scenario.usage_on(DAY);
    let order: Vec<_> =
        usage.periods.iter().map(|p| (p.period.as_str(), p.limit_type.as_str())).collect();
    let expected = [
        ("lifetime", "event"),
        ("lifetime", "course"),
        ("year", "event"),
        ("month", "event"),
        ("month", "course"),
        ("week", "event"),
        ("week", "course"),
        ("day", "event"),
    ];
    assert_eq!(order, expected);
    let own: Vec<_> = usage.periods[3].offering_types.iter().map(|o| o.offering_type).collect();
    assert_eq!(own, [13, 12]);
    let expected = "month 1/9 left 8 book 8 [KB 0/2 left 2 book 2, HIIT 1/1 left 0 book 0]";
    assert!(render(&usage).contains(expected), "{}", render(&usage));
}

#[test]
fn a_lifetime_counts_uses_outside_its_own_dates() {
    let mut scenario = UsageScenario::new("lifetime 5");
    scenario.membership.start_date = Some(date("2026-02-01"));
    scenario.membership.expiration_date = Some(date("2026-03-31"));
    scenario.book_all("1 HIIT", "2020-01-01");
    scenario.book_all("1 HIIT", "2026-02-10");
    scenario.book_all("1 HIIT", "2030-01-01");
    assert_eq!(render(&scenario.usage_on(DAY)), "lifetime 3/5 left 2 book 2");
}

#[test]
fn zeros_that_are_not_allowed_are_no_limit() {
    for (notation, expected) in [
        ("month 5 [HIIT 0]", "month 1/5 left 4 book 4 [HIIT 1/0 left 0 book 0]"),
        ("month 5 [HIIT 0 nozero]", "month 1/5 left 4 book 4 [HIIT 1/- left - book 4]"),
        ("month 5 [HIIT 0 nozero extra]", "month 0/5 left 5 book 5 [HIIT 1/- left - book -]"),
        ("month 5 [HIIT 0 extra]", "month 0/5 left 5 book 5 [HIIT 1/0 left 0 book 0]"),
        ("month - [HIIT 3]", "month 1/- left - book - [HIIT 1/3 left 2 book 2]"),
        ("month - [HIIT -]", "month 1/- left - book - [HIIT 1/- left - book -]"),
        ("month 0", "month 1/0 left 0 book 0"),
    ] {
        let mut scenario = UsageScenario::new(notation);
        scenario.book("HIIT", DAY);
        assert_eq!(render(&scenario.usage_on(DAY)), expected, "{notation}");
    }
}

#[test]
fn custom_limits_replace_the_plan_as_a_whole() {
    let mut scenario = UsageScenario::new("month 8 [HIIT 3]; week 2");
    let mut custom = allotment("month 20");
    custom.ignore_no_shows = true;
    scenario.membership.custom_limits = Some(UsageLimits::from_allotment(&custom));
    scenario.book("HIIT", DAY).status = BookingStatus::NoShow;
    scenario.book("HIIT", DAY);
    assert_eq!(render(&scenario.usage_on(DAY)), "month 1/20 left 19 book 19");
    scenario.membership.custom_limits = Some(UsageLimits::from_allotment(&allotment("")));
    assert_eq!(render(&scenario.usage_on(DAY)), "");
}

#[test]
fn each_limit_is_prorated_on_its_own() {
    let mut scenario =
        UsageScenario::new("lifetime 8; year 365; month 10 [HIIT 4, KB 4 extra]; day 3");
    scenario.hold("2026-04-20..2026-05-24");
    scenario.hold("2026-04-25..2026-04-30");
    scenario.hold("2026-03-20..2026-04-01");
    let usage = scenario.usage_on("2026-04-22");
    let expected = "lifetime 0/8 left 8 book 0; year 0/317 left 317 book 0; \
                    month 0/6 left 6 book 0 [HIIT 0/2 left 2 book 0, KB 0/2 left 2 book 0]; \
                    day 0/0 left 0 book 0";
    assert_eq!(render(&usage), expected);
    let month = usage.periods[2].count.prorate_adjustment.as_ref().unwrap();
    assert_eq!((month.active_days, month.total_days), (18, 30));
    let ids: Vec<_> = month.holds.iter().map(|hold| hold.id).collect();
    assert_eq!(ids, [102, 100, 101], "by start date, unclipped");
    let day_before = scenario.usage_on("2026-04-19");
    let day = &day_before.periods[3].count;
    assert_eq!((day.max_uses, &day.prorate_adjustment), (Some(3), &None));
}

#[test]
fn holds_never_change_uses_and_what_is_left_is_never_negative() {
    let mut scenario = UsageScenario::new("month 4 [HIIT 2]");
    scenario.book_all("4 HIIT", "2026-04-02");
    scenario.hold("2026-04-01..2026-04-29");
    scenario.provider.usage_rounding = UsageRounding::Down;
    let expected = "month 4/0 left 0 book 0 [HIIT 4/0 left 0 book 0]";
    assert_eq!(render(&scenario.usage_on("2026-04-30")), expected);
}

#[test]
fn huge_allowances_and_endless_holds_do_not_overflow() {
    let mut limits = allotment("year 8");
    limits.period_limits[0].max_uses = Some(i64::MAX);
    for rounding in [UsageRounding::HalfUp, UsageRounding::Up, UsageRounding::Down] {
        let mut scenario = UsageScenario::new("");
        scenario.provider.usage_rounding = rounding;
        scenario.plan.limits = UsageLimits::from_allotment(&limits);
        scenario.hold("0000-01-01..2026-01-01");
        scenario.hold("2026-12-31..9999-12-31");
        let count = scenario.usage_on("2026-06-01").periods.remove(0).count;
        let adjustment = count.prorate_adjustment.unwrap();
        assert_eq!((adjustment.active_days, adjustment.total_days), (363, 365));
        assert!(count.max_uses.is_some_and(|max| max < i64::MAX && max > i64::MAX / 2));
    }
}

#[test]
fn the_tightest_entry_of_the_same_type_bounds_what_can_be_booked() {
    let mut scenario = UsageScenario::new(
        "month 8 [HIIT 6, KB 3 extra]; week 3 [KB 2]; day - [HIIT 1]; week course 9",
    );
    scenario.book("HIIT", "2026-03-10");
    scenario.book("KB", "2026-03-10");
    let expected = "month 1/8 left 7 book 1 [HIIT 1/6 left 5 book 0, KB 1/3 left 2 book 1]; \
                    week 2/3 left 1 book 1 [KB 1/2 left 1 book 1]; \
                    week course 0/9 left 9 book 9; \
                    day 2/- left - book 1 [HIIT 1/1 left 0 book 0]";
    assert_eq!(render(&scenario.usage_on("2026-03-10")), expected);
}

#[test]
fn kinds_that_may_not_be_booked_are_not_bookable_but_counted() {
    let mut limits = allotment("month 8 [HIIT 3]; month course 2");
    limits.types.remove(0);
    let mut scenario = UsageScenario::new("");
    scenario.plan.limits = UsageLimits::from_allotment(&limits);
    scenario.book("HIIT", DAY);
    let expected = "month 1/8 left 7 book 0 [HIIT 1/3 left 2 book 0]; \
                    month course 0/2 left 2 book 2";
    assert_eq!(render(&scenario.usage_on(DAY)), expected);
}

#[test]
fn a_membership_is_usable_only_as_its_status_dates_and_holds_say() {
    type Change = fn(&mut UsageScenario);
    let cases: [(&str, Change, Option<UnusableMembership>); 16] = [
        ("active", |_| {}, None),
        (
            "completed",
            |s| s.membership.status = MembershipStatus::Completed,
            ended(MembershipStatus::Completed),
        ),
        (
            "cancelled",
            |s| s.membership.status = MembershipStatus::Cancelled,
            ended(MembershipStatus::Cancelled),
        ),
        (
            "hold without holds",
            |s| s.membership.status = MembershipStatus::Hold,
            Some(UnusableMembership::HeldWithoutHold),
        ),
        (
            "hold, held on other days",
            |s| {
                s.membership.status = MembershipStatus::Hold;
                s.hold("2026-03-11..");
            },
            None,
        ),
        (
            "first held day",
            |s| _ = s.hold("2026-03-10..2026-03-12"),
            Some(UnusableMembership::OnHold(100)),
        ),
        (
            "last held day",
            |s| _ = s.hold("2026-03-01..2026-03-10"),
            Some(UnusableMembership::OnHold(100)),
        ),
        ("open hold", |s| _ = s.hold("2026-03-01.."), Some(UnusableMembership::OnHold(100))),
        (
            "hold that does not prorate",
            |s| s.hold("2026-03-01..").prorate_usage = false,
            Some(UnusableMembership::OnHold(100)),
        ),
        ("after a hold", |s| _ = s.hold("2026-03-01..2026-03-09"), None),
        ("starts today", |s| s.membership.start_date = Some(date(DAY)), None),
        (
            "starts tomorrow",
            |s| s.membership.start_date = Some(date("2026-03-11")),
            Some(UnusableMembership::BeginsOn(date("2026-03-11"))),
        ),
        ("last day", |s| s.membership.expiration_date = Some(date(DAY)), None),
        (
            "expired",
            |s| s.membership.expiration_date = Some(date("2026-03-09")),
            Some(UnusableMembership::ExpiredOn(date("2026-03-09"))),
        ),
        (
            "cancelled tomorrow, local time",
            |s| {
                s.membership.cancelled_at = Some(instant("2026-03-10T23:30:00Z"));
                s.provider.timezone = Zone::parse("Europe/Berlin").unwrap();
            },
            None,
        ),
        (
            "cancelled today",
            |s| s.membership.cancelled_at = Some(instant("2026-03-10T23:30:00Z")),
            Some(UnusableMembership::CancelledOn(date(DAY))),
        ),
    ];
    for (case, change, expected) in cases {
        for (notation, open) in [("month -", None), ("month -; lifetime 4", Some(4))] {
            let mut scenario = UsageScenario::new(notation);
            change(&mut scenario);
            let usage = scenario.usage_on(DAY);
            assert_eq!(usage.unusable, expected, "{case}");
            let bookable = if expected.is_some() { Some(0) } else { open };
            assert_eq!(usage.periods[0].count.bookable_count, bookable, "{case}");
        }
    }
}

fn ended(status: MembershipStatus) -> Option<UnusableMembership> {
    Some(UnusableMembership::Ended(status))
}
