//! Rows of `subscription_revenue.csv` and `other_invoices.csv`: invoices.
//! Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;
use crate::records::{Directory, Invoice, Subscription};

use super::field::{FieldValue, detail_columns};

detail_columns! {
    (invoice: &'a Invoice, subscription: Option<&'a Subscription>, line_count: usize)
    "invoice_status": Text = invoice.status.as_str(),
    "billing_reason": Text = invoice.billing_reason.as_deref(),
    "subscription_type": Text = subscription.map(|subscription| subscription.subscription_type),
    "is_advance": Bool = invoice.is_advance,
    "subtotal": Money = invoice.subtotal,
    "discount": Money = invoice.discount,
    "tax": Money = invoice.tax,
    "total": Money = invoice.total,
    "period_start": Instant = invoice.period_start,
    "period_end": Instant = invoice.period_end,
    "line_count": Int = line_count as i128,
}

pub(super) fn details_of_invoice<'a>(
    records: &'a InvoiceRecords,
    directory: &'a Directory,
) -> Vec<FieldValue<'a>> {
    let invoice = &records.invoice;
    let subscription = invoice.subscription_id.and_then(|id| directory.subscriptions.get(&id));
    details(invoice, subscription, records.lines.len())
}
