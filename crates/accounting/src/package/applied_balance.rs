//! Rows of `applied_balance.csv`. Rule: spec/accounting.md §9.

use crate::posting::{LedgerCategory, Posting};
use crate::records::{BalanceKind, BalanceTransaction};

use super::field::{FieldValue, detail_columns};

detail_columns! {
    (kind: BalanceKind, amount: i128, description: Option<&'a str>)
    "kind": Text = kind.as_str(),
    "amount": Money = amount,
    "description": Text = description,
}

pub(super) fn details_of_transaction(transaction: &BalanceTransaction) -> Vec<FieldValue<'_>> {
    let BalanceTransaction { kind, amount, description, .. } = transaction;
    details(*kind, i128::from(*amount), description.as_deref())
}

/// Returns the values for a payment that was made before its invoice. The amount is the part that
/// settles the invoice.
pub(super) fn details_of_payment_ahead<'a>(posting: &Posting) -> Vec<FieldValue<'a>> {
    let amount = posting.amounts[LedgerCategory::CustomerBalance];
    details(BalanceKind::Payment, amount, Some("paid before the invoice"))
}
