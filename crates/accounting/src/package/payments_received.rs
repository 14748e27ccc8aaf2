//! Rows of `payments_received.csv`. Rule: spec/accounting.md §9.

use crate::posting::{Category, Posting};
use crate::records::Payment;

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "type", kind: Text },
    Column { name: "category", kind: Text },
    Column { name: "destination", kind: Text },
    Column { name: "reference", kind: Text },
    Column { name: "amount", kind: Money },
    Column { name: "applied_to_invoice", kind: Money },
    Column { name: "to_customer_balance", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
    /// Online or offline.
    pub kind_of: &'static str,
    /// Card, check, wire.
    pub category: &'static str,
    /// The destination of the money.
    pub destination: Option<&'a str>,
    /// The payment's reference.
    pub reference: Option<&'a str>,
    /// The gross amount.
    pub amount: i128,
    /// The amount that settled the invoice.
    pub applied_to_invoice: i128,
    /// The amount that became customer credit.
    pub to_customer_balance: i128,
}

pub(super) fn details<'a>(payment: &'a Payment, posting: &Posting) -> super::Details<'a> {
    super::Details::Payment(Details {
        kind_of: payment.channel.as_str(),
        category: payment.category,
        destination: payment.destination.as_deref(),
        reference: payment.reference.as_deref(),
        amount: i128::from(payment.amount),
        applied_to_invoice: -posting.amounts[Category::AccountsReceivable],
        to_customer_balance: -posting.amounts[Category::CustomerBalance],
    })
}

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::text(self.kind_of),
            Field::text(self.category),
            Field::optional_text(self.destination),
            Field::optional_text(self.reference),
            Field::Money(self.amount),
            Field::Money(self.applied_to_invoice),
            Field::Money(self.to_customer_balance),
        ]);
    }
}
