//! Rows of `recognized_revenue_issue_based.csv`: revenue recognized by shipments. An issue of a
//! publication is recognized when it is shipped.
//! Rule: spec/accounting.md §9.

use crate::posting::PieceProgress;

use super::field::detail_columns;

detail_columns! {
    (progress: &PieceProgress)
    "shipments_before": Int = progress.units_before,
    // Negative if more came back than were sent.
    "shipments": Int = progress.units,
    "shipments_total": Int = progress.units_total,
    "net_amount": Money = progress.net,
    "recognized_to_date": Money = progress.recognized_to_date,
    "deferred_after": Money = progress.deferred_after,
}
