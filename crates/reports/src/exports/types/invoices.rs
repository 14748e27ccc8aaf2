//! Invoices. Rule: spec/exports.md §10.4.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{first_value, min, sum};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use model::id::MAX_ID;

use super::super::export_type::ExportType;
use super::super::filter::all_or;
use super::super::layout::{customer, customer_row, layout, text_at};
use super::{invoice_lines, records};
use crate::definition::column::{int, json, money, string};
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{Value, at, choose, nothing, text, value, wide};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::json_text::array_of;

pub(super) fn export_type() -> ExportType {
    let filters = vec![all_or(
        "status",
        "i.status",
        ["draft", "open", "paid", "past_due", "void", "uncollectible"],
    )];
    let currency = || at("i.currency");
    let amount_due = value(|_| wide(col("i.total")) - wide(col("i.credit_applied")));
    let refunded = value(|_| coalesce(vec![col("refunded.amount"), nothing()]));
    let line_count = value(|_| coalesce(vec![col("lines.count"), lit(0_i64)]));
    let rows = layout("i", "invoices", at("i.site_id"))
        .joined([
            customer_row("i.customer_id"),
            derived("first", [("i.id", "invoice_id")], first_plans),
            row("fpl", "plans", "first.plan_id"),
            row("fpr", "products", "fpl.product_id"),
            row("s", "subscriptions", "i.subscription_id"),
            row("spl", "plans", "s.plan_id"),
            row("spr", "products", "spl.product_id"),
            derived("refunded", [("i.id", "invoice_id")], refunds),
            row("pp", "payment_processors", "i.payment_processor_id"),
            derived("billed", [("i.customer_id", "customer_id")], billing_addresses),
            row("ba", "addresses", "billed.id"),
            derived("lines", [("i.id", "invoice_id")], invoice_lines::of_invoices),
        ])
        .stored("id number")
        .and(customer("i.customer_id"))
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
            json("line_items", value(|_| array_of(col("lines.items")))),
        ])
        .stored("created_at updated_at deleted_at");
    records("invoices", "Invoices", filters, rows).with_lines(invoice_lines::rows())
}

/// Returns a column of the plan of the first line that has one, else of the subscription's plan.
pub(super) fn plan(of_line: &'static str, of_subscription: &'static str) -> Value {
    value(move |_| {
        let has_line = col("first.plan_id").is_not_null();
        choose([(has_line, col(of_line))], Some(col(of_subscription)))
    })
}

/// Returns a plan with the columns `invoice_id` and `plan_id`: the plan of the line with the lowest
/// id that has one.
pub(super) fn first_plans(
    scope: &Scope<'_>,
    invoices: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.restrict(scope.session.scan("invoice_lines", "x")?, col("x.invoice_id"))?;
    let rows = rows.filter(col("x.plan_id").is_not_null())?;
    let plan = first_value(col("x.plan_id"), vec![col("x.id").sort(true, false)]).alias("plan_id");
    Ok(rows.aggregate(vec![col("x.invoice_id")], vec![plan])?)
}

/// Returns a plan with the columns `invoice_id` and `amount`: the succeeded refunds of each
/// invoice. A refund counts if it names the invoice, or if it names no invoice but a payment of it.
fn refunds(scope: &Scope<'_>, invoices: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    let done = |alias: &str| {
        let succeeded = col(format!("{alias}.status")).eq(text("succeeded"));
        succeeded.and(col(format!("{alias}.deleted_at")).is_null())
    };
    let columns = |invoice: Expr, amount: Expr| {
        vec![invoice.alias("invoice_id"), wide(amount).alias("amount")]
    };
    let named = invoices.restrict(scope.session.scan("refunds", "x")?, col("x.invoice_id"))?;
    let named = named
        .filter(col("x.invoice_id").is_not_null().and(done("x")))?
        .project(columns(col("x.invoice_id"), col("x.amount")))?;
    let payments = invoices.restrict(scope.session.scan("payments", "z")?, col("z.invoice_id"))?;
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
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("addresses", "x")?;
    let rows = customers.restrict(rows, col("x.customer_id"))?;
    let is_billing = col("x.type").eq(text("billing")).and(col("x.deleted_at").is_null());
    // The engine finds the smallest number much faster than the first row. So ids of addresses that
    // are not the default are shifted behind all other ids.
    let place = choose([(col("x.is_default"), col("x.id"))], Some(col("x.id") + lit(MAX_ID)));
    let first = min(place).alias("place");
    let rows = rows.filter(is_billing)?.aggregate(vec![col("x.customer_id")], vec![first])?;
    let is_default = col("place").lt_eq(lit(MAX_ID));
    let id = choose([(is_default, col("place"))], Some(col("place") - lit(MAX_ID)));
    Ok(rows.project(vec![col("x.customer_id"), id.alias("id")])?)
}
