//! Regression tests of faults seen in other systems.

use crate::scenario::{LedgerScenario, month};
use accounting::LedgerCategory;

fn recognized(scenario: &LedgerScenario, first: &str, months: i32) -> Vec<i128> {
    let first = month(first);
    let (postings, _) = scenario.run(first.plus(months - 1));
    let of = |month| {
        let rows = postings.iter().filter(|p| p.month == month && p.file.is_recognition());
        rows.map(|p| -p.amounts[LedgerCategory::RecognizedRevenue]).sum()
    };
    first.through(first.plus(months - 1)).map(of).collect()
}

#[test]
fn a_part_too_small_for_a_percentage_is_not_lost_and_blocks_no_later_month() {
    // A day of a year is 0.27 %. Rounded to one decimal before multiplying, it would vanish.
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3650000 date=2025-01-31
         line 10 invoice_id=1 plan_id=1 amount=3650000 period=2025-01-31..2026-01-31",
    );
    let months = recognized(&scenario, "2025-01", 13);
    assert_eq!(months[..3], [10_000, 280_000, 310_000]);
    assert_eq!(months.iter().sum::<i128>(), 3_650_000);
}

#[test]
fn a_service_that_starts_on_the_last_days_of_a_month_is_recognized_to_its_end() {
    for (period, expected) in [
        ("2025-01-30..2025-03-30", [200, 2800, 2900, 0]),
        ("2025-01-31..2025-02-28", [100, 2700, 0, 0]),
        ("2025-01-31..2025-04-30", [100, 2800, 3100, 2900]),
    ] {
        let net: i128 = expected.iter().sum();
        let rows = format!(
            "invoice 1 subscription_id=1 total={net} date=2025-01-30
             line 10 invoice_id=1 plan_id=1 amount={net} period={period}"
        );
        let scenario = LedgerScenario::from_rows(rows.leak());
        assert_eq!(recognized(&scenario, "2025-01", 4), expected, "{period}");
    }
}

#[test]
fn a_credit_note_reverses_deferred_before_revenue_and_never_receivables_of_a_paid_invoice() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3100 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=3100 period=2025-01-01..2025-02-01
         payment 1 invoice_id=1 amount=3100 date=2025-01-01
         note 1 invoice_id=1 type=post_payment amount=2500 date=2025-01-11",
    )
    .expect(
        "2025-01 subscription_revenue 1 | ar 3100 deferred -3100
         2025-01 payments_received 1    | online 3100 ar -3100
         2025-01 credit_notes 1         | balance -2500 deferred 2100 recognized 400
         2025-01 recognized_revenue 10  | deferred 1000 recognized -1000
         2025-01 closing                | online 3100 balance -2500 recognized -600",
    );
}

#[test]
fn there_is_one_entry_for_each_month_that_the_service_touches_and_no_other() {
    for (period, months) in [
        ("2025-01-01..2025-02-01", 1),
        ("2025-01-31..2025-02-02", 2),
        ("2025-01-15..2026-01-15", 13),
        ("2025-01-01..2026-01-01", 12),
    ] {
        let rows = format!(
            "invoice 1 subscription_id=1 total=100000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=100000 period={period}"
        );
        let (postings, _) = LedgerScenario::from_rows(rows.leak()).run(month("2027-01"));
        let count = postings.iter().filter(|posting| posting.file.is_recognition()).count();
        assert_eq!(count, months, "{period}");
    }
}

#[test]
fn rounding_is_inside_each_entry_so_none_is_out_of_balance() {
    // Three lines of a third of a cent a day. Rounding only at the end would leave entries
    // unbalanced.
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=30 date=2025-01-10
         line 10 invoice_id=1 plan_id=1 amount=10 period=2025-01-10..2025-02-09
         line 11 invoice_id=1 plan_id=1 amount=10 period=2025-01-10..2025-02-09
         line 12 invoice_id=1 plan_id=1 amount=10 period=2025-01-10..2025-02-09",
    );
    let (postings, _) = scenario.run(month("2025-03"));
    assert!(postings.iter().all(|posting| posting.amounts.sum() == 0));
    assert_eq!(recognized(&scenario, "2025-01", 2), [21, 9]);
}
