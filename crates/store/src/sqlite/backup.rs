//! Copies a database file while it is in use.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::errors::{failed, file_failed};
use super::open::create_file;
use crate::error::StoreError;

/// Copies all that `source` sees to a new file. The file appears only when it is complete.
pub(super) fn copy(source: &Connection, path: &Path) -> Result<(), StoreError> {
    check_path_is_free(path)?;
    let unfinished = unfinished_path(path);
    let copied = copy_to(source, &unfinished).and_then(|()| flush_and_rename(&unfinished, path));
    if copied.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    copied
}

/// Returns [`StoreError::Exists`] when something exists at `path`.
pub(super) fn check_path_is_free(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        Err(StoreError::Exists { what: path.display().to_string() })
    } else {
        Ok(())
    }
}

fn unfinished_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".unfinished");
    path.with_file_name(name)
}

fn copy_to(source: &Connection, path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        std::fs::remove_file(path).map_err(file_failed("remove an unfinished copy"))?;
    }
    create_file(path)?;
    let mut copy = Connection::open(path).map_err(failed("open the copy"))?;
    // An incomplete copy is worthless, so the copy is flushed once, when it is complete.
    copy.execute_batch("PRAGMA synchronous = OFF").map_err(failed("open the copy"))?;
    let backup = Backup::new(source, &mut copy).map_err(failed("begin the copy"))?;
    // All pages in one step: readers and the writer are not blocked, and a commit in between cannot
    // restart the copy.
    match backup.step(-1).map_err(failed("copy"))? {
        StepResult::Done => Ok(()),
        _ => Err(StoreError::Busy),
    }
}

fn flush_and_rename(unfinished: &Path, path: &Path) -> Result<(), StoreError> {
    let flush = file_failed("flush the copy");
    File::open(unfinished).and_then(|file| file.sync_all()).map_err(flush)?;
    std::fs::rename(unfinished, path).map_err(flush)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(flush)
}
