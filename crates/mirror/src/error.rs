//! What can go wrong while reading.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use model::id::ProviderId;
use store::StoreError;

/// An error of the mirror or of a plan that runs over it.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The store behind the mirror failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// There is no such provider.
    #[error("provider {0} does not exist")]
    ProviderUnknown(ProviderId),
    /// A plan could not be made or run.
    #[error("the plan failed")]
    Plan(#[source] Box<DataFusionError>),
    /// A plan needed more memory than its pool has, spilling included.
    #[error("the plan needed more memory than it may have")]
    MemoryExhausted(#[source] Box<DataFusionError>),
    /// A plan was cut off because whoever asked is gone or the process is stopping.
    #[error("the plan was stopped")]
    Stopped,
    /// A file of the mirror could not be written or read.
    #[error("the mirror's file {file} failed")]
    File {
        /// The file, relative to the mirror's folder.
        file: String,
        /// What the system said.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A file of the mirror is not what its manifest says; a rebuild mends it.
    #[error("the mirror is damaged: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
}

impl MirrorError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::ProviderUnknown(_) => "provider_unknown",
            Self::Plan(_) => "plan_failed",
            Self::MemoryExhausted(_) => "memory_exhausted",
            Self::Stopped => "stopped",
            Self::File { .. } => "mirror_file_failed",
            Self::Damaged { .. } => "mirror_damaged",
        }
    }
}

impl From<DataFusionError> for MirrorError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::MemoryExhausted(Box::new(error)),
            _ => Self::Plan(Box::new(error)),
        }
    }
}
