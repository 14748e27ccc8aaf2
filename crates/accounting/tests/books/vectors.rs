//! The vectors of spec/accounting.md §15, to the cent.

use crate::scenario::LedgerScenario;

const V1: &str = "
    invoice 1 subscription_id=1 status=paid tax=1000 total=11000 amount_paid=11000 date=2024-10-15
    line 10 invoice_id=1 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15
";

#[test]
fn v1_life_of_an_invoice() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 tax=1000 total=11000 amount_paid=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15
         payment 1 invoice_id=1 amount=11000 category=Card date=2024-10-15T10:00:00Z",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 payments_received 1    | online 11000 ar -11000
         2024-10 recognized_revenue 10  | deferred 5484 recognized -5484
         2024-10 closing                | online 11000 deferred -4516 taxes -1000 recognized -5484
         2024-11 recognized_revenue 10  | deferred 4516 recognized -4516
         2024-11 closing                | online 11000 taxes -1000 recognized -10000",
    );
}

#[test]
fn v2_annual_with_tax() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=open tax=12000 total=132000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=120000 tax=12000 period=2025-01-01..2026-01-01",
    )
    .expect(
        "2025-01 subscription_revenue 1 | ar 132000 deferred -120000 taxes -12000
         2025-01 recognized_revenue 10  | deferred 10192 recognized -10192
         2025-01 closing                | ar 132000 deferred -109808 taxes -12000 recognized -10192",
    );
}

#[test]
fn v3_payments_online_offline_and_ahead() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 tax=1000 total=11000 amount_paid=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15
         invoice 2 subscription_id=1 total=50000 date=2024-10-01
         line 20 invoice_id=2 plan_id=1 amount=50000 period=2024-10-01..2024-11-01
         payment 1 invoice_id=1 amount=11000 date=2024-10-15
         payment 2 invoice_id=2 amount=50000 type=offline category=Check date=2024-10-20
         payment 3 amount=100000 type=offline category=Transfer date=2024-10-25",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 subscription_revenue 2 | ar 50000 deferred -50000
         2024-10 recognized_revenue 10  | deferred 5484 recognized -5484
         2024-10 recognized_revenue 20  | deferred 50000 recognized -50000
         2024-10 payments_received 1    | online 11000 ar -11000
         2024-10 payments_received 2    | offline 50000 ar -50000
         2024-10 payments_received 3    | offline 100000 balance -100000
         2024-10 closing | offline 150000 online 11000 balance -100000 deferred -4516 taxes -1000 recognized -55484",
    );
}

#[test]
fn v4_credit_applied() {
    LedgerScenario::from_rows(
        "payment 1 amount=50000 type=offline category=Check date=2024-09-20
         invoice 1 subscription_id=1 tax=1000 total=11000 credit_applied=11000 date=2024-10-15
         line 10 invoice_id=1 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15
         balance 1 type=credit kind=payment amount=-50000 payment_id=1 date=2024-09-20
         balance 2 type=debit kind=applied_to_invoice amount=11000 invoice_id=1 date=2024-10-15T00:00:01Z",
    )
    .expect(
        "2024-09 payments_received 1    | offline 50000 balance -50000
         2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 applied_balance 2      | balance 11000 ar -11000
         2024-10 recognized_revenue 10  | deferred 5484 recognized -5484
         2024-10 closing | offline 50000 balance -39000 deferred -4516 taxes -1000 recognized -5484",
    );
}

#[test]
fn v5_void() {
    LedgerScenario::from_rows(
        "invoice 1002 subscription_id=1 status=void tax=1000 total=11000 date=2024-10-15 voided_at=2024-10-20T12:00:00Z
         line 10 invoice_id=1002 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15",
    )
    .expect(
        "2024-10 subscription_revenue 1002 | ar 11000 deferred -10000 taxes -1000
         2024-10 voided 1002               | ar -11000 deferred 10000 taxes 1000
         2024-10 closing                   |
         2024-12 closing                   |",
    );
}

#[test]
fn v6_credit_note_on_an_annual_invoice() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=120000 date=2024-10-01
         line 10 invoice_id=1 plan_id=1 amount=120000 period=2024-10-01..2025-10-01
         payment 1 invoice_id=1 amount=120000 date=2024-10-01
         note 1 invoice_id=1 type=post_payment amount=10000 date=2024-10-15T09:00:00Z",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 120000 deferred -120000
         2024-10 payments_received 1    | online 120000 ar -120000
         2024-10 credit_notes 1         | balance -10000 deferred 10000
         2024-10 recognized_revenue 10  | deferred 9708 recognized -9708
         2024-10 closing                | online 120000 balance -10000 deferred -100292 recognized -9708
         2024-11 recognized_revenue 10  | deferred 9008 recognized -9008",
    );
}

#[test]
fn v7_orders() {
    LedgerScenario::from_rows(
        "order 1 status=fulfilled amount=10500 shipping_amount=1500 coupon_id=1 date=2024-10-10
         item 10 order_id=1 quantity=2 unit_amount=5000 fulfilled_at=2024-10-12
         invoice 1 order_id=1 total=10500 date=2024-10-10
         order 2 status=fulfilled amount=3000 shipping_amount=500 date=2024-10-15
         item 20 order_id=2 quantity=1 unit_amount=2500 fulfilled_at=2024-10-20
         invoice 2 order_id=2 total=3000 date=2024-10-15
         order 3 status=fulfilled amount=5800 shipping_amount=800 date=2024-10-24
         item 30 order_id=3 quantity=2 unit_amount=2000 fulfilled_at=2024-10-25
         item 31 order_id=3 quantity=1 unit_amount=1000 fulfilled_at=2024-10-25
         invoice 3 order_id=3 total=5800 date=2024-10-24
         order 4 status=paid amount=2700 tax=200 date=2024-10-15
         item 40 order_id=4 quantity=1 unit_amount=2500
         invoice 4 order_id=4 total=2700 tax=200 date=2024-10-15
         order 5 status=created amount=1500 date=2024-10-26
         item 50 order_id=5 quantity=1 unit_amount=1500
         invoice 5 order_id=5 total=1500 date=2024-10-26",
    )
    .expect(
        "2024-10 order_revenue 1 | ar 10500 deferred -10500
         2024-10 order_revenue 2 | ar 3000 deferred -3000
         2024-10 order_revenue 3 | ar 5800 deferred -5800
         2024-10 order_revenue 4 | ar 2700 deferred -2500 taxes -200
         2024-10 recognized_revenue_order_based 10 | deferred 10500 recognized -10500
         2024-10 recognized_revenue_order_based 20 | deferred 3000 recognized -3000
         2024-10 recognized_revenue_order_based 30 | deferred 4640 recognized -4640
         2024-10 recognized_revenue_order_based 31 | deferred 1160 recognized -1160
         2024-10 closing | ar 22000 deferred -2500 taxes -200 recognized -19300",
    );
}

#[test]
fn v8_shipments() {
    LedgerScenario::from_rows(
        "plan 1 product_id=1 name=Issues amount=12000 interval=year shipments_per_interval=12
         invoice 1 subscription_id=1 total=12000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=12000
         shipment 1 subscription_id=1 status=approved approved_at=2025-01-08T09:00:00Z
         shipment 2 subscription_id=1 status=approved approved_at=2025-01-22T09:00:00Z
         shipment 3 subscription_id=1 status=pending",
    )
    .expect(
        "2025-01 subscription_revenue 1             | ar 12000 deferred -12000
         2025-01 recognized_revenue_issue_based 10  | deferred 2000 recognized -2000
         2025-01 closing                            | ar 12000 deferred -10000 recognized -2000",
    );
}

#[test]
fn v9_published_examples() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=3100 date=2019-01-15
         line 10 invoice_id=1 plan_id=1 amount=3100 period=2019-01-15..2019-02-15
         payment 1 invoice_id=1 amount=3100 date=2019-01-15",
    )
    .expect(
        "2019-01 closing | online 3100 deferred -1400 recognized -1700
         2019-02 recognized_revenue 10 | deferred 1400 recognized -1400
         2019-02 closing | online 3100 recognized -3100",
    );
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=36500 date=2019-01-01
         line 10 invoice_id=1 plan_id=1 amount=36500 period=2019-01-01..2020-01-01
         payment 1 invoice_id=1 amount=36500 date=2019-01-01",
    )
    .expect(
        "2019-01 closing | online 36500 deferred -33400 recognized -3100
         2019-02 recognized_revenue 10 | deferred 2800 recognized -2800
         2019-02 closing | online 36500 deferred -30600 recognized -5900
         2019-03 recognized_revenue 10 | deferred 3100 recognized -3100
         2019-03 closing | online 36500 deferred -27500 recognized -9000",
    );
    LedgerScenario::from_rows(
        "balance 1 type=credit kind=adjustment amount=-1100 date=2018-12-01
         balance 2 type=debit kind=applied_to_invoice amount=1100 invoice_id=1 date=2019-01-15
         invoice 1 subscription_id=1 total=3100 credit_applied=1100 amount_paid=2000 date=2019-01-15
         line 10 invoice_id=1 plan_id=1 amount=3100 period=2019-01-15..2019-02-15
         payment 1 invoice_id=1 amount=2000 date=2019-02-09",
    )
    .expect(
        "2018-12 balance_adjustments 1  | balance -1100 recognized 1100
         2019-01 subscription_revenue 1 | ar 3100 deferred -3100
         2019-01 applied_balance 2      | balance 1100 ar -1100
         2019-01 recognized_revenue 10  | deferred 1700 recognized -1700
         2019-01 closing                | ar 2000 deferred -1400 recognized -600
         2019-02 payments_received 1    | online 2000 ar -2000
         2019-02 recognized_revenue 10  | deferred 1400 recognized -1400
         2019-02 closing                | online 2000 recognized -2000",
    );
}

#[test]
fn v10_cancelled_at_once_and_the_rest_refunded() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=73000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=73000 period=2025-01-01..2026-01-01
         payment 1 invoice_id=1 amount=73000 date=2025-01-01
         note 1 invoice_id=1 type=post_payment amount=34000 refund_id=1 date=2025-07-15T09:00:00Z
         refund 1 payment_id=1 credit_note_id=1 amount=34000 succeeded_at=2025-07-15T09:01:00Z",
    )
    .expect(
        "2025-07 recognized_revenue 10 | deferred 2800 recognized -2800
         2025-07 credit_notes 1        | balance -34000 deferred 34000
         2025-07 refunds_made 1        | online -34000 balance 34000
         2025-07 closing               | online 39000 recognized -39000
         2025-12 closing               | online 39000 recognized -39000",
    );
}

#[test]
fn v11_one_time_and_refunded_a_month_later() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=9000 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=9000
         payment 1 invoice_id=1 amount=9000 date=2025-01-01
         refund 1 payment_id=1 amount=9000 succeeded_at=2025-02-01",
    )
    .expect(
        "2025-01 subscription_revenue 1 | ar 9000 deferred -9000
         2025-01 payments_received 1    | online 9000 ar -9000
         2025-01 recognized_revenue 10  | deferred 9000 recognized -9000
         2025-02 refunds_made 1         | online -9000 recognized 9000
         2025-02 closing                |",
    );
}

#[test]
fn v12_written_off_in_the_first_month() {
    LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 status=uncollectible tax=1000 total=11000 date=2024-10-15 uncollectible_at=2024-10-25
         line 10 invoice_id=1 plan_id=1 amount=10000 tax=1000 period=2024-10-15..2024-11-15",
    )
    .expect(
        "2024-10 subscription_revenue 1 | ar 11000 deferred -10000 taxes -1000
         2024-10 recognized_revenue 10  | deferred 3226 recognized -3226
         2024-10 uncollectible 1        | ar -11000 deferred 6774 taxes 1000 recognized 3226
         2024-10 closing                |
         2025-01 closing                |",
    );
}

#[test]
fn a_vector_that_expects_another_cent_fails() {
    let wrong = std::panic::catch_unwind(|| {
        LedgerScenario::from_rows(V1)
            .expect("2024-10 recognized_revenue 10 | deferred 5483 recognized -5483");
    });
    assert!(wrong.is_err());
}
