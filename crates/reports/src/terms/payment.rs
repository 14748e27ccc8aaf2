//! Payments of invoices and of customers.

use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{array_agg, first_value, max};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, SortExpr, lit,
};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::Kind;
use crate::definition::relation::Keys;
use crate::definition::value::{is_one_of, only_when, rows_once, text, wide};
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// The type of an element of an invoice's `charges`.
pub(crate) const CHARGE: Kind = Kind::Object {
    fields: &[
        ("created_at", Kind::Instant),
        (
            "amount",
            Kind::Object {
                fields: &[("decimal", Kind::Decimal), ("currency", Kind::Text)],
                text: ObjectText::Field("decimal"),
            },
        ),
        ("confirmed_at", Kind::Instant),
    ],
    text: ObjectText::Field("amount"),
};

fn scan(scope: &Scope<'_>) -> Result<LogicalPlanBuilder, ReportError> {
    Ok(scope.session.scan("payments", "p")?)
}

fn is_kept() -> Expr {
    col("p.deleted_at").is_null()
}

fn by_date(ascending: bool) -> Vec<SortExpr> {
    vec![col("p.date").sort(ascending, false), col("p.id").sort(ascending, false)]
}

/// Returns a plan with the columns `invoice_id`, `status` and `type`: the last payment of each
/// invoice by (date, id). Only invoices that await payment are included, because only their
/// displayed status depends on it.
pub(crate) fn last_of_invoice(
    scope: &Scope<'_>,
    invoices: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let waiting = scope.session.scan("invoices", "w")?;
    let waiting = invoices.restrict(waiting, col("w.id"))?;
    let waiting = waiting.filter(is_one_of(col("w.status"), &["open", "past_due"]))?.build()?;
    let rows = invoices.restrict(scan(scope)?, col("p.invoice_id"))?.filter(is_kept())?;
    let on = (vec!["p.invoice_id"], vec!["w.id"]);
    let rows = rows.join(waiting, JoinType::LeftSemi, on, None)?;
    let last = |name: &str| first_value(col(format!("p.{name}")), by_date(false)).alias(name);
    Ok(rows.aggregate(vec![col("p.invoice_id")], vec![last("status"), last("type")])?)
}

/// Returns a plan with the columns `invoice_id`, `updated_at` and `charges`: the last change of a
/// payment, and the payments that succeeded or are pending, by (date, id).
pub(crate) fn of_invoice(
    scope: &Scope<'_>,
    invoices: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.restrict(scan(scope)?, col("p.invoice_id"))?;
    let amount = named_struct(vec![
        lit("decimal"),
        wide(col("p.amount")),
        lit("currency"),
        col("p.currency"),
    ]);
    let is_succeeded = col("p.status").eq(text("succeeded"));
    let charge = named_struct(vec![
        lit("created_at"),
        col("p.date"),
        lit("amount"),
        amount,
        lit("confirmed_at"),
        only_when(is_succeeded, col("p.date")),
    ]);
    let is_charge = is_kept().and(is_one_of(col("p.status"), &["succeeded", "pending"]));
    let charges = array_agg(charge).order_by(by_date(true)).filter(is_charge).build()?;
    let values = vec![max(col("p.updated_at")).alias("updated_at"), charges.alias("charges")];
    Ok(rows.aggregate(vec![col("p.invoice_id")], values)?)
}

/// Returns a plan with the columns `customer_id`, `date`, `amount` and `currency`: each customer's
/// last succeeded payment by (date, id).
pub(crate) fn last_of_customer(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = customers.restrict(scan(scope)?, col("p.customer_id"))?;
    let rows = rows.filter(is_kept().and(col("p.status").eq(text("succeeded"))))?;
    let last = |name: &str| first_value(col(format!("p.{name}")), by_date(false)).alias(name);
    let date = max(col("p.date")).alias("date");
    Ok(rows.aggregate(vec![col("p.customer_id")], vec![date, last("amount"), last("currency")])?)
}

/// Returns a plan with the column `customer_id`: the customers with an unsettled invoice that has a
/// failed payment.
pub(crate) fn failed_of_customer(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let failed = scan(scope)?.filter(is_kept().and(col("p.status").eq(text("failed"))))?;
    let invoices = scope.session.scan("invoices", "i")?;
    let invoices = customers.restrict(invoices, col("i.customer_id"))?;
    let unsettled = is_one_of(col("i.status"), &["open", "past_due", "uncollectible"]);
    let on = (vec!["i.id"], vec!["p.invoice_id"]);
    let rows = invoices.filter(unsettled)?.join(failed.build()?, JoinType::LeftSemi, on, None)?;
    rows_once(rows, col("i.customer_id"))
}
