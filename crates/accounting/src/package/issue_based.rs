//! Rows of `recognized_revenue_issue_based.csv`: revenue recognized by shipments. An issue of a
//! publication is recognized when it is shipped.
//! Rule: spec/accounting.md §9.

use crate::posting::PieceProgress;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "shipments_before", kind: Int },
    PackageColumn { name: "shipments", kind: Int },
    PackageColumn { name: "shipments_total", kind: Int },
    PackageColumn { name: "net_amount", kind: Money },
    PackageColumn { name: "recognized_to_date", kind: Money },
    PackageColumn { name: "deferred_after", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueBasedDetails {
    /// The number of shipments before the month.
    pub shipments_before: i128,
    /// The number of shipments in the month; negative if more came back than were sent.
    pub shipments: i128,
    /// The total number of shipments.
    pub shipments_total: i128,
    /// The net of the line.
    pub net_amount: i128,
    /// The amount recognized and not taken back at the month's end.
    pub recognized_to_date: i128,
    /// The amount still deferred at the month's end.
    pub deferred_after: i128,
}

pub(super) fn details<'a>(progress: &PieceProgress) -> super::RowDetails<'a> {
    super::RowDetails::IssueBased(IssueBasedDetails {
        shipments_before: progress.units_before,
        shipments: progress.units,
        shipments_total: progress.units_total,
        net_amount: progress.net,
        recognized_to_date: progress.recognized_to_date,
        deferred_after: progress.deferred_after,
    })
}

impl IssueBasedDetails {
    pub(super) fn push_to<'f>(&self, fields: &mut Vec<FieldValue<'f>>) {
        fields.extend([
            FieldValue::Int(self.shipments_before),
            FieldValue::Int(self.shipments),
            FieldValue::Int(self.shipments_total),
            FieldValue::Money(self.net_amount),
            FieldValue::Money(self.recognized_to_date),
            FieldValue::Money(self.deferred_after),
        ]);
    }
}
