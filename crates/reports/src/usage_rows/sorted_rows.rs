//! Streams of rows that are sorted by membership, read up to a given membership.

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use futures::stream::{BoxStream, Fuse};

use super::cells::int_column;

/// A stream of record batches.
pub(super) type UsageBatchStream = BoxStream<'static, Result<RecordBatch>>;

/// The memory that is reserved for rows before anything is sorted, because sorts may take all
/// memory that is left. More is reserved only if one membership has more rows than fit.
const RESERVED_BYTES: usize = 2 << 20;

/// A sorted stream of rows, with the rest of its last batch.
pub(super) struct SortedRowReader {
    batches: Fuse<UsageBatchStream>,
    key: &'static str,
    rest: Option<RecordBatch>,
    /// The reservation for the rows that were taken last.
    memory: MemoryReservation,
    row_bytes: usize,
}

impl SortedRowReader {
    /// Makes a feed of rows sorted by ascending `key`. Each row that is taken occupies `row_bytes`
    /// bytes.
    pub(super) fn new(
        batches: UsageBatchStream,
        key: &'static str,
        memory: MemoryReservation,
        row_bytes: usize,
    ) -> Result<Self> {
        memory.try_grow(RESERVED_BYTES)?;
        Ok(Self { batches: batches.fuse(), key, rest: None, memory, row_bytes })
    }

    /// Returns a key below which all rows have been read; none if the stream has ended.
    pub(super) async fn complete_below(&mut self) -> Result<Option<i64>> {
        self.fill().await?;
        let Some(rest) = &self.rest else { return Ok(None) };
        Ok(int_column(rest, self.key)?.values().last().copied())
    }

    /// Takes the remaining rows whose key is at most `last`. The memory of rows taken before is
    /// released.
    pub(super) async fn take_up_to(&mut self, last: i64) -> Result<Vec<RecordBatch>> {
        self.memory.try_resize(RESERVED_BYTES)?;
        let mut bytes = 0;
        let mut taken = Vec::new();
        loop {
            self.fill().await?;
            let Some(batch) = self.rest.take() else { return Ok(taken) };
            let rows = batch.num_rows();
            let end = int_column(&batch, self.key)?.values().partition_point(|key| *key <= last);
            if end > 0 {
                bytes += end * self.row_bytes;
                self.memory.try_resize(bytes.max(RESERVED_BYTES))?;
                taken.push(batch.slice(0, end));
            }
            if end < rows {
                self.rest = Some(batch.slice(end, rows - end));
                return Ok(taken);
            }
        }
    }

    /// Reads the next batch that has rows, if the last one is used up.
    async fn fill(&mut self) -> Result<()> {
        while self.rest.is_none() {
            let Some(batch) = self.batches.next().await else { return Ok(()) };
            self.rest = Some(batch?).filter(|batch| batch.num_rows() > 0);
        }
        Ok(())
    }
}
