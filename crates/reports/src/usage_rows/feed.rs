//! Rows that come by the membership they belong to, taken as far as a batch of memberships
//! reaches.

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::cells::integers;

/// Batches on their way.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch>>;

/// Sorted rows, and what of them is not taken yet.
pub(super) struct Feed {
    batches: Batches,
    key: &'static str,
    rest: Option<RecordBatch>,
}

impl Feed {
    /// Rows that come by ascending `key`.
    pub(super) fn new(batches: Batches, key: &'static str) -> Self {
        Self { batches, key, rest: None }
    }

    /// All rows left whose key is at most `last`.
    pub(super) async fn up_to(&mut self, last: i64) -> Result<Vec<RecordBatch>> {
        let mut taken = Vec::new();
        loop {
            let batch = match self.rest.take() {
                Some(rest) => rest,
                None => match self.batches.next().await {
                    Some(batch) => batch?,
                    None => return Ok(taken),
                },
            };
            let rows = batch.num_rows();
            let end = integers(&batch, self.key)?.values().partition_point(|key| *key <= last);
            if end > 0 {
                taken.push(batch.slice(0, end));
            }
            if end < rows {
                self.rest = Some(batch.slice(end, rows - end));
                return Ok(taken);
            }
        }
    }
}
