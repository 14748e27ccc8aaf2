//! The booked events, by id.

use datafusion::arrow::array::RecordBatch;
use datafusion::common::HashMap;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use usage::BookedEvent;
use usage::rows::{EventReader, SiteZones};

use super::cells::{UsageCells, int_column};
use super::sorted_rows::UsageBatchStream;
use super::sources::{catalogue_table, damaged_value_error};

/// The events of one provider, by id. All are kept in memory, because bookings refer to them in no
/// order. The engine's memory pool accounts for them.
pub(super) struct EventsById {
    known: HashMap<i64, BookedEvent>,
    memory: MemoryReservation,
}

impl EventsById {
    /// Makes an empty collection.
    pub(super) fn new(memory: MemoryReservation) -> Self {
        Self { known: HashMap::new(), memory }
    }

    /// Adds events. Errors: the memory pool is exhausted.
    pub(super) async fn add(
        &mut self,
        mut events: UsageBatchStream,
        zones: &SiteZones,
    ) -> Result<()> {
        let (table, reader) = (catalogue_table("events")?, EventReader::default());
        while let Some(batch) = events.next().await {
            let batch = batch?;
            self.make_room(batch.num_rows())?;
            let (cells, ids) = (UsageCells::from_batch(table, &batch)?, int_column(&batch, "id")?);
            for (row, id) in ids.values().iter().enumerate() {
                let event = reader.read(cells.at(row), zones).map_err(damaged_value_error)?;
                self.known.insert(*id, event);
            }
        }
        Ok(())
    }

    /// Returns the event with this id.
    pub(super) fn get(&self, id: i64) -> Option<BookedEvent> {
        self.known.get(&id).copied()
    }

    fn make_room(&mut self, rows: usize) -> Result<()> {
        if self.known.capacity() - self.known.len() >= rows {
            return Ok(());
        }
        // While the map moves to a larger allocation, the old one still exists.
        self.memory.try_grow(map_bytes(self.known.len() + rows))?;
        self.known.reserve(rows);
        self.memory.try_resize(self.known.allocation_size())
    }
}

/// Estimates the bytes that a hash map of this many events allocates. The number of slots is a
/// power of two, at most seven eighths of them are used, and each slot has a control byte.
fn map_bytes(events: usize) -> usize {
    let places = events.saturating_mul(8).div_ceil(7).next_power_of_two();
    places.saturating_mul(size_of::<(i64, BookedEvent)>() + 1)
}

/// Adds the zones of a batch of sites.
pub(super) fn add_sites(zones: &mut SiteZones, batch: &RecordBatch) -> Result<()> {
    let cells = UsageCells::from_batch(catalogue_table("sites")?, batch)?;
    (0..batch.num_rows())
        .try_for_each(|row| zones.add_site(cells.at(row)).map_err(damaged_value_error))
}
