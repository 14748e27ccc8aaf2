//! Errors of the store, with their stable codes.

/// An error of the store itself. Errors in the rows given to it are reported apart from these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer held the store longer than the caller may wait.
    #[error("the store is busy with another write")]
    Busy,
    /// The store cannot be reached, or is being migrated.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// The reason, for the log.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The schema was written by a newer version of the program.
    #[error("the store has schema version {found}, this program knows {known}: use a newer one")]
    SchemaTooNew {
        /// The schema version that was found.
        found: i64,
        /// The newest schema version that this program knows.
        known: i64,
    },
    /// Something with this key exists already.
    #[error("{what} exists already")]
    Exists {
        /// The thing that exists, in words for people.
        what: String,
    },
    /// Something does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// The thing that is missing, in words for people.
        what: String,
    },
    /// The stored data contradicts what the program wrote.
    #[error("the store is damaged: {reason}")]
    Damaged {
        /// The contradiction that was found.
        reason: String,
    },
    /// The callback that visits rows returned an error of its own, and reading stopped.
    #[error("reading stopped")]
    Visitor(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Any other error of the database.
    #[error("the database failed: {context}")]
    Database {
        /// The operation that failed.
        context: &'static str,
        /// The database's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Returns the error of stored data that contradicts what the program wrote.
    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged { reason: reason.into() }
    }

    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "store_busy",
            Self::Unavailable { .. } => "store_unavailable",
            Self::DiskFull => "disk_full",
            Self::SchemaTooNew { .. } => "store_too_new",
            Self::Exists { .. } => "exists",
            Self::NotFound { .. } => "not_found",
            Self::Damaged { .. } => "store_damaged",
            Self::Visitor(_) => "visitor_failed",
            Self::Database { .. } => "database_failed",
        }
    }
}
