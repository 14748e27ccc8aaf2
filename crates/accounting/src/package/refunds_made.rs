//! Rows of `refunds_made.csv`. Rule: spec/accounting.md §9.

use crate::records::Refund;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "payment_id", kind: Int },
    PackageColumn { name: "credit_note_id", kind: Int },
    PackageColumn { name: "type", kind: Text },
    PackageColumn { name: "destination", kind: Text },
    PackageColumn { name: "reason", kind: Text },
    PackageColumn { name: "amount", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundMadeDetails<'a> {
    /// The id of the refunded payment.
    pub payment_id: Option<i64>,
    /// The id of the credit note that is paid out.
    pub credit_note_id: Option<i64>,
    /// Online or offline.
    pub kind_of: &'static str,
    /// The destination of the money.
    pub destination: &'static str,
    /// The reason for the refund.
    pub reason: Option<&'a str>,
    /// The amount refunded.
    pub amount: i128,
}

pub(super) fn details(refund: &Refund) -> super::RowDetails<'_> {
    super::RowDetails::Refund(RefundMadeDetails {
        payment_id: refund.payment_id,
        credit_note_id: refund.credit_note_id,
        kind_of: refund.channel.as_str(),
        destination: refund.destination.as_str(),
        reason: refund.reason.as_deref(),
        amount: i128::from(refund.amount),
    })
}

impl<'a> RefundMadeDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::optional_int(self.payment_id),
            FieldValue::optional_int(self.credit_note_id),
            FieldValue::text(self.kind_of),
            FieldValue::text(self.destination),
            FieldValue::optional_text(self.reason),
            FieldValue::Money(self.amount),
        ]);
    }
}
