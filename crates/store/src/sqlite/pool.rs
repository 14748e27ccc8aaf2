//! A pool of reading connections.

use std::ops::Deref;
use std::path::PathBuf;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::kind::FileKind;
use super::open::{Purpose, SqliteOptions, connect};
use crate::error::StoreError;

/// The greatest number of idle connections that stay open.
const IDLE_MAX: usize = 8;

pub(super) struct Readers {
    path: PathBuf,
    kind: &'static FileKind,
    purpose: Purpose,
    options: SqliteOptions,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    lent: usize,
}

/// A borrowed connection, which returns to the pool when dropped.
pub(super) struct Reader<'p> {
    readers: &'p Readers,
    connection: Option<Connection>,
}

impl Readers {
    pub(super) fn new(
        path: PathBuf,
        kind: &'static FileKind,
        purpose: Purpose,
        options: SqliteOptions,
    ) -> Self {
        Self { path, kind, purpose, options, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Borrows a connection; waits while all are in use.
    pub(super) fn get(&self) -> Result<Reader<'_>, StoreError> {
        let mut state = self.state.lock();
        let is_full = |state: &mut State| state.lent >= self.options.readers_max;
        let waited = self.freed.wait_while_for(&mut state, is_full, self.options.write_wait);
        if waited.timed_out() {
            return Err(StoreError::Busy);
        }
        state.lent += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on, dropping the reader lowers the count again.
        let mut reader = Reader { readers: self, connection: idle };
        if reader.connection.is_none() {
            reader.connection = Some(connect(&self.path, self.kind, self.purpose, &self.options)?);
        }
        Ok(reader)
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a reader holds its connection until it is dropped")
    }
}

impl Drop for Reader<'_> {
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
