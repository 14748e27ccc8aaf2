//! Errors of the accounting crate.

/// An error in stored rows, or a bug in the ledger. Rows that passed the import cause none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountingError {
    /// A stored value does not fit its column.
    #[error("the value of {table}.{column} does not fit the column")]
    Value {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// Postings break a rule that holds for any input. This is a bug, not an error in the records.
    #[error(transparent)]
    BrokenInvariant(#[from] crate::invariants::BrokenInvariant),
}

impl AccountingError {
    /// Returns a stable code for logs and error responses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "accounting_value_invalid",
            Self::BrokenInvariant(_) => "accounting_invariant_broken",
        }
    }
}
