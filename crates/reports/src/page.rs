//! One page of a report, ready to be written by any file writer. Rule: spec/reports.md §3.

use datafusion::arrow::array::RecordBatch;
use model::id::Revision;
use model::output::OutputColumn;

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Rows (or groups) of the whole report after filters, not of the page.
    pub total: u64,
    /// One header per column, in order.
    pub headers: Vec<Header>,
    /// The columns; batches hold them at these positions, then hidden columns.
    pub columns: Vec<OutputColumn>,
    /// The page's rows, in order.
    pub batches: Vec<RecordBatch>,
    /// Whether a pivot leaves out periods before the first one shown that hold rows.
    pub pivot_truncated: bool,
    /// The revision that the page was computed from.
    pub revision: Revision,
}

/// What `column_headers` says of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Display name.
    pub label: String,
    /// Dotted path into the row.
    pub key: String,
    /// Whether the report can be sorted by it.
    pub sortable: bool,
    /// How the report is sorted by it now.
    pub sorted: Option<Sorted>,
    /// Whether it holds a customer's id.
    pub holds_customer_id: bool,
    /// Whether it is always there.
    pub required: bool,
}

/// A column's place in the sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    /// Largest first.
    pub descending: bool,
    /// 0 = most significant.
    pub priority: usize,
}
