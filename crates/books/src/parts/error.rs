//! What can go wrong while the books are read.

use accounting::AccountingError;
use datafusion::error::DataFusionError;
use mirror::MirrorError;

/// The books could not be read. Records that look wrong are not among these: they are booked by a
/// stated rule and listed.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The mirror or a plan over it failed.
    #[error("the records of the books could not be read")]
    Mirror(#[from] MirrorError),
    /// A stored value does not fit its column, or the ledger broke a rule of its own.
    #[error("the books could not be made")]
    Accounting(#[from] AccountingError),
    /// A thread that made a part of the books ended early.
    #[error("a part of the books panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// Whoever asked wants the work to stop.
    #[error("the work was canceled")]
    Canceled,
}

impl BooksError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mirror(error) => error.code(),
            Self::Accounting(error) => error.code(),
            Self::Panicked { .. } => "internal_error",
            Self::Canceled => "canceled",
        }
    }
}

impl From<DataFusionError> for BooksError {
    fn from(error: DataFusionError) -> Self {
        Self::Mirror(MirrorError::from(error))
    }
}
