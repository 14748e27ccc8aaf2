//! Tests of events dated before their invoice. Rule: spec/accounting.md §5, §6.1.

use accounting::aging::build_aging_row;
use accounting::reconciliation::{CustomerCredit, check_receivable};
use accounting::{Horizon, LedgerSpan};
use model::money::Currency;

use crate::scenario::{LedgerScenario, instant, month, tables};

const PAID_AHEAD: &str = "
    invoice 1 subscription_id=1 status=paid tax=1000 total=11000 date=2024-10-05
    line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-05..2024-11-05
    payment 1 invoice_id=1 amount=11000 date=2024-09-25
    invoice 2 status=open total=100 amount_remaining=100 date=2024-09-20
    line 20 invoice_id=2 amount=100
";

#[test]
fn a_payment_is_the_customers_credit_until_its_invoice_is_there() {
    LedgerScenario::from_rows(PAID_AHEAD).expect(
        "2024-09 other_invoices 2            | ar 100 deferred -100
         2024-09 other_recognized_revenue 20 | deferred 100 recognized -100
         2024-09 payments_received 1         | online 11000 balance -11000
         2024-09 closing                     | online 11000 balance -11000 ar 100 recognized -100
         2024-10 subscription_revenue 1      | ar 11000 deferred -10000 taxes -1000
         2024-10 applied_balance 1           | balance 11000 ar -11000
         2024-10 recognized_revenue 10       | deferred 8710 recognized -8710
         2024-10 closing | online 11000 ar 100 deferred -1290 taxes -1000 recognized -8810",
    );
}

#[test]
fn the_order_within_the_invoices_own_day_does_not_count() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=11000 date=2024-10-05T12:00:00Z
         line 10 invoice_id=1 plan_id=1 amount=11000
         payment 1 invoice_id=1 amount=11000 date=2024-10-05T11:59:59Z",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -11000
         2024-10 payments_received 1    | online 11000 ar -11000
         2024-10 recognized_revenue 10  | deferred 11000 recognized -11000",
    );
    // In New York it is still the previous day.
    let mut scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=11000 date=2024-10-05T04:00:00Z
         line 10 invoice_id=1 plan_id=1 amount=11000
         payment 1 invoice_id=1 amount=11000 date=2024-10-05T03:59:59Z",
    );
    scenario.zone = "America/New_York";
    scenario.expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -11000
         2024-10 payments_received 1    | online 11000 balance -11000
         2024-10 applied_balance 1      | balance 11000 ar -11000
         2024-10 recognized_revenue 10  | deferred 11000 recognized -11000",
    );
}

#[test]
fn what_is_paid_ahead_settles_no_more_than_is_due_and_may_go_back_before() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=10000 date=2024-10-05
         line 10 invoice_id=1 plan_id=1 amount=10000
         payment 1 invoice_id=1 amount=6000 date=2024-09-01
         payment 2 invoice_id=1 amount=7000 date=2024-09-02
         refund 1 payment_id=1 amount=1000 succeeded_at=2024-09-03
         payment 3 invoice_id=1 amount=500 date=2024-10-06",
    )
    .expect(
        "2024-09 payments_received 1    | online 6000 balance -6000
         2024-09 payments_received 2    | online 7000 balance -7000
         2024-09 refunds_made 1         | online -1000 balance 1000
         2024-09 closing                | online 12000 balance -12000
         2024-10 subscription_revenue 1 | ar 10000 deferred -10000
         2024-10 applied_balance 1      | balance 5000 ar -5000
         2024-10 applied_balance 2      | balance 5000 ar -5000
         2024-10 recognized_revenue 10  | deferred 10000 recognized -10000
         2024-10 payments_received 3    | online 500 balance -500
         2024-10 closing                | online 12500 balance -2500 recognized -10000",
    );
}

#[test]
fn applied_credit_notes_and_write_offs_act_when_the_invoice_is_booked() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=uncollectible total=10000 date=2024-10-05 uncollectible_at=2024-09-30
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-05..2024-11-05
         balance 1 type=debit kind=applied_to_invoice amount=3000 invoice_id=1 date=2024-09-10
         note 1 invoice_id=1 type=pre_payment amount=2000 date=2024-09-11
         balance 2 type=credit kind=gift amount=-3000 date=2024-09-01",
    )
    .expect(
        "2024-09 balance_adjustments 2  | balance -3000 recognized 3000
         2024-09 closing                | balance -3000 recognized 3000
         2024-10 subscription_revenue 1 | ar 10000 deferred -10000
         2024-10 applied_balance 1      | balance 3000 ar -3000
         2024-10 credit_notes 1         | ar -2000 deferred 2000
         2024-10 uncollectible 1        | ar -5000 deferred 5000
         2024-10 recognized_revenue 10  | deferred 2613 recognized -2613
         2024-10 closing                | deferred -387 recognized 387",
    );
}

#[test]
fn the_aging_of_a_day_knows_the_invoices_of_that_day_and_before() {
    let scenario = LedgerScenario::from_rows(PAID_AHEAD);
    let (books, grouped) = (scenario.books(), scenario.grouped());
    for (day, expected) in [
        ("2024-09-19", vec![]),
        ("2024-09-20", vec![(2, 100)]),
        ("2024-10-04", vec![(2, 100)]),
        ("2024-10-05", vec![(2, 100)]),
    ] {
        let day = books.calendar.date_of(instant(day));
        let span = LedgerSpan::until(Horizon::end_of_day(day, &books.calendar));
        let rows = grouped.invoices.iter().filter_map(|records| {
            let ledger = books.invoice_ledger(records, &grouped.directory, &span);
            build_aging_row(records, &ledger, day)
        });
        let found: Vec<_> = rows.map(|row| (row.invoice_id, row.accounts_receivable)).collect();
        assert_eq!(found, expected, "{day}");
    }
}

#[test]
fn nothing_is_said_to_differ_because_an_invoice_is_of_a_later_day() {
    // The second invoice is open, and its credit was recorded as applied before its date.
    const ROWS: &str = "
        invoice 1 subscription_id=1 status=paid total=11000 date=2024-10-05
        line 10 invoice_id=1 plan_id=1 amount=11000
        payment 1 invoice_id=1 amount=11000 date=2024-09-25
        invoice 2 subscription_id=1 status=open total=5000 amount_remaining=4000 date=2024-10-05
        line 20 invoice_id=2 plan_id=1 amount=5000
        balance 1 type=credit kind=gift amount=-1000 date=2024-09-01
        balance 2 type=debit kind=applied_to_invoice amount=1000 invoice_id=2 date=2024-09-26
    ";
    let scenario = LedgerScenario::from_rows(ROWS);
    let (books, grouped) = (scenario.books(), scenario.grouped());
    for last in ["2024-08", "2024-09", "2024-10"] {
        let until = Horizon::end_of_month(month(last), &books.calendar);
        let mut credit = CustomerCredit::new(Currency::USD);
        for records in &grouped.invoices {
            let ledger =
                books.invoice_ledger(records, &grouped.directory, &LedgerSpan::until(until));
            ledger.postings.iter().for_each(|posting| credit.add_posting(posting));
            credit.add_waiting_credit(&ledger, records.invoice.currency);
            assert_eq!(check_receivable(records, &ledger, month(last)), None, "{last}");
        }
        let untied =
            books.unlinked_ledger(&grouped.untied, &grouped.directory, &LedgerSpan::until(until));
        untied.postings.iter().for_each(|posting| credit.add_posting(posting));
        for transaction in &tables(ROWS).balance_transactions {
            credit.add_transaction(transaction, until, &books);
        }
        assert_eq!(credit.differences(month(last)), [], "{last}");
    }
}

#[test]
fn a_month_to_date_before_the_invoices_hour_has_no_negative_receivable() {
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=11000 date=2024-10-05T12:00:00Z
         line 10 invoice_id=1 plan_id=1 amount=11000
         payment 1 invoice_id=1 amount=11000 date=2024-10-05T10:00:00Z",
    );
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let span = LedgerSpan::until(Horizon::AsOf(instant("2024-10-05T11:00:00Z")));
    let ledger = books.invoice_ledger(&grouped.invoices[0], &grouped.directory, &span);
    let amounts: Vec<_> = ledger.postings.iter().map(|p| p.amounts.non_zero().count()).collect();
    assert_eq!(amounts, [2]);
    assert_eq!(ledger.postings[0].amounts[accounting::LedgerCategory::AccountsReceivable], 0);
    assert_eq!(ledger.postings[0].amounts[accounting::LedgerCategory::CustomerBalance], -11_000);
}
