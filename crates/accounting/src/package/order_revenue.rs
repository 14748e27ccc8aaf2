//! Rows of `order_revenue.csv`: invoices of orders. Rule: spec/accounting.md §9.

use crate::invoice_records::InvoiceRecords;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "invoice_status", kind: Text },
    PackageColumn { name: "order_status", kind: Text },
    PackageColumn { name: "subtotal", kind: Money },
    PackageColumn { name: "discount", kind: Money },
    PackageColumn { name: "shipping_amount", kind: Money },
    PackageColumn { name: "tax", kind: Money },
    PackageColumn { name: "total", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRevenueDetails {
    /// The invoice's status.
    pub invoice_status: &'static str,
    /// The order's status.
    pub order_status: Option<&'static str>,
    /// The amount before discount and tax.
    pub subtotal: i128,
    /// The discount.
    pub discount: i128,
    /// The shipping amount, which the total includes.
    pub shipping_amount: i128,
    /// The tax.
    pub tax: i128,
    /// The amount to be paid.
    pub total: i128,
}

pub(super) fn details(records: &InvoiceRecords) -> super::RowDetails<'_> {
    let invoice = &records.invoice;
    let order = records.order.as_ref();
    super::RowDetails::Order(OrderRevenueDetails {
        invoice_status: invoice.status.as_str(),
        order_status: order.map(|order| order.status),
        subtotal: i128::from(invoice.subtotal),
        discount: i128::from(invoice.discount),
        shipping_amount: order.map_or(0, |order| i128::from(order.shipping_amount)),
        tax: i128::from(invoice.tax),
        total: i128::from(invoice.total),
    })
}

impl OrderRevenueDetails {
    pub(super) fn push_to<'f>(&self, fields: &mut Vec<FieldValue<'f>>) {
        fields.extend([
            FieldValue::text(self.invoice_status),
            FieldValue::optional_text(self.order_status),
            FieldValue::Money(self.subtotal),
            FieldValue::Money(self.discount),
            FieldValue::Money(self.shipping_amount),
            FieldValue::Money(self.tax),
            FieldValue::Money(self.total),
        ]);
    }
}
