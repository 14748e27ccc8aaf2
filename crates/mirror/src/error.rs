//! Errors of the mirror and of plans.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
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
    /// A plan could not be created or run.
    #[error("the plan failed")]
    Plan(#[source] Box<DataFusionError>),
    /// A plan needed more memory than its pool has, spilling included.
    #[error("the plan needed more memory than it may have")]
    MemoryExhausted(#[source] Box<DataFusionError>),
    /// A plan panicked. The process goes on.
    #[error("the plan panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// A plan was stopped because its caller is gone or the process is stopping.
    #[error("the plan was stopped")]
    Stopped,
    /// Too many plans are running or waiting.
    #[error("too many plans are running: {reason}")]
    Busy {
        /// A description of the limit that was reached.
        reason: String,
    },
    /// Another process is the writer of this mirror.
    #[error("another process keeps the mirror in {folder}")]
    Locked {
        /// The mirror's folder.
        folder: String,
    },
    /// The mirror is too far behind the store, and the process that maintains it did not refresh it
    /// in time.
    #[error("the mirror is too far behind the store, and its keeper did not refresh it in time")]
    Behind,
    /// A file of the mirror could not be written or read.
    #[error("the mirror's file {file} failed")]
    File {
        /// The path of the file, relative to the mirror's folder where it lies in it.
        file: String,
        /// The underlying error.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A file of the mirror does not match its manifest. It is rewritten from the store.
    #[error("the mirror is damaged: {reason}")]
    Damaged {
        /// A description of the damage.
        reason: String,
    },
}

impl MirrorError {
    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::ProviderUnknown(_) => "provider_unknown",
            Self::Plan(_) => "plan_failed",
            Self::MemoryExhausted(_) => "memory_exhausted",
            Self::Panicked { .. } => "plan_panicked",
            Self::Stopped => "stopped",
            Self::Busy { .. } => "plans_busy",
            Self::Locked { .. } => "mirror_locked",
            Self::Behind => "mirror_behind",
            Self::File { .. } => "mirror_file_failed",
            Self::Damaged { .. } => "mirror_damaged",
        }
    }

    /// Returns true if a damaged or missing file of the mirror may be the cause.
    pub fn is_read_failure(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::File { .. } => true,
            Self::Plan(error) => is_read_failure(error.as_ref()),
            _ => false,
        }
    }

    pub(crate) fn file(
        file: impl AsRef<Path>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let file = file.as_ref().display().to_string();
        Self::File { file, source: Arc::from(source.into()) }
    }

    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged { reason: reason.into() }
    }

    /// Wraps the error so that it can pass through a Parquet reader.
    pub(crate) fn into_parquet(self) -> ParquetError {
        ParquetError::External(Box::new(self))
    }

    /// Wraps the error so that it can pass through a plan; [`From<DataFusionError>`] unwraps it
    /// again.
    pub(crate) fn into_plan(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

fn is_read_failure(error: &(dyn Error + 'static)) -> bool {
    let in_plan = error.downcast_ref::<DataFusionError>();
    matches!(in_plan, Some(DataFusionError::ParquetError(_) | DataFusionError::IoError(_)))
        || error.is::<ParquetError>()
        || matches!(error.downcast_ref(), Some(ArrowError::ParquetError(_)))
        || error.downcast_ref().is_some_and(MirrorError::is_read_failure)
        || error.source().is_some_and(is_read_failure)
}

impl From<DataFusionError> for MirrorError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(inner) => Self::Plan(Box::new(DataFusionError::External(inner))),
            },
            DataFusionError::Context(_, inner) if is_ours(inner.find_root()) => Self::from(*inner),
            error => match error.find_root() {
                DataFusionError::ResourcesExhausted(_) => Self::MemoryExhausted(Box::new(error)),
                _ => Self::Plan(Box::new(error)),
            },
        }
    }
}

fn is_ours(error: &DataFusionError) -> bool {
    matches!(error, DataFusionError::External(inner) if inner.is::<MirrorError>())
}

impl From<ArrowError> for MirrorError {
    fn from(error: ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}
