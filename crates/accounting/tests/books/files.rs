//! Tests of the rows of the package's files. Rule: spec/accounting.md §9.

use accounting::package::{FieldValue, invoice_row, package_columns, unlinked_row};
use accounting::settings::CustomerBalanceView;
use accounting::{Horizon, LedgerFile, LedgerSpan};

use crate::scenario::{LedgerScenario, month};

const LIFE: &str = "
    invoice 1 number=A-1 subscription_id=1 tax=1000 total=11000 status=uncollectible uncollectible_at=2024-11-05 date=2024-10-15
    line 10 invoice_id=1 plan_id=1 amount=10000 description=Monthly period=2024-10-15..2024-11-15
    payment 1 invoice_id=1 amount=5000 category=Card reference=ch_1 date=2024-10-15T10:00:00Z
    payment 2 customer_id=1 amount=700 type=offline category=Cash date=2024-11-02
    balance 1 type=debit kind=applied_to_invoice amount=700 invoice_id=1 date=2024-11-03
    balance 2 type=credit kind=gift amount=-50 date=2024-11-03
    note 1 number=N-1 invoice_id=1 type=pre_payment amount=300 tax=30 date=2024-11-04
    refund 1 payment_id=1 amount=100 reason=kind succeeded_at=2024-11-04
    invoice 2 status=void subscription_id=1 total=100 date=2024-11-01 voided_at=2024-11-02T03:04:05Z
    line 20 invoice_id=2 plan_id=1 amount=100 period=2024-11-01..2024-12-01
    sku 3 product_id=1 name=Mug unit_amount=600
    order 3 status=fulfilled amount=600 shipping_amount=100 date=2024-11-01
    item 30 order_id=3 sku_id=3 quantity=2 unit_amount=250 fulfilled_at=2024-11-02
    invoice 3 order_id=3 total=600 date=2024-11-01
";

fn shown(field: &FieldValue<'_>) -> String {
    match field {
        FieldValue::Empty => "-".to_owned(),
        FieldValue::Int(value) | FieldValue::Money(value) => value.to_string(),
        FieldValue::Text(text) => text.to_string(),
        FieldValue::Bool(value) => value.to_string(),
        FieldValue::Date(date) => date.to_string(),
        FieldValue::Instant(instant) => instant.to_string(),
    }
}

/// Returns the rows of a file in November, one line each: the head's id and date, then the further
/// columns.
fn rows(file: LedgerFile) -> Vec<String> {
    let scenario = LedgerScenario::from_rows(LIFE);
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let november = month("2024-11");
    let span = LedgerSpan::month(november, Horizon::end_of_month(november, &books.calendar));
    let view = CustomerBalanceView::Stored;
    let mut lines = Vec::new();
    let show = |fields: Vec<FieldValue<'_>>| {
        let further: Vec<_> = fields[24..].iter().map(shown).collect();
        format!("{} {} | {}", shown(&fields[0]), shown(&fields[1]), further.join(" "))
    };
    for records in &grouped.invoices {
        let ledger = books.invoice_ledger(records, &grouped.directory, &span);
        for posting in ledger.postings.iter().filter(|p| p.month == november && p.file == file) {
            let row = invoice_row(posting, records, &grouped.directory, view).unwrap();
            lines.push(show(row.fields()));
        }
    }
    for posting in books.unlinked_ledger(&grouped.untied, &grouped.directory, &span).postings {
        if posting.file == file {
            let row = unlinked_row(&posting, &grouped.untied, &grouped.directory, view).unwrap();
            lines.push(show(row.fields()));
        }
    }
    lines
}

#[test]
fn each_file_has_its_columns_and_rows() {
    for (file, further, expected) in [
        (
            LedgerFile::SubscriptionRevenue,
            "invoice_status billing_reason subscription_type is_advance subtotal discount tax total period_start period_end line_count",
            &["2 2024-11-01 | void - regular false 100 0 0 100 - - 1"][..],
        ),
        (
            LedgerFile::OrderRevenue,
            "invoice_status order_status subtotal discount shipping_amount tax total",
            &["3 2024-11-01 | paid fulfilled 600 0 100 0 600"],
        ),
        (
            LedgerFile::RecognizedRevenue,
            "description period_start period_end method units_before units units_total net_amount recognized_to_date deferred_after",
            // 31 days in all; the note stops what it takes, the write-off ends it on the 5th.
            &[
                "10 2024-11-30 | Monthly 2024-10-15T00:00:00Z 2024-11-15T00:00:00Z daily 17 4 31 10000 5091 0",
            ],
        ),
        (
            LedgerFile::RecognizedRevenueOrderBased,
            "sku_id sku_name quantity unit_amount fulfilled_at net_amount recognized_to_date deferred_after",
            &["30 2024-11-30 | 3 Mug 2 250 2024-11-02T00:00:00Z 600 600 0"],
        ),
        (
            LedgerFile::PaymentsReceived,
            "type category destination reference amount applied_to_invoice to_customer_balance",
            &["2 2024-11-02 | offline Cash - - 700 0 700"],
        ),
        (
            LedgerFile::AppliedBalance,
            "kind amount description",
            &["1 2024-11-03 | applied_to_invoice 700 -"],
        ),
        (
            LedgerFile::RefundsMade,
            "payment_id credit_note_id type destination reason amount",
            &["1 2024-11-04 | 1 - online card kind 100"],
        ),
        (
            LedgerFile::Uncollectible,
            "invoice_date invoice_total uncollectible_at",
            &["1 2024-11-05 | 2024-10-15T00:00:00Z 11000 2024-11-05T00:00:00Z"],
        ),
        (
            LedgerFile::Voided,
            "invoice_date invoice_total voided_at",
            &["2 2024-11-02 | 2024-11-01T00:00:00Z 100 2024-11-02T03:04:05Z"],
        ),
        (
            LedgerFile::CreditNotes,
            "source number type reason amount tax total",
            &["1 2024-11-04 | credit_note N-1 pre_payment - 300 30 330"],
        ),
        (
            LedgerFile::BalanceAdjustments,
            "type kind amount description",
            &["2 2024-11-03 | credit gift -50 -"],
        ),
    ] {
        let names: Vec<_> = package_columns(file)[24..].iter().map(|column| column.name).collect();
        assert_eq!(names.join(" "), further, "{file:?}");
        assert_eq!(rows(file), expected, "{file:?}");
    }
}

#[test]
fn every_file_begins_with_the_common_head() {
    let head = "id date occurred_at customer_id customer_email customer_name invoice_id \
        invoice_number subscription_id order_id plan_id plan_name product_id product_name site_id \
        currency cash_offline cash_online customer_balance accounts_receivable deferred_revenue \
        taxes recognized_revenue adjusts_month";
    for file in LedgerFile::ALL {
        let names: Vec<_> =
            package_columns(file).iter().take(24).map(|column| column.name).collect();
        assert_eq!(names.join(" "), head);
    }
}

#[test]
fn the_credit_view_flips_one_column_of_the_rows_only() {
    let scenario = LedgerScenario::from_rows("payment 1 customer_id=1 amount=500 date=2024-11-01");
    let (books, grouped) = (scenario.books(), scenario.grouped());
    let span = LedgerSpan::until(Horizon::end_of_month(month("2024-11"), &books.calendar));
    let ledger = books.unlinked_ledger(&grouped.untied, &grouped.directory, &span);
    let posting = &ledger.postings[0];
    for (view, expected) in
        [(CustomerBalanceView::Stored, "-500"), (CustomerBalanceView::Credit, "500")]
    {
        let row = unlinked_row(posting, &grouped.untied, &grouped.directory, view).unwrap();
        let fields: Vec<_> = row.fields().iter().map(shown).collect();
        assert_eq!(fields[4], "ada@example.org");
        assert_eq!(fields[17], "500");
        assert_eq!(fields[18], expected);
    }
}
