//! A pool of reading connections.

use std::ops::Deref;
use std::path::PathBuf;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::file_kind::FileKind;
use super::open::{ConnectionPurpose, SqliteOptions, connect};
use crate::error::StoreError;

/// The greatest number of idle connections that stay open.
const IDLE_MAX: usize = 8;

pub(super) struct ReaderPool {
    path: PathBuf,
    kind: &'static FileKind,
    purpose: ConnectionPurpose,
    options: SqliteOptions,
    state: Mutex<PoolState>,
    freed: Condvar,
}

#[derive(Default)]
struct PoolState {
    idle: Vec<Connection>,
    lent: usize,
}

/// A borrowed connection, which returns to the pool when dropped.
pub(super) struct PooledReader<'p> {
    readers: &'p ReaderPool,
    connection: Option<Connection>,
}

impl ReaderPool {
    pub(super) fn new(
        path: PathBuf,
        kind: &'static FileKind,
        purpose: ConnectionPurpose,
        options: SqliteOptions,
    ) -> Self {
        Self { path, kind, purpose, options, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Borrows a connection; waits while all are in use.
    pub(super) fn get(&self) -> Result<PooledReader<'_>, StoreError> {
        let mut state = self.state.lock();
        let is_full = |state: &mut PoolState| state.lent >= self.options.readers_max;
        let waited = self.freed.wait_while_for(&mut state, is_full, self.options.write_wait);
        if waited.timed_out() {
            return Err(StoreError::Busy);
        }
        state.lent += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on, dropping the reader lowers the count again.
        let mut reader = PooledReader { readers: self, connection: idle };
        if reader.connection.is_none() {
            reader.connection = Some(connect(&self.path, self.kind, self.purpose, &self.options)?);
        }
        Ok(reader)
    }
}

impl Deref for PooledReader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a reader holds its connection until it is dropped")
    }
}

impl Drop for PooledReader<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|connection| {
            connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok()
        });
        let mut state = self.readers.state.lock();
        state.lent -= 1;
        if state.idle.len() < IDLE_MAX {
            state.idle.extend(connection);
        }
        drop(state);
        self.readers.freed.notify_one();
    }
}
