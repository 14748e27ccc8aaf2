//! Tests of single events. Rule: spec/accounting.md §5, §6.

use accounting::LedgerSettings;
use accounting::settings::{EarlyEnd, OtherInvoices, ReversalSplit};

use crate::scenario::LedgerScenario;

#[test]
fn overpayment_becomes_credit_and_its_refund_takes_that_credit_first() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 tax=1000 total=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-15..2024-11-15
         payment 1 invoice_id=1 amount=15000 date=2024-10-15
         refund 1 payment_id=1 amount=4000 succeeded_at=2024-10-20
         refund 2 payment_id=1 amount=5500 destination=offline type=offline succeeded_at=2024-11-15",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 payments_received 1    | online 15000 balance -4000 ar -11000
         2024-10 refunds_made 1         | online -4000 balance 4000
         2024-10 recognized_revenue 10  | deferred 5484 recognized -5484
         2024-11 recognized_revenue 10  | deferred 4516 recognized -4516
         2024-11 refunds_made 2         | offline -5500 taxes 500 recognized 5000
         2024-11 closing                | offline -5500 online 11000 taxes -500 recognized -5000",
    );
}

#[test]
fn a_pre_payment_note_lowers_what_is_due_and_only_the_rest_is_credit() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=open tax=1000 total=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-15..2024-11-15
         payment 1 invoice_id=1 amount=9000 date=2024-10-15
         note 1 invoice_id=1 type=pre_payment amount=3000 tax=300 date=2024-10-15",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 payments_received 1    | online 9000 ar -9000
         2024-10 credit_notes 1         | balance -1300 ar -2000 deferred 3000 taxes 300
         2024-10 recognized_revenue 10  | deferred 3839 recognized -3839
         2024-10 closing                | online 9000 balance -1300 deferred -3161 taxes -700 recognized -3839",
    );
}

#[test]
fn an_invoice_that_is_a_credit_note_acts_on_the_one_it_names() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 tax=1000 total=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-15..2024-11-15
         payment 1 invoice_id=1 amount=11000 date=2024-10-15
         invoice 2 is_credit_note=true refunded_invoice_id=1 tax=-1000 total=-11000 date=2024-10-15T12:00:00Z
         refund 1 invoice_id=2 amount=11000 succeeded_at=2024-10-15T13:00:00Z
         payment 2 invoice_id=2 amount=100 date=2024-10-16",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 payments_received 1    | online 11000 ar -11000
         2024-10 credit_notes 2         | balance -11000 deferred 10000 taxes 1000
         2024-10 refunds_made 1         | online -11000 balance 11000
         2024-10 payments_received 2    | online 100 balance -100
         2024-10 closing                | online 100 balance -100",
    );
}

#[test]
fn a_negative_invoice_is_customer_credit_and_earns_backwards() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 tax=-1000 total=-11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=-10000 period=2024-10-15..2024-11-15",
    )
    .expect(
        "2024-10 credit_notes 1        | balance -11000 deferred 10000 taxes 1000
         2024-10 recognized_revenue 10 | deferred -5484 recognized 5484
         2024-11 recognized_revenue 10 | deferred -4516 recognized 4516
         2024-11 closing               | balance -11000 taxes 1000 recognized 10000",
    );
}

#[test]
fn a_void_in_a_later_month_gives_back_what_was_paid_and_earned() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=void tax=1000 total=11000 date=2024-10-15 voided_at=2024-11-10
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-10-15..2024-11-15
         payment 1 invoice_id=1 amount=4000 date=2024-10-16
         payment 2 invoice_id=1 amount=100 date=2024-11-12",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 payments_received 1    | online 4000 ar -4000
         2024-10 recognized_revenue 10  | deferred 5484 recognized -5484
         2024-11 voided 1               | balance -4000 ar -7000 deferred 4516 taxes 1000 recognized 5484
         2024-11 payments_received 2    | online 100 balance -100
         2024-11 closing                | online 4100 balance -4100",
    );
}

#[test]
fn a_void_before_the_booking_acts_at_the_booking_and_nothing_is_earned() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=void total=10000 date=2024-10-15 voided_at=2024-09-01
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2024-08-15..2024-09-15",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 10000 deferred -10000
         2024-10 voided 1               | ar -10000 deferred 10000
         2024-10 closing                |",
    );
}

#[test]
fn what_was_delivered_before_the_booking_is_earned_in_the_booking_month() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=9200 date=2024-10-10
         line 10 invoice_id=1 plan_id=1 amount=9200 period=2024-08-01..2024-11-01
         payment 1 invoice_id=1 amount=9200 date=2024-09-30",
    )
    .expect(
        "2024-09 payments_received 1    | online 9200 balance -9200
         2024-10 subscription_revenue 1 | ar 9200 deferred -9200
         2024-10 applied_balance 1      | balance 9200 ar -9200
         2024-10 recognized_revenue 10  | deferred 9200 recognized -9200
         2024-10 closing                | online 9200 recognized -9200",
    );
}

#[test]
fn advance_invoices_are_booked_when_created() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3100 is_advance=true created_at=2024-11-20 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=3100 period=2025-01-01..2025-02-01",
    )
    .expect(
        "2024-11 subscription_revenue 1 | ar 3100 deferred -3100
         2024-12 closing                | ar 3100 deferred -3100
         2025-01 recognized_revenue 10  | deferred 3100 recognized -3100",
    );
}

#[test]
fn drafts_deleted_rows_and_failed_payments_are_not_booked() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=draft total=3100 date=2025-01-01
         invoice 2 subscription_id=1 total=3100 date=2025-01-01 deleted_at=2025-01-02
         payment 1 amount=100 status=failed date=2025-01-01
         payment 2 amount=100 status=pending date=2025-01-01
         payment 3 amount=100 date=2025-01-01 deleted_at=2025-01-02
         payment 4 amount=100 invoice_id=1 date=2025-01-01
         refund 1 payment_id=4 amount=30 status=pending succeeded_at=2025-01-02
         refund 2 payment_id=4 amount=40 destination=customer_balance succeeded_at=2025-01-02
         balance 1 type=debit kind=applied_to_invoice amount=40 invoice_id=1 date=2025-01-01",
    )
    .expect(
        "2025-01 payments_received 4 | online 100 balance -100
         2025-01 refunds_made 2      |
         2025-01 closing             | online 100 balance -100",
    );
}

#[test]
fn a_manual_invoice_goes_to_its_own_files_unless_the_setting_says_otherwise() {
    let mut scenario = LedgerScenario::from_rows(
        "invoice 1 total=3100 date=2025-01-01
         line 10 invoice_id=1 amount=3100 period=2025-01-01..2025-02-01",
    );
    scenario.expect(
        "2025-01 other_invoices 1            | ar 3100 deferred -3100
         2025-01 other_recognized_revenue 10 | deferred 3100 recognized -3100",
    );
    scenario.settings.other_invoices = OtherInvoices::SubscriptionRevenue;
    scenario.expect(
        "2025-01 subscription_revenue 1 | ar 3100 deferred -3100
         2025-01 recognized_revenue 10  | deferred 3100 recognized -3100",
    );
}

#[test]
fn a_proportional_reversal_takes_from_both_by_size() {
    let settings =
        LedgerSettings { reversal_split: ReversalSplit::Proportional, ..LedgerSettings::default() };
    let scenario = LedgerScenario {
        settings,
        ..LedgerScenario::from_rows(
            "invoice 1 subscription_id=1 total=3000 date=2025-04-01
             line 10 invoice_id=1 plan_id=1 amount=3000 period=2025-04-01..2025-05-01
             payment 1 invoice_id=1 amount=3000 date=2025-04-01
             note 1 invoice_id=1 type=post_payment amount=900 date=2025-04-11",
        )
    };
    scenario.expect(
        "2025-04 subscription_revenue 1 | ar 3000 deferred -3000
         2025-04 payments_received 1    | online 3000 ar -3000
         2025-04 credit_notes 1         | balance -900 deferred 600 recognized 300
         2025-04 recognized_revenue 10  | deferred 2400 recognized -2400
         2025-04 closing                | online 3000 balance -900 recognized -2100",
    );
}

#[test]
fn an_early_end_recognizes_the_rest_when_the_setting_says_so() {
    let settings = LedgerSettings { early_end: EarlyEnd::Accelerate, ..LedgerSettings::default() };
    let scenario = LedgerScenario {
        settings,
        ..LedgerScenario::from_rows(
            "subscription 1 plan_id=1 status=canceled started_at=2025-01-01 ended_at=2025-02-10
             invoice 1 subscription_id=1 total=36500 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=36500 period=2025-01-01..2026-01-01",
        )
    };
    scenario.expect(
        "2025-01 subscription_revenue 1 | ar 36500 deferred -36500
         2025-01 recognized_revenue 10  | deferred 3100 recognized -3100
         2025-02 recognized_revenue 10  | deferred 33400 recognized -33400
         2025-06 closing                | ar 36500 recognized -36500",
    );
}

#[test]
fn zero_invoices_and_untied_refunds_are_listed() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=0 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=0 period=2025-01-01..2025-02-01
         refund 1 amount=500 succeeded_at=2025-01-05",
    )
    .expect(
        "2025-01 subscription_revenue 1 |
         2025-01 refunds_made 1         | online -500 balance 500",
    );
}

#[test]
fn at_one_instant_events_go_by_rank_whatever_their_ids() {
    // Application, payment, note, refund, void: each acts on the state left by those before it.
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=void total=11000 date=2024-10-15 voided_at=2024-10-20
         line 10 invoice_id=1 plan_id=1 amount=11000 period=2024-11-01..2024-12-01
         balance 90 type=debit kind=applied_to_invoice amount=1000 invoice_id=1 date=2024-10-20
         payment 80 invoice_id=1 amount=10500 date=2024-10-20
         note 70 invoice_id=1 type=post_payment amount=2000 date=2024-10-20
         refund 1 payment_id=80 amount=4500 succeeded_at=2024-10-20",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -11000
         2024-10 applied_balance 90     | balance 1000 ar -1000
         2024-10 payments_received 80   | online 10500 balance -500 ar -10000
         2024-10 credit_notes 70        | balance -2000 deferred 2000
         2024-10 refunds_made 1         | online -4500 balance 500 deferred 4000
         2024-10 voided 1               | balance -5000 deferred 5000
         2024-10 closing                | online 6000 balance -6000",
    );
}

#[test]
fn a_write_off_after_a_part_payment_keeps_what_was_paid_for() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=uncollectible tax=1000 total=11000 date=2025-04-01 uncollectible_at=2025-04-11
         line 10 invoice_id=1 plan_id=1 amount=10000 period=2025-04-01..2025-05-01
         payment 1 invoice_id=1 amount=5500 date=2025-04-11
         payment 2 invoice_id=1 amount=5500 date=2025-05-11",
    )
    .expect(
        "2025-04 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2025-04 payments_received 1    | online 5500 ar -5500
         2025-04 uncollectible 1        | ar -5500 deferred 5000 taxes 500
         2025-04 recognized_revenue 10  | deferred 5000 recognized -5000
         2025-05 payments_received 2    | online 5500 balance -5500
         2025-05 closing                | online 11000 balance -5500 taxes -500 recognized -5000",
    );
}

#[test]
fn of_two_charges_it_does_not_matter_which_is_refunded() {
    for refunded in [1, 2] {
        let rows = format!(
            "invoice 1 subscription_id=1 total=10000 date=2024-10-15
             line 10 invoice_id=1 plan_id=1 amount=10000
             payment 1 invoice_id=1 amount=10000 date=2024-10-15T10:00:00Z
             payment 2 invoice_id=1 amount=10000 date=2024-10-15T10:00:01Z
             refund 1 payment_id={refunded} amount=10000 succeeded_at=2024-10-20"
        );
        LedgerScenario::from_rows(rows.leak()).expect(
            "2024-10 subscription_revenue 1 | ar 10000 deferred -10000
             2024-10 payments_received 1    | online 10000 ar -10000
             2024-10 payments_received 2    | online 10000 balance -10000
             2024-10 recognized_revenue 10  | deferred 10000 recognized -10000
             2024-10 refunds_made 1         | online -10000 balance 10000
             2024-10 closing                | online 10000 recognized -10000",
        );
    }
    // The refund exceeds the overpayment, so the rest is taken back from the invoice.
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=10000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000
         payment 1 invoice_id=1 amount=10000 date=2024-10-15T10:00:00Z
         payment 2 invoice_id=1 amount=10000 date=2024-10-15T10:00:01Z
         refund 1 payment_id=1 amount=8000 succeeded_at=2024-10-20
         refund 2 payment_id=2 amount=5000 succeeded_at=2024-10-21",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 10000 deferred -10000
         2024-10 payments_received 1    | online 10000 ar -10000
         2024-10 payments_received 2    | online 10000 balance -10000
         2024-10 recognized_revenue 10  | deferred 10000 recognized -10000
         2024-10 refunds_made 1         | online -8000 balance 8000
         2024-10 refunds_made 2         | online -5000 balance 2000 recognized 3000
         2024-10 closing                | online 7000 recognized -7000",
    );
}
