//! Payments of invoices and of customers.

use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{first_value, max};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, SortExpr, lit,
};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::ReportColumnKind;
use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{
    distinct_rows, is_one_of, null_unless, text_literal, widen_amount,
};
use crate::error::ReportError;
use crate::functions::instant_id_key::instant_id_key;
use crate::functions::ordered_list::{collect_with_places, list_in_order};
use crate::query_scope::QueryScope;

/// The type of an element of an invoice's `charges`.
pub(crate) const CHARGE: ReportColumnKind = ReportColumnKind::Object {
    fields: &[
        ("created_at", ReportColumnKind::Instant),
        (
            "amount",
            ReportColumnKind::Object {
                fields: &[
                    ("decimal", ReportColumnKind::Decimal),
                    ("currency", ReportColumnKind::Text),
                ],
                text: ObjectText::Field("decimal"),
            },
        ),
        ("confirmed_at", ReportColumnKind::Instant),
    ],
    text: ObjectText::Field("amount"),
};

fn is_kept() -> Expr {
    col("p.deleted_at").is_null()
}

fn payment_order(ascending: bool) -> Vec<SortExpr> {
    vec![col("p.date").sort(ascending, false), col("p.id").sort(ascending, false)]
}

/// Returns a plan with the columns `invoice_id`, `status` and `type`: the last payment of each
/// invoice by (date, id). Only invoices that await payment are included, because only their
/// displayed status depends on it.
pub(crate) fn last_payments_of_invoices(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let waiting = invoices
        .scan(scope, "invoices", "w", "id")?
        .filter(is_one_of(col("w.status"), &["open", "past_due"]))?
        .build()?;
    let rows = invoices.scan(scope, "payments", "p", "invoice_id")?.filter(is_kept())?;
    let on = (vec!["p.invoice_id"], vec!["w.id"]);
    let rows = rows.join(waiting, JoinType::LeftSemi, on, None)?;
    let last = |name: &str| first_value(col(format!("p.{name}")), payment_order(false)).alias(name);
    Ok(rows.aggregate(vec![col("p.invoice_id")], vec![last("status"), last("type")])?)
}

/// Returns a plan with the columns `invoice_id`, `updated_at` and `charges`: the last change of a
/// payment, and the payments that succeeded or are pending, by (date, id).
pub(crate) fn payments_of_invoices(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.scan(scope, "payments", "p", "invoice_id")?;
    let amount = named_struct(vec![
        lit("decimal"),
        widen_amount(col("p.amount")),
        lit("currency"),
        col("p.currency"),
    ]);
    let is_succeeded = col("p.status").eq(text_literal("succeeded"));
    let charge = named_struct(vec![
        lit("created_at"),
        col("p.date"),
        lit("amount"),
        amount,
        lit("confirmed_at"),
        null_unless(is_succeeded, col("p.date")),
    ]);
    let is_charge = is_kept().and(is_one_of(col("p.status"), &["succeeded", "pending"]));
    let place = instant_id_key(col("p.date"), col("p.id"));
    let charges = collect_with_places(place, charge).filter(is_charge).build()?;
    let values = vec![max(col("p.updated_at")).alias("updated_at"), charges.alias("charges")];
    let charges = list_in_order(col("charges")).alias("charges");
    let columns = vec![col("p.invoice_id"), col("updated_at"), charges];
    Ok(rows.aggregate(vec![col("p.invoice_id")], values)?.project(columns)?)
}

/// Returns a plan with the columns `customer_id`, `date`, `amount` and `currency`: each customer's
/// last succeeded payment by (date, id).
pub(crate) fn last_payments_of_customers(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = customers.scan(scope, "payments", "p", "customer_id")?;
    let rows = rows.filter(is_kept().and(col("p.status").eq(text_literal("succeeded"))))?;
    let last = |name: &str| first_value(col(format!("p.{name}")), payment_order(false)).alias(name);
    let date = max(col("p.date")).alias("date");
    Ok(rows.aggregate(vec![col("p.customer_id")], vec![date, last("amount"), last("currency")])?)
}

/// Returns a plan with the column `customer_id`: the customers with an unsettled invoice that has a
/// failed payment.
pub(crate) fn customers_with_failed_payment(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let is_failed = is_kept().and(col("p.status").eq(text_literal("failed")));
    let failed = scope.session.scan("payments", "p")?.filter(is_failed)?;
    let invoices = customers.scan(scope, "invoices", "i", "customer_id")?;
    let unsettled = is_one_of(col("i.status"), &["open", "past_due", "uncollectible"]);
    let on = (vec!["i.id"], vec!["p.invoice_id"]);
    let rows = invoices.filter(unsettled)?.join(failed.build()?, JoinType::LeftSemi, on, None)?;
    distinct_rows(rows, col("i.customer_id"))
}
