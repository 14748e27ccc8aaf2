//! Rows of `recognized_revenue.csv` and `other_recognized_revenue.csv`: revenue recognized over a
//! period and at once. Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::invoice_records::InvoiceRecords;
use crate::posting::{PieceProgress, Posting};

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "description", kind: Text },
    PackageColumn { name: "period_start", kind: Instant },
    PackageColumn { name: "period_end", kind: Instant },
    PackageColumn { name: "method", kind: Text },
    PackageColumn { name: "units_before", kind: Int },
    PackageColumn { name: "units", kind: Int },
    PackageColumn { name: "units_total", kind: Int },
    PackageColumn { name: "net_amount", kind: Money },
    PackageColumn { name: "recognized_to_date", kind: Money },
    PackageColumn { name: "deferred_after", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecognizedRevenueDetails<'a> {
    /// The line's description.
    pub description: Option<&'a str>,
    /// The start of the period.
    pub period_start: Option<Instant>,
    /// The end of the period. An end in the last second of a day is given as the following
    /// midnight.
    pub period_end: Option<Instant>,
    /// The name of the recognition method.
    pub method: &'static str,
    /// The units (days, microseconds or months) delivered before the month.
    pub units_before: i128,
    /// The units delivered in the month.
    pub units: i128,
    /// The total units.
    pub units_total: i128,
    /// The net of the piece.
    pub net_amount: i128,
    /// The amount recognized and not taken back at the month's end.
    pub recognized_to_date: i128,
    /// The amount still deferred at the month's end.
    pub deferred_after: i128,
}

pub(super) fn details<'a>(
    posting: &Posting,
    progress: &PieceProgress,
    records: &'a InvoiceRecords,
) -> super::RowDetails<'a> {
    let line = records.lines.iter().find(|line| Some(line.id) == posting.source_id);
    super::RowDetails::Recognized(RecognizedRevenueDetails {
        description: line.and_then(|line| line.description.as_deref()),
        period_start: progress.period.map(|(start, _)| start),
        period_end: progress.period.map(|(_, end)| end),
        method: progress.method,
        units_before: progress.units_before,
        units: progress.units,
        units_total: progress.units_total,
        net_amount: progress.net,
        recognized_to_date: progress.recognized_to_date,
        deferred_after: progress.deferred_after,
    })
}

impl<'a> RecognizedRevenueDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::optional_text(self.description),
            FieldValue::optional_instant(self.period_start),
            FieldValue::optional_instant(self.period_end),
            FieldValue::text(self.method),
            FieldValue::Int(self.units_before),
            FieldValue::Int(self.units),
            FieldValue::Int(self.units_total),
            FieldValue::Money(self.net_amount),
            FieldValue::Money(self.recognized_to_date),
            FieldValue::Money(self.deferred_after),
        ]);
    }
}
