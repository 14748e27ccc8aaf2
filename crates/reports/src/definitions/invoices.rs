//! Invoices, of every billing reason. Rule: spec/reports.md §17.6.

use datafusion::functions::expr_fn::{coalesce, greatest};
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    ReportColumn, ReportColumnKind, boolean, count, date, instant, int, list, money, month, string,
    sum, unmodelled, year,
};
use crate::definition::filter::{
    FilterWord, ReportFilter, dates, dates_within, ids, ids_or_none, ids_with, instants,
    instants_within, is, words, words_equal_to,
};
use crate::definition::grouping::{GroupedForm, ReportGrouping};
use crate::definition::relation::{Relation, derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, constant_value, null_unless, scoped_expr, text_literal,
    widen_amount, zero_amount,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::terms::{customer, invoice, payment, refund};

pub(super) fn report() -> Report {
    Report {
        name: "invoices",
        label: "Invoices",
        permissions: &[Permission::Revenue],
        source: RowSource { table: "invoices", alias: "i", relations: relations() },
        deleted: DeletedRows::LeftOut,
        row_condition: None,
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let paid = || scoped_expr(|scope| scope.local_date(col("i.paid_at")));
    let mut columns = vec![string("status", invoice::displayed_status())];
    columns.extend(customer::customer_columns("i.customer_id"));
    columns.extend([
        string("purchase_type", column_value("i.purchase_type")),
        string("payment_processor", column_value("processor.name")),
        month("due_date_month", column_value("i.due_date")),
        year("due_date_year", column_value("i.due_date")),
        month("payment_month", paid()),
        year("payment_year", paid()),
        unmodelled("payout_month", "int"),
        unmodelled("payout_year", "int"),
        string("purchased_item", purchased_item()),
        string("purchase_fee_type", column_value("fee.type")),
        count(),
        sum("total_amount", column_value("i.total"), column_value("i.currency")).addition(),
        string("currency", column_value("i.currency")).addition(),
    ]);
    report().into_grouped(GroupedForm {
        name: "invoices.grouped",
        label: "Invoices (grouped)",
        columns,
        parents: &["customer"],
        grouping: ReportGrouping { default_columns: &[], pivots: None },
    })
}

/// Returns the name of the plan whose membership the invoice is for, else the first description of
/// a line.
fn purchased_item() -> ScopedExpr {
    scoped_expr(|_| {
        let is_for_membership = col("cm.id").is_not_null();
        case_when([(is_for_membership, col("m.name"))], Some(col("named.description")))
    })
}

/// Returns the rows beside an invoice `i` that every report of invoices or of their lines shows.
pub(super) fn invoice_relations() -> Vec<Relation> {
    vec![
        customer::customer_relation("i.customer_id"),
        customer::venue_relation(),
        derived_relation("cp", [("i.discount_code", "code")], invoice::coupons_by_code),
        derived_relation("lastpay", [("i.id", "invoice_id")], payment::last_payments_of_invoices),
        derived_relation("payments", [("i.id", "invoice_id")], payment::payments_of_invoices),
        derived_relation("refunds", [("i.id", "invoice_id")], refund::refunds_of_invoices),
        derived_relation("lines", [("i.id", "invoice_id")], invoice::invoice_line_summaries),
    ]
}

fn relations() -> Vec<Relation> {
    let mut relations = invoice_relations();
    relations.extend([
        related_row("processor", "payment_processors", "i.payment_processor_id"),
        derived_relation("credits", [("i.id", "invoice_id")], invoice::applied_credits),
        related_row("cm", "customer_memberships", "i.customer_membership_id"),
        related_row("m", "memberships", "cm.membership_id"),
        derived_relation("named", [("i.id", "invoice_id")], invoice::first_description),
        derived_relation("fee", [("i.id", "invoice_id")], invoice::first_fee_type),
    ]);
    relations
}

fn columns() -> Vec<ReportColumn> {
    let currency = || column_value("i.currency");
    let amount =
        |key: &'static str, column: &'static str| money(key, column_value(column), currency());
    let mut columns = vec![
        int("id", column_value("i.id")),
        date("due_date", column_value("i.due_date")),
        instant("confirmed_at", confirmed_at()),
        instant("paid_at", column_value("i.paid_at")),
        string("status", invoice::displayed_status()),
        boolean("is_credit_note", column_value("i.is_credit_note")),
        int("refunded_invoice.id", column_value("i.refunded_invoice_id"))
            .alias("refunded_invoice_id"),
        string("number", column_value("i.number")),
    ];
    columns.extend(customer::customer_columns("i.customer_id"));
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
            scoped_expr(|_| coalesce(vec![-col("refunds.amount"), zero_amount()])),
            currency(),
        ),
        date("refund_date", scoped_expr(|scope| scope.local_date(col("refunds.refunded_at")))),
        string("discount_code.name", column_value("cp.name")).alias("discount_code_name"),
        string("discount_code.code", column_value("i.discount_code")).alias("discount_code"),
        string("payment_processor", column_value("processor.name")),
        string("purchase_type", column_value("i.purchase_type")),
        list("purchase_items", &ReportColumnKind::Text, column_value("lines.items")),
        unmodelled("payout", "object"),
        list("applied_credits", &invoice::APPLIED_CREDIT, column_value("credits.list"))
            .with_amount_currency(currency()),
        list("charges", &payment::CHARGE, column_value("payments.charges"))
            .with_amount_currency(currency()),
        instant("updated_at", updated_at()),
        unmodelled("legacy_mapping", "object"),
        string("currency", currency()).addition(),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let mut filters = vec![
        ids("customers", column_value("i.customer_id")),
        ids_or_none("payment_processors", column_value("i.payment_processor_id")).typed("int[]"),
        words(
            "purchase_types",
            words_equal_to(
                &column_value("i.purchase_type"),
                ["class", "course", "course_session", "membership", "store"],
            ),
        ),
        words("status", statuses()).typed("string"),
    ];
    filters.extend(dates(["due_date_gte", "due_date_lte"], column_value("i.due_date")));
    filters.push(dates_within("due_date_timeframe", column_value("i.due_date")));
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], updated_at()));
    filters.extend(instants(["confirmed_at_gte", "confirmed_at_lte"], confirmed_at()));
    filters.extend(instants(["paid_at_gte", "paid_at_lte"], column_value("i.paid_at")));
    let has_code = || col("i.discount_code").is_not_null();
    let has_discount = scoped_expr(move |_| col("i.discount").gt(lit(0_i64)).or(has_code()));
    filters.extend([
        instants_within("paid_at_timeframe", column_value("i.paid_at")),
        ids_with("customer_memberships", invoice::is_for_memberships),
        is("discount_applied", has_discount),
        is("credit_applied", scoped_expr(|_| col("i.credit_applied").gt(lit(0_i64)))),
    ]);
    filters
}

/// Returns the words of a filter by the displayed status, in the vendor's order. Only the words
/// that depend on the last payment read it.
pub(super) fn statuses() -> Vec<FilterWord> {
    let stored = |word: &'static str, stored: &'static str| {
        let holds = scoped_expr(move |_| col("i.status").eq(text_literal(stored)));
        FilterWord { word, spellings: &[], condition: holds }
    };
    let waiting = |word: &'static str| {
        let written = invoice::displayed_status();
        let holds = scoped_expr(move |scope| {
            invoice::awaits_payment().and(written(scope).eq(text_literal(word)))
        });
        FilterWord { word, spellings: &[], condition: holds }
    };
    let never = |word: &'static str| FilterWord {
        word,
        spellings: &[],
        condition: constant_value(lit(false)),
    };
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
pub(super) fn confirmed_at() -> ScopedExpr {
    scoped_expr(|_| null_unless(col("i.status").not_eq(text_literal("draft")), col("i.date")))
}

fn expected_payment() -> ScopedExpr {
    scoped_expr(|_| {
        let rest = widen_amount(col("i.total")) - widen_amount(col("i.credit_applied"));
        case_when([(rest.clone().lt(zero_amount()), zero_amount())], Some(rest))
    })
}

/// Returns the instant of the last change of the invoice `i`, its lines, its payments or its
/// refunds.
pub(super) fn updated_at() -> ScopedExpr {
    scoped_expr(|_| {
        greatest(vec![
            col("i.updated_at"),
            col("lines.updated_at"),
            col("payments.updated_at"),
            col("refunds.updated_at"),
        ])
    })
}
