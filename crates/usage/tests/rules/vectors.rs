//! The test vectors of spec/usage.md §14 and the examples of §3 and §8.

use std::num::NonZeroU16;

use model::provider::{UsageAlignment, UsageRounding};
use model::time::Weekday;
use usage::json::{OfferingTypeNames, to_json, usage_answer, usage_periods};
use usage::xml::{ListStyle, to_xml};
use usage::{MembershipStatus, Usage};

use crate::scenario::{UsageScenario, date, days, render};

#[test]
fn vectors_of_uses_used_left_and_bookable() {
    for (id, allotment, bookings, expected) in [
        ("U1", "", "9 HIIT", ""),
        ("U2", "month 8", "7 HIIT, 1 KB", "month 8/8 left 0 book 0"),
        (
            "U3",
            "month 8 [HIIT 3, KB 5]",
            "3 HIIT",
            "month 3/8 left 5 book 5 [HIIT 3/3 left 0 book 0, KB 0/5 left 5 book 5]",
        ),
        (
            "U4",
            "month 8 [KB 3 extra]",
            "8 HIIT, 2 KB",
            "month 8/8 left 0 book 0 [KB 2/3 left 1 book 1]",
        ),
        ("U5", "lifetime 10", "10 HIIT", "lifetime 10/10 left 0 book 0"),
        (
            "U6",
            "lifetime 10 [Fitness 5, Zumba 5]",
            "5 Fitness",
            "lifetime 5/10 left 5 book 5 [Fitness 5/5 left 0 book 0, Zumba 0/5 left 5 book 5]",
        ),
    ] {
        let mut scenario = UsageScenario::new(allotment);
        scenario.book_all(bookings, "2026-03-10");
        if id == "U5" {
            scenario.membership.status = MembershipStatus::Completed;
        }
        assert_eq!(render(&scenario.usage_on("2026-03-20")), expected, "{id}");
    }
}

#[test]
fn vectors_of_proration_under_each_rounding() {
    for (id, max, period, holds, total, active, [down, half_up, up]) in [
        ("P1", 8, "2026-03-02..2026-03-29", "2026-03-09..2026-03-22", 28, 14, [4, 4, 4]),
        ("P2", 8, "2025-11-01..2025-11-30", "2025-11-10..2025-11-16", 30, 23, [6, 6, 7]),
        ("P3", 2, "2026-03-02..2026-03-08", "2026-03-02..2026-03-05", 7, 3, [0, 1, 1]),
        ("P5a", 8, "2026-01-01..2026-01-31", "2026-01-25..2026-02-07", 31, 24, [6, 6, 7]),
        (
            "P6",
            10,
            "2026-04-01..2026-04-30",
            "2026-04-01..2026-04-03 2026-04-20..2026-04-24",
            30,
            22,
            [7, 7, 8],
        ),
        ("P8", 5, "2026-03-02..2026-03-29", "2026-03-09..2026-03-22", 28, 14, [2, 3, 3]),
    ] {
        let roundings = [
            (UsageRounding::Down, down),
            (UsageRounding::HalfUp, half_up),
            (UsageRounding::Up, up),
        ];
        for (rounding, expected) in roundings {
            let mut scenario = with_period(period, Some(max));
            scenario.provider.usage_rounding = rounding;
            for hold in holds.split(' ') {
                scenario.hold(hold);
            }
            let usage = scenario.usage_on(&period[..10]);
            assert_eq!(days(&usage), period, "{id}");
            let count = &usage.periods[0].count;
            let adjustment = count.prorate_adjustment.as_ref().unwrap();
            assert_eq!((adjustment.total_days, adjustment.active_days), (total, active), "{id}");
            assert_eq!(adjustment.original_max_uses, max, "{id}");
            assert_eq!(adjustment.prorated_max_uses, expected, "{id} {rounding:?}");
            assert_eq!(count.max_uses, Some(expected), "{id} {rounding:?}");
            assert_eq!(count.remaining_count, Some(expected), "{id} {rounding:?}");
            assert_eq!(adjustment.holds[..], scenario.holds[..], "{id}: stored dates");
        }
    }
}

/// Returns a scenario whose only limit has this period.
fn with_period(period: &str, max: Option<i64>) -> UsageScenario {
    let (first, last) = period.split_once("..").unwrap();
    let total = date(last).days() - date(first).days() + 1;
    let max = max.map_or("-".to_owned(), |max| max.to_string());
    match total {
        7 => UsageScenario::new(&format!("week {max}")),
        28 => {
            let mut scenario = UsageScenario::new(&format!("month {max}"));
            scenario.provider.usage_alignment = UsageAlignment::Billing;
            scenario.membership.start_date = Some(date(first));
            scenario.membership.billing_interval_weeks = NonZeroU16::new(4);
            scenario
        }
        _ => UsageScenario::new(&format!("month {max}")),
    }
}

#[test]
fn vector_p10_open_ends_and_holds_that_do_not_prorate_change_nothing() {
    for (range, prorate_usage) in [("2026-03-09..", true), ("2026-03-09..2026-03-22", false)] {
        for allotment in ["day 8", "week 8", "month 8 [HIIT 3]", "year 8", "lifetime 8"] {
            let mut scenario = UsageScenario::new(allotment);
            scenario.hold(range).prorate_usage = prorate_usage;
            let usage = scenario.usage_on("2026-03-10");
            let count = &usage.periods[0].count;
            assert_eq!((count.max_uses, &count.prorate_adjustment), (Some(8), &None), "P10");
            for own in &usage.periods[0].offering_types {
                assert_eq!((own.count.max_uses, &own.count.prorate_adjustment), (Some(3), &None));
            }
        }
    }
}

#[test]
fn vector_p11_unlimited_stays_unlimited() {
    for (_, period) in [("week", "2026-03-02..2026-03-08"), ("month", "2026-04-01..2026-04-30")] {
        let mut scenario = with_period(period, None);
        scenario.hold(period);
        let count = &scenario.usage_on(&period[..10]).periods[0].count;
        let nulls = (count.max_uses, count.remaining_count, &count.prorate_adjustment);
        assert_eq!(nulls, (None, None, &None), "P11");
    }
}

#[test]
fn vectors_of_period_bounds() {
    for (starts_on, expected) in
        [(Weekday::Monday, "2026-03-02..2026-03-08"), (Weekday::Sunday, "2026-03-01..2026-03-07")]
    {
        let mut scenario = UsageScenario::new("week 1");
        scenario.provider.week_starts_on = starts_on;
        assert_eq!(days(&scenario.usage_on("2026-03-04")), expected);
    }
    let mut scenario = UsageScenario::new("month 1");
    scenario.provider.usage_alignment = UsageAlignment::Billing;
    scenario.membership.billing_anchor_day = Some(16);
    assert_eq!(days(&scenario.usage_on("2026-01-20")), "2026-01-16..2026-02-15");
}

/// §3: 8 uses a month, at most 3 of them HIIT; hold from 10 to 16 November 2025; 5 used, 2 of them
/// HIIT.
pub(crate) fn example() -> Usage {
    let mut scenario = UsageScenario::new("month 8 [HIIT 3]");
    scenario.book_all("2 HIIT, 3 KB", "2025-11-05");
    scenario.hold("2025-11-10..2025-11-16");
    scenario.usage_on("2025-11-20")
}

#[test]
fn the_json_example_of_the_answer_comes_out_byte_for_byte() {
    let expected = concat!(
        r#"{"usage_periods":[{"bookable_count":1,"end_date":"2025-11-30","max_uses":6,"#,
        r#""offering_type_limits":[{"bookable_count":0,"is_extra":false,"max_uses":2,"#,
        r#""offering_type":{"id":12,"name":"HIIT"},"#,
        r#""prorate_adjustment":{"active_days":23,"#,
        r#""holds":[{"end_date":"2025-11-16","start_date":"2025-11-10"}],"#,
        r#""original_max_uses":3,"prorated_max_uses":2,"total_days":30},"#,
        r#""remaining_count":0,"used_count":2}],"#,
        r#""period_type":"month","prorate_adjustment":{"active_days":23,"#,
        r#""holds":[{"end_date":"2025-11-16","start_date":"2025-11-10"}],"#,
        r#""original_max_uses":8,"prorated_max_uses":6,"total_days":30},"#,
        r#""remaining_count":1,"start_date":"2025-11-01","type":"event","used_count":5}]}"#,
    );
    let names = OfferingTypeNames::from([(12, "HIIT".to_owned())]);
    let usage = example();
    assert_eq!(serde_json::to_string(&usage_answer(&usage, &names)).unwrap(), expected);
    assert_eq!(to_json(&usage, &names).to_string(), expected);
    let entries = serde_json::to_string(&usage_periods(&usage, &names)).unwrap();
    assert_eq!(format!(r#"{{"usage_periods":{entries}}}"#), expected);
}

#[test]
fn the_xml_example_of_the_encodings_comes_out_byte_for_byte() {
    let expected = concat!(
        r#"<?xml version="1.0" encoding="utf-8"?><root><usage_periods><list-item>"#,
        "<bookable_count/><end_date>2025-11-30</end_date><max_uses/><offering_type_limits/>",
        "<period_type>month</period_type><prorate_adjustment/><remaining_count/>",
        "<start_date>2025-11-01</start_date><type>event</type><used_count>4</used_count>",
        "</list-item></usage_periods></root>",
    );
    let mut scenario = UsageScenario::new("month -");
    scenario.book_all("4 HIIT", "2025-11-05");
    let usage = scenario.usage_on("2025-11-20");
    assert_eq!(to_xml(&usage, &OfferingTypeNames::new(), ListStyle::ListItem), expected);
}
