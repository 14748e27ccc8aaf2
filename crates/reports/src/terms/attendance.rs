//! What customers attended, and who taught it.
//!
//! Of a customer's attendances only those at events that take place (status active) count, except
//! for the first one.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::UnnestOptions;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{array_agg, count, first_value, max, min};
use datafusion::functions_nested::expr_fn::{array_length, range};
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::Kind;
use crate::definition::relation::Keys;
use crate::definition::value::{is_one_of, text};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::place::{id_of, place};

/// Attendances `a` at events `e` for which `condition` holds; keys are customers.
fn at_events(
    scope: &Scope<'_>,
    customers: &Keys,
    condition: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("attendances", "a")?;
    let rows = customers.restrict(rows, col("a.customer_id"))?;
    let is_active = col("e.status").eq(text("active"));
    let events = scope.session.scan("events", "e")?.filter(is_active.and(condition))?.build()?;
    Ok(rows.join(events, JoinType::Inner, (vec!["a.event_id"], vec!["e.id"]), None)?)
}

/// Whether an attendance is one that took place or will.
fn is_kept() -> Expr {
    is_one_of(col("a.status"), &["registered", "attended"])
}

/// `customer_id`, `last_start`: the customers who came or will come to something that starts at or
/// after `since`, and when the last of it starts. Keys are customers.
pub(crate) fn since(
    scope: &Scope<'_>,
    customers: &Keys,
    since: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = at_events(scope, customers, col("e.starts_at").gt_eq(since))?.filter(is_kept())?;
    let last = max(col("e.starts_at")).alias("last_start");
    Ok(rows.aggregate(vec![col("a.customer_id")], vec![last])?)
}

/// One row per customer, keyed by `customer_id`: how many attendances are `registered`,
/// `attended`, `late_cancelled`, `no_show`, and `kept` (the first two); `last_start`, when the
/// last kept one starts; and that one's event as `event_id`, `event_name`, `event_kind`.
pub(crate) fn of_customer(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = at_events(scope, customers, lit(true))?;
    let status = |word: &str| col("a.status").eq(text(word));
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

/// `customer_id`, `id`: the first attendance of each customer who attended anything, by (start,
/// id), at any event. Keys are customers.
pub(crate) fn first(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("attendances", "a")?;
    let rows = customers.restrict(rows, col("a.customer_id"))?;
    let rows = rows.filter(col("a.status").eq(text("attended")))?;
    let events = scope.session.scan("events", "e")?.build()?;
    let on = (vec!["a.event_id"], vec!["e.id"]);
    let rows = rows.join(events, JoinType::Inner, on, None)?;
    let first = min(place(col("e.starts_at"), col("a.id"))).alias("place");
    let rows = rows.aggregate(vec![col("a.customer_id")], vec![first])?;
    Ok(rows.project(vec![col("a.customer_id"), id_of(col("place")).alias("id")])?)
}

/// One element of an event's `instructors`.
pub(crate) const INSTRUCTOR: Kind = Kind::Object {
    fields: &[("id", Kind::Int), ("name", Kind::Text)],
    text: ObjectText::Field("name"),
};

/// `event_id`, `list`: the instructors of each event that has some, as stored. Keys are events.
pub(crate) fn instructors(
    scope: &Scope<'_>,
    events: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = events.restrict_sorted(scope.session.scan("events", "e")?, col("e.id"))?;
    let length = cast(array_length(col("e.instructor_ids")), DataType::Int64);
    let rows = rows
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
    let rows = rows.join(people, JoinType::Left, on, None)?;
    let one = named_struct(vec![lit("id"), col("instructor"), lit("name"), col("n.name")]);
    let list = array_agg(one).order_by(vec![col("place").sort(true, false)]).build()?;
    Ok(rows.aggregate(vec![col("event_id")], vec![list.alias("list")])?)
}
