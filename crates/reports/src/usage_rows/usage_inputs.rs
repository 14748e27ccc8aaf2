//! Reads the holds, bookings and events from which numbers are computed.

use std::collections::BTreeSet;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int8Type;
use datafusion::error::{DataFusionError, Result};
use futures::{StreamExt, TryStreamExt};
use usage::rows::{HoldReader, SiteZones};
use usage::{Booking, BookingMethod, BookingStatus, Hold};

use super::allotments::missing_row_error;
use super::cells::{UsageCells, int_column};
use super::events::{EventsById, add_sites};
use super::plan_runner::PlanRunner;
use super::sorted_rows::SortedRowReader;
use super::sources::{
    IS_NO_SHOW, MEMBERSHIP_ID_COLUMN, UsageSources, catalogue_table, damaged_value_error,
};
use crate::definition::relation::RelationKeys;

/// The bytes of one row, as read and as converted.
const HOLD_BYTES: usize = size_of::<(i64, Hold)>() + 32;
const BOOKING_BYTES: usize = size_of::<(i64, Booking)>() + 32;

/// The holds and bookings by membership, and the booked events.
pub(super) struct UsageInputs {
    events: EventsById,
    holds: SortedRowReader,
    bookings: SortedRowReader,
}

impl UsageInputs {
    /// Opens them for all memberships, or only for those in `of`.
    pub(super) async fn open(
        sources: &UsageSources,
        runner: &PlanRunner,
        of: Option<&[i64]>,
    ) -> Result<Self> {
        let holds = runner.run(sources.holds(of)?);
        let holds = SortedRowReader::new(
            holds,
            MEMBERSHIP_ID_COLUMN,
            runner.memory("holds of memberships"),
            HOLD_BYTES,
        )?;
        let memory = runner.memory("bookings of memberships");
        let feed =
            |bookings| SortedRowReader::new(bookings, MEMBERSHIP_ID_COLUMN, memory, BOOKING_BYTES);
        let mut events = EventsById::new(runner.memory("events that usage counts"));
        let bookings = runner.run(sources.bookings(of)?);
        if of.is_none() {
            // Events are read before bookings, because the sort of the bookings takes all memory
            // that is left.
            let bookings = feed(bookings)?;
            let zones = read_zones(sources, runner).await?;
            events.add(runner.run(sources.events(&RelationKeys::All)?), &zones).await?;
            return Ok(Self { events, holds, bookings });
        }
        let few = bookings.try_collect::<Vec<_>>();
        let (zones, few) = futures::try_join!(read_zones(sources, runner), few)?;
        let keys = RelationKeys::Ids(event_ids(&few)?);
        if !keys.is_empty() {
            events.add(runner.run(sources.events(&keys)?), &zones).await?;
        }
        let bookings = feed(futures::stream::iter(few.into_iter().map(Ok)).boxed())?;
        Ok(Self { events, holds, bookings })
    }

    /// Returns a membership below which all bookings have been read; none if all have been read.
    pub(super) async fn complete_below(&mut self) -> Result<Option<i64>> {
        self.bookings.complete_below().await
    }

    /// Takes the remaining holds of memberships up to this one.
    pub(super) async fn holds_up_to(&mut self, last: i64) -> Result<Vec<(i64, Hold)>> {
        parse_holds(&self.holds.take_up_to(last).await?)
    }

    /// Takes the remaining bookings of memberships up to this one.
    pub(super) async fn bookings_up_to(&mut self, last: i64) -> Result<Vec<(i64, Booking)>> {
        parse_bookings(&self.bookings.take_up_to(last).await?, &self.events)
    }
}

/// Reads the zones of the provider and its sites.
async fn read_zones(sources: &UsageSources, runner: &PlanRunner) -> Result<SiteZones> {
    let mut zones = SiteZones::new(sources.session.provider().timezone.clone());
    let mut sites = runner.run(sources.sites());
    while let Some(batch) = sites.next().await {
        add_sites(&mut zones, &batch?)?;
    }
    Ok(zones)
}

fn parse_holds(batches: &[RecordBatch]) -> Result<Vec<(i64, Hold)>> {
    let (table, reader) = (catalogue_table("customer_membership_holds")?, HoldReader::default());
    let mut holds = Vec::new();
    for batch in batches {
        let (cells, owners) =
            (UsageCells::from_batch(table, batch)?, int_column(batch, MEMBERSHIP_ID_COLUMN)?);
        for (row, owner) in owners.values().iter().enumerate() {
            holds.push((*owner, reader.read(cells.at(row)).map_err(damaged_value_error)?));
        }
    }
    Ok(holds)
}

/// Reads bookings. The plan returns only countable ones, so only the event or the allotment can
/// still exclude them.
fn parse_bookings(batches: &[RecordBatch], events: &EventsById) -> Result<Vec<(i64, Booking)>> {
    let mut bookings = Vec::new();
    for batch in batches {
        let owners = int_column(batch, MEMBERSHIP_ID_COLUMN)?;
        let (ids, event_ids) = (int_column(batch, "id")?, int_column(batch, "event_id")?);
        let no_shows = batch
            .column_by_name(IS_NO_SHOW)
            .and_then(|column| column.as_primitive_opt::<Int8Type>())
            .ok_or_else(|| DataFusionError::Internal(format!("usage needs {IS_NO_SHOW}")))?;
        for row in 0..batch.num_rows() {
            let event_id = event_ids.value(row);
            let status = match no_shows.value(row) {
                0 => BookingStatus::Attended,
                _ => BookingStatus::NoShow,
            };
            bookings.push((
                owners.value(row),
                Booking {
                    attendance: ids.value(row),
                    status,
                    method: BookingMethod::Membership,
                    is_comped: false,
                    event: events
                        .get(event_id)
                        .ok_or_else(|| missing_row_error("events", event_id))?,
                },
            ));
        }
    }
    Ok(bookings)
}

fn event_ids(bookings: &[RecordBatch]) -> Result<Vec<i64>> {
    let mut ids = BTreeSet::new();
    for batch in bookings {
        ids.extend(int_column(batch, "event_id")?.values().iter().copied());
    }
    Ok(ids.into_iter().collect())
}
