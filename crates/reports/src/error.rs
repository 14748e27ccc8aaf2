//! Errors that occur while a report is computed.

use std::error::Error;

use datafusion::error::DataFusionError;
use mirror::MirrorError;

use crate::request::FieldErrors;

/// The reasons why a report could not be computed. Bad parameters are found earlier, as
/// [`FieldErrors`], except those that only the data can show.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The mirror or a plan over it failed.
    #[error("the rows of the report could not be read")]
    Mirror(#[source] MirrorError),
    /// The rows have more keys than a file may have columns.
    #[error("there are more than {max} different keys")]
    TooManyColumns {
        /// The largest number of keys that is allowed.
        max: usize,
    },
    /// A parameter asks for something that the data does not have.
    #[error("the parameters do not fit the data")]
    Refused(FieldErrors),
    /// A sum has more digits than an amount can have.
    #[error("a sum is larger than any amount can be")]
    AmountOutOfRange,
}

/// The same error as [`ReportError::AmountOutOfRange`], inside a plan, where only engine errors
/// travel.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a sum is larger than any amount can be")]
pub(crate) struct AmountOutOfRangeError;

impl ReportError {
    /// Returns the stable error code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mirror(error) => error.code(),
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Refused(_) => "parameter_invalid",
            Self::AmountOutOfRange => "amount_out_of_range",
        }
    }
}

impl From<MirrorError> for ReportError {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Plan(error) if is_out_of_range(error.as_ref()) => Self::AmountOutOfRange,
            error => Self::Mirror(error),
        }
    }
}

impl From<DataFusionError> for ReportError {
    fn from(error: DataFusionError) -> Self {
        Self::from(MirrorError::from(error))
    }
}

/// Returns true if [`AmountOutOfRangeError`] is among the causes. DataFusion's `External` errors do not
/// report their cause as `source`, so they are unpacked by hand.
fn is_out_of_range(error: &(dyn Error + 'static)) -> bool {
    if let Some(DataFusionError::External(inner)) = error.downcast_ref::<DataFusionError>() {
        return is_out_of_range(inner.as_ref());
    }
    error.is::<AmountOutOfRangeError>() || error.source().is_some_and(is_out_of_range)
}
