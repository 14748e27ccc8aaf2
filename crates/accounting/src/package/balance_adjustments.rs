//! Rows of `balance_adjustments.csv`: credit given away. Rule: spec/accounting.md §9.

use crate::records::BalanceTransaction;

use super::field::detail_columns;

detail_columns! {
    (transaction: &'a BalanceTransaction)
    "type": Text = transaction.direction,
    "kind": Text = transaction.kind.as_str(),
    "amount": Money = transaction.amount,
    "description": Text = transaction.description.as_deref(),
}
