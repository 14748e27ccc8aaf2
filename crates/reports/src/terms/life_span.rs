//! The periods in which a customer membership was active. Rule: spec/reports.md §10 no. 9.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Date32Type, Int64Type};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use futures::StreamExt;
use model::time::Date;

use crate::engine::predicates::is_one_of_ids;
use crate::error::ReportError;
use crate::functions::life_span::{self, HoldIndex};
use crate::functions::periods::PeriodBounds;
use crate::query_scope::{self, QueryScope};

/// Returns the mask of the periods in which the customer membership `cm` was active. Runs plans
/// that read all holds and the plans that begin with a registration.
pub(crate) async fn active_periods_mask(
    scope: &QueryScope<'_>,
    bounds: PeriodBounds,
) -> Result<Expr, ReportError> {
    let (holds, waiting) = futures::try_join!(
        read_holds(scope, bounds.last),
        read_plans_begun_by_registration(scope)
    )?;
    let waits = match waiting.as_slice() {
        [] => lit(false),
        plans => is_one_of_ids(col("cm.membership_id"), plans, false).is_true(),
    };
    let offsets = scope.offsets().clone();
    Ok(life_span::active_periods("cm", waits, bounds, Arc::new(holds), offsets))
}

/// Reads the holds that begin on or before `last`.
async fn read_holds(scope: &QueryScope<'_>, last: i32) -> Result<HoldIndex, ReportError> {
    let plan = scope
        .session
        .scan("customer_membership_holds", "h")?
        .filter(col("h.start_date").lt_eq(query_scope::date(Date::from_days(last))))?
        .project(vec![col("h.customer_membership_id"), col("h.start_date"), col("h.end_date")])?
        .build()?;
    let pool = &scope.session.engine().state().runtime_env().memory_pool;
    let memory = MemoryConsumer::new("holds").register(pool);
    let mut batches = scope.session.stream(plan);
    let mut holds = Vec::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let memberships = batch.column(0).as_primitive::<Int64Type>();
        let starts = batch.column(1).as_primitive::<Date32Type>();
        let ends = batch.column(2).as_primitive::<Date32Type>();
        for row in (0..batch.num_rows()).filter(|row| memberships.is_valid(*row)) {
            let end = ends.is_valid(row).then(|| ends.value(row));
            holds.push((memberships.value(row), starts.value(row), end));
        }
    }
    Ok(HoldIndex::new(holds, memory)?)
}

/// Reads the ids of the plans whose memberships begin with a first registration instead of the
/// purchase.
async fn read_plans_begun_by_registration(scope: &QueryScope<'_>) -> Result<Vec<i64>, ReportError> {
    let plan = scope
        .session
        .scan("memberships", "m")?
        .filter(col("m.begin_on_first_registration").is_true())?
        .project(vec![col("m.id")])?
        .build()?;
    let batches = scope.session.collect(plan).await?;
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    Ok(ids.copied().collect())
}
