//! Plans of the rows that usage depends on.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::col;
use mirror::MirrorSession;
use model::catalogue::{self, Table};
use usage::UsageError;

use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::text_literal;
use crate::error::ReportError;

/// The plans of the rows from which usage is computed, for one provider at one revision.
#[derive(Clone)]
pub(super) struct UsageSources {
    pub(super) session: MirrorSession,
    plans: LogicalPlan,
    memberships: LogicalPlan,
    holds: LogicalPlan,
    attendances: LogicalPlan,
    events: LogicalPlan,
    sites: LogicalPlan,
}

/// The column in which holds and bookings name their membership.
pub(crate) const MEMBERSHIP_ID_COLUMN: &str = "customer_membership_id";

impl UsageSources {
    pub(super) fn scan(session: &MirrorSession) -> Result<Self, ReportError> {
        let by_owner =
            || vec![col(MEMBERSHIP_ID_COLUMN).sort(true, false), col("id").sort(true, false)];
        let columns = |rows: LogicalPlanBuilder, names: &[&str]| {
            rows.project(names.iter().map(|name| col(*name)).collect::<Vec<_>>())
        };
        let live_memberships = session
            .scan_by_id("customer_memberships", "cm")?
            .filter(col("deleted_at").is_null())?;
        let memberships = columns(live_memberships, &MEMBERSHIP_COLUMNS)?;
        let holds = session.scan("customer_membership_holds", "h")?;
        let holds = columns(holds, &HOLD_COLUMNS)?.sort(by_owner())?;
        let plans = session.scan("memberships", "m")?;
        Ok(Self {
            session: session.clone(),
            plans: columns(plans, &PLAN_COLUMNS)?.build()?,
            memberships: memberships.sort(vec![col("id").sort(true, false)])?.build()?,
            holds: holds.build()?,
            attendances: session.scan("attendances", "a")?.build()?,
            events: columns(session.scan("events", "e")?, &EVENT_COLUMNS)?.build()?,
            sites: columns(session.scan("sites", "s")?, &["id", "timezone"])?.build()?,
        })
    }

    /// Returns a plan with the plans of memberships, in any order.
    pub(super) fn plans(&self) -> LogicalPlan {
        self.plans.clone()
    }

    /// Returns a plan with the memberships by id, without deleted ones. It has the columns for
    /// usage if `has_numbers` is true, else only those for limits.
    pub(super) fn memberships(&self, has_numbers: bool) -> Result<LogicalPlan> {
        let memberships = self.memberships.clone();
        if has_numbers {
            Ok(memberships)
        } else {
            LogicalPlanBuilder::from(memberships).project(LIMIT_COLUMNS.map(col))?.build()
        }
    }

    /// Returns a plan with the holds by membership, limited to these memberships if they are given.
    pub(super) fn holds(&self, of: Option<&[i64]>) -> Result<LogicalPlan> {
        let Some(ids) = of else { return Ok(self.holds.clone()) };
        LogicalPlanBuilder::from(self.holds.clone()).filter(is_of_memberships(ids))?.build()
    }

    /// Returns a plan with the countable bookings by membership, limited to these memberships if
    /// they are given.
    pub(super) fn bookings(&self, of: Option<&[i64]>) -> Result<LogicalPlan> {
        let is_wanted = match of {
            // This comes first, because later conditions are not evaluated for rows that it
            // excludes.
            Some(ids) => is_of_memberships(ids),
            None => col(MEMBERSHIP_ID_COLUMN).is_not_null(),
        };
        // Bookings that can never count are excluded before the sort, because sorting them would
        // cost as much as sorting the others.
        let is_countable = col("booking_method").eq(text_literal("membership")).and(!col("comped"));
        // It is a number, because sorting rows with booleans costs more than everything else.
        let is_no_show =
            cast(col("status").eq(text_literal("no_show")), DataType::Int8).alias(IS_NO_SHOW);
        LogicalPlanBuilder::from(self.attendances.clone())
            .filter(is_wanted.and(is_countable))?
            .project(vec![col(MEMBERSHIP_ID_COLUMN), col("id"), col("event_id"), is_no_show])?
            .sort(vec![col(MEMBERSHIP_ID_COLUMN).sort(true, false)])?
            .build()
    }

    /// Returns a plan with the events that have these ids.
    pub(super) fn events(&self, keys: &RelationKeys) -> Result<LogicalPlan> {
        let rows = LogicalPlanBuilder::from(self.events.clone());
        keys.restrict(rows, col("id")).map_err(plan_error)?.build()
    }

    /// Returns a plan with the sites and their zones.
    pub(super) fn sites(&self) -> LogicalPlan {
        self.sites.clone()
    }
}

/// The column that is 1 for a no-show and 0 for other bookings.
pub(super) const IS_NO_SHOW: &str = "is_no_show";

const PLAN_COLUMNS: [&str; 3] = ["id", "begin_on_first_registration", "allotment"];
/// The columns of memberships that determine their limits.
const LIMIT_COLUMNS: [&str; 3] = ["id", "membership_id", "custom_allotment"];
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
const HOLD_COLUMNS: [&str; 5] =
    ["id", MEMBERSHIP_ID_COLUMN, "start_date", "end_date", "prorate_usage"];
const EVENT_COLUMNS: [&str; 7] =
    ["id", "offering_type_id", "site_id", "kind", "starts_at", "status", "course_id"];

/// Returns the condition that a row belongs to one of these memberships.
fn is_of_memberships(ids: &[i64]) -> Expr {
    col(MEMBERSHIP_ID_COLUMN).in_list(ids.iter().map(|id| lit(*id)).collect(), false)
}

/// Returns a table of the catalogue.
pub(super) fn catalogue_table(name: &str) -> Result<&'static Table> {
    let table = catalogue::table(name);
    table.ok_or_else(|| DataFusionError::Internal(format!("there is no table {name}")))
}

/// Wraps an error about a stored value that the import should have refused.
pub(super) fn damaged_value_error(error: UsageError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn plan_error(error: ReportError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
