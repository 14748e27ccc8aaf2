//! Invoices, of every billing reason. Rule: spec/reports.md §17.6.

use datafusion::functions::expr_fn::{coalesce, greatest};
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    Column, Kind, boolean, count, date, instant, int, list, money, month, string, sum, unmodelled,
    year,
};
use crate::definition::filter::{
    Filter, Word, dates, dates_within, each_equal, ids, ids_or_none, ids_with, instants,
    instants_within, is, words,
};
use crate::definition::grouping::{Grouping, Groups};
use crate::definition::relation::{derived, row};
use crate::definition::value::{Value, at, choose, fixed, nothing, only_when, text, value, wide};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::terms::{customer, invoice, payment, refund};

pub(super) fn report() -> Report {
    Report {
        name: "invoices",
        label: "Invoices",
        permissions: &[Permission::Revenue],
        base: Base { table: "invoices", alias: "i", deleted: Deleted::LeftOut },
        kept: None,
        relations: vec![
            customer::relation("i.customer_id"),
            customer::venue_relation(),
            row("processor", "payment_processors", "i.payment_processor_id"),
            derived("cp", [("i.discount_code", "code")], invoice::coupons),
            derived("lastpay", [("i.id", "invoice_id")], payment::last_of_invoice),
            derived("payments", [("i.id", "invoice_id")], payment::of_invoice),
            derived("refunds", [("i.id", "invoice_id")], refund::of_invoice),
            derived("lines", [("i.id", "invoice_id")], invoice::lines),
            derived("credits", [("i.id", "invoice_id")], invoice::applied_credits),
            row("cm", "customer_memberships", "i.customer_membership_id"),
            row("m", "memberships", "cm.membership_id"),
            derived("named", [("i.id", "invoice_id")], invoice::first_description),
            derived("fee", [("i.id", "invoice_id")], invoice::first_fee_type),
        ],
        columns: columns(),
        parents: &["refunded_invoice", "customer", "customer.venue", "discount_code"],
        filters: filters(),
        default_sort: &["id"],
        brief_columns: &[
            "id",
            "number",
            "customer.name",
            "status",
            "total_amount",
            "due_date",
            "paid_at",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let paid = || value(|scope| scope.local(col("i.paid_at")));
    let mut columns = vec![string("status", invoice::written_status())];
    columns.extend(customer::columns("i.customer_id"));
    columns.extend([
        string("purchase_type", at("i.purchase_type")),
        string("payment_processor", at("processor.name")),
        month("due_date_month", at("i.due_date")),
        year("due_date_year", at("i.due_date")),
        month("payment_month", paid()),
        year("payment_year", paid()),
        unmodelled("payout_month", "int"),
        unmodelled("payout_year", "int"),
        string("purchased_item", purchased_item()),
        string("purchase_fee_type", at("fee.type")),
        count(),
        sum("total_amount", at("i.total"), at("i.currency")).addition(),
        string("currency", at("i.currency")).addition(),
    ]);
    report().in_groups(Groups {
        name: "invoices.grouped",
        label: "Invoices (grouped)",
        columns,
        parents: &["customer"],
        grouping: Grouping { default_columns: &[], pivots: None },
    })
}

/// Returns the name of the plan whose membership the invoice is for, else the first description of
/// a line.
fn purchased_item() -> Value {
    value(|_| {
        let is_for_membership = col("cm.id").is_not_null();
        choose([(is_for_membership, col("m.name"))], Some(col("named.description")))
    })
}

fn columns() -> Vec<Column> {
    let currency = || at("i.currency");
    let amount = |key: &'static str, column: &'static str| money(key, at(column), currency());
    let mut columns = vec![
        int("id", at("i.id")),
        date("due_date", at("i.due_date")),
        instant("confirmed_at", confirmed_at()),
        instant("paid_at", at("i.paid_at")),
        string("status", invoice::written_status()),
        boolean("is_credit_note", at("i.is_credit_note")),
        int("refunded_invoice.id", at("i.refunded_invoice_id")).alias("refunded_invoice_id"),
        string("number", at("i.number")),
    ];
    columns.extend(customer::columns("i.customer_id"));
    columns.extend(customer::venue_columns());
    columns.extend([
        amount("total_amount", "i.total"),
        amount("subtotal_amount", "i.subtotal"),
        amount("discount_amount", "i.discount"),
        amount("tax_amount", "i.tax"),
        amount("credit_amount", "i.credit_applied"),
        unmodelled("adjustment_amount", "money"),
        money("expected_payment_amount", expected_payment(), currency()),
        money(
            "refund_amount",
            // The vendor's live API answers negative amounts here.
            value(|_| coalesce(vec![-col("refunds.amount"), nothing()])),
            currency(),
        ),
        date("refund_date", value(|scope| scope.local(col("refunds.refunded_at")))),
        string("discount_code.name", at("cp.name")).alias("discount_code_name"),
        string("discount_code.code", at("i.discount_code")).alias("discount_code"),
        string("payment_processor", at("processor.name")),
        string("purchase_type", at("i.purchase_type")),
        list("purchase_items", &Kind::Text, at("lines.items")),
        unmodelled("payout", "object"),
        list("applied_credits", &invoice::APPLIED_CREDIT, at("credits.list"))
            .amounts_in(currency()),
        list("charges", &payment::CHARGE, at("payments.charges")).amounts_in(currency()),
        instant("updated_at", updated_at()),
        unmodelled("legacy_mapping", "object"),
        string("currency", currency()).addition(),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![
        ids("customers", at("i.customer_id")),
        ids_or_none("payment_processors", at("i.payment_processor_id")).typed("int[]"),
        words(
            "purchase_types",
            each_equal(
                &at("i.purchase_type"),
                ["class", "course", "course_session", "membership", "store"],
            ),
        ),
        words("status", statuses()).typed("string"),
    ];
    filters.extend(dates(["due_date_gte", "due_date_lte"], at("i.due_date")));
    filters.push(dates_within("due_date_timeframe", at("i.due_date")));
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], updated_at()));
    filters.extend(instants(["confirmed_at_gte", "confirmed_at_lte"], confirmed_at()));
    filters.extend(instants(["paid_at_gte", "paid_at_lte"], at("i.paid_at")));
    let has_code = || col("i.discount_code").is_not_null();
    let has_discount = value(move |_| col("i.discount").gt(lit(0_i64)).or(has_code()));
    filters.extend([
        instants_within("paid_at_timeframe", at("i.paid_at")),
        ids_with("customer_memberships", invoice::is_for_memberships),
        is("discount_applied", has_discount),
        is("credit_applied", value(|_| col("i.credit_applied").gt(lit(0_i64)))),
    ]);
    filters
}

/// Returns the words of a filter by the displayed status, in the vendor's order. Only the words
/// that depend on the last payment read it.
pub(super) fn statuses() -> Vec<Word> {
    let stored = |word: &'static str, stored: &'static str| {
        let holds = value(move |_| col("i.status").eq(text(stored)));
        Word { word, also: &[], holds }
    };
    let waiting = |word: &'static str| {
        let written = invoice::written_status();
        let holds = value(move |scope| invoice::is_waiting().and(written(scope).eq(text(word))));
        Word { word, also: &[], holds }
    };
    let never = |word: &'static str| Word { word, also: &[], holds: fixed(lit(false)) };
    vec![
        waiting("open"),
        stored("paid", "paid"),
        waiting("pending_offline"),
        waiting("pending_online"),
        waiting("failed"),
        stored("voided", "void"),
        stored("upcoming", "draft"),
        never("skipped"),
        never("retrying"),
        stored("retry_failed", "uncollectible"),
    ]
}

/// Returns the instant of confirmation: the invoice's date, or null for a draft.
pub(super) fn confirmed_at() -> Value {
    value(|_| only_when(col("i.status").not_eq(text("draft")), col("i.date")))
}

fn expected_payment() -> Value {
    value(|_| {
        let rest = wide(col("i.total")) - wide(col("i.credit_applied"));
        choose([(rest.clone().lt(nothing()), nothing())], Some(rest))
    })
}

/// Returns the instant of the last change of the invoice `i`, its lines, its payments or its
/// refunds.
pub(super) fn updated_at() -> Value {
    value(|_| {
        greatest(vec![
            col("i.updated_at"),
            col("lines.updated_at"),
            col("payments.updated_at"),
            col("refunds.updated_at"),
        ])
    })
}
