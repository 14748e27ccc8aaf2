//! Errors in the rows given to the calculation.

/// An error in the rows given. The calculation itself cannot fail.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A stored value that the import does not allow.
    #[error("{table}.{column} holds a value that its column does not allow")]
    Value {
        /// Table of the row.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
    },
    /// A stored allotment that cannot be parsed.
    #[error("{table}.{column} is no allotment: {message}")]
    Allotment {
        /// Table of the row.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// A description of the error.
        message: String,
    },
    /// Rows that are not sorted by membership id.
    #[error("{rows} are not sorted by membership id")]
    Unsorted {
        /// The kind of rows: memberships, holds or bookings.
        rows: &'static str,
    },
}

impl UsageError {
    /// Returns a stable code for the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "usage_value_invalid",
            Self::Allotment { .. } => "usage_allotment_invalid",
            Self::Unsorted { .. } => "usage_rows_unsorted",
        }
    }
}
