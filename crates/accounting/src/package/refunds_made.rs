//! Rows of `refunds_made.csv`. Rule: spec/accounting.md §9.

use crate::records::Refund;

use super::field::detail_columns;

detail_columns! {
    (refund: &'a Refund)
    "payment_id": Int = refund.payment_id.map(i128::from),
    // The credit note that is paid out.
    "credit_note_id": Int = refund.credit_note_id.map(i128::from),
    "type": Text = refund.channel.as_str(),
    "destination": Text = refund.destination.as_str(),
    "reason": Text = refund.reason.as_deref(),
    "amount": Money = refund.amount,
}
