//! Rows of `balance_adjustments.csv`: credit given away. Rule: spec/accounting.md §9.

use crate::records::BalanceTransaction;

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "type", kind: Text },
    PackageColumn { name: "kind", kind: Text },
    PackageColumn { name: "amount", kind: Money },
    PackageColumn { name: "description", kind: Text },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceAdjustmentDetails<'a> {
    /// Credit or debit.
    pub kind_of: &'static str,
    /// Adjustment or gift.
    pub kind: &'static str,
    /// The stored amount.
    pub amount: i128,
    /// The transaction's description.
    pub description: Option<&'a str>,
}

pub(super) fn details(transaction: &BalanceTransaction) -> super::RowDetails<'_> {
    super::RowDetails::Adjustment(BalanceAdjustmentDetails {
        kind_of: transaction.direction,
        kind: transaction.kind.as_str(),
        amount: i128::from(transaction.amount),
        description: transaction.description.as_deref(),
    })
}

impl<'a> BalanceAdjustmentDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::text(self.kind_of),
            FieldValue::text(self.kind),
            FieldValue::Money(self.amount),
            FieldValue::optional_text(self.description),
        ]);
    }
}
