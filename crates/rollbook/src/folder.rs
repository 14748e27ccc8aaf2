//! The data folder: its contents, and the lock of its server.
//!
//! | name | what |
//! | --- | --- |
//! | `rollbook.toml` | settings, if any |
//! | `rollbook.db` | the store: records; not with `store.url` |
//! | `rollbook-jobs.db` | the store: jobs, webhooks, deliveries; not with `store.url` |
//! | `files/` | files of jobs, until they expire; elsewhere with `files.dir` |
//! | `mirror/` | the mirror; may be deleted while nothing runs |
//! | `temp/` | unfinished work, one folder per process; leftovers are removed by the next process |
//! | `serve.lock` | locked by the server that uses the folder; contains its process id |

mod temp;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

pub use temp::TempFolder;

use crate::failure::{Failure, FailureContext};

/// A data folder.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

/// The exclusive right to serve a folder, held until dropped.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

/// The use of a folder by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderUse {
    /// No server uses it.
    No,
    /// A server uses it. The text is its process id, or `unknown`.
    By(String),
}

impl DataFolder {
    /// Refers to a folder that may not exist, for reading only.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Opens an existing folder. Fails if there is none.
    pub fn existing(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Ok(Self { path: path.to_owned() });
        }
        let message = format!("there is no data folder {}", path.display());
        let hint =
            "`rollbook provider create --data DIR …` and `rollbook serve --data DIR` make one";
        Err(Failure::new(message).hint(hint))
    }

    /// Opens a folder, and creates it if it is missing. Only its owner can read a new one.
    pub fn created(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            private_folder()
                .create(path)
                .doing(|| format!("make the folder {}", path.display()))?;
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the settings file.
    pub fn settings(&self) -> PathBuf {
        self.path.join("rollbook.toml")
    }

    /// Returns the path of the store's file.
    pub fn store(&self) -> PathBuf {
        self.path.join("rollbook.db")
    }

    /// Returns the path of the mirror's folder.
    pub fn mirror(&self) -> PathBuf {
        self.path.join("mirror")
    }

    /// Returns the path of the folder for files of jobs. The settings may name another.
    pub fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    fn temp(&self) -> PathBuf {
        self.path.join("temp")
    }

    /// Creates a folder for unfinished work of this process, which is removed when dropped.
    pub fn temp_dir(&self) -> Result<TempFolder, Failure> {
        let temp = self.temp();
        TempFolder::make(&temp).doing(|| format!("make a folder in {}", temp.display()))
    }

    /// Locks the folder for serving. Fails if another server has it.
    pub fn lock(&self) -> Result<ServeLock, Failure> {
        let file = self.lock_file()?;
        match file.try_lock() {
            Ok(()) => self.write_process_id(file),
            Err(TryLockError::WouldBlock) => {
                let who = process_id_of_holder(file);
                let message =
                    format!("{} is in use by another server (process {who})", self.path.display());
                Err(Failure::new(message).hint("stop that server, or serve another folder"))
            }
            Err(TryLockError::Error(error)) => {
                Err(Failure::new(format!("cannot lock {}", self.path.display())).because(error))
            }
        }
    }

    /// Returns the use of the folder by a server at the moment.
    pub fn in_use(&self) -> Result<FolderUse, Failure> {
        let file = self.lock_file()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(FolderUse::By(process_id_of_holder(file))),
            _ => Ok(FolderUse::No),
        }
    }

    fn lock_file(&self) -> Result<File, Failure> {
        let path = self.path.join("serve.lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).doing(|| format!("open {}", path.display()))
    }

    fn write_process_id(&self, mut file: File) -> Result<ServeLock, Failure> {
        let id = std::process::id();
        let mut write = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{id}")
        };
        write().doing(|| "write the lock file".to_owned())?;
        Ok(ServeLock { _file: file })
    }
}

/// Returns a builder of folders that only their owner can read, because they hold customer data.
fn private_folder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// Creates a file that only its owner can read.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn process_id_of_holder(mut file: File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_the_lock_and_the_other_learns_who() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataFolder::created(&outer.path().join("a/b")).unwrap();
        assert_eq!(folder.in_use().unwrap(), FolderUse::No);
        let lock = folder.lock().unwrap();
        let id = std::process::id().to_string();
        assert_eq!(folder.in_use().unwrap(), FolderUse::By(id.clone()));
        let refusal = folder.lock().unwrap_err().to_text(false);
        assert!(refusal.contains("in use") && refusal.contains(&id), "{refusal}");
        drop(lock);
        folder.lock().unwrap();
    }
}
