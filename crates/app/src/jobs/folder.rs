//! The folder of files that jobs make.
//!
//! `making/` holds one folder per attempt; nothing in it is ever sent. A finished file is flushed
//! to disk and moved to the folder of its month (`2026-11/…`) before the store records it, so every
//! recorded file is complete. The cleanup removes files that the store has not recorded.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use model::time::Instant;
use store::Store;

use super::folder_marker::{self, FolderError, FolderMarker, UnmarkedFolder};
use super::verified_files::VerifiedFiles;

use store::crash;

/// The name of the folder for unfinished files.
const UNFINISHED_DIR: &str = "making";
/// The length of a UUID as text.
const UUID_CHARS: usize = 36;
/// An instant later than every file.
const FOREVER: Instant = Instant::from_micros(i64::MAX);

/// Returns the free bytes on the disk of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The folder of files that jobs make.
#[derive(Debug, Clone)]
pub struct FilesFolder {
    root: PathBuf,
    mark: FolderMarker,
    checked: Arc<VerifiedFiles>,
}

impl FilesFolder {
    /// Opens the folder at `root` for the files of this store's jobs. A missing folder is created
    /// with access for its owner only.
    pub fn open(
        root: &Path,
        store: &dyn Store,
        unmarked: UnmarkedFolder,
    ) -> Result<Self, FolderError> {
        let made = Self::make(root);
        made.map_err(|source| FolderError::Io { path: root.to_owned(), source })?;
        let mark = FolderMarker::read_or_create(root, store, unmarked)?;
        Ok(Self { root: root.to_owned(), mark, checked: Arc::default() })
    }

    fn make(root: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(root.join(UNFINISHED_DIR))
    }

    /// Returns the path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Checks that the folder is still the one that was opened. It is not when its disk was
    /// unmounted, for instance; a missing file may then exist elsewhere.
    pub fn check_present(&self) -> Result<(), FolderError> {
        if self.mark.matches_folder(&self.root)? {
            Ok(())
        } else {
            Err(FolderError::Gone { path: self.root.clone() })
        }
    }

    /// Creates an empty folder for one attempt.
    pub(crate) fn create_attempt_folder(
        &self,
        attempt: &AttemptName<'_>,
    ) -> io::Result<AttemptFolder> {
        let AttemptName { uuid, number, worker } = attempt;
        let path = self.root.join(UNFINISHED_DIR).join(format!("{uuid}-{number}-{worker}"));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(AttemptFolder { path })
    }

    /// Flushes a finished file to disk and moves it to `target`, a path below this folder. Sets its
    /// modification time to `now`, so that the cleanup takes it for a new file.
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

    /// Returns the full path of a published file.
    pub fn path(&self, target: &str) -> PathBuf {
        self.root.join(target)
    }

    /// Opens a published file and checks its bytes. Another size or SHA-256 is
    /// [`io::ErrorKind::InvalidData`]. Blocking: it may read the whole file first.
    pub fn open_checked(&self, target: &str, bytes: u64, sha256: &str) -> io::Result<File> {
        self.checked.open(&self.path(target), bytes, sha256)
    }

    /// Removes a published file. A missing file is not an error.
    pub(crate) fn remove(&self, target: &str) -> io::Result<()> {
        match fs::remove_file(self.path(target)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Returns the published files last modified before an instant, as paths below this folder.
    pub(crate) fn published_before(&self, before: Instant) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            let name = folder.file_name();
            if name == UNFINISHED_DIR || !folder.file_type()?.is_dir() {
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

    /// Copies all published files, while jobs may publish more. Returns the number of copied files.
    pub fn copy_published(&self, to: &Path) -> io::Result<u64> {
        fs::create_dir_all(to)?;
        folder_marker::copy_marker(&self.root, to)?;
        let mut copied = 0;
        for path in self.published_before(FOREVER)? {
            let target = to.join(&path);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            match fs::copy(self.path(&path), &target) {
                Ok(_) => File::open(&target)?.sync_all()?,
                // It has expired meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            copied += 1;
        }
        Ok(copied)
    }

    /// Removes the folders of attempts that are over, and everything not modified since `before`.
    /// `is_under_way` tells whether an attempt is still running; it is not asked about entries that
    /// are not named after an attempt.
    pub(crate) fn clear_unfinished<E: From<io::Error>>(
        &self,
        before: Instant,
        is_under_way: impl Fn(&AttemptName<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        for entry in fs::read_dir(self.root.join(UNFINISHED_DIR))? {
            let entry = entry?;
            let name = entry.file_name();
            let is_over = match name.to_str().and_then(AttemptName::read) {
                Some(attempt) => !is_under_way(&attempt)?,
                None => false,
            };
            if is_over || is_older(&entry, before) {
                remove_all(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The attempt that a folder of unfinished files belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptName<'n> {
    /// The UUID of the job.
    pub(crate) uuid: &'n str,
    /// The number of the attempt.
    pub(crate) number: u32,
    /// The id of the worker.
    pub(crate) worker: &'n str,
}

impl<'n> AttemptName<'n> {
    /// Parses the name of an attempt's folder.
    fn read(name: &'n str) -> Option<Self> {
        let (uuid, rest) = name.split_at_checked(UUID_CHARS)?;
        let (number, worker) = rest.strip_prefix('-')?.split_once('-')?;
        Some(Self { uuid, number: number.parse().ok()?, worker })
    }
}

/// Removes a folder with everything in it. A missing folder is not an error.
fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn is_older(entry: &fs::DirEntry, before: Instant) -> bool {
    let modified = entry.metadata().and_then(|facts| facts.modified());
    let since_epoch = modified.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since_epoch.is_some_and(|passed| passed.as_micros() < before.micros().max(0) as u128)
}

/// The folder of one attempt. It is removed with everything in it when this is dropped.
#[derive(Debug)]
pub(crate) struct AttemptFolder {
    path: PathBuf,
}

impl AttemptFolder {
    /// Returns the path of the folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AttemptFolder {
    fn drop(&mut self) {
        // What stays behind only uses disk space, until the cleanup.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use store::sqlite::{SqliteOptions, SqliteStore};

    use super::*;

    const UUID: &str = "01970000-0000-7000-8000-000000000000";

    #[test]
    fn a_file_is_there_whole_after_it_was_published_and_its_folder_is_not() {
        let outer = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&outer.path().join("db"), SqliteOptions::default()).unwrap();
        let folder =
            FilesFolder::open(&outer.path().join("files"), &store, UnmarkedFolder::Another);
        let folder = folder.unwrap();
        let making = folder
            .create_attempt_folder(&AttemptName { uuid: UUID, number: 1, worker: "w" })
            .unwrap();
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
        assert_eq!(folder.published_before(future).unwrap(), ["2026-11/x.csv"]);
        assert!(folder.published_before(past).unwrap().is_empty());
        folder.remove("2026-11/x.csv").unwrap();
        folder.remove("2026-11/x.csv").unwrap();
        assert!(folder.published_before(future).unwrap().is_empty());
    }

    #[test]
    fn folders_of_attempts_that_are_over_are_removed() {
        let outer = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&outer.path().join("db"), SqliteOptions::default()).unwrap();
        let folder =
            FilesFolder::open(&outer.path().join("files"), &store, UnmarkedFolder::Another);
        let folder = folder.unwrap();
        let attempt = |number| AttemptName { uuid: UUID, number, worker: "7-w" };
        let [over, alive] =
            [1, 12].map(|number| folder.create_attempt_folder(&attempt(number)).unwrap());
        let strange = folder.path("making/strange");
        fs::create_dir(&strange).unwrap();
        let is_under_way = |asked: &AttemptName<'_>| Ok::<_, io::Error>(*asked == attempt(12));
        folder.clear_unfinished(Instant::from_micros(0), is_under_way).unwrap();
        assert!(!over.path().exists() && alive.path().exists() && strange.exists());
        folder.clear_unfinished(FOREVER, is_under_way).unwrap();
        assert!(!strange.exists());
    }

    #[test]
    fn a_folder_that_is_not_there_any_more_is_noticed() {
        let outer = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&outer.path().join("db"), SqliteOptions::default()).unwrap();
        let (path, mounted) = (outer.path().join("files"), outer.path().join("mounted"));
        let folder = FilesFolder::open(&path, &store, UnmarkedFolder::Another).unwrap();
        folder.check_present().unwrap();
        fs::rename(&path, &mounted).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(folder.check_present().unwrap_err().code(), "files_folder_gone");
        fs::remove_dir(&path).unwrap();
        fs::rename(&mounted, &path).unwrap();
        folder.check_present().unwrap();
    }
}
