//! The limits of plans and memberships. Each allotment text is parsed once and cached.

use std::sync::Arc;

use datafusion::common::HashMap;
use datafusion::error::{DataFusionError, Result};
use futures::StreamExt;
use usage::rows::{MembershipReader, PlanReader};
use usage::{Limits, Plan};

use super::build::rows_of;
use super::cells::{Cells, integers};
use super::feed::Batches;
use super::sources::{damaged, table};

/// The largest number of cached texts. The cache is cleared when it is full.
const TEXTS_MAX: usize = 4096;

/// The plans by id, and the limits of single memberships by their allotment text.
pub(super) struct Allotments {
    plans: HashMap<i64, (Arc<Plan>, i64)>,
    own: HashMap<String, (Limits, i64)>,
    reader: MembershipReader,
}

/// The plan and the limits of one membership.
pub(super) struct Allotment<'a> {
    pub(super) plan: &'a Arc<Plan>,
    /// Limits that replace those of the plan.
    pub(super) own: Option<&'a Limits>,
    /// The number of rows that the membership has in the report.
    pub(super) rows: i64,
}

impl Allotments {
    /// Reads all plans.
    pub(super) async fn read(mut plans: Batches) -> Result<Self> {
        let (table, reader) = (table("memberships")?, PlanReader::default());
        let mut known = HashMap::new();
        while let Some(batch) = plans.next().await {
            let batch = batch?;
            let (cells, ids) = (Cells::of(table, &batch)?, integers(&batch, "id")?);
            for (row, id) in ids.values().iter().enumerate() {
                let plan = reader.read(cells.at(row)).map_err(damaged)?;
                let rows = rows_of(&plan.limits);
                known.insert(*id, (Arc::new(plan), rows));
            }
        }
        Ok(Self { plans: known, own: HashMap::new(), reader: MembershipReader::default() })
    }

    /// Returns the limits of a membership of this plan. `own` is the text of its own limits, if it
    /// has any.
    pub(super) fn of(&mut self, plan: i64, own: Option<&str>) -> Result<Allotment<'_>> {
        if let Some(text) = own {
            self.remember(text)?;
        }
        let (plan, rows) = self.plans.get(&plan).ok_or_else(|| missing("memberships", plan))?;
        Ok(match own.and_then(|text| self.own.get(text)) {
            Some((own, rows)) => Allotment { plan, own: Some(own), rows: *rows },
            None => Allotment { plan, own: None, rows: *rows },
        })
    }

    fn remember(&mut self, text: &str) -> Result<()> {
        if self.own.contains_key(text) {
            return Ok(());
        }
        if self.own.len() >= TEXTS_MAX {
            self.own.clear();
        }
        let limits = self.reader.limits(text).map_err(damaged)?;
        let rows = rows_of(&limits);
        self.own.insert(text.to_owned(), (limits, rows));
        Ok(())
    }
}

impl Allotment<'_> {
    /// Returns the limits that apply.
    pub(super) fn limits(&self) -> &Limits {
        self.own.unwrap_or(&self.plan.limits)
    }
}

/// Returns the error about a row that another row refers to and that does not exist.
pub(super) fn missing(table: &str, id: i64) -> DataFusionError {
    DataFusionError::Execution(format!("{table} {id} is missing"))
}
