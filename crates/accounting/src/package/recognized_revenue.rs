//! Rows of `recognized_revenue.csv` and `other_recognized_revenue.csv`: revenue recognized over a
//! period and at once. Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;
use crate::posting::{PieceProgress, Posting};
use crate::records::InvoiceLine;

use super::field::{FieldValue, detail_columns};

detail_columns! {
    (line: Option<&'a InvoiceLine>, progress: &PieceProgress)
    "description": Text = line.and_then(|line| line.description.as_deref()),
    "period_start": Instant = progress.period.map(|(start, _)| start),
    // An end in the last second of a day is given as the following midnight.
    "period_end": Instant = progress.period.map(|(_, end)| end),
    "method": Text = progress.method,
    // Units are days, microseconds or months.
    "units_before": Int = progress.units_before,
    "units": Int = progress.units,
    "units_total": Int = progress.units_total,
    "net_amount": Money = progress.net,
    "recognized_to_date": Money = progress.recognized_to_date,
    "deferred_after": Money = progress.deferred_after,
}

pub(super) fn details_of_line<'a>(
    posting: &Posting,
    progress: &PieceProgress,
    records: &'a InvoiceRecords,
) -> Vec<FieldValue<'a>> {
    details(records.lines.iter().find(|line| Some(line.id) == posting.source_id), progress)
}
