//! The mirror's folder: files that are replaced atomically, and locks between processes.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use store::crash;

use crate::error::MirrorError;

/// The suffix of files that are still being written.
const UNFINISHED_SUFFIX: &str = ".tmp";
/// The suffix of segment files.
pub(crate) const SEGMENT_SUFFIX: &str = ".parquet";
/// The suffix of files that report a segment as damaged.
pub(crate) const DAMAGE_REPORT_SUFFIX: &str = ".damaged";
/// The lock file of the process that writes.
const WRITER_LOCK_FILE: &str = "writer.lock";
/// The lock file of readers. Readers hold a shared lock; a process that deletes files holds an
/// exclusive one.
const READERS_LOCK_FILE: &str = "readers.lock";

/// The mode of the folder: only the owner has access, since its files hold customers' data.
const FOLDER_MODE: u32 = 0o700;
/// The mode of files: only the owner has access.
const FILE_MODE: u32 = 0o600;

/// Restricts access to the owner if the folder was created by an earlier version or copied.
fn restrict_to_owner(path: &Path) -> std::io::Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
}

/// Creates an empty file that only its owner may read. An existing file is truncated.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)
}

/// The mirror's folder.
#[derive(Debug)]
pub(crate) struct MirrorFolder {
    path: PathBuf,
}

/// A lock on a file of the folder, held until dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl MirrorFolder {
    pub(crate) fn open(path: &Path) -> Result<Self, MirrorError> {
        let mut folder = std::fs::DirBuilder::new();
        let made = folder.recursive(true).mode(FOLDER_MODE).create(path);
        made.and_then(|()| restrict_to_owner(path))
            .map_err(|error| MirrorError::file(path, error))?;
        Ok(Self { path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the path at which a file is written before it gets its final name.
    pub(crate) fn unfinished(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{UNFINISHED_SUFFIX}"))
    }

    /// Returns the path of the file that reports this segment as damaged to the writing process.
    pub(crate) fn damage_report(&self, segment: &str) -> PathBuf {
        self.path.join(format!("{segment}{DAMAGE_REPORT_SUFFIX}"))
    }

    /// Returns the names of the segments that are reported as damaged.
    pub(crate) fn damage_reports(&self) -> Result<Vec<String>, MirrorError> {
        let names = self.names()?;
        let segment = |name: &String| name.strip_suffix(DAMAGE_REPORT_SUFFIX).map(str::to_owned);
        Ok(names.iter().filter_map(segment).collect())
    }

    /// Removes the report that this segment is damaged.
    pub(crate) fn remove_damage_report(&self, segment: &str) -> Result<(), MirrorError> {
        self.remove(&format!("{segment}{DAMAGE_REPORT_SUFFIX}"))
    }

    /// Renames a finished and synced file to its final name. The rename is durable only after
    /// [`MirrorFolder::sync`].
    pub(crate) fn publish(&self, name: &str) -> Result<(), MirrorError> {
        std::fs::rename(self.unfinished(name), self.file(name))
            .map_err(|error| MirrorError::file(name, error))
    }

    /// Makes all renames so far durable.
    pub(crate) fn sync(&self) -> Result<(), MirrorError> {
        let folder = File::open(&self.path).and_then(|folder| folder.sync_all());
        folder.map_err(|error| MirrorError::file(&self.path, error))
    }

    /// Replaces a file atomically: after a crash it has either the old or the new content.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        let write = || {
            let mut file = create_private(&self.unfinished(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| MirrorError::file(name, error))?;
        crash::point("replacement_written");
        self.publish(name)?;
        crash::point("replacement_named");
        self.sync()
    }

    /// Returns the names of all files, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>, MirrorError> {
        let entries =
            std::fs::read_dir(&self.path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| MirrorError::file(&self.path, error))?;
        let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Removes a file. A file that does not exist is no error.
    pub(crate) fn remove(&self, name: &str) -> Result<(), MirrorError> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(MirrorError::file(name, error))
            }
            _ => Ok(()),
        }
    }

    /// Returns true if this is the name of a file that was still being written.
    pub(crate) fn is_unfinished(name: &str) -> bool {
        name.ends_with(UNFINISHED_SUFFIX)
    }

    /// Takes the exclusive lock of the writing process, or returns `None` if another process has
    /// it.
    pub(crate) fn try_lock_writer(&self) -> Result<Option<FolderLock>, MirrorError> {
        let file = self.lock_file(WRITER_LOCK_FILE)?;
        let outcome = file.try_lock();
        lock_result(WRITER_LOCK_FILE, file, outcome)
    }

    /// Takes the exclusive lock for deleting files, or returns `None` if another process is
    /// reading.
    pub(crate) fn try_lock_for_deletion(&self) -> Result<Option<FolderLock>, MirrorError> {
        let file = self.lock_file(READERS_LOCK_FILE)?;
        let outcome = file.try_lock();
        lock_result(READERS_LOCK_FILE, file, outcome)
    }

    /// Takes the shared lock that keeps other processes from deleting files. Waits for a running
    /// deletion, which is short.
    pub(crate) fn lock_reader(&self) -> Result<FolderLock, MirrorError> {
        let file = self.lock_file(READERS_LOCK_FILE)?;
        file.lock_shared().map_err(|error| MirrorError::file(READERS_LOCK_FILE, error))?;
        Ok(FolderLock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File, MirrorError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        options.open(self.file(name)).map_err(|error| MirrorError::file(name, error))
    }
}

fn lock_result(
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
