//! Invoices. Rule: spec/exports.md §10.4.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{min, sum};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use model::id::MAX_ID;

use super::super::export_filter::words_or_all;
use super::super::export_layout::{customer_fields, customer_relation_of, export_layout, text_at};
use super::super::export_type::ExportType;
use super::invoice_lines::{self, first_plans, plan};
use super::record_type;
use crate::definition::column::{int, json, money, string};
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{
    case_when, column_value, scoped_expr, text_literal, widen_amount, zero_amount,
};
use crate::error::ReportError;
use crate::functions::json_text::json_array_from;
use crate::query_scope::QueryScope;

pub(super) fn export_type() -> ExportType {
    let filters = vec![words_or_all(
        "status",
        "i.status",
        ["draft", "open", "paid", "past_due", "void", "uncollectible"],
    )];
    let currency = || column_value("i.currency");
    let amount_due =
        scoped_expr(|_| widen_amount(col("i.total")) - widen_amount(col("i.credit_applied")));
    let refunded = scoped_expr(|_| coalesce(vec![col("refunded.amount"), zero_amount()]));
    let line_count = scoped_expr(|_| coalesce(vec![col("lines.count"), lit(0_i64)]));
    let rows = export_layout("i", "invoices", column_value("i.site_id"))
        .joined([
            customer_relation_of("i.customer_id"),
            derived_relation("first", [("i.id", "invoice_id")], first_plans),
            related_row("fpl", "plans", "first.plan_id"),
            related_row("fpr", "products", "fpl.product_id"),
            related_row("s", "subscriptions", "i.subscription_id"),
            related_row("spl", "plans", "s.plan_id"),
            related_row("spr", "products", "spl.product_id"),
            derived_relation("refunded", [("i.id", "invoice_id")], refunds),
            related_row("pp", "payment_processors", "i.payment_processor_id"),
            derived_relation("billed", [("i.customer_id", "customer_id")], billing_addresses),
            related_row("ba", "addresses", "billed.id"),
            derived_relation(
                "lines",
                [("i.id", "invoice_id")],
                invoice_lines::line_summaries_of_invoices,
            ),
        ])
        .stored("id number")
        .and(customer_fields("i.customer_id"))
        .stored("subscription_id order_id customer_membership_id site_id")
        .and([
            int("plan_id", plan("first.plan_id", "s.plan_id")),
            string("plan_name", plan("fpl.name", "spl.name")),
            int("product_id", plan("fpl.product_id", "spl.product_id")),
            string("product_name", plan("fpr.name", "spr.name")),
        ])
        .stored(
            "status billing_reason collection_method is_advance is_credit_note \
             refunded_invoice_id currency subtotal discount tax total",
        )
        .and([money("amount_due", amount_due, currency())])
        .stored("amount_paid credit_applied amount_remaining")
        .and([money("amount_refunded", refunded, currency())])
        .stored(
            "date due_date period_start period_end paid_at voided_at uncollectible_at \
             payment_processor_id",
        )
        .and([text_at("payment_processor_name", "pp.name")])
        .stored("purchase_type discount_code description")
        .and([
            text_at("billing_company", "ba.company"),
            text_at("billing_line1", "ba.line1"),
            text_at("billing_line2", "ba.line2"),
            text_at("billing_city", "ba.city"),
            text_at("billing_state", "ba.state"),
            text_at("billing_postal_code", "ba.postal_code"),
            text_at("billing_country", "ba.country"),
        ])
        .stored("metadata")
        .and([
            int("line_count", line_count),
            json("line_items", scoped_expr(|_| json_array_from(col("lines.items")))),
        ])
        .stored("created_at updated_at deleted_at");
    record_type("invoices", "Invoices", filters, rows)
        .with_lines(invoice_lines::invoice_line_layout())
}

/// Returns a plan with the columns `invoice_id` and `amount`: the succeeded refunds of each
/// invoice. A refund counts if it names the invoice, or if it names no invoice but a payment of it.
fn refunds(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let done = |alias: &str| {
        let succeeded = col(format!("{alias}.status")).eq(text_literal("succeeded"));
        succeeded.and(col(format!("{alias}.deleted_at")).is_null())
    };
    let columns = |invoice: Expr, amount: Expr| {
        vec![invoice.alias("invoice_id"), widen_amount(amount).alias("amount")]
    };
    let named = invoices.scan(scope, "refunds", "x", "invoice_id")?;
    let named = named
        .filter(col("x.invoice_id").is_not_null().and(done("x")))?
        .project(columns(col("x.invoice_id"), col("x.amount")))?;
    let payments = invoices.scan(scope, "payments", "z", "invoice_id")?;
    let payments = payments
        .filter(col("z.invoice_id").is_not_null())?
        .project(vec![col("z.id").alias("paid_id"), col("z.invoice_id").alias("paid_invoice")])?;
    let paid = scope
        .session
        .scan("refunds", "y")?
        .filter(col("y.invoice_id").is_null().and(done("y")))?
        .join(payments.build()?, JoinType::Inner, (vec!["y.payment_id"], vec!["paid_id"]), None)?
        .project(columns(col("paid_invoice"), col("y.amount")))?;
    let amount = sum(col("amount")).alias("amount");
    Ok(named.union(paid.build()?)?.aggregate(vec![col("invoice_id")], vec![amount])?)
}

/// Returns a plan with the columns `customer_id` and `id`: each customer's billing address. Default
/// addresses come first, then the lowest id.
fn billing_addresses(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let addresses = customers.scan(scope, "addresses", "x", "customer_id")?;
    let is_billing = col("x.type").eq(text_literal("billing")).and(col("x.deleted_at").is_null());
    // The engine finds the smallest number much faster than the first row. So ids of addresses that
    // are not the default are shifted behind all other ids.
    let place = case_when([(col("x.is_default"), col("x.id"))], Some(col("x.id") + lit(MAX_ID)));
    let first = min(place).alias("place");
    let is_default = col("place").lt_eq(lit(MAX_ID));
    let id = case_when([(is_default, col("place"))], Some(col("place") - lit(MAX_ID)));
    Ok(addresses
        .filter(is_billing)?
        .aggregate(vec![col("x.customer_id")], vec![first])?
        .project(vec![col("x.customer_id"), id.alias("id")])?)
}
