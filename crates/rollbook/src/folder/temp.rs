//! Folders for unfinished work. Each is marked by a lock of its process, not by a process id,
//! because containers that share a data folder may have equal ids.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// Name of the file in each folder that its process locks.
const OWNER_LOCK_FILE: &str = "held.lock";
/// Name of the lock beside the folders. It is held while a folder is created or leftovers are
/// removed, so that a new folder without a lock does not count as a leftover.
const CHANGES_LOCK_FILE: &str = "changing.lock";

/// A folder for unfinished work of this process, removed when dropped.
#[derive(Debug)]
pub struct TempFolder {
    // Fields drop in order: the folder is removed before its lock is released.
    folder: TempDir,
    _held: File,
}

impl TempFolder {
    /// Creates a folder in `temp`, after it has removed the folders of ended processes.
    pub(super) fn make(temp: &Path) -> io::Result<Self> {
        super::private_folder().create(temp)?;
        let changing = lock_file(&temp.join(CHANGES_LOCK_FILE))?;
        changing.lock()?;
        clear_leftovers(temp)?;
        let folder = tempfile::tempdir_in(temp)?;
        let held = lock_file(&folder.path().join(OWNER_LOCK_FILE))?;
        held.lock()?;
        Ok(Self { folder, _held: held })
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders whose processes have ended.
fn clear_leftovers(temp: &Path) -> io::Result<()> {
    for entry in fs::read_dir(temp)? {
        let path = entry?.path();
        if path.is_dir() && !is_locked(&path)? {
            // A folder that cannot be removed only takes up space.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

fn is_locked(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(OWNER_LOCK_FILE)) {
        Ok(file) => Ok(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_cleared_and_what_somebody_holds_is_not() {
        let outer = tempfile::tempdir().unwrap();
        let temp = outer.path().join("temp");
        let mine = TempFolder::make(&temp).unwrap();
        // A killed process with the same id as this one, as in containers.
        let dead = temp.join(format!("{}-x", std::process::id()));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(OWNER_LOCK_FILE), "").unwrap();
        // A folder of a version that did not lock.
        fs::create_dir(temp.join("1-y")).unwrap();
        let further = TempFolder::make(&temp).unwrap();
        let left: Vec<_> =
            fs::read_dir(&temp).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(mine.path().exists() && !dead.exists());
        assert_eq!(left.iter().filter(|path| path.is_dir()).count(), 2, "{left:?}");
        assert_ne!(further.path(), mine.path());
        let path = mine.path().to_owned();
        drop(mine);
        assert!(!path.exists());
    }
}
