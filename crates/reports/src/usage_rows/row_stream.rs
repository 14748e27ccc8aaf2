//! Computes the rows, one batch of memberships after another.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use futures::StreamExt;
use model::time::Date;
use usage::rows::MembershipReader;
use usage::{Membership, UsagePlan, usage_of_memberships};

use super::allotments::LimitsCache;
use super::cells::{UsageCells, int_column};
use super::plan_runner::PlanRunner;
use super::row_builder::UsageRowsBuilder;
use super::schema::UsageColumn;
use super::sorted_rows::UsageBatchStream;
use super::sources::{UsageSources, catalogue_table, damaged_value_error};
use super::usage_inputs::UsageInputs;
use crate::definition::relation::RelationKeys;

/// The request for rows of one scan.
#[derive(Clone)]
pub(super) struct UsageScanRequest {
    pub(super) sources: UsageSources,
    /// The day whose periods are computed.
    pub(super) date: Date,
    /// The ids of the rows to return.
    pub(super) keys: RelationKeys,
    /// The columns to return.
    pub(super) columns: Vec<UsageColumn>,
}

/// Produces the rows. It streams memberships, and reads holds and bookings up to the same
/// membership.
pub(super) struct UsageRowStream {
    request: UsageScanRequest,
    runner: PlanRunner,
    has_numbers: bool,
    wanted: Option<BTreeSet<i64>>,
    allotments: LimitsCache,
    memberships: UsageBatchStream,
    reader: MembershipReader,
    next_id: i64,
    /// Memberships whose numbers are not computed yet.
    waiting: Vec<WaitingMembership>,
    numbers: Option<UsageInputs>,
    rows: UsageRowsBuilder,
    is_done: bool,
}

/// A membership with its plan, and the id of its first row.
struct WaitingMembership {
    first: i64,
    membership: Membership,
    plan: Arc<UsagePlan>,
}

impl UsageRowStream {
    pub(super) async fn begin(asked: UsageScanRequest) -> Result<Self> {
        let wanted: Option<BTreeSet<i64>> = match &asked.keys {
            RelationKeys::Ids(ids) => Some(ids.iter().copied().collect()),
            RelationKeys::All | RelationKeys::Texts(_) => None,
        };
        let sources = &asked.sources;
        let runner = PlanRunner::for_session(&sources.session, wanted.is_some());
        let has_numbers = asked.columns.iter().any(|column| column.is_number());
        let numbers = async {
            if has_numbers && wanted.is_none() {
                UsageInputs::open(sources, &runner, None).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let allotments = LimitsCache::read(runner.run(sources.plans()));
        let (allotments, numbers) = futures::try_join!(allotments, numbers)?;
        Ok(Self {
            allotments,
            memberships: runner.run(sources.memberships(has_numbers)?),
            reader: MembershipReader::default(),
            next_id: 1,
            waiting: Vec::new(),
            numbers,
            rows: UsageRowsBuilder::for_columns(&asked.columns),
            is_done: false,
            request: asked,
            runner,
            has_numbers,
            wanted,
        })
    }

    /// Returns the next rows; none after the last ones.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while !self.is_done {
            if self.has_all() {
                self.is_done = true
            } else {
                self.read_next().await?
            }
            // When only some rows are wanted, all numbers are computed in one run, because each run
            // reads all bookings.
            if self.wanted.is_none() || self.is_done {
                self.compute().await?;
            }
            if !self.rows.is_empty() {
                return self.rows.finish().map(Some);
            }
        }
        Ok(None)
    }

    /// Returns true if all wanted rows have been passed.
    fn has_all(&self) -> bool {
        let last = self.wanted.as_ref().map(|ids| ids.last().copied());
        last.is_some_and(|last| last.is_none_or(|last| last < self.next_id))
    }

    /// Reads the next batch of memberships and skips those without wanted rows. Memberships wait
    /// for their numbers; if none are asked for, their rows are added at once.
    async fn read_next(&mut self) -> Result<()> {
        let Some(batch) = self.memberships.next().await else {
            self.is_done = true;
            return Ok(());
        };
        let batch = batch?;
        let cells = UsageCells::from_batch(catalogue_table("customer_memberships")?, &batch)?;
        for (row, id) in int_column(&batch, "id")?.values().iter().enumerate() {
            let plan = self.reader.plan_id(cells.at(row)).map_err(damaged_value_error)?;
            let own = self.reader.custom_allotment(cells.at(row)).map_err(damaged_value_error)?;
            let allotment = self.allotments.limits_of_membership(plan, own)?;
            let first = self.next_id;
            self.next_id += allotment.rows;
            let wanted = self.wanted.as_ref();
            if wanted.is_some_and(|ids| ids.range(first..self.next_id).next().is_none()) {
                continue;
            }
            if self.has_numbers {
                let own = allotment.own.cloned();
                let membership =
                    self.reader.read_with(cells.at(row), own).map_err(damaged_value_error)?;
                let plan = Arc::clone(allotment.plan);
                self.waiting.push(WaitingMembership { first, membership, plan });
            } else {
                self.rows.push(*id, allotment.limits(), None, first, |id| is_in(wanted, id));
            }
        }
        Ok(())
    }

    /// Computes the numbers of all waiting memberships and adds their rows.
    async fn compute(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        if self.wanted.is_some() {
            let ids: Vec<i64> = waiting.iter().map(|each| each.membership.id).collect();
            let numbers =
                UsageInputs::open(&self.request.sources, &self.runner, Some(&ids)).await?;
            self.numbers = Some(numbers);
        }
        while let Some(numbers) = self.numbers.as_mut().filter(|_| !waiting.is_empty()) {
            let reach = numbers.complete_below().await?;
            let is_at_hand =
                |each: &WaitingMembership| reach.is_none_or(|end| each.membership.id < end);
            let count = waiting.partition_point(is_at_hand).max(1);
            let later = waiting.split_off(count);
            self.compute_some(std::mem::replace(&mut waiting, later)).await?;
        }
        Ok(())
    }

    async fn compute_some(&mut self, some: Vec<WaitingMembership>) -> Result<()> {
        let last = some.last().map(|each| each.membership.id);
        let (Some(numbers), Some(last)) = (&mut self.numbers, last) else { return Ok(()) };
        let holds = numbers.holds_up_to(last).await?;
        let bookings = numbers.bookings_up_to(last).await?;
        let places: Vec<(i64, Arc<UsagePlan>)> =
            some.iter().map(|each| (each.first, Arc::clone(&each.plan))).collect();
        let provider = self.request.sources.session.provider();
        let memberships = some.into_iter().map(|each| (each.membership, each.plan));
        let all = usage_of_memberships(provider, self.request.date, memberships, holds, bookings);
        for (answer, (first, plan)) in all.zip(&places) {
            let (membership, usage) = answer.map_err(damaged_value_error)?;
            let limits = membership.custom_limits.as_ref().unwrap_or(&plan.limits);
            let wanted = self.wanted.as_ref();
            self.rows.push(membership.id, limits, Some(&usage), *first, |id| is_in(wanted, id));
        }
        Ok(())
    }
}

fn is_in(wanted: Option<&BTreeSet<i64>>, id: i64) -> bool {
    wanted.is_none_or(|ids| ids.contains(&id))
}
