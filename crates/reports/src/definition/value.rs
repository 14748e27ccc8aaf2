//! Expressions that depend on the request's day and provider.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Case, Expr, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;

use crate::engine::scope::Scope;
use crate::error::ReportError;

/// A function that makes an expression over qualified columns (`cm.status`) for one request.
pub(crate) type Value = Arc<dyn Fn(&Scope<'_>) -> Expr + Send + Sync>;

/// Makes a value from a function of the request's scope.
pub(crate) fn value(make: impl Fn(&Scope<'_>) -> Expr + Send + Sync + 'static) -> Value {
    Arc::new(make)
}

/// Makes a value that reads a column: `at("cm.start_date")`.
pub(crate) fn at(column: &'static str) -> Value {
    value(move |_| col(column))
}

/// Makes a value that is the same for every request.
pub(crate) fn fixed(expr: Expr) -> Value {
    value(move |_| expr.clone())
}

/// The data type of sums. DataFusion's 64-bit `sum`, `+` and `-` wrap silently.
pub(crate) const WIDE: DataType = DataType::Decimal128(38, 0);

/// Casts an amount to [`WIDE`], so that sums and differences cannot overflow.
pub(crate) fn wide(amount: Expr) -> Expr {
    cast(amount, WIDE)
}

/// Returns a literal of zero in the type [`WIDE`].
pub(crate) fn nothing() -> Expr {
    lit(ScalarValue::Decimal128(Some(0), 38, 0))
}

/// Returns a text literal in the text type of the mirror, so that no column has to be cast.
pub(crate) fn text(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(value.to_owned())))
}

/// Returns the expression `column IN (words)`.
pub(crate) fn is_one_of(column: Expr, words: &[&str]) -> Expr {
    column.in_list(words.iter().map(|word| text(word)).collect(), false)
}

/// Returns an expression with the value of the first branch whose condition holds, else
/// `otherwise`.
pub(crate) fn choose(
    branches: impl IntoIterator<Item = (Expr, Expr)>,
    otherwise: Option<Expr>,
) -> Expr {
    let branches = branches.into_iter().map(|(when, then)| (Box::new(when), Box::new(then)));
    Expr::Case(Case::new(None, branches.collect(), otherwise.map(Box::new)))
}

/// Returns an expression with `value` where `condition` holds, else null.
pub(crate) fn only_when(condition: Expr, value: Expr) -> Expr {
    choose([(condition, value)], None)
}

/// Returns a plan with the distinct values of `key`, one row each.
pub(crate) fn rows_once(
    rows: LogicalPlanBuilder,
    key: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    Ok(rows.aggregate(vec![key], Vec::<Expr>::new())?)
}
