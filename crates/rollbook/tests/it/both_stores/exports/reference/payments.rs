//! Payments, refunds, balance transactions and credit notes.
//! Rule: spec/exports.md §10.5, §10.6, §10.11, §10.12.

use super::books::{BusinessRows, customer, int, money, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceType, own};
use crate::oracle::OracleRow;

pub(super) static PAYMENTS: ReferenceType = ReferenceType {
    object: "payments",
    table: "payments",
    columns: "id int · invoice_id int · invoice_number text · subscription_id int · \
        order_id int · CUST · amount money · amount_refunded money · net_amount money · \
        currency text · status text · type text · category text · destination text · \
        reference text · description text · paid bool · refunded bool · date ts · \
        metadata json · created_at ts · updated_at ts · deleted_at ts",
    filters: &[
        ("status", ReferenceFilter::Words("succeeded pending failed")),
        ("type", ReferenceFilter::Words("online offline")),
        ("category", ReferenceFilter::Words("Card Check Wire Transfer External Cash")),
        ("currency", ReferenceFilter::Currency),
        ("destination", ReferenceFilter::Text),
    ],
    is_one: |_, _| true,
    site_of: |books, p| {
        let invoice = books.referenced_row(p, "invoice_id", "invoices");
        site_of(invoice, payer(books, p))
    },
    has: |_, p, filter| own(p, filter),
    value: payment,
    lines: None,
};

pub(super) static REFUNDS: ReferenceType = ReferenceType {
    object: "refunds",
    table: "refunds",
    columns: "id int · payment_id int · invoice_id int · invoice_number text · \
        credit_note_id int · CUST · amount money · currency text · status text · type text · \
        destination text · reason text · payment_category text · payment_reference text · \
        succeeded_at ts · created_at ts · updated_at ts · deleted_at ts",
    filters: &[
        ("status", ReferenceFilter::Words("pending succeeded failed canceled")),
        ("type", ReferenceFilter::Words("online offline")),
    ],
    is_one: |_, _| true,
    site_of: |books, r| site_of(refunded_invoice(books, r), refunded_customer(books, r)),
    has: |_, r, filter| own(r, filter),
    value: refund,
    lines: None,
};

pub(super) static BALANCE_TRANSACTIONS: ReferenceType = ReferenceType {
    object: "balance_transactions",
    table: "balance_transactions",
    columns: "id int · CUST · type text · kind text · amount money · currency text · \
        ending_balance money · invoice_id int · invoice_number text · payment_id int · \
        refund_id int · credit_note_id int · description text · date ts · created_at ts · \
        updated_at ts",
    filters: &[("type", ReferenceFilter::Words("credit debit"))],
    is_one: |_, _| true,
    site_of: |books, b| books.referenced_row(b, "customer_id", "customers")?.int("site_id"),
    has: |_, b, filter| own(b, filter),
    value: balance_transaction,
    lines: None,
};

pub(super) static CREDIT_NOTES: ReferenceType = ReferenceType {
    object: "credit_note",
    table: "credit_notes",
    columns: "id int · number text · invoice_id int · invoice_number text · CUST · \
        subscription_id int · order_id int · type text · status text · reason text · \
        amount money · tax money · total money · currency text · refund_id int · date ts · \
        created_at ts · updated_at ts · deleted_at ts",
    filters: &[("currency", ReferenceFilter::Currency), ("reason", ReferenceFilter::Text)],
    is_one: |_, _| true,
    site_of: |books, n| {
        let invoice = books.referenced_row(n, "invoice_id", "invoices");
        site_of(invoice, books.referenced_row(n, "customer_id", "customers"))
    },
    has: |_, n, filter| own(n, filter),
    value: credit_note,
    lines: None,
};

/// Returns the invoice's site; otherwise the customer's.
fn site_of(invoice: Option<&OracleRow>, customer: Option<&OracleRow>) -> Option<i64> {
    let site = |row: Option<&OracleRow>| row.and_then(|row| row.int("site_id"));
    site(invoice).or_else(|| site(customer))
}

/// Returns the payment's own customer; otherwise its invoice's.
fn payer<'a>(books: &BusinessRows<'a>, p: &OracleRow) -> Option<&'a OracleRow> {
    let own = books.referenced_row(p, "customer_id", "customers");
    own.or_else(|| {
        books.referenced_row(
            books.referenced_row(p, "invoice_id", "invoices")?,
            "customer_id",
            "customers",
        )
    })
}

fn payment(books: &BusinessRows<'_>, p: &OracleRow, heading: &str) -> Option<ExportValue> {
    let invoice = books.referenced_row(p, "invoice_id", "invoices");
    let (amount, refunded) = (p.amount("amount"), p.amount("amount_refunded"));
    Some(match heading {
        "invoice_number" => text(invoice, "number"),
        "subscription_id" => int(invoice, "subscription_id"),
        "order_id" => int(invoice, "order_id"),
        "net_amount" => money(amount - refunded, p),
        "paid" => ExportValue::Bool(p.word("status") == "succeeded"),
        "refunded" => ExportValue::Bool(amount > 0 && refunded >= amount),
        _ => return customer(payer(books, p), heading),
    })
}

/// Returns the refund's own invoice; otherwise its payment's.
fn refunded_invoice<'a>(books: &BusinessRows<'a>, r: &OracleRow) -> Option<&'a OracleRow> {
    let own = books.referenced_row(r, "invoice_id", "invoices");
    own.or_else(|| {
        books.referenced_row(
            books.referenced_row(r, "payment_id", "payments")?,
            "invoice_id",
            "invoices",
        )
    })
}

/// Returns the refund's own customer; otherwise its payment's, otherwise its invoice's.
fn refunded_customer<'a>(books: &BusinessRows<'a>, r: &OracleRow) -> Option<&'a OracleRow> {
    let of_payment = || {
        books.referenced_row(
            books.referenced_row(r, "payment_id", "payments")?,
            "customer_id",
            "customers",
        )
    };
    let of_invoice =
        || books.referenced_row(refunded_invoice(books, r)?, "customer_id", "customers");
    books.referenced_row(r, "customer_id", "customers").or_else(of_payment).or_else(of_invoice)
}

fn refund(books: &BusinessRows<'_>, r: &OracleRow, heading: &str) -> Option<ExportValue> {
    let invoice = refunded_invoice(books, r);
    let payment = books.referenced_row(r, "payment_id", "payments");
    Some(match heading {
        "invoice_id" => int(invoice, "id"),
        "invoice_number" => text(invoice, "number"),
        "payment_category" => text(payment, "category"),
        "payment_reference" => text(payment, "reference"),
        _ => return customer(refunded_customer(books, r), heading),
    })
}

/// Returns the customer's balance in this currency after this transaction.
fn ending_balance(books: &BusinessRows<'_>, b: &OracleRow) -> i128 {
    let place = |row: &OracleRow| (row.instant("date"), row.id());
    let all = books.tables.all("balance_transactions").into_iter();
    let theirs = all.filter(|row| row.int("customer_id") == b.int("customer_id"));
    let alike = theirs.filter(|row| row.word("currency") == b.word("currency"));
    let through = alike.filter(|row| place(row) <= place(b));
    through.map(|row| row.amount("amount")).sum()
}

fn balance_transaction(
    books: &BusinessRows<'_>,
    b: &OracleRow,
    heading: &str,
) -> Option<ExportValue> {
    Some(match heading {
        "ending_balance" => money(ending_balance(books, b), b),
        "invoice_number" => text(books.referenced_row(b, "invoice_id", "invoices"), "number"),
        _ => return customer(books.referenced_row(b, "customer_id", "customers"), heading),
    })
}

fn credit_note(books: &BusinessRows<'_>, n: &OracleRow, heading: &str) -> Option<ExportValue> {
    let invoice = books.referenced_row(n, "invoice_id", "invoices");
    Some(match heading {
        "invoice_number" => text(invoice, "number"),
        "subscription_id" => int(invoice, "subscription_id"),
        "order_id" => int(invoice, "order_id"),
        _ => return customer(books.referenced_row(n, "customer_id", "customers"), heading),
    })
}
