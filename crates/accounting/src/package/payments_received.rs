//! Rows of `payments_received.csv`. Rule: spec/accounting.md §9.

use crate::posting::{LedgerCategory, Posting};
use crate::records::Payment;

use super::field::detail_columns;

detail_columns! {
    (payment: &'a Payment, posting: &Posting)
    "type": Text = payment.channel.as_str(),
    "category": Text = payment.category,
    "destination": Text = payment.destination.as_deref(),
    "reference": Text = payment.reference.as_deref(),
    "amount": Money = payment.amount,
    "applied_to_invoice": Money = -posting.amounts[LedgerCategory::AccountsReceivable],
    "to_customer_balance": Money = -posting.amounts[LedgerCategory::CustomerBalance],
}
