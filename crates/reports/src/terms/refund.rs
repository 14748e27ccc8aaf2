//! Refunds of invoices: those that name the invoice, and those that name one of its payments.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{max, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder};
use datafusion::prelude::col;

use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{text_literal, widen_amount};
use crate::error::ReportError;
use crate::query_scope::QueryScope;

/// Returns a plan with the columns `invoice_id`, `amount`, `refunded_at` and `updated_at`, one row
/// per invoice. Amount and `refunded_at` count succeeded refunds only; `updated_at` counts all.
pub(crate) fn refunds_of_invoices(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let columns = |invoice: &str| -> Vec<Expr> {
        vec![
            col(invoice).alias("invoice_id"),
            col("r.amount").alias("amount"),
            col("r.status").alias("status"),
            col("r.deleted_at").alias("deleted_at"),
            coalesce(vec![col("r.succeeded_at"), col("r.updated_at")]).alias("at"),
            col("r.updated_at").alias("updated_at"),
        ]
    };
    let named = invoices.scan(scope, "refunds", "r", "invoice_id")?;
    let named =
        named.filter(col("r.invoice_id").is_not_null())?.project(columns("r.invoice_id"))?;
    // A refund that names both the invoice and its payment must count once.
    let is_other =
        col("r.invoice_id").is_null().or(col("r.invoice_id").not_eq(col("p.invoice_id")));
    let payments = invoices.scan(scope, "payments", "p", "invoice_id")?;
    let payments = payments.filter(col("p.invoice_id").is_not_null())?.build()?;
    let through = scope
        .session
        .scan("refunds", "r")?
        .join(payments, JoinType::Inner, (vec!["r.payment_id"], vec!["p.id"]), None)?
        .filter(is_other)?
        .project(columns("p.invoice_id"))?;
    let rows = named.union(through.build()?)?;
    let is_done = || col("deleted_at").is_null().and(col("status").eq(text_literal("succeeded")));
    let values = vec![
        sum(widen_amount(col("amount"))).filter(is_done()).build()?.alias("amount"),
        max(col("at")).filter(is_done()).build()?.alias("refunded_at"),
        max(col("updated_at")).alias("updated_at"),
    ];
    Ok(rows.aggregate(vec![col("invoice_id")], values)?)
}
