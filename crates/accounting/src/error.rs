//! What can be wrong with the rows given.

/// Why facts could not be read. Never returned for rows that passed the import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountingError {
    /// A stored value does not fit its column.
    #[error("the value of {table}.{column} does not fit the column")]
    Value {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// Postings break a rule that holds for any input: a bug, never the records' fault.
    #[error(transparent)]
    Broken(#[from] crate::invariants::BrokenInvariant),
}

impl AccountingError {
    /// A stable name for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "accounting_value_invalid",
            Self::Broken(_) => "accounting_invariant_broken",
        }
    }
}
