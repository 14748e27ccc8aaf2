//! Payments, refunds, balance transactions and credit notes.
//! Rule: spec/exports.md §10.5, §10.6, §10.11, §10.12.

use super::books::{Books, customer, int, money, text};
use super::cell::Val;
use super::kind::{Filter, Kind, own};
use crate::oracle::Row;

pub(super) static PAYMENTS: Kind = Kind {
    object: "payments",
    table: "payments",
    columns: "id int · invoice_id int · invoice_number text · subscription_id int · \
        order_id int · CUST · amount money · amount_refunded money · net_amount money · \
        currency text · status text · type text · category text · destination text · \
        reference text · description text · paid bool · refunded bool · date ts · \
        metadata json · created_at ts · updated_at ts · deleted_at ts",
    filters: &[
        ("status", Filter::Words("succeeded pending failed")),
        ("type", Filter::Words("online offline")),
        ("category", Filter::Words("Card Check Wire Transfer External Cash")),
        ("currency", Filter::Currency),
        ("destination", Filter::Text),
    ],
    is_one: |_, _| true,
    site_of: |books, p| {
        let invoice = books.of(p, "invoice_id", "invoices");
        site_of(invoice, payer(books, p))
    },
    has: |_, p, filter| own(p, filter),
    value: payment,
    lines: None,
};

pub(super) static REFUNDS: Kind = Kind {
    object: "refunds",
    table: "refunds",
    columns: "id int · payment_id int · invoice_id int · invoice_number text · \
        credit_note_id int · CUST · amount money · currency text · status text · type text · \
        destination text · reason text · payment_category text · payment_reference text · \
        succeeded_at ts · created_at ts · updated_at ts · deleted_at ts",
    filters: &[
        ("status", Filter::Words("pending succeeded failed canceled")),
        ("type", Filter::Words("online offline")),
    ],
    is_one: |_, _| true,
    site_of: |books, r| site_of(refunded_invoice(books, r), refunded_customer(books, r)),
    has: |_, r, filter| own(r, filter),
    value: refund,
    lines: None,
};

pub(super) static BALANCE_TRANSACTIONS: Kind = Kind {
    object: "balance_transactions",
    table: "balance_transactions",
    columns: "id int · CUST · type text · kind text · amount money · currency text · \
        ending_balance money · invoice_id int · invoice_number text · payment_id int · \
        refund_id int · credit_note_id int · description text · date ts · created_at ts · \
        updated_at ts",
    filters: &[("type", Filter::Words("credit debit"))],
    is_one: |_, _| true,
    site_of: |books, b| books.of(b, "customer_id", "customers")?.int("site_id"),
    has: |_, b, filter| own(b, filter),
    value: balance_transaction,
    lines: None,
};

pub(super) static CREDIT_NOTES: Kind = Kind {
    object: "credit_note",
    table: "credit_notes",
    columns: "id int · number text · invoice_id int · invoice_number text · CUST · \
        subscription_id int · order_id int · type text · status text · reason text · \
        amount money · tax money · total money · currency text · refund_id int · date ts · \
        created_at ts · updated_at ts · deleted_at ts",
    filters: &[("currency", Filter::Currency), ("reason", Filter::Text)],
    is_one: |_, _| true,
    site_of: |books, n| {
        let invoice = books.of(n, "invoice_id", "invoices");
        site_of(invoice, books.of(n, "customer_id", "customers"))
    },
    has: |_, n, filter| own(n, filter),
    value: credit_note,
    lines: None,
};

/// Returns the invoice's site; otherwise the customer's.
fn site_of(invoice: Option<&Row>, customer: Option<&Row>) -> Option<i64> {
    let site = |row: Option<&Row>| row.and_then(|row| row.int("site_id"));
    site(invoice).or_else(|| site(customer))
}

/// Returns the payment's own customer; otherwise its invoice's.
fn payer<'a>(books: &Books<'a>, p: &Row) -> Option<&'a Row> {
    let own = books.of(p, "customer_id", "customers");
    own.or_else(|| books.of(books.of(p, "invoice_id", "invoices")?, "customer_id", "customers"))
}

fn payment(books: &Books<'_>, p: &Row, heading: &str) -> Option<Val> {
    let invoice = books.of(p, "invoice_id", "invoices");
    let (amount, refunded) = (p.amount("amount"), p.amount("amount_refunded"));
    Some(match heading {
        "invoice_number" => text(invoice, "number"),
        "subscription_id" => int(invoice, "subscription_id"),
        "order_id" => int(invoice, "order_id"),
        "net_amount" => money(amount - refunded, p),
        "paid" => Val::Bool(p.word("status") == "succeeded"),
        "refunded" => Val::Bool(amount > 0 && refunded >= amount),
        _ => return customer(payer(books, p), heading),
    })
}

/// Returns the refund's own invoice; otherwise its payment's.
fn refunded_invoice<'a>(books: &Books<'a>, r: &Row) -> Option<&'a Row> {
    let own = books.of(r, "invoice_id", "invoices");
    own.or_else(|| books.of(books.of(r, "payment_id", "payments")?, "invoice_id", "invoices"))
}

/// Returns the refund's own customer; otherwise its payment's, otherwise its invoice's.
fn refunded_customer<'a>(books: &Books<'a>, r: &Row) -> Option<&'a Row> {
    let of_payment =
        || books.of(books.of(r, "payment_id", "payments")?, "customer_id", "customers");
    let of_invoice = || books.of(refunded_invoice(books, r)?, "customer_id", "customers");
    books.of(r, "customer_id", "customers").or_else(of_payment).or_else(of_invoice)
}

fn refund(books: &Books<'_>, r: &Row, heading: &str) -> Option<Val> {
    let invoice = refunded_invoice(books, r);
    let payment = books.of(r, "payment_id", "payments");
    Some(match heading {
        "invoice_id" => int(invoice, "id"),
        "invoice_number" => text(invoice, "number"),
        "payment_category" => text(payment, "category"),
        "payment_reference" => text(payment, "reference"),
        _ => return customer(refunded_customer(books, r), heading),
    })
}

/// Returns the customer's balance in this currency after this transaction.
fn ending_balance(books: &Books<'_>, b: &Row) -> i128 {
    let place = |row: &Row| (row.instant("date"), row.id());
    let all = books.tables.all("balance_transactions").into_iter();
    let theirs = all.filter(|row| row.int("customer_id") == b.int("customer_id"));
    let alike = theirs.filter(|row| row.word("currency") == b.word("currency"));
    let through = alike.filter(|row| place(row) <= place(b));
    through.map(|row| row.amount("amount")).sum()
}

fn balance_transaction(books: &Books<'_>, b: &Row, heading: &str) -> Option<Val> {
    Some(match heading {
        "ending_balance" => money(ending_balance(books, b), b),
        "invoice_number" => text(books.of(b, "invoice_id", "invoices"), "number"),
        _ => return customer(books.of(b, "customer_id", "customers"), heading),
    })
}

fn credit_note(books: &Books<'_>, n: &Row, heading: &str) -> Option<Val> {
    let invoice = books.of(n, "invoice_id", "invoices");
    Some(match heading {
        "invoice_number" => text(invoice, "number"),
        "subscription_id" => int(invoice, "subscription_id"),
        "order_id" => int(invoice, "order_id"),
        _ => return customer(books.of(n, "customer_id", "customers"), heading),
    })
}
