//! All rows of a report, ready to be written by any file writer. Rule: spec/reports.md §7, §11.

use std::fmt;

use datafusion::arrow::array::RecordBatch;
use futures::stream::BoxStream;
use model::id::Revision;
use model::output::OutputColumn;

use crate::error::ReportError;
use crate::page::Header;

/// Batches as they are computed; after an error there is nothing more. Dropping it stops the work.
pub type RowStream = BoxStream<'static, Result<RecordBatch, ReportError>>;

/// The whole of a report, in order, in batches of some thousand rows.
pub struct Rows {
    /// Rows of the whole report after filters: as many as the batches hold.
    pub total: u64,
    /// One header per column, in order.
    pub headers: Vec<Header>,
    /// The columns; batches hold them at these positions, then hidden columns.
    pub columns: Vec<OutputColumn>,
    /// Whether a pivot leaves out periods before its first column. Rule: spec/reports.md §10.
    pub pivot_truncated: bool,
    /// The revision that the rows are computed from.
    pub revision: Revision,
    /// The rows.
    pub batches: RowStream,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {} columns", self.total, self.columns.len())
    }
}
