//! Rows of `order_revenue.csv`: invoices of orders. Rule: spec/accounting.md §9.

use crate::grouping::InvoiceRecords;

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "invoice_status", kind: Text },
    Column { name: "order_status", kind: Text },
    Column { name: "subtotal", kind: Money },
    Column { name: "discount", kind: Money },
    Column { name: "shipping_amount", kind: Money },
    Column { name: "tax", kind: Money },
    Column { name: "total", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
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

pub(super) fn details(records: &InvoiceRecords) -> super::Details<'_> {
    let invoice = &records.invoice;
    let order = records.order.as_ref();
    super::Details::Order(Details {
        invoice_status: invoice.status.as_str(),
        order_status: order.map(|order| order.status),
        subtotal: i128::from(invoice.subtotal),
        discount: i128::from(invoice.discount),
        shipping_amount: order.map_or(0, |order| i128::from(order.shipping_amount)),
        tax: i128::from(invoice.tax),
        total: i128::from(invoice.total),
    })
}

impl Details {
    pub(super) fn push_to<'f>(&self, fields: &mut Vec<Field<'f>>) {
        fields.extend([
            Field::text(self.invoice_status),
            Field::optional_text(self.order_status),
            Field::Money(self.subtotal),
            Field::Money(self.discount),
            Field::Money(self.shipping_amount),
            Field::Money(self.tax),
            Field::Money(self.total),
        ]);
    }
}
