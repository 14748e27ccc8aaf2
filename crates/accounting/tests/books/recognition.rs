//! Tests of the recognition of deferred revenue. Rule: spec/accounting.md §7.

use accounting::LedgerSettings;
use accounting::settings::RecognitionMethod::{Daily, Exact, MonthlyEven, MonthlyEvenProrated};

use crate::scenario::{LedgerScenario, month};

/// Returns the amount that a piece earns in each month, from the first one on.
fn earned(scenario: &LedgerScenario, first: &str, months: i32) -> Vec<i128> {
    let first = month(first);
    let (postings, _) = scenario.run(first.plus(months - 1));
    let of = |month| {
        let rows = postings.iter().filter(|p| p.month == month && p.file.is_recognition());
        rows.map(|p| -p.amounts[accounting::LedgerCategory::RecognizedRevenue]).sum()
    };
    first.through(first.plus(months - 1)).map(of).collect()
}

#[test]
fn methods_share_a_period_over_its_months() {
    let quarter = "invoice 1 subscription_id=1 total=9000 date=2025-01-16
        line 10 invoice_id=1 plan_id=1 amount=9000 period=2025-01-16..2025-04-16";
    let last_second = "invoice 1 subscription_id=1 total=9000 date=2025-01-01
        line 10 invoice_id=1 plan_id=1 amount=9000 period=2025-01-01..2025-03-31T23:59:59Z";
    let half_month = "invoice 1 subscription_id=1 total=9001 date=2025-01-01
        line 10 invoice_id=1 plan_id=1 amount=9001 period=2025-01-01..2025-02-15";
    let same_month = "invoice 1 subscription_id=1 total=-9001 date=2025-01-03
        line 10 invoice_id=1 plan_id=1 amount=-9001 period=2025-01-03..2025-01-20";
    let no_length = "invoice 1 subscription_id=1 total=9000 date=2025-01-31
        line 10 invoice_id=1 plan_id=1 amount=9000 period=2025-01-31..2025-01-31";
    for (rows, method, expected) in [
        (quarter, Daily, [1600, 2800, 3100, 1500]),
        (quarter, Exact, [1600, 2800, 3100, 1500]),
        (quarter, MonthlyEven, [3000, 3000, 3000, 0]),
        (quarter, MonthlyEvenProrated, [1600, 2950, 2950, 1500]),
        (last_second, Daily, [3100, 2800, 3100, 0]),
        (last_second, MonthlyEven, [3000, 3000, 3000, 0]),
        (last_second, MonthlyEvenProrated, [3000, 3000, 3000, 0]),
        (half_month, Daily, [6201, 2800, 0, 0]),
        (half_month, MonthlyEven, [9001, 0, 0, 0]),
        (half_month, MonthlyEvenProrated, [6201, 2800, 0, 0]),
        (same_month, Daily, [-9001, 0, 0, 0]),
        (same_month, MonthlyEvenProrated, [-9001, 0, 0, 0]),
        (no_length, Daily, [9000, 0, 0, 0]),
        (no_length, Exact, [9000, 0, 0, 0]),
    ] {
        let settings = LedgerSettings { recognition_method: method, ..LedgerSettings::default() };
        let scenario = LedgerScenario { settings, ..LedgerScenario::from_rows(rows) };
        assert_eq!(earned(&scenario, "2025-01", 4), expected, "{method:?} {rows}");
    }
}

#[test]
fn months_are_those_of_the_providers_zone() {
    let rows = "invoice 1 subscription_id=1 total=3000 date=2025-03-31T21:59:59Z
        line 10 invoice_id=1 plan_id=1 amount=3000 period=2025-03-31T22:00:00Z..2025-04-30T22:00:00Z";
    for (zone, expected) in
        [("UTC", [100, 2900]), ("Europe/Berlin", [0, 3000]), ("America/New_York", [100, 2900])]
    {
        let scenario = LedgerScenario { zone, ..LedgerScenario::from_rows(rows) };
        assert_eq!(earned(&scenario, "2025-03", 2), expected, "{zone}");
    }
}

#[test]
fn lines_have_schedules_of_their_own_and_proration_credits_run_backwards() {
    let scenario = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=4600 date=2025-04-16 period=2025-04-01..2025-05-01
         line 10 invoice_id=1 plan_id=1 amount=-1500 is_proration=true period=2025-04-16..2025-05-01
         line 11 invoice_id=1 plan_id=1 amount=6100 period=2025-04-16..2025-06-16",
    );
    assert_eq!(earned(&scenario, "2025-04", 3), [0, 3100, 1500]);
}

#[test]
fn a_line_without_a_period_takes_the_invoices_and_else_is_earned_at_once() {
    let with_period = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=6100 date=2025-04-16 period=2025-04-16..2025-06-16
         line 10 invoice_id=1 plan_id=1 amount=6100",
    );
    assert_eq!(earned(&with_period, "2025-04", 3), [1500, 3100, 1500]);
    let without = LedgerScenario::from_rows(
        "invoice 1 subscription_id=1 total=6100 date=2025-04-16
         line 10 invoice_id=1 plan_id=1 amount=6100",
    );
    assert_eq!(earned(&without, "2025-04", 3), [6100, 0, 0]);
}

#[test]
fn shipments_go_to_the_oldest_invoice_with_room_and_returns_come_back() {
    let scenario = LedgerScenario::from_rows(
        "plan 1 product_id=1 name=Issues amount=300 shipments_per_interval=3
         invoice 1 subscription_id=1 total=300 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=300
         invoice 2 subscription_id=1 total=600 date=2025-01-02
         line 20 invoice_id=2 plan_id=1 amount=600
         shipment 1 subscription_id=1 approved_at=2025-01-08
         shipment 2 subscription_id=1 approved_at=2025-02-08 invoice_id=2
         shipment 3 subscription_id=1 status=returned approved_at=2025-02-09 returned_at=2025-03-01
         shipment 4 subscription_id=1 approved_at=2025-04-08
         shipment 5 subscription_id=1 approved_at=2025-04-09
         shipment 6 subscription_id=1 approved_at=2025-05-09
         shipment 7 subscription_id=1 approved_at=2025-05-10
         shipment 8 subscription_id=1 approved_at=2025-05-11",
    );
    scenario.expect(
        "2025-01 subscription_revenue 1            | ar 300 deferred -300
         2025-01 subscription_revenue 2            | ar 600 deferred -600
         2025-01 recognized_revenue_issue_based 10 | deferred 100 recognized -100
         2025-02 recognized_revenue_issue_based 10 | deferred 100 recognized -100
         2025-02 recognized_revenue_issue_based 20 | deferred 200 recognized -200
         2025-03 recognized_revenue_issue_based 10 | deferred -100 recognized 100
         2025-04 recognized_revenue_issue_based 10 | deferred 200 recognized -200
         2025-05 recognized_revenue_issue_based 20 | deferred 400 recognized -400
         2025-05 closing                           | ar 900 recognized -900",
    );
    assert_eq!(scenario.issues("2025-06"), ["shipment_without_invoice shipments 8"]);
}

#[test]
fn a_return_after_a_note_gives_back_its_part_of_what_is_recognized() {
    LedgerScenario::from_rows(
        "plan 1 product_id=1 name=Issues amount=1200 shipments_per_interval=12
         invoice 1 subscription_id=1 total=1200 date=2025-01-01
         line 10 invoice_id=1 plan_id=1 amount=1200
         shipment 1 subscription_id=1 approved_at=2025-01-08
         shipment 2 subscription_id=1 status=returned approved_at=2025-01-09 returned_at=2025-02-20
         note 1 invoice_id=1 type=pre_payment amount=1000 date=2025-02-10",
    )
    .expect(
        "2025-01 closing                           | ar 1200 deferred -1000 recognized -200
         2025-02 credit_notes 1                    | ar -1000 deferred 1000
         2025-02 recognized_revenue_issue_based 10 | deferred -100 recognized 100
         2025-02 closing                           | ar 200 deferred -100 recognized -100",
    );
}

#[test]
fn an_order_item_waits_for_shipping_when_it_has_a_date() {
    LedgerScenario::from_rows(
        "order 1 status=fulfilled amount=900 date=2025-01-01
         item 10 order_id=1 quantity=1 unit_amount=300 fulfilled_at=2025-01-05 shipped_at=2025-02-03
         item 11 order_id=1 quantity=1 unit_amount=600 shipped_at=2025-01-03
         invoice 1 order_id=1 total=900 date=2025-01-01
         line 5 invoice_id=1 order_item_id=10 amount=100
         line 6 invoice_id=1 order_item_id=11 amount=800",
    )
    .expect(
        "2025-01 order_revenue 1                   | ar 900 deferred -900
         2025-02 recognized_revenue_order_based 10 | deferred 100 recognized -100
         2025-12 closing                           | ar 900 deferred -800 recognized -100",
    );
}
