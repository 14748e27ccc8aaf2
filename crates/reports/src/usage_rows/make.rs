//! The rows, batch by batch of memberships.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use futures::{StreamExt, TryStreamExt};
use model::time::Date;
use usage::rows::{HoldReader, MembershipReader, PlanReader, Zones};
use usage::{Booking, BookingMethod, BookingStatus, Hold, Limits, Membership, Plan, usage_of_all};

use super::build::{Rows, rows_of};
use super::cells::{Cells, integers};
use super::events::{Events, add_sites};
use super::feed::{Batches, Feed};
use super::sources::{IS_NO_SHOW, OWNER, Sources, damaged, table};
use crate::definition::relation::Keys;

/// What is asked of the rows.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) sources: Sources,
    /// The day whose periods are meant.
    pub(super) date: Date,
    /// Ids of the rows wanted.
    pub(super) keys: Keys,
    /// Whether numbers are read.
    pub(super) has_numbers: bool,
}

/// Rows on their way: memberships stream past, holds and bookings keep step.
pub(super) struct Maker {
    asked: Asked,
    context: Arc<TaskContext>,
    wanted: Option<BTreeSet<i64>>,
    plans: HashMap<i64, Arc<Plan>>,
    memberships: Batches,
    reader: MembershipReader,
    next_id: i64,
    numbers: Option<Numbers>,
    rows: Rows,
}

/// What numbers are computed from.
struct Numbers {
    events: Events,
    holds: Feed,
    bookings: Feed,
}

/// A membership with the id of its first row.
type Numbered = (i64, Membership, Arc<Plan>);

impl Maker {
    pub(super) async fn begin(asked: Asked, context: Arc<TaskContext>) -> Result<Self> {
        let wanted = match &asked.keys {
            Keys::Ids(ids) => Some(ids.iter().copied().collect()),
            Keys::All | Keys::Texts(_) => None,
        };
        let plans = read_plans(asked.sources.plans(&context)).await?;
        let memberships = asked.sources.memberships(&context);
        let mut maker = Self {
            asked,
            context,
            wanted,
            plans,
            memberships,
            reader: MembershipReader::default(),
            next_id: 1,
            numbers: None,
            rows: Rows::default(),
        };
        if maker.asked.has_numbers && maker.wanted.is_none() {
            maker.numbers = Some(open_numbers(&maker.asked.sources, &maker.context, None).await?);
        }
        Ok(maker)
    }

    /// The next rows; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while !self.has_all() {
            let Some(batch) = self.memberships.next().await else { return Ok(None) };
            let memberships = self.read(&batch?)?;
            self.compute(memberships).await?;
            let rows = self.rows.finish()?;
            if rows.num_rows() > 0 {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// Whether all rows asked for are behind.
    fn has_all(&self) -> bool {
        let last = self.wanted.as_ref().map(|ids| ids.last().copied());
        last.is_some_and(|last| last.is_none_or(|last| last < self.next_id))
    }

    /// The memberships of a batch that have wanted rows. Where no numbers are asked for, their
    /// rows are made at once.
    fn read(&mut self, batch: &RecordBatch) -> Result<Vec<Numbered>> {
        let cells = Cells::of(table("customer_memberships")?, batch)?;
        let ids = integers(batch, "id")?;
        let mut memberships = Vec::new();
        for (row, id) in ids.values().iter().enumerate() {
            let plan = self.reader.plan_id(cells.at(row)).map_err(damaged)?;
            let plan = self.plans.get(&plan).ok_or_else(|| missing("memberships", plan))?;
            let custom = self.reader.custom_limits(cells.at(row)).map_err(damaged)?;
            let limits = custom.as_ref().unwrap_or(&plan.limits);
            let first = self.next_id;
            self.next_id += rows_of(limits);
            let wanted = self.wanted.as_ref();
            if wanted.is_some_and(|ids| ids.range(first..self.next_id).next().is_none()) {
                continue;
            }
            if self.asked.has_numbers {
                let membership = self.reader.read(cells.at(row)).map_err(damaged)?;
                memberships.push((first, membership, Arc::clone(plan)));
            } else {
                self.rows.push(*id, limits, None, first, |id| is_in(wanted, id));
            }
        }
        Ok(memberships)
    }

    async fn compute(&mut self, memberships: Vec<Numbered>) -> Result<()> {
        let ids: Vec<i64> = memberships.iter().map(|(_, membership, _)| membership.id).collect();
        let Some(last) = ids.last().copied() else { return Ok(()) };
        if self.wanted.is_some() {
            self.numbers =
                Some(open_numbers(&self.asked.sources, &self.context, Some(&ids)).await?);
        }
        let Some(numbers) = &mut self.numbers else { return Ok(()) };
        let holds = holds(&numbers.holds.up_to(last).await?)?;
        let bookings = bookings(&numbers.bookings.up_to(last).await?, &numbers.events)?;
        let starts: Vec<(i64, Arc<Plan>)> =
            memberships.iter().map(|(first, _, plan)| (*first, Arc::clone(plan))).collect();
        let provider = self.asked.sources.session.provider();
        let memberships = memberships.into_iter();
        let memberships = memberships.map(|(_, membership, plan)| (membership, plan));
        let all = usage_of_all(provider, self.asked.date, memberships, holds, bookings);
        for (answer, (first, plan)) in all.zip(&starts) {
            let (membership, usage) = answer.map_err(damaged)?;
            let limits = limits_of(&membership, plan);
            let wanted = self.wanted.as_ref();
            self.rows.push(membership.id, limits, Some(&usage), *first, |id| is_in(wanted, id));
        }
        Ok(())
    }
}

/// Opens what numbers are computed from, for all memberships or for these.
async fn open_numbers(
    sources: &Sources,
    context: &Arc<TaskContext>,
    of: Option<&[i64]>,
) -> Result<Numbers> {
    let mut zones = Zones::new(sources.session.provider().timezone.clone());
    let mut sites = sources.sites(context);
    while let Some(batch) = sites.next().await {
        add_sites(&mut zones, &batch?)?;
    }
    let mut bookings = sources.bookings(of, context)?;
    let mut keys = Keys::All;
    if of.is_some() {
        let few: Vec<RecordBatch> = bookings.try_collect().await?;
        keys = Keys::Ids(event_ids(&few)?);
        bookings = futures::stream::iter(few.into_iter().map(Ok)).boxed();
    }
    let events = match keys.is_empty() {
        true => Events::default(),
        false => Events::read(sources.events(&keys, context)?, &zones).await?,
    };
    let holds = Feed::new(sources.holds(of, context)?, OWNER);
    Ok(Numbers { events, holds, bookings: Feed::new(bookings, OWNER) })
}

fn is_in(wanted: Option<&BTreeSet<i64>>, id: i64) -> bool {
    wanted.is_none_or(|ids| ids.contains(&id))
}

fn limits_of<'l>(membership: &'l Membership, plan: &'l Plan) -> &'l Limits {
    membership.custom_limits.as_ref().unwrap_or(&plan.limits)
}

async fn read_plans(mut batches: Batches) -> Result<HashMap<i64, Arc<Plan>>> {
    let (table, reader) = (table("memberships")?, PlanReader::default());
    let mut plans = HashMap::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let (cells, ids) = (Cells::of(table, &batch)?, integers(&batch, "id")?);
        for (row, id) in ids.values().iter().enumerate() {
            plans.insert(*id, Arc::new(reader.read(cells.at(row)).map_err(damaged)?));
        }
    }
    Ok(plans)
}

fn holds(batches: &[RecordBatch]) -> Result<Vec<(i64, Hold)>> {
    let (table, reader) = (table("customer_membership_holds")?, HoldReader::default());
    let mut holds = Vec::new();
    for batch in batches {
        let (cells, owners) = (Cells::of(table, batch)?, integers(batch, OWNER)?);
        for (row, owner) in owners.values().iter().enumerate() {
            holds.push((*owner, reader.read(cells.at(row)).map_err(damaged)?));
        }
    }
    Ok(holds)
}

/// Bookings that count unless their event or the allotment says otherwise: the plan let no others
/// through.
fn bookings(batches: &[RecordBatch], events: &Events) -> Result<Vec<(i64, Booking)>> {
    let mut bookings = Vec::new();
    for batch in batches {
        let owners = integers(batch, OWNER)?;
        let (ids, event_ids) = (integers(batch, "id")?, integers(batch, "event_id")?);
        let no_shows = batch.column_by_name(IS_NO_SHOW);
        let no_shows = no_shows.and_then(datafusion::arrow::array::AsArray::as_boolean_opt);
        let no_shows = no_shows
            .ok_or_else(|| DataFusionError::Internal(format!("usage needs {IS_NO_SHOW}")))?;
        for row in 0..batch.num_rows() {
            let event_id = event_ids.value(row);
            let status = match no_shows.value(row) {
                true => BookingStatus::NoShow,
                false => BookingStatus::Attended,
            };
            bookings.push((
                owners.value(row),
                Booking {
                    attendance: ids.value(row),
                    status,
                    method: BookingMethod::Membership,
                    is_comped: false,
                    event: events.get(event_id).ok_or_else(|| missing("events", event_id))?,
                },
            ));
        }
    }
    Ok(bookings)
}

fn event_ids(bookings: &[RecordBatch]) -> Result<Vec<i64>> {
    let mut ids = BTreeSet::new();
    for batch in bookings {
        ids.extend(integers(batch, "event_id")?.values().iter().copied());
    }
    Ok(ids.into_iter().collect())
}

fn missing(table: &str, id: i64) -> DataFusionError {
    DataFusionError::Execution(format!("{table} {id} is missing"))
}
