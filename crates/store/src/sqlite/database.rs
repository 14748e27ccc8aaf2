//! One database file: its writing connection, and a pool of connections for short reads.

use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::errors::{self, failed};
use super::file_kind::FileKind;
use super::migrate;
use super::open::{self, ConnectionPurpose, SqliteOptions};
use super::pool::{PooledReader, ReaderPool};
use crate::error::StoreError;
use crate::import::import_session::ImportSession;

/// The greatest number of short reads at once; a further one waits.
const LOOKUPS_MAX: usize = 8;
const LOOKUP_CACHE_KIB: u32 = 2048;

pub(super) struct DatabaseFile {
    lookups: ReaderPool,
    /// None when the file is open for reading only.
    writer: Option<Mutex<Connection>>,
    write_wait: Duration,
}

impl DatabaseFile {
    /// Opens a file, and creates and migrates it as needed.
    pub(super) fn open(
        path: &Path,
        kind: &'static FileKind,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        if !path.exists() {
            open::create_file(path)?;
        }
        let writer = open::connect(path, kind, ConnectionPurpose::Write, options)?;
        migrate::migrate(&writer, kind)?;
        Ok(Self::with_writer(path, kind, ConnectionPurpose::Read, options, Some(writer)))
    }

    /// Opens a file for reading only; its schema must be the newest one.
    pub(super) fn open_read_only(
        path: &Path,
        kind: &'static FileKind,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        let database =
            Self::with_writer(path, kind, ConnectionPurpose::ReadOnlyFile, options, None);
        migrate::check_is_newest(&*database.lookup()?, kind)?;
        Ok(database)
    }

    fn with_writer(
        path: &Path,
        kind: &'static FileKind,
        purpose: ConnectionPurpose,
        options: &SqliteOptions,
        writer: Option<Connection>,
    ) -> Self {
        let for_lookups = SqliteOptions {
            readers_max: LOOKUPS_MAX,
            reader_cache_kib: LOOKUP_CACHE_KIB,
            ..options.clone()
        };
        Self {
            lookups: ReaderPool::new(path.to_owned(), kind, purpose, for_lookups),
            writer: writer.map(Mutex::new),
            write_wait: options.write_wait,
        }
    }

    pub(super) fn can_write(&self) -> bool {
        self.writer.is_some()
    }

    /// Prepares the writing connection for imports.
    pub(super) fn prepare_imports(&self) -> Result<(), StoreError> {
        self.writer()?.prepare_import()
    }

    /// Returns a connection for a single short query.
    pub(super) fn lookup(&self) -> Result<PooledReader<'_>, StoreError> {
        self.lookups.get()
    }

    /// Runs a short query of several statements on one state of the file.
    pub(super) fn view<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let reader = self.lookups.get()?;
        reader.execute_batch("BEGIN").map_err(failed("begin to read"))?;
        question(&reader)
    }

    /// Returns the writing connection; waits for it up to the configured limit.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        self.writer_within(self.write_wait)
    }

    fn writer_within(&self, wait: Duration) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(errors::read_only)?;
        let writer = writer.try_lock_for(wait).ok_or(StoreError::Busy)?;
        if !writer.is_autocommit() {
            // The previous writer panicked inside its transaction.
            writer.execute_batch("ROLLBACK").map_err(failed("roll back"))?;
        }
        Ok(writer)
    }

    /// Begins a transaction that holds the write lock.
    pub(super) fn begin_write(&self) -> Result<SqliteTransaction<'_>, StoreError> {
        let connection = self.writer()?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(failed("begin to write"))?;
        Ok(SqliteTransaction { connection })
    }

    /// Runs one small write in a transaction of its own.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.begin_write()?;
        let done = work(&transaction)?;
        transaction.commit("commit")?;
        Ok(done)
    }

    /// Runs one write that may be skipped, unless the file is being written.
    pub(super) fn write_if_free(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Ok(writer) = self.writer_within(Duration::ZERO) else { return Ok(()) };
        let wait = |wait| writer.busy_timeout(wait).map_err(failed("set the busy timeout"));
        wait(Duration::ZERO)?;
        let done = work(&writer);
        wait(self.write_wait)?;
        match done {
            Err(StoreError::Busy) => Ok(()),
            done => done,
        }
    }
}

/// A transaction on the writing connection. Dropped without a commit, it is rolled back.
pub(super) struct SqliteTransaction<'d> {
    connection: MutexGuard<'d, Connection>,
}

impl SqliteTransaction<'_> {
    pub(super) fn commit(self, context: &'static str) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(failed(context))
    }
}

impl Deref for SqliteTransaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            // The next writer rolls back before it begins.
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}
