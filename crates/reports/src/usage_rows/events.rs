//! What was booked, by id.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::HashMap;
use datafusion::error::Result;
use futures::StreamExt;
use usage::Event;
use usage::rows::{EventReader, Zones};

use super::cells::{Cells, integers};
use super::feed::Batches;
use super::sources::{damaged, table};

/// Events of one provider. Bookings come in no order of events, so they are all at hand.
#[derive(Default)]
pub(super) struct Events(HashMap<i64, Event>);

impl Events {
    /// Reads them; `sites` say in which zones they take place.
    pub(super) async fn read(mut events: Batches, zones: &Zones) -> Result<Self> {
        let (table, reader) = (table("events")?, EventReader::default());
        let mut known = HashMap::default();
        while let Some(batch) = events.next().await {
            let batch = batch?;
            let (cells, ids) = (Cells::of(table, &batch)?, integers(&batch, "id")?);
            for (row, id) in ids.values().iter().enumerate() {
                known.insert(*id, reader.read(cells.at(row), zones).map_err(damaged)?);
            }
        }
        Ok(Self(known))
    }

    /// The event with this id.
    pub(super) fn get(&self, id: i64) -> Option<Event> {
        self.0.get(&id).copied()
    }
}

/// Adds rows of sites.
pub(super) fn add_sites(zones: &mut Zones, batch: &RecordBatch) -> Result<()> {
    let cells = Cells::of(table("sites")?, batch)?;
    (0..batch.num_rows()).try_for_each(|row| zones.add_site(cells.at(row)).map_err(damaged))
}
