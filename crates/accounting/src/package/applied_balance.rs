//! Rows of `applied_balance.csv`. Rule: spec/accounting.md §9.

use crate::posting::{Category, Posting};
use crate::records::{BalanceKind, BalanceTransaction};

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "kind", kind: Text },
    Column { name: "amount", kind: Money },
    Column { name: "description", kind: Text },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
    /// Applied or taken back; `payment` for a payment that was made before its invoice.
    pub kind: &'static str,
    /// The stored amount; for a payment, the part that settles the invoice.
    pub amount: i128,
    /// The transaction's description.
    pub description: Option<&'a str>,
}

pub(super) fn details(transaction: &BalanceTransaction) -> super::Details<'_> {
    super::Details::Applied(Details {
        kind: transaction.kind.as_str(),
        amount: i128::from(transaction.amount),
        description: transaction.description.as_deref(),
    })
}

pub(super) fn of_payment_ahead<'a>(posting: &Posting) -> super::Details<'a> {
    super::Details::Applied(Details {
        kind: BalanceKind::Payment.as_str(),
        amount: posting.amounts[Category::CustomerBalance],
        description: Some("paid before the invoice"),
    })
}

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::text(self.kind),
            Field::Money(self.amount),
            Field::optional_text(self.description),
        ]);
    }
}
