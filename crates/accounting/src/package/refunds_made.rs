//! Rows of `refunds_made.csv`. Rule: spec/accounting.md §9.

use crate::records::Refund;

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "payment_id", kind: Int },
    Column { name: "credit_note_id", kind: Int },
    Column { name: "type", kind: Text },
    Column { name: "destination", kind: Text },
    Column { name: "reason", kind: Text },
    Column { name: "amount", kind: Money },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
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

pub(super) fn details(refund: &Refund) -> super::Details<'_> {
    super::Details::Refund(Details {
        payment_id: refund.payment_id,
        credit_note_id: refund.credit_note_id,
        kind_of: refund.channel.as_str(),
        destination: refund.destination.as_str(),
        reason: refund.reason.as_deref(),
        amount: i128::from(refund.amount),
    })
}

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::optional_int(self.payment_id),
            Field::optional_int(self.credit_note_id),
            Field::text(self.kind_of),
            Field::text(self.destination),
            Field::optional_text(self.reason),
            Field::Money(self.amount),
        ]);
    }
}
