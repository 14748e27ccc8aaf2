//! Tests of implausible dates. Rule: spec/accounting.md §12.2.

use accounting::waterfall::{FUTURE_MONTHS, Waterfall};
use accounting::{Horizon, LedgerSpan};

use crate::scenario::{LedgerScenario, month};

#[test]
fn a_date_that_cannot_be_names_its_record_and_is_booked_as_dated() {
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=1000 date=0026-01-05
         line 10 invoice_id=1 plan_id=1 amount=1000
         invoice 2 subscription_id=1 total=1000 date=2025-01-05
         line 20 invoice_id=2 plan_id=1 amount=1000 period=2025-01-05..2206-01-05
         invoice 3 status=draft total=1000 date=0026-01-05
         payment 1 amount=500 date=1970-01-01
         payment 2 amount=500 date=1990-01-01
         payment 3 amount=500 date=1970-01-01 status=failed
         refund 1 amount=100 succeeded_at=1899-12-31
         balance 1 type=credit kind=gift amount=-10 date=2100-01-01
         note 1 invoice_id=2 type=post_payment amount=10 date=9998-01-01
         shipment 1 subscription_id=1 approved_at=1970-01-01",
    );
    let issues = scenario.issues("2025-01");
    let found: Vec<_> =
        issues.iter().filter_map(|issue| issue.strip_prefix("implausible_date ")).collect();
    let expected = [
        "balance_transactions 1",
        "credit_notes 1",
        "invoice_lines 20",
        "invoices 1",
        "payments 1",
        "refunds 1",
        "shipments 1",
    ];
    assert_eq!(found, expected);
    scenario.expect("0026-01 closing | ar 1000 recognized -1000");
    let (_, issues) = scenario.run(month("2025-01"));
    let implausible = issues.iter().find(|issue| issue.table == "invoices").unwrap();
    assert_eq!(implausible.month, month("0026-01"));
    assert!(implausible.is_listed_in(month("2025-01")), "it is listed in every month");
}

#[test]
fn a_currency_is_named_where_it_was_withdrawn_before_the_record() {
    for (currency, date, is_named) in [
        ("hrk", "2022-12-31", false),
        ("hrk", "2026-01-05", true),
        ("eek", "2010-12-15", false),
        ("eek", "2026-01-05", true),
        ("usd", "2026-01-05", false),
    ] {
        let records = format!(
            "invoice 1 subscription_id=1 total=1000 date={date} currency={currency}
             line 10 invoice_id=1 plan_id=1 amount=1000 currency={currency}"
        );
        let scenario = LedgerScenario::from_rows(records.leak());
        let (_, issues) = scenario.run(month("2026-01"));
        let named: Vec<_> =
            issues.iter().filter(|issue| issue.code.as_str() == "withdrawn_currency").collect();
        assert_eq!(named.len(), usize::from(is_named), "{currency} {date}");
        assert!(named.iter().all(|issue| (issue.table, issue.id) == ("invoices", 1)));
    }
}

#[test]
fn a_period_of_thousands_of_years_makes_no_more_columns_than_others() {
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=99900000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=99900000 period=2025-01-01..9990-01-01",
    );
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let mut waterfall = Waterfall::new(month("2025-01"), month("2025-01"));
    let span = LedgerSpan::until(Horizon::end_of_month(month("2025-01"), &books.calendar));
    let ledger = books.invoice_ledger(&grouped.invoices[0], &grouped.directory, &span);
    waterfall.add_invoice(&books, &ledger);
    let (_, row) = waterfall.rows().next().unwrap();
    assert_eq!(i32::try_from(row.future.len()), Ok(FUTURE_MONTHS));
    assert!(row.later > 0 && row.unscheduled == 0);
    assert_eq!(row.future.values().sum::<i128>() + row.later, row.remaining);
}
