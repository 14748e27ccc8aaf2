//! What can go wrong in a store.

/// An error of the store itself, never of the rows given to it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer held the store longer than the caller may wait.
    #[error("the store is busy with another write")]
    Busy,
    /// The store cannot be reached, or is being migrated.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// Why, for the log.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The store was written by a newer version.
    #[error("the store has schema version {found}, this program knows {known}: use a newer one")]
    SchemaTooNew {
        /// Version found.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// Something with this key exists already.
    #[error("{what} exists already")]
    Exists {
        /// What exists.
        what: String,
    },
    /// Something does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// What is missing.
        what: String,
    },
    /// What is stored contradicts what the program wrote.
    #[error("the store is damaged: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
    /// A visitor of rows stopped with an error of its own.
    #[error("reading stopped")]
    Visitor(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Any other error of the database.
    #[error("the database failed: {context}")]
    Database {
        /// What was being done.
        context: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Stable code.
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
