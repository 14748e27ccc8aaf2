//! Tests of the days of periods (§4). Small domains are enumerated.

use std::num::NonZeroU16;

use model::allotment::LimitPeriod;
use model::provider::UsageAlignment;
use model::time::{Date, Instant, Weekday, Zone};
use usage::{DateRange, PeriodCalendar};

use crate::scenario::{UsageScenario, date, days, instant};

const KINDS: [LimitPeriod; 4] =
    [LimitPeriod::Day, LimitPeriod::Week, LimitPeriod::Month, LimitPeriod::Year];

fn calendar(scenario: &UsageScenario) -> PeriodCalendar {
    PeriodCalendar::for_membership(&scenario.provider, &scenario.membership)
}

fn billing(origin: &str) -> UsageScenario {
    let mut scenario = UsageScenario::new("month 1");
    scenario.provider.usage_alignment = UsageAlignment::Billing;
    scenario.membership.start_date = Some(date(origin));
    scenario
}

/// Walks over `first..=last` period by period and checks that there is no gap and no overlap.
fn assert_tiles(calendar: &PeriodCalendar, period: LimitPeriod, first: Date, last: Date) {
    let mut range = calendar.range_of(period, first).unwrap();
    loop {
        for day in range.first.days()..=range.last.days() {
            let found = calendar.range_of(period, Date::from_days(day)).unwrap();
            assert_eq!(found, range, "{period:?} of {}", Date::from_days(day));
        }
        if range.last >= last {
            return;
        }
        let next = calendar.range_of(period, Date::from_days(range.last.days() + 1)).unwrap();
        assert_eq!(next.first.days(), range.last.days() + 1, "{period:?} after {range:?}");
        range = next;
    }
}

#[test]
fn periods_tile_the_calendar_for_every_anchor_and_week_start() {
    let (first, last) = (date("2023-01-01"), date("2028-12-31"));
    for anchor in 1..=31 {
        let mut scenario = billing("2024-01-31");
        scenario.membership.billing_anchor_day = Some(anchor);
        assert_tiles(&calendar(&scenario), LimitPeriod::Month, first, last);
    }
    for starts_on in [Weekday::Sunday, Weekday::Monday] {
        for alignment in [UsageAlignment::Calendar, UsageAlignment::Billing] {
            let mut scenario = billing("2024-01-31");
            scenario.provider.week_starts_on = starts_on;
            scenario.provider.usage_alignment = alignment;
            for period in KINDS {
                assert_tiles(&calendar(&scenario), period, first, last);
            }
        }
    }
    for weeks in 1..=9 {
        let mut scenario = billing("2025-07-16");
        scenario.membership.billing_interval_weeks = NonZeroU16::new(weeks);
        assert_tiles(&calendar(&scenario), LimitPeriod::Month, first, last);
    }
}

#[test]
fn years_tile_the_calendar_from_every_anniversary() {
    for origin in date("2024-01-01").days()..=date("2024-12-31").days() {
        let scenario = billing(&Date::from_days(origin).to_string());
        let calendar = calendar(&scenario);
        let mut range = calendar.range_of(LimitPeriod::Year, date("1896-01-01")).unwrap();
        while range.last < date("1908-01-01") {
            let next = Date::from_days(range.last.days() + 1);
            let next = calendar.range_of(LimitPeriod::Year, next).unwrap();
            assert_eq!(next.first.days(), range.last.days() + 1);
            assert_eq!(calendar.range_of(LimitPeriod::Year, next.last), Some(next));
            assert!((365..=366).contains(&next.days()), "{next:?}");
            range = next;
        }
    }
}

#[test]
fn billing_months_begin_on_the_anchor_or_the_last_day_of_a_shorter_month() {
    for (anchor, day, expected) in [
        (31, "2025-01-30", "2024-12-31..2025-01-30"),
        (31, "2025-01-31", "2025-01-31..2025-02-27"),
        (31, "2025-02-28", "2025-02-28..2025-03-30"),
        (31, "2025-03-31", "2025-03-31..2025-04-29"),
        (31, "2024-02-28", "2024-01-31..2024-02-28"),
        (31, "2024-02-29", "2024-02-29..2024-03-30"),
        (30, "2025-02-28", "2025-02-28..2025-03-29"),
        (29, "2024-02-29", "2024-02-29..2024-03-28"),
        (29, "1900-02-28", "1900-02-28..1900-03-28"),
        (1, "2025-12-31", "2025-12-01..2025-12-31"),
        (2, "2026-01-01", "2025-12-02..2026-01-01"),
    ] {
        let mut scenario = billing("2020-06-15");
        scenario.membership.billing_anchor_day = Some(anchor);
        assert_eq!(days(&scenario.usage_on(day)), expected, "anchor {anchor}, {day}");
    }
    let without_anchor = billing("2020-06-15");
    assert_eq!(days(&without_anchor.usage_on("2019-01-01")), "2018-12-15..2019-01-14");
}

#[test]
fn weeks_of_billing_count_from_the_origin_in_both_directions() {
    for (weeks, day, expected) in [
        (4, "2026-03-02", "2026-03-02..2026-03-29"),
        (4, "2026-03-29", "2026-03-02..2026-03-29"),
        (4, "2026-03-30", "2026-03-30..2026-04-26"),
        (4, "2026-03-01", "2026-02-02..2026-03-01"),
        (1, "2026-02-22", "2026-02-16..2026-02-22"),
    ] {
        let mut scenario = billing("2026-03-02");
        scenario.membership.billing_interval_weeks = NonZeroU16::new(weeks);
        scenario.membership.billing_anchor_day = Some(9);
        assert_eq!(days(&scenario.usage_on(day)), expected, "{weeks} weeks, {day}");
        scenario.provider.usage_alignment = UsageAlignment::Calendar;
        assert!(days(&scenario.usage_on(day)).ends_with("01..2026-03-31") || !day.contains("-03-"));
    }
}

#[test]
fn years_begin_on_the_anniversary_when_aligned_with_billing() {
    for (origin, day, expected) in [
        ("2024-02-29", "2025-02-27", "2024-02-29..2025-02-27"),
        ("2024-02-29", "2025-02-28", "2025-02-28..2026-02-27"),
        ("2024-02-29", "2028-02-28", "2027-02-28..2028-02-28"),
        ("2024-02-29", "2028-02-29", "2028-02-29..2029-02-27"),
        ("2025-07-16", "2020-07-15", "2019-07-16..2020-07-15"),
        ("2025-01-01", "2025-12-31", "2025-01-01..2025-12-31"),
    ] {
        let mut scenario = billing(origin);
        scenario.plan = UsageScenario::new("year 1").plan;
        assert_eq!(days(&scenario.usage_on(day)), expected, "{origin}, {day}");
        scenario.provider.usage_alignment = UsageAlignment::Calendar;
        let year = &day[..4];
        assert_eq!(days(&scenario.usage_on(day)), format!("{year}-01-01..{year}-12-31"));
    }
}

#[test]
fn the_origin_of_a_membership_without_a_start_is_the_local_day_of_its_purchase() {
    for (zone, purchased_at, expected) in [
        ("UTC", "2026-01-15T23:30:00Z", "2026-01-15..2026-02-14"),
        ("Europe/Berlin", "2026-01-15T23:30:00Z", "2026-01-16..2026-02-15"),
        ("America/New_York", "2026-01-16T04:59:59Z", "2026-01-15..2026-02-14"),
        // This zone skipped the whole day of 30 December 2011.
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2026-01-31..2026-02-27"),
    ] {
        let mut scenario = billing("2020-01-01");
        scenario.membership.start_date = None;
        scenario.membership.purchased_at = instant(purchased_at);
        scenario.provider.timezone = Zone::parse(zone).unwrap();
        assert_eq!(days(&scenario.usage_on("2026-02-10")), expected, "{zone}");
    }
}

#[test]
fn a_lifetime_does_not_depend_on_the_date() {
    for (start, expiration, begins_on_use, first_use, expected) in [
        (Some("2026-01-05"), Some("2026-06-30"), false, None, "2026-01-05..2026-06-30"),
        (Some("2026-01-05"), None, true, Some("2026-01-20"), "2026-01-05.."),
        (None, None, false, Some("2026-01-20"), "2020-01-15.."),
        (None, Some("2026-06-30"), true, None, "..2026-06-30"),
        (None, None, true, Some("2026-01-20"), "2026-01-20.."),
    ] {
        let mut scenario = UsageScenario::new("lifetime 10");
        scenario.membership.start_date = start.map(date);
        scenario.membership.expiration_date = expiration.map(date);
        scenario.plan.begin_on_first_registration = begins_on_use;
        scenario.book("HIIT", "2026-01-02").is_comped = true;
        if let Some(day) = first_use {
            scenario.book("HIIT", "2026-02-01");
            scenario.book("KB", day);
        }
        for day in ["1800-01-01", "2026-03-01", "2999-12-31"] {
            assert_eq!(days(&scenario.usage_on(day)), expected);
        }
    }
}

#[test]
fn periods_stop_at_the_ends_of_the_calendar_and_never_panic() {
    let far = [i32::MIN, -4_371_588, -4_371_587, -62_091, 0, 2_932_896, 2_932_897, i32::MAX];
    let ends = DateRange { first: Date::from_days(-4_371_587), last: Date::from_days(2_932_896) };
    for origin in far {
        for alignment in [UsageAlignment::Calendar, UsageAlignment::Billing] {
            for weeks in [None, NonZeroU16::new(1), Some(NonZeroU16::MAX)] {
                let mut scenario = billing("2026-01-01");
                scenario.provider.usage_alignment = alignment;
                scenario.membership.start_date = Some(Date::from_days(origin));
                scenario.membership.billing_interval_weeks = weeks;
                scenario.membership.billing_anchor_day = Some(16);
                let calendar = calendar(&scenario);
                for (day, period) in far.iter().flat_map(|day| KINDS.map(|kind| (*day, kind))) {
                    let day = Date::from_days(day);
                    let range = calendar.range_of(period, day).unwrap();
                    assert!(ends.first <= range.first && range.last <= ends.last, "{range:?}");
                    assert!(range.contains(day.clamp(ends.first, ends.last)), "{range:?}");
                }
                for edge in [ends.first, Date::from_days(ends.last.days() - 3000)] {
                    for period in KINDS {
                        let last = ends.last.days().min(edge.days() + 3000);
                        assert_tiles(&calendar, period, edge, Date::from_days(last));
                    }
                }
            }
        }
    }
}

#[test]
fn instants_at_the_ends_of_time_never_panic() {
    for micros in [i64::MIN, i64::MAX] {
        let mut scenario = billing("2026-01-01");
        scenario.membership.start_date = None;
        scenario.membership.purchased_at = Instant::from_micros(micros);
        scenario.membership.cancelled_at = Some(Instant::from_micros(micros));
        let usage = scenario.usage_on("2026-01-05");
        assert_eq!(usage.unusable.is_some(), micros == i64::MIN);
    }
}
