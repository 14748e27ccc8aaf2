//! Rows of `subscription_revenue.csv` and `other_invoices.csv`: invoices.
//! Rule: spec/accounting.md §9.

use model::time::Instant;

use crate::invoice_records::InvoiceRecords;
use crate::records::Directory;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "invoice_status", kind: Text },
    PackageColumn { name: "billing_reason", kind: Text },
    PackageColumn { name: "subscription_type", kind: Text },
    PackageColumn { name: "is_advance", kind: Bool },
    PackageColumn { name: "subtotal", kind: Money },
    PackageColumn { name: "discount", kind: Money },
    PackageColumn { name: "tax", kind: Money },
    PackageColumn { name: "total", kind: Money },
    PackageColumn { name: "period_start", kind: Instant },
    PackageColumn { name: "period_end", kind: Instant },
    PackageColumn { name: "line_count", kind: Int },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDetails<'a> {
    /// The invoice's status.
    pub invoice_status: &'static str,
    /// The reason for the billing.
    pub billing_reason: Option<&'a str>,
    /// The type of the invoice's subscription.
    pub subscription_type: Option<&'static str>,
    /// True if the invoice was billed in advance.
    pub is_advance: bool,
    /// The amount before discount and tax.
    pub subtotal: i128,
    /// The discount.
    pub discount: i128,
    /// The tax.
    pub tax: i128,
    /// The amount to be paid.
    pub total: i128,
    /// The start of the invoice's period.
    pub period_start: Option<Instant>,
    /// The end of the invoice's period.
    pub period_end: Option<Instant>,
    /// The number of the invoice's lines.
    pub line_count: i128,
}

pub(super) fn details<'a>(
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> super::RowDetails<'a> {
    let invoice = &records.invoice;
    let subscription = invoice.subscription_id.and_then(|id| directory.subscriptions.get(&id));
    super::RowDetails::Invoice(InvoiceDetails {
        invoice_status: invoice.status.as_str(),
        billing_reason: invoice.billing_reason.as_deref(),
        subscription_type: subscription.map(|subscription| subscription.subscription_type),
        is_advance: invoice.is_advance,
        subtotal: i128::from(invoice.subtotal),
        discount: i128::from(invoice.discount),
        tax: i128::from(invoice.tax),
        total: i128::from(invoice.total),
        period_start: invoice.period_start,
        period_end: invoice.period_end,
        line_count: i128::try_from(records.lines.len()).unwrap_or(i128::MAX),
    })
}

impl<'a> InvoiceDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::text(self.invoice_status),
            FieldValue::optional_text(self.billing_reason),
            FieldValue::optional_text(self.subscription_type),
            FieldValue::Bool(self.is_advance),
            FieldValue::Money(self.subtotal),
            FieldValue::Money(self.discount),
            FieldValue::Money(self.tax),
            FieldValue::Money(self.total),
            FieldValue::optional_instant(self.period_start),
            FieldValue::optional_instant(self.period_end),
            FieldValue::Int(self.line_count),
        ]);
    }
}
