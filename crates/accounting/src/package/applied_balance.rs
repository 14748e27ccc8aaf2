//! Rows of `applied_balance.csv`. Rule: spec/accounting.md §9.

use crate::posting::{LedgerCategory, Posting};
use crate::records::{BalanceKind, BalanceTransaction};

use super::field::{FieldKind::*, FieldValue, PackageColumn};

/// The columns after the common head, in order.
pub const COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "kind", kind: Text },
    PackageColumn { name: "amount", kind: Money },
    PackageColumn { name: "description", kind: Text },
];

/// The values after the common head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedBalanceDetails<'a> {
    /// Applied or taken back; `payment` for a payment that was made before its invoice.
    pub kind: &'static str,
    /// The stored amount; for a payment, the part that settles the invoice.
    pub amount: i128,
    /// The transaction's description.
    pub description: Option<&'a str>,
}

pub(super) fn details(transaction: &BalanceTransaction) -> super::RowDetails<'_> {
    super::RowDetails::Applied(AppliedBalanceDetails {
        kind: transaction.kind.as_str(),
        amount: i128::from(transaction.amount),
        description: transaction.description.as_deref(),
    })
}

pub(super) fn details_of_payment_ahead<'a>(posting: &Posting) -> super::RowDetails<'a> {
    super::RowDetails::Applied(AppliedBalanceDetails {
        kind: BalanceKind::Payment.as_str(),
        amount: posting.amounts[LedgerCategory::CustomerBalance],
        description: Some("paid before the invoice"),
    })
}

impl<'a> AppliedBalanceDetails<'a> {
    pub(super) fn push_to(&self, fields: &mut Vec<FieldValue<'a>>) {
        fields.extend([
            FieldValue::text(self.kind),
            FieldValue::Money(self.amount),
            FieldValue::optional_text(self.description),
        ]);
    }
}
