//! What can go wrong while a report is computed.

use datafusion::error::DataFusionError;
use mirror::MirrorError;

use crate::request::FieldErrors;

/// A report could not be computed. Bad parameters are found before anything runs, as
/// [`FieldErrors`], except those that only the data can tell.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The mirror or a plan over it failed.
    #[error("the rows of the report could not be read")]
    Mirror(#[from] MirrorError),
    /// The rows have more keys than a file may have columns.
    #[error("there are more than {max} different keys")]
    TooManyColumns {
        /// The most that there may be.
        max: usize,
    },
    /// A parameter asks for something that the data does not have.
    #[error("the parameters do not fit the data")]
    Refused(FieldErrors),
}

impl ReportError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mirror(error) => error.code(),
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Refused(_) => "parameter_invalid",
        }
    }
}

impl From<DataFusionError> for ReportError {
    fn from(error: DataFusionError) -> Self {
        Self::Mirror(MirrorError::from(error))
    }
}
