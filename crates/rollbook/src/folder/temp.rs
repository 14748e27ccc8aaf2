//! Folders of unfinished work. Each is held by a lock of its process, not named after it: the
//! processes of containers that share a data folder have the same ids.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// In every folder, locked by whoever works in it.
const HELD: &str = "held.lock";
/// Beside the folders, locked while one is made or leftovers are cleared: a folder that is not
/// locked yet is no leftover.
const CHANGING: &str = "changing.lock";

/// A folder for the unfinished work of this process; removed when dropped.
#[derive(Debug)]
pub struct TempFolder {
    // Removed before the lock is let go.
    folder: TempDir,
    _held: File,
}

impl TempFolder {
    /// A new one in `temp`, where nothing is left then of those that nobody holds any more.
    pub(super) fn make(temp: &Path) -> io::Result<Self> {
        super::private_folder().create(temp)?;
        let changing = lock_file(&temp.join(CHANGING))?;
        changing.lock()?;
        clear_leftovers(temp)?;
        let folder = tempfile::tempdir_in(temp)?;
        let held = lock_file(&folder.path().join(HELD))?;
        held.lock()?;
        Ok(Self { folder, _held: held })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that nobody holds any more.
fn clear_leftovers(temp: &Path) -> io::Result<()> {
    for entry in fs::read_dir(temp)? {
        let path = entry?.path();
        if path.is_dir() && !is_held(&path)? {
            // What cannot be removed only takes room.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

fn is_held(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(HELD)) {
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
        // Of a process with the id of this one that was killed, as in a container.
        let dead = temp.join(format!("{}-x", std::process::id()));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(HELD), "").unwrap();
        // Of a version that held nothing.
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
