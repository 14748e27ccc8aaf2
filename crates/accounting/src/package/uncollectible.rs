//! Rows of `uncollectible.csv`. Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::invoice_records::InvoiceRecords;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "invoice_date", kind: Instant },
    PackageColumn { name: "invoice_total", kind: Money },
    PackageColumn { name: "uncollectible_at", kind: Instant },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncollectibleDetails {
    /// The invoice's `date`.
    pub invoice_date: Instant,
    /// The invoice's total.
    pub invoice_total: i128,
    /// The invoice's `uncollectible_at`.
    pub uncollectible_at: Option<Instant>,
}

pub(super) fn details(records: &InvoiceRecords) -> super::RowDetails<'_> {
    let invoice = &records.invoice;
    super::RowDetails::Uncollectible(UncollectibleDetails {
        invoice_date: invoice.date,
        invoice_total: i128::from(invoice.total),
        uncollectible_at: invoice.uncollectible_at,
    })
}

impl UncollectibleDetails {
    pub(super) fn push_to<'f>(&self, fields: &mut Vec<FieldValue<'f>>) {
        fields.extend([
            FieldValue::Instant(self.invoice_date),
            FieldValue::Money(self.invoice_total),
            FieldValue::optional_instant(self.uncollectible_at),
        ]);
    }
}
