//! Payments. Rule: spec/exports.md §10.5.

use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::lit;
use datafusion::prelude::col;

use super::super::export_filter::{currency_filter, text_filter, words_of_column, words_or_all};
use super::super::export_layout::{
    condition_column, customer_fields_from, customer_relation_of, export_layout, id_at, text_at,
};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::column::money;
use crate::definition::relation::related_row;
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, scoped_expr, text_literal, widen_amount,
};

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        words_or_all("status", "p.status", ["succeeded", "pending", "failed"]),
        words_of_column("type", "p.type", ["online", "offline"]),
        words_or_all(
            "category",
            "p.category",
            ["Card", "Check", "Wire", "Transfer", "External", "Cash"],
        ),
        currency_filter("p.currency"),
        text_filter("destination", "p.destination"),
    ];
    let site = scoped_expr(|scope| coalesce(vec![col("i.site_id"), payer("site_id")(scope)]));
    let id = scoped_expr(|_| coalesce(vec![col("p.customer_id"), col("i.customer_id")]));
    let net =
        scoped_expr(|_| widen_amount(col("p.amount")) - widen_amount(col("p.amount_refunded")));
    let is_refunded = || {
        let has_amount = col("p.amount").gt(lit(0_i64));
        has_amount.and(col("p.amount_refunded").gt_eq(col("p.amount")))
    };
    let rows = export_layout("p", "payments", site)
        .joined([
            related_row("i", "invoices", "p.invoice_id"),
            customer_relation_of("p.customer_id"),
            related_row("ic", "customers", "i.customer_id"),
        ])
        .stored("id invoice_id")
        .and([
            text_at("invoice_number", "i.number"),
            id_at("subscription_id", "i.subscription_id"),
            id_at("order_id", "i.order_id"),
        ])
        .and(customer_fields_from(id, payer))
        .stored("amount amount_refunded")
        .and([money("net_amount", net, column_value("p.currency"))])
        .stored("currency status type category destination reference description")
        .and([
            condition_column("paid", || col("p.status").eq(text_literal("succeeded"))),
            condition_column("refunded", is_refunded),
        ])
        .stored("date metadata created_at updated_at deleted_at");
    record_type("payments", "Payments", filters, rows)
}

/// Returns a column of the payment's own customer, else of its invoice's customer.
fn payer(name: &'static str) -> ScopedExpr {
    scoped_expr(move |_| {
        let is_own = col("p.customer_id").is_not_null();
        case_when([(is_own, col(format!("c.{name}")))], Some(col(format!("ic.{name}"))))
    })
}
