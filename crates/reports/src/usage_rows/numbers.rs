//! Reads the holds, bookings and events from which numbers are computed.

use std::collections::BTreeSet;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int8Type;
use datafusion::error::{DataFusionError, Result};
use futures::{StreamExt, TryStreamExt};
use usage::rows::{HoldReader, Zones};
use usage::{Booking, BookingMethod, BookingStatus, Hold};

use super::allotments::missing;
use super::cells::{Cells, integers};
use super::events::{Events, add_sites};
use super::feed::Feed;
use super::run::Runner;
use super::sources::{IS_NO_SHOW, OWNER, Sources, damaged, table};
use crate::definition::relation::Keys;

/// The bytes of one row, as read and as converted.
const HOLD_BYTES: usize = size_of::<(i64, Hold)>() + 32;
const BOOKING_BYTES: usize = size_of::<(i64, Booking)>() + 32;

/// The holds and bookings by membership, and the booked events.
pub(super) struct Numbers {
    events: Events,
    holds: Feed,
    bookings: Feed,
}

impl Numbers {
    /// Opens them for all memberships, or only for those in `of`.
    pub(super) async fn open(
        sources: &Sources,
        runner: &Runner,
        of: Option<&[i64]>,
    ) -> Result<Self> {
        let holds = runner.run(sources.holds(of)?);
        let holds = Feed::new(holds, OWNER, runner.memory("holds of memberships"), HOLD_BYTES)?;
        let memory = runner.memory("bookings of memberships");
        let feed = |bookings| Feed::new(bookings, OWNER, memory, BOOKING_BYTES);
        let mut events = Events::new(runner.memory("events that usage counts"));
        let bookings = runner.run(sources.bookings(of)?);
        if of.is_none() {
            // Events are read before bookings, because the sort of the bookings takes all memory
            // that is left.
            let bookings = feed(bookings)?;
            let zones = zones(sources, runner).await?;
            events.add(runner.run(sources.events(&Keys::All)?), &zones).await?;
            return Ok(Self { events, holds, bookings });
        }
        let few = bookings.try_collect::<Vec<_>>();
        let (zones, few) = futures::try_join!(zones(sources, runner), few)?;
        let keys = Keys::Ids(event_ids(&few)?);
        if !keys.is_empty() {
            events.add(runner.run(sources.events(&keys)?), &zones).await?;
        }
        let bookings = feed(futures::stream::iter(few.into_iter().map(Ok)).boxed())?;
        Ok(Self { events, holds, bookings })
    }

    /// Returns a membership below which all bookings have been read; none if all have been read.
    pub(super) async fn reach(&mut self) -> Result<Option<i64>> {
        self.bookings.reach().await
    }

    /// Takes the remaining holds of memberships up to this one.
    pub(super) async fn holds_up_to(&mut self, last: i64) -> Result<Vec<(i64, Hold)>> {
        holds(&self.holds.up_to(last).await?)
    }

    /// Takes the remaining bookings of memberships up to this one.
    pub(super) async fn bookings_up_to(&mut self, last: i64) -> Result<Vec<(i64, Booking)>> {
        bookings(&self.bookings.up_to(last).await?, &self.events)
    }
}

/// Reads the zones of the provider and its sites.
async fn zones(sources: &Sources, runner: &Runner) -> Result<Zones> {
    let mut zones = Zones::new(sources.session.provider().timezone.clone());
    let mut sites = runner.run(sources.sites());
    while let Some(batch) = sites.next().await {
        add_sites(&mut zones, &batch?)?;
    }
    Ok(zones)
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

/// Reads bookings. The plan returns only countable ones, so only the event or the allotment can
/// still exclude them.
fn bookings(batches: &[RecordBatch], events: &Events) -> Result<Vec<(i64, Booking)>> {
    let mut bookings = Vec::new();
    for batch in batches {
        let owners = integers(batch, OWNER)?;
        let (ids, event_ids) = (integers(batch, "id")?, integers(batch, "event_id")?);
        let no_shows = batch.column_by_name(IS_NO_SHOW);
        let no_shows = no_shows.and_then(|column| column.as_primitive_opt::<Int8Type>());
        let no_shows = no_shows
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
