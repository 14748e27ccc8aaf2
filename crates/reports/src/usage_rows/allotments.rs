//! The limits of plans and memberships. Each allotment text is parsed once and cached.

use std::sync::Arc;

use datafusion::common::HashMap;
use datafusion::error::{DataFusionError, Result};
use futures::StreamExt;
use usage::rows::{MembershipReader, PlanReader};
use usage::{UsageLimits, UsagePlan};

use super::cells::{UsageCells, int_column};
use super::row_builder::row_count_of_limits;
use super::sorted_rows::UsageBatchStream;
use super::sources::{catalogue_table, damaged_value_error};

/// The largest number of cached texts. The cache is cleared when it is full.
const TEXTS_MAX: usize = 4096;

/// The plans by id, and the limits of single memberships by their allotment text.
pub(super) struct LimitsCache {
    plans: HashMap<i64, (Arc<UsagePlan>, i64)>,
    own: HashMap<String, (UsageLimits, i64)>,
    reader: MembershipReader,
}

/// The plan and the limits of one membership.
pub(super) struct MembershipLimits<'a> {
    pub(super) plan: &'a Arc<UsagePlan>,
    /// Limits that replace those of the plan.
    pub(super) own: Option<&'a UsageLimits>,
    /// The number of rows that the membership has in the report.
    pub(super) rows: i64,
}

impl LimitsCache {
    /// Reads all plans.
    pub(super) async fn read(mut plans: UsageBatchStream) -> Result<Self> {
        let (table, reader) = (catalogue_table("memberships")?, PlanReader::default());
        let mut known = HashMap::new();
        while let Some(batch) = plans.next().await {
            let batch = batch?;
            let (cells, ids) = (UsageCells::from_batch(table, &batch)?, int_column(&batch, "id")?);
            for (row, id) in ids.values().iter().enumerate() {
                let plan = reader.read(cells.at(row)).map_err(damaged_value_error)?;
                let rows = row_count_of_limits(&plan.limits);
                known.insert(*id, (Arc::new(plan), rows));
            }
        }
        Ok(Self { plans: known, own: HashMap::new(), reader: MembershipReader::default() })
    }

    /// Returns the limits of a membership of this plan. `own` is the text of its own limits, if it
    /// has any.
    pub(super) fn limits_of_membership(
        &mut self,
        plan: i64,
        own: Option<&str>,
    ) -> Result<MembershipLimits<'_>> {
        if let Some(text) = own {
            self.cache_limits(text)?;
        }
        let (plan, rows) =
            self.plans.get(&plan).ok_or_else(|| missing_row_error("memberships", plan))?;
        Ok(match own.and_then(|text| self.own.get(text)) {
            Some((own, rows)) => MembershipLimits { plan, own: Some(own), rows: *rows },
            None => MembershipLimits { plan, own: None, rows: *rows },
        })
    }

    fn cache_limits(&mut self, text: &str) -> Result<()> {
        if self.own.contains_key(text) {
            return Ok(());
        }
        if self.own.len() >= TEXTS_MAX {
            self.own.clear();
        }
        let limits = self.reader.limits(text).map_err(damaged_value_error)?;
        let rows = row_count_of_limits(&limits);
        self.own.insert(text.to_owned(), (limits, rows));
        Ok(())
    }
}

impl MembershipLimits<'_> {
    /// Returns the limits that apply.
    pub(super) fn limits(&self) -> &UsageLimits {
        self.own.unwrap_or(&self.plan.limits)
    }
}

/// Returns the error about a row that another row refers to and that does not exist.
pub(super) fn missing_row_error(table: &str, id: i64) -> DataFusionError {
    DataFusionError::Execution(format!("{table} {id} is missing"))
}
