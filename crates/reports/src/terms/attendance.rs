//! What customers attended: only events that took or take place (status active) count.

use datafusion::functions_aggregate::expr_fn::{count, first_value, max};
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder};
use datafusion::prelude::col;

use crate::definition::relation::Keys;
use crate::definition::value::{is_one_of, text};
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// One row per customer, keyed by `customer_id`: how many attendances are `registered`,
/// `attended`, `late_cancelled`, `no_show`, and `kept` (the first two); `last_start`, when the
/// last kept one starts; and that one's event as `event_id`, `event_name`, `event_kind`.
pub(crate) fn of_customer(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("attendances", "a")?;
    let rows = customers.restrict(rows, col("a.customer_id"))?;
    let events = scope.session.scan("events", "e")?.filter(col("e.status").eq(text("active")))?;
    let rows =
        rows.join(events.build()?, JoinType::Inner, (vec!["a.event_id"], vec!["e.id"]), None)?;
    let status = |word: &str| col("a.status").eq(text(word));
    let is_kept = || is_one_of(col("a.status"), &["registered", "attended"]);
    let counted = |condition: Expr| count(col("a.id")).filter(condition).build();
    let latest = || vec![col("e.starts_at").sort(false, false), col("a.id").sort(false, false)];
    // The order goes through the builder too: building with a filter alone would drop it.
    let of_latest = |column: &str| {
        first_value(col(column), Vec::new()).order_by(latest()).filter(is_kept()).build()
    };
    let values = vec![
        counted(status("registered"))?.alias("registered"),
        counted(status("attended"))?.alias("attended"),
        counted(status("late_cancelled"))?.alias("late_cancelled"),
        counted(status("no_show"))?.alias("no_show"),
        counted(is_kept())?.alias("kept"),
        max(col("e.starts_at")).filter(is_kept()).build()?.alias("last_start"),
        of_latest("e.id")?.alias("event_id"),
        of_latest("e.name")?.alias("event_name"),
        of_latest("e.kind")?.alias("event_kind"),
    ];
    Ok(rows.aggregate(vec![col("a.customer_id")], values)?)
}
