//! Plans of the rows that usage depends on, and how they are run inside another plan.

use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::col;
use futures::StreamExt;
use mirror::Session;
use model::catalogue::{self, Table};
use usage::UsageError;

use super::feed::Batches;
use crate::definition::relation::Keys;
use crate::definition::value::text;
use crate::error::ReportError;

/// Where usage is computed from: one provider at one revision.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) session: Session,
    plans: LogicalPlan,
    memberships: LogicalPlan,
    holds: LogicalPlan,
    bookings: LogicalPlan,
    events: LogicalPlan,
    sites: LogicalPlan,
}

/// Column by which holds and bookings name their membership.
pub(crate) const OWNER: &str = "customer_membership_id";

impl Sources {
    pub(super) fn of(session: &Session) -> Result<Self, ReportError> {
        let by_owner = || vec![col(OWNER).sort(true, false), col("id").sort(true, false)];
        let columns = |rows: LogicalPlanBuilder, names: &[&str]| {
            rows.project(names.iter().map(|name| col(*name)).collect::<Vec<_>>())
        };
        let memberships = session.scan_by_id("customer_memberships", "cm")?;
        let memberships = memberships.filter(col("deleted_at").is_null())?;
        let memberships = columns(memberships, &MEMBERSHIP_COLUMNS)?;
        let holds = session.scan("customer_membership_holds", "h")?;
        let holds = columns(holds, &HOLD_COLUMNS)?.sort(by_owner())?;
        // What can never count is left out here: to sort it would cost as much as to sort the rest.
        let is_countable = col("booking_method").eq(text("membership")).and(!col("comped"));
        let bookings = session.scan("attendances", "a")?;
        let bookings = bookings.filter(col(OWNER).is_not_null().and(is_countable))?;
        let is_no_show = col("status").eq(text("no_show")).alias(IS_NO_SHOW);
        let bookings =
            bookings.project(vec![col(OWNER), col("id"), col("event_id"), is_no_show])?;
        let plans = session.scan("memberships", "m")?;
        Ok(Self {
            session: session.clone(),
            plans: columns(plans, &PLAN_COLUMNS)?.build()?,
            memberships: memberships.sort(vec![col("id").sort(true, false)])?.build()?,
            holds: holds.build()?,
            bookings: bookings.sort(vec![col(OWNER).sort(true, false)])?.build()?,
            events: columns(session.scan("events", "e")?, &EVENT_COLUMNS)?.build()?,
            sites: columns(session.scan("sites", "s")?, &["id", "timezone"])?.build()?,
        })
    }

    /// Plans of memberships, in any order.
    pub(super) fn plans(&self, context: &Arc<TaskContext>) -> Batches {
        self.run(self.plans.clone(), context)
    }

    /// Memberships by id, without deleted ones.
    pub(super) fn memberships(&self, context: &Arc<TaskContext>) -> Batches {
        self.run(self.memberships.clone(), context)
    }

    /// Holds by membership; of these memberships only, when they are known.
    pub(super) fn holds(&self, of: Option<&[i64]>, context: &Arc<TaskContext>) -> Result<Batches> {
        Ok(self.run(owned(self.holds.clone(), of)?, context))
    }

    /// Countable bookings by membership; of these memberships only, when they are known.
    pub(super) fn bookings(
        &self,
        of: Option<&[i64]>,
        context: &Arc<TaskContext>,
    ) -> Result<Batches> {
        Ok(self.run(owned(self.bookings.clone(), of)?, context))
    }

    /// Events with these ids.
    pub(super) fn events(&self, keys: &Keys, context: &Arc<TaskContext>) -> Result<Batches> {
        let rows = LogicalPlanBuilder::from(self.events.clone());
        let rows = keys.restrict_sorted(rows, col("id")).map_err(of_report)?;
        Ok(self.run(rows.build()?, context))
    }

    /// Sites and their zones.
    pub(super) fn sites(&self, context: &Arc<TaskContext>) -> Batches {
        self.run(self.sites.clone(), context)
    }

    /// Runs a plan as a part of the plan that `context` belongs to: in its turn and its memory.
    fn run(&self, plan: LogicalPlan, context: &Arc<TaskContext>) -> Batches {
        let (session, context) = (self.session.clone(), Arc::clone(context));
        let open = async move {
            let physical = session.engine().state().create_physical_plan(&plan).await?;
            execute_stream(physical, context)
        };
        futures::stream::once(open)
            .flat_map(|opened| match opened {
                Ok(batches) => batches.boxed(),
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }
}

/// Whether a booking is a no-show.
pub(super) const IS_NO_SHOW: &str = "is_no_show";

const PLAN_COLUMNS: [&str; 3] = ["id", "begin_on_first_registration", "allotment"];
const MEMBERSHIP_COLUMNS: [&str; 10] = [
    "id",
    "membership_id",
    "status",
    "purchased_at",
    "start_date",
    "expiration_date",
    "cancelled_at",
    "custom_allotment",
    "billing_anchor_day",
    "billing_interval_weeks",
];
const HOLD_COLUMNS: [&str; 5] = ["id", OWNER, "start_date", "end_date", "prorate_usage"];
const EVENT_COLUMNS: [&str; 7] =
    ["id", "offering_type_id", "site_id", "kind", "starts_at", "status", "course_id"];

/// The rows of these memberships.
fn owned(rows: LogicalPlan, of: Option<&[i64]>) -> Result<LogicalPlan> {
    let Some(ids) = of else { return Ok(rows) };
    let ids: Vec<Expr> = ids.iter().map(|id| lit(*id)).collect();
    LogicalPlanBuilder::from(rows).filter(col(OWNER).in_list(ids, false))?.build()
}

/// The catalogue's table.
pub(super) fn table(name: &str) -> Result<&'static Table> {
    let table = catalogue::table(name);
    table.ok_or_else(|| DataFusionError::Internal(format!("there is no table {name}")))
}

/// A stored value that the import would not have let in.
pub(super) fn damaged(error: UsageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn of_report(error: ReportError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
