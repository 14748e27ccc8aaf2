//! Tests of closed months: a change in them is booked once, in the first open month.
//! Rule: spec/accounting.md §11.3.

use accounting::drift::postings_drift;
use accounting::{CategoryAmounts, LedgerCategory, Month, Posting, RecordTables, group_records};
use proptest::test_runner::{Config, TestRunner};

use crate::random_invoices::{RandomChoices, dice};
use crate::scenario::{LedgerScenario, month, run};

#[test]
fn a_changed_record_of_a_closed_month_is_adjusted_in_the_open_one() {
    let before = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3100 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=3100 period=2025-01-01..2025-02-01",
    );
    let after = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=3000 period=2025-01-01..2025-02-01
         payment 1 invoice_id=1 amount=3000 date=2025-01-05",
    );
    let open = month("2025-02");
    let (frozen, _) = before.run(month("2025-01"));
    assert_eq!(postings_drift(&frozen, &frozen, open), []);
    let (fresh, _) = after.run(open);
    let drifts = postings_drift(&fresh, &frozen, open);
    let shown: Vec<_> = drifts
        .iter()
        .map(|d| (d.adjustment.entry_id(), d.difference()[LedgerCategory::AccountsReceivable]))
        .collect();
    assert_eq!(
        shown,
        [
            ("subscription_revenue:1#2025-01".to_owned(), -100),
            ("recognized_revenue:10#2025-01".to_owned(), 0),
            ("payments_received:1#2025-01".to_owned(), -3000),
        ]
    );
    for drift in &drifts {
        accounting::invariants::check_posting(&drift.adjustment).unwrap();
        assert_eq!(drift.adjustment.date, open.first_day());
        assert_eq!(drift.adjustment.adjusts_month, Some(month("2025-01")));
    }
}

/// Closes months up to `closed` on the records `tables`, given the postings that are frozen so far.
fn close(frozen: &mut Vec<Posting>, fresh: &[Posting], open: Month) {
    let adjustments = postings_drift(fresh, frozen, open).into_iter().map(|drift| drift.adjustment);
    let adjustments: Vec<_> = adjustments.collect();
    frozen.extend(adjustments);
    frozen.extend(fresh.iter().filter(|posting| posting.month == open).cloned());
}

#[test]
fn frozen_and_open_rows_always_sum_to_a_ledger_from_scratch() {
    let config = Config { failure_persistence: None, ..Config::with_cases(1_000) };
    let result = TestRunner::new(config).run(&dice(), |choices| {
        let mut dice = RandomChoices::new(choices);
        let books = dice.books();
        let last = month("2025-06");
        let until = accounting::Horizon::end_of_month(last, &books.calendar);
        let span = accounting::LedgerSpan::until(until);
        let ledger =
            |tables: RecordTables| run(&books, &group_records(tables, &books.calendar), &span).0;
        let mut frozen = Vec::new();
        let mut fresh = Vec::new();
        // The records change between closes.
        for open in month("2023-12").through(month("2024-06")) {
            if open == month("2023-12") || open == month("2024-03") {
                fresh = ledger(dice.tables());
            }
            close(&mut frozen, &fresh, open);
        }
        let open = month("2024-07");
        let adjustments = postings_drift(&fresh, &frozen, open).into_iter().map(|d| d.adjustment);
        let live = fresh.iter().filter(|posting| posting.month >= open).cloned();
        let all = frozen.iter().cloned().chain(adjustments).chain(live);
        let sum = all.fold(CategoryAmounts::ZERO, |sum, posting| sum + posting.amounts);
        let scratch = fresh.iter().fold(CategoryAmounts::ZERO, |sum, p| sum + p.amounts);
        assert_eq!(sum, scratch);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
