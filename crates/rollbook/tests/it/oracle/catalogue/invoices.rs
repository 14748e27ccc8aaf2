//! invoices. Rule: spec/reports.md §17.6.

use model::time::{Date, Instant};
use serde_json::json;

use super::super::column::{OracleColumn, c, money, not_modelled};
use super::super::data::OracleRow;
use super::super::filter::{
    self, OracleFilter, any_ids, date_bounds, date_frame, ids, ids_or_none, instant_bounds,
    instant_frame, words,
};
use super::super::value::{OracleValue, exact};
use super::super::world::{ListElement, OracleContext, currency};
use super::{
    OracleGrouping, OracleReport, count, currency_dimension, customer, customer_venue, date, flag,
    instant, int, local_date, month, owned, sum, text, year,
};

pub(super) const STATUS: &[&str] = &[
    "open",
    "paid",
    "pending_offline",
    "pending_online",
    "failed",
    "voided",
    "upcoming",
    "skipped",
    "retrying",
    "retry_failed",
];

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "invoices",
        table: "invoices",
        columns: columns(),
        parents: &["refunded_invoice", "customer", "customer.venue", "discount_code"],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |_, i| !i.has("deleted_at"),
        grouping: Some(grouping()),
    }
}

fn amount(
    key: &'static str,
    of: impl Fn(&OracleContext<'_>, &OracleRow) -> i128 + 'static,
) -> OracleColumn {
    money(key, "invoices", move |w, i| Some(of(w, i)), |_, i| currency(i))
}

fn columns() -> Vec<OracleColumn> {
    let of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64> = |_, i| i.int("customer_id");
    let mut columns = vec![
        int("id"),
        date("due_date"),
        c("confirmed_at", "", |_, i| OracleValue::instant(confirmed_at(i))),
        instant("paid_at"),
        c("status", "", |w, i| OracleValue::text(Some(status(w, i)))),
        flag("is_credit_note"),
        c("refunded_invoice.id", "refunded_invoice_id", |_, i| {
            OracleValue::int(i.int("refunded_invoice_id"))
        }),
        text("number"),
    ];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend([
        amount("total_amount", |_, i| i.amount("total")),
        amount("subtotal_amount", |_, i| i.amount("subtotal")),
        amount("discount_amount", |_, i| i.amount("discount")),
        amount("tax_amount", |_, i| i.amount("tax")),
        amount("credit_amount", |_, i| i.amount("credit_applied")),
        not_modelled("adjustment_amount", ""),
        amount("expected_payment_amount", |_, i| {
            (i.amount("total") - i.amount("credit_applied")).max(0)
        }),
        amount("refund_amount", |w, i| {
            -refunds(w, i).iter().map(|r| r.amount("amount")).sum::<i128>()
        }),
        c("refund_date", "", |w, i| OracleValue::date(refund_date(w, i))),
        c("discount_code.name", "discount_code_name", discount_name),
        c("discount_code.code", "discount_code", |_, i| OracleValue::text(i.text("discount_code"))),
        c("payment_processor", "", processor),
        text("purchase_type"),
        c("purchase_items", "", purchase_items).unsortable(),
        not_modelled("payout", ""),
        c("applied_credits", "", applied_credits).unsortable(),
        c("charges", "", charges).unsortable(),
        c("updated_at", "", |w, i| OracleValue::Instant(updated_at(w, i))),
        not_modelled("legacy_mapping", ""),
        text("currency").addition(),
    ]);
    columns
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        ids("customers", |_, i| i.int("customer_id")),
        ids_or_none("payment_processors", |_, i| i.int("payment_processor_id")),
        words(
            "purchase_types",
            &["class", "course", "course_session", "membership", "store"],
            |_, i| owned(i.text("purchase_type")),
        ),
        words("status", STATUS, |w, i| owned(Some(status(w, i)))),
        date_frame("due_date_timeframe", |_, i| i.date("due_date")),
        instant_frame("paid_at_timeframe", |_, i| i.instant("paid_at")),
        any_ids("customer_memberships", |w, i| {
            let lines = lines(w, i).into_iter().filter_map(|l| l.int("customer_membership_id"));
            i.int("customer_membership_id").into_iter().chain(lines).collect()
        }),
        filter::flag("discount_applied", |_, i| i.amount("discount") > 0 || i.has("discount_code")),
        filter::flag("credit_applied", |_, i| i.amount("credit_applied") > 0),
    ];
    filters.extend(date_bounds("due_date", |_, i| i.date("due_date")));
    filters.extend(instant_bounds("updated_at", |w, i| Some(updated_at(w, i))));
    filters.extend(instant_bounds("confirmed_at", |_, i| confirmed_at(i)));
    filters.extend(instant_bounds("paid_at", |_, i| i.instant("paid_at")));
    filters
}

fn lines<'a>(w: &OracleContext<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    w.naming("invoice_lines", "invoice_id", i.id())
}

/// Returns the payments of the invoice, including deleted ones.
fn all_payments<'a>(w: &OracleContext<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    w.naming("payments", "invoice_id", i.id())
}

/// Returns `pay`: the payments by (date, id).
fn payments<'a>(w: &OracleContext<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    let mut payments = all_payments(w, i);
    payments.retain(|pay| !pay.has("deleted_at"));
    payments.sort_by_key(|pay| (pay.instant("date"), pay.id()));
    payments
}

/// Returns the refunds of the invoice or of one of its payments, with any status, each once.
fn all_refunds<'a>(w: &OracleContext<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    let mut refunds = w.naming("refunds", "invoice_id", i.id());
    for payment in all_payments(w, i) {
        refunds.extend(w.naming("refunds", "payment_id", payment.id()));
    }
    refunds.sort_by_key(|refund| refund.id());
    refunds.dedup_by_key(|refund| refund.id());
    refunds
}

/// Returns `ref`: the succeeded refunds.
fn refunds<'a>(w: &OracleContext<'a>, i: &OracleRow) -> Vec<&'a OracleRow> {
    let mut refunds = all_refunds(w, i);
    refunds.retain(|refund| !refund.has("deleted_at") && refund.word("status") == "succeeded");
    refunds
}

pub(super) fn status(w: &OracleContext<'_>, i: &OracleRow) -> &'static str {
    match i.word("status") {
        "draft" => "upcoming",
        "paid" => "paid",
        "void" => "voided",
        "uncollectible" => "retry_failed",
        "open" | "past_due" => {
            let lastpay = payments(w, i).pop();
            match lastpay.map(|pay| (pay.word("status"), pay.word("type"))) {
                Some(("pending", "online")) => "pending_online",
                Some(("pending", "offline")) => "pending_offline",
                Some(("failed", _)) => "failed",
                _ => "open",
            }
        }
        other => panic!("invoice status {other}"),
    }
}

pub(super) fn confirmed_at(i: &OracleRow) -> Option<Instant> {
    i.instant("date").filter(|_| i.word("status") != "draft")
}

fn refund_date(w: &OracleContext<'_>, i: &OracleRow) -> Option<Date> {
    let at = |r: &OracleRow| r.instant("succeeded_at").or(r.instant("updated_at"));
    let latest = refunds(w, i).into_iter().filter_map(at).max();
    local_date(w, latest)
}

pub(super) fn discount_name(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    let Some(code) = i.text("discount_code") else { return OracleValue::Null };
    let coupons = w.tables.all("coupons");
    let coupon = coupons.into_iter().find(|cp| cp.text("code") == Some(code));
    OracleValue::text(coupon.and_then(|cp| cp.text("name")))
}

fn processor(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    w.name_of("payment_processors", i.int("payment_processor_id"))
}

fn purchase_items(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    let texts = lines(w, i).into_iter().filter_map(|l| l.text("description"));
    OracleValue::list(texts.map(|text| ListElement { json: json!(text), text: text.to_owned() }))
}

fn applied_credits(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    let all = w.naming("balance_transactions", "invoice_id", i.id()).into_iter();
    let applied = all
        .filter(|bt| ["applied_to_invoice", "unapplied_from_invoice"].contains(&bt.word("kind")));
    OracleValue::list(applied.map(|bt| {
        let decimal = w.currency(i).decimal(bt.amount("amount"));
        ListElement { json: json!({"amount": {"decimal": exact(&decimal)}}), text: decimal }
    }))
}

fn charges(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    let charges = payments(w, i).into_iter();
    let charges = charges.filter(|pay| ["succeeded", "pending"].contains(&pay.word("status")));
    OracleValue::list(charges.map(|pay| {
        let date = pay.instant("date").expect("an instant").to_string();
        let confirmed_at = (pay.word("status") == "succeeded").then_some(&date);
        let decimal = w.currency(i).decimal(pay.amount("amount"));
        let amount = json!({"decimal": exact(&decimal), "currency": w.currency(i).code()});
        ListElement {
            json: json!({"created_at": date, "amount": amount, "confirmed_at": confirmed_at}),
            text: decimal,
        }
    }))
}

pub(super) fn updated_at(w: &OracleContext<'_>, i: &OracleRow) -> Instant {
    let mut latest = i.instant("updated_at").expect("an instant");
    for row in lines(w, i).into_iter().chain(all_payments(w, i)).chain(all_refunds(w, i)) {
        latest = latest.max(row.instant("updated_at").expect("an instant"));
    }
    latest
}

fn purchased_item(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    if let Some(cm) = w.get("customer_memberships", i.int("customer_membership_id")) {
        return w.name_of("memberships", cm.int("membership_id"));
    }
    OracleValue::text(lines(w, i).into_iter().find_map(|l| l.text("description")))
}

fn purchase_fee_type(w: &OracleContext<'_>, i: &OracleRow) -> OracleValue {
    let mut types = lines(w, i).into_iter().filter_map(|l| l.text("type"));
    OracleValue::text(types.find(|kind| ["flat_fee", "service_fee"].contains(kind)))
}

fn grouping() -> OracleGrouping {
    let mut dimensions = vec![c("status", "", |w, i| OracleValue::text(Some(status(w, i))))];
    dimensions.extend(customer(|_, i| i.int("customer_id")));
    dimensions.extend([
        text("purchase_type"),
        c("payment_processor", "", processor),
        month("due_date_month", |_, i| i.date("due_date")),
        year("due_date_year", |_, i| i.date("due_date")),
        month("payment_month", |w, i| local_date(w, i.instant("paid_at"))),
        year("payment_year", |w, i| local_date(w, i.instant("paid_at"))),
        not_modelled("payout_month", ""),
        not_modelled("payout_year", ""),
        c("purchased_item", "", purchased_item),
        c("purchase_fee_type", "", purchase_fee_type),
        currency_dimension(),
    ]);
    OracleGrouping {
        dimensions,
        measures: vec![count(), sum("total_amount", "total")],
        parents: &["customer"],
        default_columns: &[],
        pivots: &[],
        bucket: None,
    }
}
