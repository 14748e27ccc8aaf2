//! Errors that occur while the books are read.

use accounting::AccountingError;
use datafusion::error::DataFusionError;
use mirror::MirrorError;

/// The reasons why the books could not be read. Implausible records are not errors: a stated rule
/// decides how they are booked, and they are listed.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The mirror or a plan over it failed.
    #[error("the records of the books could not be read")]
    Mirror(#[from] MirrorError),
    /// A stored value does not fit its column, or the ledger violated a rule of its own.
    #[error("the books could not be made")]
    Accounting(#[from] AccountingError),
    /// A thread that computed a part of the books panicked.
    #[error("a part of the books panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The caller canceled the work.
    #[error("the work was canceled")]
    Canceled,
}

impl BooksError {
    /// Returns the stable error code.
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
