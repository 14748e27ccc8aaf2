//! The mirror's folder: files that appear whole or not at all, and locks between processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::MirrorError;

/// Ending of files that are still being written.
const UNFINISHED: &str = ".tmp";
/// Ending of segments.
pub(crate) const SEGMENT: &str = ".parquet";
/// Locked by the process that writes.
const WRITER: &str = "writer.lock";
/// Locked, shared, by processes that only read; alone, while files are deleted.
const READERS: &str = "readers.lock";

/// The mirror's folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// A lock on a file of the folder, until dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, MirrorError> {
        std::fs::create_dir_all(path).map_err(|error| MirrorError::file(path, error))?;
        Ok(Self { path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where to write a file before it gets its name.
    pub(crate) fn unfinished(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{UNFINISHED}"))
    }

    /// Gives a finished and synced file its name. Lasting only after [`Folder::sync`].
    pub(crate) fn publish(&self, name: &str) -> Result<(), MirrorError> {
        std::fs::rename(self.unfinished(name), self.file(name))
            .map_err(|error| MirrorError::file(name, error))
    }

    /// Makes all names given so far last.
    pub(crate) fn sync(&self) -> Result<(), MirrorError> {
        let folder = File::open(&self.path).and_then(|folder| folder.sync_all());
        folder.map_err(|error| MirrorError::file(&self.path, error))
    }

    /// Replaces a whole file so that it is either the old one or the new one after a crash.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        let write = || {
            let mut file = File::create(self.unfinished(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| MirrorError::file(name, error))?;
        self.publish(name)?;
        self.sync()
    }

    /// Names of all files, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, MirrorError> {
        let entries =
            std::fs::read_dir(&self.path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| MirrorError::file(&self.path, error))?;
        let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Removes a file; one that is gone already is no error.
    pub(crate) fn remove(&self, name: &str) -> Result<(), MirrorError> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(MirrorError::file(name, error))
            }
            _ => Ok(()),
        }
    }

    /// Whether this is the name of a file that was still being written.
    pub(crate) fn is_unfinished(name: &str) -> bool {
        name.ends_with(UNFINISHED)
    }

    /// The right to write; `None` when another process has it.
    pub(crate) fn try_lock_writer(&self) -> Result<Option<FolderLock>, MirrorError> {
        let file = self.lock_file(WRITER)?;
        let outcome = file.try_lock();
        granted(WRITER, file, outcome)
    }

    /// The right to delete files, when no other process reads.
    pub(crate) fn try_lock_readers_out(&self) -> Result<Option<FolderLock>, MirrorError> {
        let file = self.lock_file(READERS)?;
        let outcome = file.try_lock();
        granted(READERS, file, outcome)
    }

    /// Keeps other processes from deleting files. Waits for a deletion that goes on, which is
    /// short.
    pub(crate) fn lock_reader(&self) -> Result<FolderLock, MirrorError> {
        let file = self.lock_file(READERS)?;
        file.lock_shared().map_err(|error| MirrorError::file(READERS, error))?;
        Ok(FolderLock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File, MirrorError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(self.file(name)).map_err(|error| MirrorError::file(name, error))
    }
}

fn granted(
    name: &str,
    file: File,
    outcome: Result<(), TryLockError>,
) -> Result<Option<FolderLock>, MirrorError> {
    match outcome {
        Ok(()) => Ok(Some(FolderLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(MirrorError::file(name, error)),
    }
}
