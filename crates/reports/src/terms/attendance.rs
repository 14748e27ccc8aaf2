//! Attendances of customers, and the instructors of events.
//!
//! Except in [`first_attendances`], only attendances at events with status active count.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::UnnestOptions;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{count, first_value, max, min};
use datafusion::functions_nested::expr_fn::{array_length, range};
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::ReportColumnKind;
use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{is_one_of, text_literal};
use crate::error::ReportError;
use crate::functions::instant_id_key::{id_of_key, instant_id_key};
use crate::functions::ordered_list::{collect_with_places, list_in_order};
use crate::query_scope::QueryScope;

/// Returns a plan with the attendances `a` of `customers`, joined with their active events `e` for
/// which `condition` holds.
fn join_active_events(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
    condition: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = customers.scan(scope, "attendances", "a", "customer_id")?;
    let is_active = col("e.status").eq(text_literal("active"));
    let events = scope.session.scan("events", "e")?.filter(is_active.and(condition))?.build()?;
    Ok(rows.join(events, JoinType::Inner, (vec!["a.event_id"], vec!["e.id"]), None)?)
}

/// Returns a condition that is true for attendances that took place or are registered.
fn is_kept() -> Expr {
    is_one_of(col("a.status"), &["registered", "attended"])
}

/// Returns a plan with the columns `customer_id` and `last_start`, for `customers` who attended or
/// registered for an event that starts at or after `since`. `last_start` is the start of the latest
/// such event.
pub(crate) fn attended_since(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
    since: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows =
        join_active_events(scope, customers, col("e.starts_at").gt_eq(since))?.filter(is_kept())?;
    let last = max(col("e.starts_at")).alias("last_start");
    Ok(rows.aggregate(vec![col("a.customer_id")], vec![last])?)
}

/// Returns a plan with one row per customer, keyed by `customer_id`. It has the numbers of
/// attendances by status (`registered`, `attended`, `late_cancelled`, `no_show`), and `kept`, the
/// sum of the first two. `last_start` is the start of the latest kept attendance; `event_id`,
/// `event_name` and `event_kind` describe its event.
pub(crate) fn attendance_counts(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = join_active_events(scope, customers, lit(true))?;
    let status = |word: &str| col("a.status").eq(text_literal(word));
    let counted = |condition: Expr| count(col("a.id")).filter(condition).build();
    let latest = || vec![col("e.starts_at").sort(false, false), col("a.id").sort(false, false)];
    // The order is set through the builder as well, because building with a filter alone drops it.
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

/// Returns a plan with the columns `customer_id` and `id`: the first attendance with status
/// attended of each customer, by (start, id). Events of any status count.
pub(crate) fn first_attendances(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let attended = customers
        .scan(scope, "attendances", "a", "customer_id")?
        .filter(col("a.status").eq(text_literal("attended")))?;
    let events = scope.session.scan("events", "e")?.build()?;
    let on = (vec!["a.event_id"], vec!["e.id"]);
    let first = min(instant_id_key(col("e.starts_at"), col("a.id"))).alias("place");
    Ok(attended
        .join(events, JoinType::Inner, on, None)?
        .aggregate(vec![col("a.customer_id")], vec![first])?
        .project(vec![col("a.customer_id"), id_of_key(col("place")).alias("id")])?)
}

/// The type of an element of an event's `instructors`.
pub(crate) const INSTRUCTOR: ReportColumnKind = ReportColumnKind::Object {
    fields: &[("id", ReportColumnKind::Int), ("name", ReportColumnKind::Text)],
    text: ObjectText::Field("name"),
};

/// Returns a plan with the columns `event_id` and `list`: the instructors of each event that has
/// any, in stored order.
pub(crate) fn event_instructors(
    scope: &QueryScope<'_>,
    events: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let length = cast(array_length(col("e.instructor_ids")), DataType::Int64);
    let instructor_places = events
        .scan(scope, "events", "e", "id")?
        .project(vec![
            col("e.id").alias("event_id"),
            col("e.instructor_ids").alias("instructor"),
            range(lit(0_i64), length, lit(1_i64)).alias("place"),
        ])?
        .unnest_columns_with_options(
            vec!["instructor".into(), "place".into()],
            UnnestOptions::default(),
        )?
        .filter(col("instructor").is_not_null())?;
    let people = scope.session.scan("instructors", "n")?.build()?;
    let on = (vec!["instructor"], vec!["n.id"]);
    let one = named_struct(vec![lit("id"), col("instructor"), lit("name"), col("n.name")]);
    let list = collect_with_places(col("place"), one).alias("list");
    Ok(instructor_places
        .join(people, JoinType::Left, on, None)?
        .aggregate(vec![col("event_id")], vec![list])?
        .project(vec![col("event_id"), list_in_order(col("list")).alias("list")])?)
}
