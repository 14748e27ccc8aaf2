//! All rows of a report, ready to be written by any file writer. Rule: spec/reports.md §7, §11.

use std::fmt;

use datafusion::arrow::array::RecordBatch;
use futures::stream::BoxStream;
use model::id::Revision;
use model::output::OutputColumn;

use crate::error::ReportError;
use crate::page::ColumnHeader;

/// A stream of batches as they are computed. It ends after an error; dropping it stops the work.
pub type RowStream = BoxStream<'static, Result<RecordBatch, ReportError>>;

/// All rows of a report, in order, in batches of some thousand rows.
pub struct ReportRows {
    /// The number of rows of the whole report after filters: the sum over all batches.
    pub total: u64,
    /// One header per column, in order.
    pub headers: Vec<ColumnHeader>,
    /// The columns. Batches hold them first, in this order, followed by hidden columns.
    pub columns: Vec<OutputColumn>,
    /// True if the pivot leaves out periods that hold rows and lie before its first column. Rule:
    /// spec/reports.md §10.
    pub pivot_truncated: bool,
    /// The revision that the rows are computed from.
    pub revision: Revision,
    /// The rows.
    pub batches: RowStream,
}

impl fmt::Debug for ReportRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {} columns", self.total, self.columns.len())
    }
}
