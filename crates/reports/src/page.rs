//! One page of a report, ready to be written by any file writer. Rule: spec/reports.md §3.

use datafusion::arrow::array::RecordBatch;
use model::id::Revision;
use model::output::OutputColumn;

/// One page of a report.
#[derive(Debug, Clone)]
pub struct ReportPage {
    /// The number of rows (or groups) of the whole report after filters, not of the page.
    pub total: u64,
    /// One header per column, in order.
    pub headers: Vec<ColumnHeader>,
    /// The columns. Batches hold them first, in this order, followed by hidden columns.
    pub columns: Vec<OutputColumn>,
    /// The rows of the page, in order.
    pub batches: Vec<RecordBatch>,
    /// True if the pivot leaves out periods that hold rows and lie before the first one shown.
    pub pivot_truncated: bool,
    /// The revision that the page was computed from.
    pub revision: Revision,
}

/// An entry of `column_headers`: one column of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHeader {
    /// The display name.
    pub label: String,
    /// The dotted path into the row.
    pub key: String,
    /// True if the report can be sorted by the column.
    pub sortable: bool,
    /// The position of the column in the sort; none if the report is not sorted by it.
    pub sorted: Option<SortPosition>,
    /// True if the column holds a customer's id.
    pub holds_customer_id: bool,
    /// True if the column is returned even when it was not asked for.
    pub required: bool,
}

/// The direction and priority of a column in the sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortPosition {
    /// True if the largest values come first.
    pub descending: bool,
    /// The rank among the sort items; 0 is the most significant.
    pub priority: usize,
}
