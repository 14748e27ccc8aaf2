//! The parts of the store that are the same over both databases: jobs, notices, closed months,
//! credentials. Each statement is written once, in the words of [`text_for`].
//!
//! | module | holds |
//! | --- | --- |
//! | `session` | a connection that runs statements, and what the databases spell differently |
//! | `value` | values of parameters and of selected rows |
//! | `providers`, `tokens`, `idempotency`, `secret`, `revision` | the store's own tables |
//! | `jobs`, `notices` | the job queue; webhooks and deliveries |
//! | `fair_queue` | fair shares of the queues between providers |
//! | `books` | closed months, the audit log |
//! | `check` | checking a store in use |

mod books;
pub(crate) mod check;
mod fair_queue;
pub(crate) mod idempotency;
mod jobs;
mod notices;
pub(crate) mod providers;
pub(crate) mod revision;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod tokens;
pub(crate) mod value;

use crate::error::StoreError;
use crate::import::import_session::ImportSession;
use session::SqlSession;

/// A transaction that writes. Dropped without a commit, it is rolled back.
pub(crate) trait SqlTransaction {
    /// Returns the connection that the transaction runs on.
    fn session(&self) -> &dyn SqlSession;

    /// Returns the connection as an import uses it.
    fn import_session(&self) -> &dyn ImportSession;

    /// Commits. `context` says in an error what was being done.
    fn commit(self: Box<Self>, context: &'static str) -> Result<(), StoreError>;
}

/// A store in a database. Over SQLite, the records and the jobs are two files.
pub(crate) trait SqlDatabase: Send + Sync {
    /// Runs `work` in a transaction that may write jobs and notices.
    fn write_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs `work` on one state of the jobs and notices.
    fn view_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs a single query of jobs and notices.
    fn look_up_jobs<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs `work` in a transaction that may write records.
    fn write_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs `work` on one state of the records.
    fn view_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Runs a single query of records.
    fn look_up_records<T>(
        &self,
        work: impl FnOnce(&dyn SqlSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Begins a transaction that writes records and may take long.
    fn begin_records_write(&self) -> Result<Box<dyn SqlTransaction + '_>, StoreError>;
}
