//! Expressions that depend on the request's day and provider.

use std::sync::Arc;

use datafusion::logical_expr::{Case, Expr, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;

use crate::error::ReportError;
use crate::functions::amount_sum::AMOUNT_SUM_TYPE;
use crate::query_scope::QueryScope;

/// A function that makes an expression over qualified columns (`cm.status`) for one request.
pub(crate) type ScopedExpr = Arc<dyn Fn(&QueryScope<'_>) -> Expr + Send + Sync>;

/// Makes a value from a function of the request's scope.
pub(crate) fn scoped_expr(
    make: impl Fn(&QueryScope<'_>) -> Expr + Send + Sync + 'static,
) -> ScopedExpr {
    Arc::new(make)
}

/// Makes a value that reads a column: `at("cm.start_date")`.
pub(crate) fn column_value(column: &'static str) -> ScopedExpr {
    scoped_expr(move |_| col(column))
}

/// Makes a value that is the same for every request.
pub(crate) fn constant_value(expr: Expr) -> ScopedExpr {
    scoped_expr(move |_| expr.clone())
}

/// Casts an amount to [`AMOUNT_SUM_TYPE`], so that sums and differences cannot overflow.
pub(crate) fn widen_amount(amount: Expr) -> Expr {
    cast(amount, AMOUNT_SUM_TYPE)
}

/// Returns a literal of zero in the type [`AMOUNT_SUM_TYPE`].
pub(crate) fn zero_amount() -> Expr {
    lit(ScalarValue::Decimal128(Some(0), 38, 0))
}

/// Returns a text literal in the text type of the mirror, so that no column has to be cast.
pub(crate) fn text_literal(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(value.to_owned())))
}

/// Returns the expression `column IN (words)`.
pub(crate) fn is_one_of(column: Expr, words: &[&str]) -> Expr {
    column.in_list(words.iter().map(|word| text_literal(word)).collect(), false)
}

/// Returns an expression with the value of the first branch whose condition holds, else
/// `otherwise`.
pub(crate) fn case_when(
    branches: impl IntoIterator<Item = (Expr, Expr)>,
    otherwise: Option<Expr>,
) -> Expr {
    let branches = branches.into_iter().map(|(when, then)| (Box::new(when), Box::new(then)));
    Expr::Case(Case::new(None, branches.collect(), otherwise.map(Box::new)))
}

/// Returns an expression with `value` where `condition` holds, else null.
pub(crate) fn null_unless(condition: Expr, value: Expr) -> Expr {
    case_when([(condition, value)], None)
}

/// Returns a plan with the distinct values of `key`, one row each.
pub(crate) fn distinct_rows(
    rows: LogicalPlanBuilder,
    key: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    Ok(rows.aggregate(vec![key], Vec::<Expr>::new())?)
}
