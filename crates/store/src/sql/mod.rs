//! The parts of the store that are the same over both databases: jobs, notices, closed months,
//! credentials. Each statement is written once, in the words of [`text_for`].
//!
//! | module | holds |
//! | --- | --- |
//! | `session` | a connection that runs statements, and what the databases spell differently |
//! | `value` | values of parameters and of selected rows |
//! | `jobs` | the job queue |

pub(crate) mod fair_queue;
pub(crate) mod jobs;
pub(crate) mod notices;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod value;

use crate::error::StoreError;
use session::SqlSession;

/// A database with the tables of jobs and notices.
pub(crate) trait SqlDatabase: Send + Sync {
    /// Runs `work` in a transaction that may write.
    fn write_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs `work` in a transaction that sees one state and writes nothing.
    fn view_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs a single query.
    fn look_up_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// As [`Self::look_up_jobs`], of the database with the records.
    fn look_up_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// As [`Self::write_jobs`], of the database with the records.
    fn write_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}
