//! Customer memberships. Deleted ones are left out everywhere.

use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{bool_or, min};
use datafusion::functions_nested::expr_fn::array_length;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, in_subquery, lit,
};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::ReportColumnKind;
use crate::definition::relation::{Relation, RelationKeys, derived_relation};
use crate::definition::scoped_expr::{distinct_rows, is_one_of, text_literal};
use crate::engine::predicates::is_one_of_ids;
use crate::error::ReportError;
use crate::functions::instant_id_key::{id_of_key, instant_id_key};
use crate::functions::ordered_list::{collect_with_places, list_in_order};
use crate::functions::status;
use crate::query_scope::QueryScope;
use crate::terms::hold;

/// The type of a membership in lists of memberships: `short(cm)`.
pub(crate) const MEMBERSHIP_SUMMARY: ReportColumnKind = ReportColumnKind::Object {
    fields: &[
        ("id", ReportColumnKind::Int),
        (
            "membership",
            ReportColumnKind::Object {
                fields: &[("id", ReportColumnKind::Int), ("name", ReportColumnKind::Text)],
                text: ObjectText::Field("name"),
            },
        ),
    ],
    text: ObjectText::Field("membership"),
};

/// The alias of the relation to a membership's current hold. It has a row only if there is one.
pub(crate) const CURRENT_HOLD_ALIAS: &str = "held";

/// Defines the relation to the current hold of the membership whose id is in `key`.
pub(crate) fn current_hold_relation(key: &'static str) -> Relation {
    derived_relation(CURRENT_HOLD_ALIAS, [(key, "customer_membership_id")], hold::current_holds)
}

/// Returns the effective status (`eff(cm)`) of the membership called `alias`. The relation to its
/// current hold must be called [`CURRENT_HOLD_ALIAS`].
pub(crate) fn effective_status(alias: &str) -> Expr {
    let column = |name: &str| col(format!("{alias}.{name}"));
    let is_held = col(format!("{CURRENT_HOLD_ALIAS}.customer_membership_id")).is_not_null();
    status::effective_status(column("status"), column("cancellation_reason"), is_held)
}

fn scan_memberships(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let owned = customers.scan(scope, "customer_memberships", "x", "customer_id")?;
    Ok(owned.filter(col("x.deleted_at").is_null())?)
}

/// Returns a plan with the memberships `x`, joined with their current holds.
fn join_current_holds(
    scope: &QueryScope<'_>,
    memberships: LogicalPlanBuilder,
) -> Result<LogicalPlanBuilder, ReportError> {
    let held =
        hold::current_holds(scope, &RelationKeys::All)?.alias(CURRENT_HOLD_ALIAS)?.build()?;
    let on = (vec!["x.id"], vec!["held.customer_membership_id"]);
    Ok(memberships.join(held, JoinType::Left, on, None)?)
}

/// Returns a plan with the columns `customer_id` and `is_active`, for customers who own a
/// membership that is active or on hold. `is_active` is true if at least one of them is active.
pub(crate) fn customers_with_running(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = join_current_holds(scope, scan_memberships(scope, customers)?)?
        .project(vec![col("x.customer_id"), effective_status("x").alias("status")])?
        .filter(is_one_of(col("status"), &["active", "hold"]))?;
    let is_active = bool_or(col("status").eq(text_literal("active"))).alias("is_active");
    Ok(rows.aggregate(vec![col("x.customer_id")], vec![is_active])?)
}

/// Returns a plan with the columns `customer_id`, `active`, `inactive` and `on_hold`: the
/// memberships of each customer as three lists.
pub(crate) fn memberships_by_status(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let plans = scope.session.scan("memberships", "m")?.build()?;
    let rows = join_current_holds(scope, scan_memberships(scope, customers)?)?
        .join(plans, JoinType::Left, (vec!["x.membership_id"], vec!["m.id"]), None)?
        .project(vec![
            col("x.customer_id"),
            col("x.id"),
            col("x.membership_id"),
            col("m.name").alias("name"),
            effective_status("x").alias("status"),
        ])?;
    let lists = [
        ("active", &["active"][..]),
        ("inactive", &["cancelled", "completed", "upgraded", "downgraded"]),
        ("on_hold", &["hold"]),
    ];
    let mut collected = Vec::new();
    for (name, statuses) in lists {
        let summary = membership_summary(col("x.id"), col("x.membership_id"), col("name"));
        let is_listed = is_one_of(col("status"), statuses);
        let summaries = collect_with_places(col("x.id"), summary);
        collected.push(summaries.filter(is_listed).build()?.alias(name));
    }
    let mut columns = vec![col("x.customer_id")];
    columns.extend(lists.map(|(name, _)| list_in_order(col(name)).alias(name)));
    Ok(rows.aggregate(vec![col("x.customer_id")], collected)?.project(columns)?)
}

fn membership_summary(id: Expr, plan: Expr, name: Expr) -> Expr {
    let plan = named_struct(vec![lit("id"), plan, lit("name"), name]);
    named_struct(vec![lit("id"), id, lit("membership"), plan])
}

/// Returns a plan with the column `customer_id`: the customers with whom a membership is shared
/// that is active or on hold.
pub(crate) fn customers_sharing(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let is_running = is_one_of(effective_status("x"), &["active", "hold"]);
    let is_shared = array_length(col("x.shared_with")).gt(lit(0_u64));
    let memberships =
        customers.scan_candidates(scope, "customer_memberships", "x", "shared_with")?;
    let rows = join_current_holds(scope, memberships.filter(col("x.deleted_at").is_null())?)?
        .filter(is_shared.and(is_running))?
        .project(vec![col("x.shared_with").alias("customer_id")])?
        .unnest_column("customer_id")?;
    let rows = customers.restrict(rows, col("customer_id"))?;
    distinct_rows(rows.filter(col("customer_id").is_not_null())?, col("customer_id"))
}

/// Returns a plan with the columns `customer_id` and `id`: each customer's first membership by
/// (purchased, id).
pub(crate) fn first_memberships(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let first = min(instant_id_key(col("x.purchased_at"), col("x.id"))).alias("place");
    Ok(scan_memberships(scope, customers)?
        .aggregate(vec![col("x.customer_id")], vec![first])?
        .project(vec![col("x.customer_id"), id_of_key(col("place")).alias("id")])?)
}

/// Returns a condition that is true if the customer `c` owns an active membership of one of these
/// plans.
pub(crate) fn owns_active(scope: &QueryScope<'_>, plans: &[i64]) -> Result<Expr, ReportError> {
    let is_active = effective_status("x").eq(text_literal("active"));
    let owners = join_current_holds(scope, scan_memberships(scope, &RelationKeys::All)?)?
        .filter(is_one_of_ids(col("x.membership_id"), plans, false))?
        .filter(is_active)?
        .project(vec![col("x.customer_id")])?
        .build()?;
    Ok(in_subquery(col("c.id"), owners.into()))
}
