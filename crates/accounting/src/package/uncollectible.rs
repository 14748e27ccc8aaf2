//! Rows of `uncollectible.csv`. Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::grouping::InvoiceRecords;

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "invoice_date", kind: Instant },
    Column { name: "invoice_total", kind: Money },
    Column { name: "uncollectible_at", kind: Instant },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The invoice's `date`.
    pub invoice_date: Instant,
    /// The invoice's total.
    pub invoice_total: i128,
    /// The invoice's `uncollectible_at`.
    pub uncollectible_at: Option<Instant>,
}

pub(super) fn details(records: &InvoiceRecords) -> super::Details<'_> {
    let invoice = &records.invoice;
    super::Details::Uncollectible(Details {
        invoice_date: invoice.date,
        invoice_total: i128::from(invoice.total),
        uncollectible_at: invoice.uncollectible_at,
    })
}

impl Details {
    pub(super) fn push_to<'f>(&self, fields: &mut Vec<Field<'f>>) {
        fields.extend([
            Field::Instant(self.invoice_date),
            Field::Money(self.invoice_total),
            Field::optional_instant(self.uncollectible_at),
        ]);
    }
}
