//! Rows of `order_revenue.csv`: invoices of orders. Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;
use crate::records::{Invoice, Order};

use super::field::{FieldValue, detail_columns};

detail_columns! {
    (invoice: &Invoice, order: Option<&Order>)
    "invoice_status": Text = invoice.status.as_str(),
    "order_status": Text = order.map(|order| order.status),
    "subtotal": Money = invoice.subtotal,
    "discount": Money = invoice.discount,
    // The total includes it.
    "shipping_amount": Money = order.map_or(0, |order| order.shipping_amount),
    "tax": Money = invoice.tax,
    "total": Money = invoice.total,
}

pub(super) fn details_of_order(records: &InvoiceRecords) -> Vec<FieldValue<'_>> {
    details(&records.invoice, records.order.as_ref())
}
