//! What can be wrong with the rows given.

/// An error of the rows given to the calculation; the calculation itself has none.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A stored value that the import would not have let in.
    #[error("{table}.{column} holds a value that its column does not allow")]
    Value {
        /// Table of the row.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
    },
    /// A stored allotment that cannot be read.
    #[error("{table}.{column} is no allotment: {message}")]
    Allotment {
        /// Table of the row.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// Rows that must come by membership id did not.
    #[error("{rows} are not sorted by membership id")]
    Unsorted {
        /// Which rows: memberships, holds or bookings.
        rows: &'static str,
    },
}

impl UsageError {
    /// A stable word for the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "usage_value_invalid",
            Self::Allotment { .. } => "usage_allotment_invalid",
            Self::Unsorted { .. } => "usage_rows_unsorted",
        }
    }
}
