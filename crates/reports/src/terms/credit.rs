//! Sums of balance transactions. As in the store, credit is negative.

use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlanBuilder, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition,
};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;

use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{text_literal, widen_amount};
use crate::error::ReportError;
use crate::query_scope::QueryScope;

fn scan_transactions(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    customers.scan(scope, "balance_transactions", "x", "customer_id")
}

/// Returns a plan with the columns `customer_id`, `currency` and `amount`: the sum of all
/// transactions, one row per customer and currency.
pub(crate) fn credit_balances(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let transactions = scan_transactions(scope, customers)?;
    let groups = vec![col("x.customer_id"), col("x.currency")];
    Ok(transactions.aggregate(groups, vec![sum(widen_amount(col("x.amount"))).alias("amount")])?)
}

/// Returns a plan with the columns `customer_id`, `id` and `amount`, one row per transaction. The
/// amount is the sum of the transaction and all earlier ones by (date, id) of the same customer and
/// currency.
pub(crate) fn running_balances(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let transactions = scan_transactions(scope, customers)?;
    let unbounded = WindowFrameBound::Preceding(ScalarValue::UInt64(None));
    let frame =
        WindowFrame::new_bounds(WindowFrameUnits::Rows, unbounded, WindowFrameBound::CurrentRow);
    let sum = WindowFunctionDefinition::AggregateUDF(sum_udaf());
    let amount = Expr::from(WindowFunction::new(sum, vec![widen_amount(col("x.amount"))]))
        .partition_by(vec![col("x.customer_id"), col("x.currency")])
        .order_by(vec![col("x.date").sort(true, false), col("x.id").sort(true, false)])
        .window_frame(frame)
        .build()?;
    Ok(transactions.window(vec![amount.alias("running")])?.project(vec![
        col("x.customer_id"),
        col("x.id"),
        col("running").alias("amount"),
    ])?)
}

/// Returns a plan with the columns `customer_id` and `amount`: the sum of the transactions in the
/// provider's currency.
pub(crate) fn provider_currency_balances(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let transactions = scan_transactions(scope, customers)?
        .filter(col("x.currency").eq(text_literal(scope.provider().currency.code())))?;
    let amount = sum(widen_amount(col("x.amount"))).alias("amount");
    Ok(transactions.aggregate(vec![col("x.customer_id")], vec![amount])?)
}
