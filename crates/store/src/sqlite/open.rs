//! Opens connections to a database file, and creates the file.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::errors::{failed, file_failed};
use super::file_kind::FileKind;
use crate::error::StoreError;

/// Options of a store in SQLite files.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The longest time that a write waits for its turn before it fails with [`StoreError::Busy`].
    pub write_wait: Duration,
    /// The page cache of the writing connection, in KiB.
    pub writer_cache_kib: u32,
    /// The page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// The greatest number of snapshots open at once; a further one waits up to `write_wait`.
    pub readers_max: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            write_wait: Duration::from_secs(30),
            writer_cache_kib: 128 * 1024,
            reader_cache_kib: 16 * 1024,
            readers_max: 32,
        }
    }
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionPurpose {
    /// Writing; the file must exist.
    Write,
    /// Reading, while the same process may write.
    Read,
    /// Reading a file that this process must not change.
    ReadOnlyFile,
}

/// The size to which the write-ahead log is cut after a large import.
const LOG_BYTES_KEPT: i64 = 64 << 20;
const STATEMENTS_CACHED: usize = 256;

/// Creates an empty file that only its owner may read, because it will hold hashes and secrets.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(file_failed("create the database file"))
}

/// Opens one connection.
pub(super) fn connect(
    path: &Path,
    kind: &FileKind,
    purpose: ConnectionPurpose,
    options: &SqliteOptions,
) -> Result<Connection, StoreError> {
    let access = match purpose {
        ConnectionPurpose::ReadOnlyFile => OpenFlags::SQLITE_OPEN_READ_ONLY,
        ConnectionPurpose::Write | ConnectionPurpose::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open"))?;
    connection.busy_timeout(options.write_wait).map_err(failed("set the busy timeout"))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // A misspelt "column" must be an error, not a string.
    for setting in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
        connection.set_db_config(setting, false).map_err(failed("configure"))?;
    }
    let pragma = |name: &str, value: i64| {
        connection.pragma_update(None, name, value).map_err(failed("configure"))
    };
    pragma("foreign_keys", 0)?;
    if purpose == ConnectionPurpose::Write {
        pragma("page_size", kind.page_bytes)?;
        use_write_ahead_log(&connection, options.write_wait)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed("configure"))?;
        pragma("wal_autocheckpoint", kind.log_pages)?;
        pragma("journal_size_limit", LOG_BYTES_KEPT)?;
        pragma("cache_size", -i64::from(options.writer_cache_kib))?;
    } else {
        pragma("query_only", 1)?;
        pragma("cache_size", -i64::from(options.reader_cache_kib))?;
    }
    Ok(connection)
}

/// Switching to the write-ahead log needs exclusive access for a moment. SQLite's busy timeout does
/// not cover that when several processes open a new file at once, so this function retries.
fn use_write_ahead_log(connection: &Connection, wait: Duration) -> Result<(), StoreError> {
    let give_up = Instant::now() + wait;
    loop {
        let mode = connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
            .map_err(failed("switch to the write-ahead log"));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Err(StoreError::Busy) if Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(mode) => {
                let reason = format!("it cannot use a write-ahead log here, only {mode}");
                return Err(StoreError::Unavailable { reason });
            }
            Err(error) => return Err(error),
        }
    }
}
