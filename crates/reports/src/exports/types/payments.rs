//! Payments. Rule: spec/exports.md §10.5.

use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::lit;
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{all_or, currency, exact, one_of};
use super::super::layout::{customer_from, customer_row, holds, id_at, layout, text_at};
use super::records;
use crate::definition::column::money;
use crate::definition::relation::row;
use crate::definition::value::{Value, at, choose, text, value, wide};

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        all_or("status", "p.status", ["succeeded", "pending", "failed"]),
        one_of("type", "p.type", ["online", "offline"]),
        all_or("category", "p.category", ["Card", "Check", "Wire", "Transfer", "External", "Cash"]),
        currency("p.currency"),
        exact("destination", "p.destination"),
    ];
    let site = value(|scope| coalesce(vec![col("i.site_id"), payer("site_id")(scope)]));
    let id = value(|_| coalesce(vec![col("p.customer_id"), col("i.customer_id")]));
    let net = value(|_| wide(col("p.amount")) - wide(col("p.amount_refunded")));
    let is_refunded = || {
        let has_amount = col("p.amount").gt(lit(0_i64));
        has_amount.and(col("p.amount_refunded").gt_eq(col("p.amount")))
    };
    let rows = layout("p", "payments", site)
        .joined([
            row("i", "invoices", "p.invoice_id"),
            customer_row("p.customer_id"),
            row("ic", "customers", "i.customer_id"),
        ])
        .stored("id invoice_id")
        .and([
            text_at("invoice_number", "i.number"),
            id_at("subscription_id", "i.subscription_id"),
            id_at("order_id", "i.order_id"),
        ])
        .and(customer_from(id, payer))
        .stored("amount amount_refunded")
        .and([money("net_amount", net, at("p.currency"))])
        .stored("currency status type category destination reference description")
        .and([
            holds("paid", || col("p.status").eq(text("succeeded"))),
            holds("refunded", is_refunded),
        ])
        .stored("date metadata created_at updated_at deleted_at");
    records("payments", "Payments", filters, rows)
}

/// Returns a column of the payment's own customer, else of its invoice's customer.
fn payer(name: &'static str) -> Value {
    value(move |_| {
        let is_own = col("p.customer_id").is_not_null();
        choose([(is_own, col(format!("c.{name}")))], Some(col(format!("ic.{name}"))))
    })
}
