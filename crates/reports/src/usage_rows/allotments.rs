//! What plans and memberships allow; each text is read once.

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

/// Texts remembered; when there are more, it begins anew.
const TEXTS_MAX: usize = 4096;

/// Plans by id, and limits of single memberships by their text.
pub(super) struct Allotments {
    plans: HashMap<i64, (Arc<Plan>, i64)>,
    own: HashMap<String, (Limits, i64)>,
    reader: MembershipReader,
}

/// What one membership may do.
pub(super) struct Allotment<'a> {
    pub(super) plan: &'a Arc<Plan>,
    /// Limits that replace the plan's.
    pub(super) own: Option<&'a Limits>,
    /// How many rows of the report it has.
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

    /// What a membership of this plan may do, with limits of its own as this text.
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
    /// The limits that hold.
    pub(super) fn limits(&self) -> &Limits {
        self.own.unwrap_or(&self.plan.limits)
    }
}

/// A row that another names is not there.
pub(super) fn missing(table: &str, id: i64) -> DataFusionError {
    DataFusionError::Execution(format!("{table} {id} is missing"))
}
