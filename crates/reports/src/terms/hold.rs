//! Holds of customer memberships. In all plans here the keys are customer memberships.

use datafusion::functions::expr_fn::greatest;
use datafusion::functions_aggregate::expr_fn::{first_value, max};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use datafusion::scalar::ScalarValue;

use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{distinct_rows, null_unless};
use crate::error::ReportError;
use crate::query_scope::QueryScope;

fn scan_holds(
    scope: &QueryScope<'_>,
    memberships: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    memberships.scan(scope, "customer_membership_holds", "h", "customer_membership_id")
}

/// Returns a condition that is true for holds that have not ended: those without an end, and those
/// whose last day is today or later.
fn is_unended(scope: &QueryScope<'_>) -> Expr {
    col("h.end_date").is_null().or(col("h.end_date").gt_eq(scope.today()))
}

/// Returns a plan with the column `customer_membership_id`: the memberships that are on hold today.
pub(crate) fn current_holds(
    scope: &QueryScope<'_>,
    memberships: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let is_current = col("h.start_date").lt_eq(scope.today()).and(is_unended(scope));
    let rows = scan_holds(scope, memberships)?.filter(is_current)?;
    distinct_rows(rows, col("h.customer_membership_id"))
}

/// Returns a plan with the columns `customer_membership_id`, `id`, `start_date` and `end_date`: the
/// first hold of each membership by (start, id) among those current or upcoming.
pub(crate) fn first_current_or_upcoming_holds(
    scope: &QueryScope<'_>,
    memberships: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let order = || vec![col("h.start_date").sort(true, false), col("h.id").sort(true, false)];
    let first = |name: &str| first_value(col(format!("h.{name}")), order()).alias(name);
    let rows = scan_holds(scope, memberships)?.filter(is_unended(scope))?;
    let groups = vec![col("h.customer_membership_id")];
    Ok(rows.aggregate(groups, vec![first("id"), first("start_date"), first("end_date")])?)
}

/// Returns a plan with the columns `customer_membership_id`, `updated_at` and `changed_at`: the
/// last change of a row of a hold, and the last past instant at which a hold began or ended.
pub(crate) fn hold_changes(
    scope: &QueryScope<'_>,
    memberships: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let past = |instant: Expr| null_unless(instant.clone().lt_eq(scope.now()), instant);
    let one_day = lit(ScalarValue::new_interval_dt(1, 0));
    let began = past(scope.day_start(col("h.start_date")));
    let ended = past(scope.day_start(col("h.end_date") + one_day));
    let last = max(greatest(vec![began, ended])).alias("changed_at");
    let groups = vec![col("h.customer_membership_id")];
    let values = vec![max(col("h.updated_at")).alias("updated_at"), last];
    Ok(scan_holds(scope, memberships)?.aggregate(groups, values)?)
}
