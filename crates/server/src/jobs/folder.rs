//! Files that are being made, and files that are there.
//!
//! `making/` holds a folder per attempt; nothing in it is ever sent. A finished file is flushed to
//! the disk and moved beside its like (`2026-11/…`) before the store learns of it, so what the
//! store names is whole. What the store does not name is nobody's, and is removed by the sweep.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use model::time::Instant;
use store::Store;

use super::mark::{self, FolderError, Mark, Unmarked};

use crate::crash;

/// Folder of unfinished files.
const MAKING: &str = "making";
/// After every file.
const FOREVER: Instant = Instant::from_micros(i64::MAX);

/// Bytes that are free on the disk of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The folder of files.
#[derive(Debug, Clone)]
pub struct FilesFolder {
    root: PathBuf,
    mark: Mark,
}

impl FilesFolder {
    /// The folder at `root` for the files of this store's jobs, made when it is missing; only its
    /// owner may look into a new one.
    pub fn open(root: &Path, store: &dyn Store, unmarked: Unmarked) -> Result<Self, FolderError> {
        let made = Self::make(root);
        made.map_err(|source| FolderError::Io { path: root.to_owned(), source })?;
        Ok(Self { root: root.to_owned(), mark: Mark::settle(root, store, unmarked)? })
    }

    fn make(root: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(root.join(MAKING))
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Fails when the folder is not the one that was opened: where its disk was unmounted, for
    /// instance. What is missing in it then may be elsewhere.
    pub(crate) fn must_be_there(&self) -> Result<(), FolderError> {
        match self.mark.is_on(&self.root)? {
            true => Ok(()),
            false => Err(FolderError::Gone { path: self.root.clone() }),
        }
    }

    /// An empty folder for one attempt.
    pub(crate) fn begin(&self, name: &str) -> io::Result<Making> {
        let path = self.root.join(MAKING).join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Making { path })
    }

    /// Makes a finished file last and moves it to `target`, a path below this folder. It counts
    /// as being of now, however long ago its last byte was written: the sweep lets new files be.
    pub(crate) fn publish(&self, made: &Path, target: &str, now: Instant) -> io::Result<()> {
        let file = File::open(made)?;
        let since_epoch = Duration::from_micros(now.micros().try_into().unwrap_or_default());
        file.set_modified(UNIX_EPOCH + since_epoch)?;
        file.sync_all()?;
        let path = self.path(target);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        fs::rename(made, &path)?;
        crash::point("moved");
        File::open(folder)?.sync_all()?;
        File::open(&self.root)?.sync_all()
    }

    /// Where a published file is.
    pub(crate) fn path(&self, target: &str) -> PathBuf {
        self.root.join(target)
    }

    /// Removes a published file; one that is gone is no error.
    pub(crate) fn remove(&self, target: &str) -> io::Result<()> {
        match fs::remove_file(self.path(target)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Published files from before an instant, as paths below this folder.
    pub(crate) fn older_than(&self, before: Instant) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            let name = folder.file_name();
            if name == MAKING || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                let path = Path::new(&name).join(file.file_name());
                if is_older(&file, before)
                    && let Some(path) = path.to_str()
                {
                    found.push(path.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// Copies everything that is finished, while more is made; how many files there were.
    pub fn copy(&self, to: &Path) -> io::Result<u64> {
        fs::create_dir_all(to)?;
        mark::copy(&self.root, to)?;
        let mut copied = 0;
        for path in self.older_than(FOREVER)? {
            let target = to.join(&path);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            match fs::copy(self.path(&path), &target) {
                Ok(_) => File::open(&target)?.sync_all()?,
                // Its time was over meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            copied += 1;
        }
        Ok(copied)
    }

    /// Removes unfinished work that nobody has touched since an instant.
    pub(crate) fn clear_unfinished(&self, before: Instant) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(MAKING))? {
            let entry = entry?;
            if is_older(&entry, before) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

fn is_older(entry: &fs::DirEntry, before: Instant) -> bool {
    let modified = entry.metadata().and_then(|facts| facts.modified());
    let since_epoch = modified.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since_epoch.is_some_and(|passed| passed.as_micros() < before.micros().max(0) as u128)
}

/// The folder of one attempt; removed with everything in it when dropped.
#[derive(Debug)]
pub(crate) struct Making {
    path: PathBuf,
}

impl Making {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What stays behind only takes room, until the sweep.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use store::sqlite::{SqliteOptions, SqliteStore};

    use super::*;

    #[test]
    fn a_file_is_there_whole_after_it_was_published_and_its_folder_is_not() {
        let outer = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&outer.path().join("db"), SqliteOptions::default()).unwrap();
        let folder = FilesFolder::open(&outer.path().join("files"), &store, Unmarked::Another);
        let folder = folder.unwrap();
        let making = folder.begin("a-1").unwrap();
        let made = making.path().join("rows.csv");
        fs::write(&made, "id\r\n1\r\n").unwrap();
        File::open(&made).unwrap().set_modified(UNIX_EPOCH).unwrap();
        let [past, now, future] =
            ["2001-01-01T00:00:00Z", "2026-11-21T00:00:00Z", "2900-01-01T00:00:00Z"]
                .map(|text| Instant::parse(text).unwrap());
        folder.publish(&made, "2026-11/x.csv", now).unwrap();
        let unfinished = making.path().to_owned();
        drop(making);
        assert_eq!(fs::read_to_string(folder.path("2026-11/x.csv")).unwrap(), "id\r\n1\r\n");
        assert!(!unfinished.exists());
        assert_eq!(folder.older_than(future).unwrap(), ["2026-11/x.csv"]);
        assert!(folder.older_than(past).unwrap().is_empty());
        folder.remove("2026-11/x.csv").unwrap();
        folder.remove("2026-11/x.csv").unwrap();
        assert!(folder.older_than(future).unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_any_more_is_noticed() {
        let outer = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&outer.path().join("db"), SqliteOptions::default()).unwrap();
        let (path, mounted) = (outer.path().join("files"), outer.path().join("mounted"));
        let folder = FilesFolder::open(&path, &store, Unmarked::Another).unwrap();
        folder.must_be_there().unwrap();
        fs::rename(&path, &mounted).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(folder.must_be_there().unwrap_err().code(), "files_folder_gone");
        fs::remove_dir(&path).unwrap();
        fs::rename(&mounted, &path).unwrap();
        folder.must_be_there().unwrap();
    }
}
