//! What was booked, by id.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::HashMap;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use usage::Event;
use usage::rows::{EventReader, Zones};

use super::cells::{Cells, integers};
use super::feed::Batches;
use super::sources::{damaged, table};

/// Events of one provider. Bookings come in no order of events, so they are all at hand, in memory
/// that the engine counts.
pub(super) struct Events {
    known: HashMap<i64, Event>,
    memory: MemoryReservation,
}

impl Events {
    /// None yet.
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self { known: HashMap::new(), memory }
    }

    /// Adds all of these. Fails when there is not enough memory for them.
    pub(super) async fn add(&mut self, mut events: Batches, zones: &Zones) -> Result<()> {
        let (table, reader) = (table("events")?, EventReader::default());
        while let Some(batch) = events.next().await {
            let batch = batch?;
            self.make_room(batch.num_rows())?;
            let (cells, ids) = (Cells::of(table, &batch)?, integers(&batch, "id")?);
            for (row, id) in ids.values().iter().enumerate() {
                let event = reader.read(cells.at(row), zones).map_err(damaged)?;
                self.known.insert(*id, event);
            }
        }
        Ok(())
    }

    /// The event with this id.
    pub(super) fn get(&self, id: i64) -> Option<Event> {
        self.known.get(&id).copied()
    }

    fn make_room(&mut self, rows: usize) -> Result<()> {
        if self.known.capacity() - self.known.len() >= rows {
            return Ok(());
        }
        // While it moves to its new place, it is still in the old one.
        self.memory.try_grow(bytes_of(self.known.len() + rows))?;
        self.known.reserve(rows);
        self.memory.try_resize(self.known.allocation_size())
    }
}

/// What a map of so many events takes: a power of two of places, an eighth of them always free,
/// each with a byte that says what is in it.
fn bytes_of(events: usize) -> usize {
    let places = events.saturating_mul(8).div_ceil(7).next_power_of_two();
    places.saturating_mul(size_of::<(i64, Event)>() + 1)
}

/// Adds rows of sites.
pub(super) fn add_sites(zones: &mut Zones, batch: &RecordBatch) -> Result<()> {
    let cells = Cells::of(table("sites")?, batch)?;
    (0..batch.num_rows()).try_for_each(|row| zones.add_site(cells.at(row)).map_err(damaged))
}
