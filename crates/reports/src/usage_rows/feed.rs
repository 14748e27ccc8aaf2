//! Rows that come by the membership they belong to, taken as far as some memberships reach.

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use futures::stream::{BoxStream, Fuse};

use super::cells::integers;

/// Batches on their way.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch>>;

/// Memory for the rows taken that is set aside before anything is sorted: what sorts may take all
/// that is left. More is only needed where one membership has more rows than fit in here.
const SET_ASIDE: usize = 2 << 20;

/// Sorted rows, and what of them is not taken yet.
pub(super) struct Feed {
    batches: Fuse<Batches>,
    key: &'static str,
    rest: Option<RecordBatch>,
    /// What the rows taken last take.
    memory: MemoryReservation,
    row_bytes: usize,
}

impl Feed {
    /// Rows that come by ascending `key`, each of which takes so much memory once it is taken.
    pub(super) fn new(
        batches: Batches,
        key: &'static str,
        memory: MemoryReservation,
        row_bytes: usize,
    ) -> Result<Self> {
        memory.try_grow(SET_ASIDE)?;
        Ok(Self { batches: batches.fuse(), key, rest: None, memory, row_bytes })
    }

    /// Rows whose key is below this are all at hand; none: all rows are.
    pub(super) async fn reach(&mut self) -> Result<Option<i64>> {
        self.fill().await?;
        let Some(rest) = &self.rest else { return Ok(None) };
        Ok(integers(rest, self.key)?.values().last().copied())
    }

    /// All rows left whose key is at most `last`. The rows taken before are not needed any more.
    pub(super) async fn up_to(&mut self, last: i64) -> Result<Vec<RecordBatch>> {
        self.memory.try_resize(SET_ASIDE)?;
        let mut bytes = 0;
        let mut taken = Vec::new();
        loop {
            self.fill().await?;
            let Some(batch) = self.rest.take() else { return Ok(taken) };
            let rows = batch.num_rows();
            let end = integers(&batch, self.key)?.values().partition_point(|key| *key <= last);
            if end > 0 {
                bytes += end * self.row_bytes;
                self.memory.try_resize(bytes.max(SET_ASIDE))?;
                taken.push(batch.slice(0, end));
            }
            if end < rows {
                self.rest = Some(batch.slice(end, rows - end));
                return Ok(taken);
            }
        }
    }

    /// Has a batch at hand, unless there is none left.
    async fn fill(&mut self) -> Result<()> {
        while self.rest.is_none() {
            let Some(batch) = self.batches.next().await else { return Ok(()) };
            self.rest = Some(batch?).filter(|batch| batch.num_rows() > 0);
        }
        Ok(())
    }
}
