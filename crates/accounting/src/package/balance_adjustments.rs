//! Rows of `balance_adjustments.csv`: credit given away. Rule: spec/accounting.md §9.

use crate::records::BalanceTransaction;

use super::field::{Column, Field, FieldKind::*};

/// The columns after the common head, in order.
pub const COLUMNS: &[Column] = &[
    Column { name: "type", kind: Text },
    Column { name: "kind", kind: Text },
    Column { name: "amount", kind: Money },
    Column { name: "description", kind: Text },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
    /// Credit or debit.
    pub kind_of: &'static str,
    /// Adjustment or gift.
    pub kind: &'static str,
    /// The stored amount.
    pub amount: i128,
    /// The transaction's description.
    pub description: Option<&'a str>,
}

pub(super) fn details(transaction: &BalanceTransaction) -> super::Details<'_> {
    super::Details::Adjustment(Details {
        kind_of: transaction.direction,
        kind: transaction.kind.as_str(),
        amount: i128::from(transaction.amount),
        description: transaction.description.as_deref(),
    })
}

impl<'a> Details<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<Field<'a>>) {
        fields.extend([
            Field::text(self.kind_of),
            Field::text(self.kind),
            Field::Money(self.amount),
            Field::optional_text(self.description),
        ]);
    }
}
