//! Rows of `payments_received.csv`. Rule: spec/accounting.md §9.

use crate::posting::{LedgerCategory, Posting};
use crate::records::Payment;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "type", kind: Text },
    PackageColumn { name: "category", kind: Text },
    PackageColumn { name: "destination", kind: Text },
    PackageColumn { name: "reference", kind: Text },
    PackageColumn { name: "amount", kind: Money },
    PackageColumn { name: "applied_to_invoice", kind: Money },
    PackageColumn { name: "to_customer_balance", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReceivedDetails<'a> {
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

pub(super) fn details<'a>(payment: &'a Payment, posting: &Posting) -> super::RowDetails<'a> {
    super::RowDetails::Payment(PaymentReceivedDetails {
        kind_of: payment.channel.as_str(),
        category: payment.category,
        destination: payment.destination.as_deref(),
        reference: payment.reference.as_deref(),
        amount: i128::from(payment.amount),
        applied_to_invoice: -posting.amounts[LedgerCategory::AccountsReceivable],
        to_customer_balance: -posting.amounts[LedgerCategory::CustomerBalance],
    })
}

impl<'a> PaymentReceivedDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::text(self.kind_of),
            FieldValue::text(self.category),
            FieldValue::optional_text(self.destination),
            FieldValue::optional_text(self.reference),
            FieldValue::Money(self.amount),
            FieldValue::Money(self.applied_to_invoice),
            FieldValue::Money(self.to_customer_balance),
        ]);
    }
}
