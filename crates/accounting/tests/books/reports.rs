//! Tests of the reports derived from postings. Rule: spec/accounting.md §13.

use std::collections::BTreeMap;

use accounting::aging::{AgingTotals, build_aging_row};
use accounting::explain::explain_posting;
use accounting::reconciliation::{CustomerCredit, check_receivable};
use accounting::revenue_by_group::{RevenueByGroup, RevenueGrouping, RevenueRow};
use accounting::waterfall::Waterfall;
use accounting::{CategoryAmounts, Horizon, LedgerCategory, LedgerSpan, Month};
use model::money::Currency;
use model::time::Date;
use proptest::test_runner::{Config, TestRunner};

use crate::random_invoices::{RandomChoices, dice};
use crate::scenario::{LedgerScenario, month, run};

const BOOK: &str = "
    plan 2 product_id=1 name=Issues amount=300 shipments_per_interval=3
    invoice 1 subscription_id=1 status=open total=36500 date=2024-12-01 due_date=2024-12-15
    line 10 invoice_id=1 plan_id=1 amount=36500 period=2025-01-01..2026-01-01
    invoice 2 subscription_id=1 status=paid total=6100 date=2025-01-16
    line 20 invoice_id=2 plan_id=1 amount=3100 period=2025-01-16..2025-02-16
    line 21 invoice_id=2 plan_id=2 amount=3000
    payment 1 invoice_id=2 amount=7000 date=2025-01-20
    note 1 invoice_id=2 type=post_payment amount=2300 date=2025-02-01
    shipment 1 subscription_id=1 approved_at=2025-02-03
";

#[test]
fn aging_sorts_receivables_by_days_past_due() {
    let scenario = LedgerScenario::from_rows(BOOK);
    let (books, grouped) = (scenario.books(), scenario.grouped());
    for (as_of, expected) in [
        ("2024-12-15", Some([36500, 0, 0, 0, 0, 0])),
        ("2024-12-16", Some([0, 36500, 0, 0, 0, 0])),
        ("2025-01-14", Some([0, 36500, 0, 0, 0, 0])),
        ("2025-01-15", Some([0, 0, 36500, 0, 0, 0])),
        ("2025-04-14", Some([0, 0, 0, 0, 36500, 0])),
        ("2025-04-15", Some([0, 0, 0, 0, 0, 36500])),
        ("2024-11-30", None),
    ] {
        let as_of = Date::parse(as_of).unwrap();
        let span = LedgerSpan::until(Horizon::end_of_day(as_of, &books.calendar));
        let records = &grouped.invoices[0];
        let ledger = books.invoice_ledger(records, &grouped.directory, &span);
        let row = build_aging_row(records, &ledger, as_of);
        assert_eq!(row.map(|row| row.buckets), expected, "{as_of}");
    }
}

#[test]
fn waterfall_shows_where_deferred_revenue_goes() {
    let scenario = LedgerScenario::from_rows(BOOK);
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let mut waterfall = Waterfall::new(month("2025-01"), month("2025-02"));
    let span = LedgerSpan::until(waterfall.horizon(&books));
    for records in &grouped.invoices {
        let mut part = Waterfall::new(month("2025-01"), month("2025-02"));
        part.add_invoice(&books, &books.invoice_ledger(records, &grouped.directory, &span));
        waterfall.merge(&part);
    }
    let shown = |months: &BTreeMap<_, i128>| {
        let months = months.iter().map(|(month, amount)| format!("{month} {amount}"));
        months.collect::<Vec<_>>().join(" ")
    };
    let rows: Vec<_> = waterfall
        .rows()
        .map(|(month, row)| {
            let month = month.map_or("earlier".to_owned(), |month| month.to_string());
            let (booked, reversed, remaining) = (row.booked, row.reversed, row.remaining);
            let recognized = shown(&row.recognized);
            format!("{month}: {booked} | {recognized} | {reversed} {remaining} {}", row.unscheduled)
        })
        .collect();
    // Invoice 2: 1600 are earned by January. Of the remaining 4500, 2300 are taken back: 767 and
    // 1533. The remaining 733 by time are all earned in February, the remaining 1467 by shipments
    // to a third.
    assert_eq!(
        rows,
        [
            "earlier: 36500 | 2025-01 3100 2025-02 2800 | 0 30600 0",
            "2025-01: 6100 | 2025-01 1600 2025-02 1222 | 2300 978 978",
        ]
    );
    let (_, earlier) = waterfall.rows().next().unwrap();
    assert_eq!(earlier.future.len(), 10);
    assert_eq!(earlier.future.values().sum::<i128>(), 30_600);
    assert_eq!(earlier.future[&month("2025-03")], 3100);
}

fn rows_of(revenue: &RevenueByGroup, from: &str, to: Month) -> Vec<RevenueRow> {
    let mut rows = Vec::new();
    let visited = revenue.visit_rows(month(from), to, &mut |row| {
        rows.push(*row);
        Ok::<_, std::convert::Infallible>(true)
    });
    visited.unwrap();
    rows
}

#[test]
fn revenue_is_split_by_the_plans_of_the_lines() {
    let (postings, _) = LedgerScenario::from_rows(BOOK).run(month("2025-02"));
    let mut revenue = RevenueByGroup::new(RevenueGrouping::Plan);
    for posting in &postings {
        revenue.add(posting);
    }
    let rows: Vec<_> = rows_of(&revenue, "2025-02", month("2025-02"))
        .iter()
        .map(|row| {
            let moved = row.movement;
            (
                row.group,
                [row.deferred_opening, moved.billed, moved.recognized, moved.reversed_deferred],
                [moved.reversed_recognized, row.deferred_closing, row.net_revenue],
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (Some(1), [34_900, 0, 3533, 767], [0, 30_600, 3533]),
            (Some(2), [3000, 0, 489, 1533], [0, 978, 489]),
        ]
    );
}

#[test]
fn reports_tie_to_the_balances_on_random_lives() {
    let config = Config { failure_persistence: None, ..Config::with_cases(2_000) };
    let result = TestRunner::new(config).run(&dice(), |choices| {
        let mut dice = RandomChoices::new(choices);
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = accounting::group_records(tables, &books.calendar);
        let [first, _, last] = dice.months();
        let until = Horizon::end_of_month(last, &books.calendar);
        let span = LedgerSpan::until(until);
        let mut waterfall = Waterfall::new(first, last);
        let mut aging = AgingTotals::default();
        let mut are_all_inside = true;
        for records in &grouped.invoices {
            let ledger = books.invoice_ledger(records, &grouped.directory, &span);
            waterfall.add_invoice(&books, &ledger);
            are_all_inside &= ledger.is_inside;
            if let Some(row) = build_aging_row(records, &ledger, last.last_day()) {
                aging.add_row(&row);
            }
        }
        let (postings, _) = run(&books, &grouped, &span);
        let closing = postings.iter().fold(CategoryAmounts::ZERO, |sum, p| sum + p.amounts);
        assert_eq!(aging.accounts_receivable, closing[LedgerCategory::AccountsReceivable]);
        let mut remaining = 0;
        let mut waiting = 0;
        for (_, row) in waterfall.rows() {
            let recognized: i128 = row.recognized.values().sum();
            assert_eq!(row.booked, recognized + row.reversed + row.remaining);
            remaining += row.remaining;
            waiting += row.future.values().sum::<i128>() + row.later + row.unscheduled;
        }
        if are_all_inside {
            assert_eq!(waiting, remaining);
        }
        assert_eq!(-remaining, closing[LedgerCategory::DeferredRevenue]);
        for group_by in [RevenueGrouping::Plan, RevenueGrouping::Product, RevenueGrouping::Site] {
            let mut revenue = RevenueByGroup::new(group_by);
            for posting in &postings {
                revenue.add(posting);
            }
            let rows = rows_of(&revenue, "2023-01", last);
            let at_last = rows.iter().filter(|row| row.month == last);
            let deferred: i128 = at_last.map(|row| row.deferred_closing).sum();
            assert_eq!(-deferred, closing[LedgerCategory::DeferredRevenue], "{group_by:?}");
            let net: i128 = rows.iter().map(|row| row.net_revenue).sum();
            assert_eq!(-net, closing[LedgerCategory::RecognizedRevenue], "{group_by:?}");
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn explanations_show_the_arithmetic() {
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=120000 date=2024-10-01
         line 10 invoice_id=1 plan_id=1 amount=120000 period=2024-10-01..2025-10-01
         payment 1 invoice_id=1 amount=120000 date=2024-10-01
         note 1 invoice_id=1 type=post_payment amount=10000 date=2024-10-15T09:00:00Z",
    );
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let until = Horizon::end_of_month(month("2024-11"), &books.calendar);
    let (postings, _) = run(&books, &grouped, &LedgerSpan::until(until).explained());
    let explained = |entry: &str| {
        let posting = postings.iter().find(|posting| posting.entry_id() == entry).unwrap();
        explain_posting(posting)
    };
    let recognized = explained("recognized_revenue:10#2024-10");
    assert_eq!(
        recognized.steps,
        [
            "until 2024-10-15: 1200.00 x 14 / 365 days = 46.03",
            "until 2024-11-01: 1053.97 x 17 / 351 days = 51.05",
        ]
    );
    assert_eq!(recognized.sources, [("invoice_lines", 10), ("invoices", 1)]);
    let next = explained("recognized_revenue:10#2024-11");
    assert_eq!(
        next.steps,
        ["until 2024-12-01: 1053.97 x 47 / 351 days = 141.13, less 51.05 = 90.08"]
    );
    let note = explained("credit_notes:1");
    assert!(
        note.steps[0].starts_with("net 100.00 taken back, undelivered first: 100.00 of 1153.97")
    );
    assert_eq!(
        note.booked,
        [("customer_balance", "-100.00".to_owned()), ("deferred_revenue", "100.00".to_owned())]
    );
}

#[test]
fn differences_from_the_records_are_listed() {
    let scenario = LedgerScenario::from_rows(
        "payment 1 customer_id=1 amount=500 date=2025-01-01
         balance 1 type=credit kind=payment amount=-400 date=2025-01-01
         invoice 1 subscription_id=1 status=open total=900 amount_remaining=800 date=2025-01-01
         invoice 2 subscription_id=1 status=open total=900 amount_remaining=900 date=2025-01-01",
    );
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let until = Horizon::end_of_month(month("2025-01"), &books.calendar);
    let (postings, _) = run(&books, &grouped, &LedgerSpan::until(until));
    let mut credit = CustomerCredit::new(Currency::USD);
    for posting in &postings {
        credit.add_posting(posting);
    }
    for transaction in &crate::scenario::tables(scenario.rows).balance_transactions {
        credit.add_transaction(transaction, until, &books);
    }
    let mut issues = credit.differences(month("2025-01"));
    for records in &grouped.invoices {
        let ledger = books.invoice_ledger(records, &grouped.directory, &LedgerSpan::until(until));
        issues.extend(check_receivable(records, &ledger, month("2025-01")));
    }
    let shown: Vec<_> = issues.iter().map(|i| (i.code.as_str(), i.id, i.amount)).collect();
    assert_eq!(shown, [("customer_balance_difference", 1, -100), ("ar_difference", 1, 100)]);
}
