//! Tests of suspicious records: booked by the stated rule and listed as issues, never a panic.
//! Rule: spec/accounting.md §12.2.

use crate::scenario::LedgerScenario;

#[test]
fn every_wrong_record_is_listed_with_the_rule() {
    for (rows, issues) in [
        (
            "invoice 1 subscription_id=1 total=1100 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000",
            &["lines_do_not_sum invoices 1"][..],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000 currency=eur",
            &["lines_do_not_sum invoices 1", "line_currency_mismatch invoice_lines 10"],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 date=2025-01-01 period=2025-02-01..2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000 period=2025-02-01..2025-01-01",
            &["period_inverted invoice_lines 10", "period_inverted invoices 1"],
        ),
        (
            "invoice 1 subscription_id=1 total=100 tax=150 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=-50",
            &["net_negative invoices 1"],
        ),
        (
            "invoice 1 subscription_id=1 status=void total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             payment 1 invoice_id=1 amount=1000 date=2025-01-05
             note 1 invoice_id=1 type=post_payment amount=10 date=2025-01-06",
            &[
                "voided_at_missing invoices 1",
                "credit_note_on_void_invoice credit_notes 1",
                "payment_on_void payments 1",
            ],
        ),
        (
            "invoice 1 subscription_id=1 status=uncollectible total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             payment 1 invoice_id=1 amount=1000 date=2025-01-05",
            &["uncollectible_at_missing invoices 1", "payment_after_write_off payments 1"],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 currency=eur date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000 currency=eur
             payment 1 invoice_id=1 amount=1000 date=2025-01-05
             refund 1 invoice_id=1 amount=10 succeeded_at=2025-01-05
             note 1 invoice_id=1 type=post_payment amount=10 date=2025-01-06
             balance 1 type=debit kind=applied_to_invoice amount=40 invoice_id=1 date=2025-01-01",
            &[
                "link_currency_mismatch balance_transactions 1",
                "link_currency_mismatch credit_notes 1",
                "link_currency_mismatch payments 1",
                "link_currency_mismatch refunds 1",
            ],
        ),
        (
            "note 1 invoice_id=7 type=post_payment amount=10 date=2025-01-06
             invoice 2 is_credit_note=true refunded_invoice_id=7 total=10 date=2025-01-01
             balance 1 type=debit kind=applied_to_invoice amount=40 date=2025-01-01",
            &[
                "applied_without_invoice balance_transactions 1",
                "credit_note_without_invoice credit_notes 1",
                "credit_note_without_invoice invoices 2",
            ],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             balance 1 type=debit kind=applied_to_invoice amount=1100 invoice_id=1 date=2025-01-01
             balance 2 type=debit kind=unapplied_from_invoice amount=50 invoice_id=1 date=2025-01-02",
            &[
                "overapplied_balance balance_transactions 1",
                "overapplied_balance balance_transactions 2",
                "balance_sign balance_transactions 2",
            ],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             note 1 invoice_id=1 type=post_payment amount=1100 total=1200 date=2025-01-06",
            &[
                "credit_note_exceeds_invoice credit_notes 1",
                "credit_note_total_mismatch credit_notes 1",
            ],
        ),
        (
            "invoice 1 subscription_id=1 total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             payment 1 invoice_id=1 amount=1000 date=2025-01-05
             note 1 invoice_id=1 type=post_payment amount=500 date=2025-01-06
             refund 1 payment_id=1 amount=500 succeeded_at=2025-01-07",
            &["refund_unlinked_note refunds 1"],
        ),
        (
            "plan 2 product_id=1 name=P amount=1 shipments_per_interval=2
             subscription 2 plan_id=2 status=active started_at=2025-01-01
             invoice 1 subscription_id=2 total=1000 date=2025-01-01
             line 10 invoice_id=1 amount=1000
             invoice 2 subscription_id=1 total=0 date=2025-01-01
             shipment 1 subscription_id=2 invoice_id=2 approved_at=2025-01-02
             shipment 2 subscription_id=2 status=returned approved_at=2025-01-02
             shipment 3 subscription_id=2 invoice_id=7 approved_at=2025-01-02",
            &["shipment_without_invoice shipments 1", "shipment_without_invoice shipments 2"],
        ),
        (
            "plan 1 product_id=1 name=P amount=1 recognition=shipments
             invoice 1 subscription_id=1 total=1000 date=2025-01-01
             line 10 invoice_id=1 plan_id=1 amount=1000
             shipment 1 subscription_id=1 approved_at=2025-01-02
             order 1 status=paid amount=5 date=2025-01-02",
            &[
                "shipment_without_invoice shipments 1",
                "shipments_plan_without_count plans 1",
                "order_without_invoice orders 1",
            ],
        ),
    ] {
        let mut expected: Vec<_> = issues.to_vec();
        let mut found = LedgerScenario::from_rows(rows).issues("2025-02");
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{rows}");
    }
}

#[test]
fn extreme_amounts_and_dates_never_panic() {
    for rows in [
        "invoice 1 subscription_id=1 total=9223372036854775807 tax=-9223372036854775808 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=9223372036854775807 period=0001-01-01..9999-12-30
         payment 1 invoice_id=1 amount=9223372036854775807 date=2025-01-02
         note 1 invoice_id=1 type=post_payment amount=0 total=9223372036854775807 date=2025-03-02
         refund 1 payment_id=1 amount=9223372036854775807 succeeded_at=2025-03-05",
        "order 1 status=paid amount=5 date=2025-01-02
         item 10 order_id=1 quantity=9223372036854775807 unit_amount=9223372036854775807 fulfilled_at=2025-01-03
         item 11 order_id=1 quantity=-1 unit_amount=9223372036854775807
         item 12 order_id=1 quantity=0 unit_amount=0
         invoice 1 order_id=1 total=-9223372036854775808 tax=9223372036854775807 date=2025-01-01",
        "invoice 1 subscription_id=1 status=uncollectible uncollectible_at=0001-01-01 total=100 date=9999-12-30
         line 10 invoice_id=1 plan_id=1 amount=100 period=9999-12-29..9999-12-30",
    ] {
        for last in ["2025-02", "2025-06"] {
            LedgerScenario::from_rows(rows).issues(last);
        }
    }
}

#[test]
fn what_lines_do_not_explain_is_earned_over_the_invoices_period() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3100 date=2025-01-01 period=2025-01-01..2025-02-01
         line 10 invoice_id=1 plan_id=1 amount=3000",
    )
    .expect(
        "2025-01 subscription_revenue 1      | ar 3100 deferred -3100
         2025-01 recognized_revenue 10       | deferred 3000 recognized -3000
         2025-01 recognized_revenue residual | deferred 100 recognized -100",
    );
}
