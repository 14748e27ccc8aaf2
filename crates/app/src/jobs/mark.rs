//! The mark of a folder of files: which store's they are, and which folder it is. With it no node
//! works in another folder than the others, and no two stores clean up in the same one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use store::{Store, StoreError};
use tempfile::NamedTempFile;

/// The file with the mark.
const NAME: &str = "rollbook-files.json";

/// What a folder without a mark is, when the store has worked in one with a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmarked {
    /// That very folder, emptied or replaced: nobody else works on the store, or somebody says so.
    Replaced,
    /// Another one, than that of the other nodes.
    Another,
}

/// Why a folder cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store cannot say which folder it is.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another store's files are in it.
    #[error("{} holds the files of another store", path.display())]
    OfAnotherStore {
        /// The folder.
        path: PathBuf,
    },
    /// It was the store's folder, and has no mark any more.
    #[error("{} is not the folder of files any more: is its disk mounted?", path.display())]
    Gone {
        /// The folder.
        path: PathBuf,
    },
    /// It is not the folder that the store's jobs have put their files in.
    #[error("{} is not the folder that the other nodes put files in", path.display())]
    NotShared {
        /// The folder.
        path: PathBuf,
    },
}

impl FolderError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "files_folder_failed",
            Self::Store(error) => error.code(),
            Self::OfAnotherStore { .. } => "files_folder_of_another_store",
            Self::Gone { .. } => "files_folder_gone",
            Self::NotShared { .. } => "files_folder_not_shared",
        }
    }
}

/// A mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Tells the store from every other: a hash of its secret.
    store: String,
    /// Tells the folder from every other.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    folder: [u8; 32],
}

impl Mark {
    /// The mark that a folder has or is given now; fails when it is not the store's folder. The
    /// first one that is marked becomes the store's.
    pub(super) fn settle(
        folder: &Path,
        store: &dyn Store,
        unmarked: Unmarked,
    ) -> Result<Self, FolderError> {
        let owner = owner(store)?;
        let found = Self::read(folder)?;
        if found.as_ref().is_some_and(|found| found.store != owner) {
            return Err(FolderError::OfAnotherStore { path: folder.to_owned() });
        }
        let kept = match (store.files_mark()?, found) {
            (Some(kept), _) => kept,
            (None, Some(found)) => store.keep_files_mark(found.folder)?,
            (None, None) => {
                let fresh = Self { store: owner.clone(), folder: rand::random() };
                store.keep_files_mark(fresh.put(folder)?.folder)?
            }
        };
        let expected = Self { store: owner, folder: kept };
        match (expected.is_on(folder)?, unmarked) {
            (true, _) => Ok(expected),
            (false, Unmarked::Replaced) => expected.replace(folder),
            (false, Unmarked::Another) => Err(FolderError::NotShared { path: folder.to_owned() }),
        }
    }

    /// Whether a folder has this mark.
    pub(super) fn is_on(&self, folder: &Path) -> Result<bool, FolderError> {
        Ok(Self::read(folder)?.is_some_and(|found| found == *self))
    }

    fn read(folder: &Path) -> Result<Option<Self>, FolderError> {
        let path = folder.join(NAME);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
        .map_err(|source| FolderError::Io { path, source })
    }

    /// Marks a folder, unless another node is first; the mark that it has then.
    fn put(self, folder: &Path) -> Result<Self, FolderError> {
        match self.write(folder)?.persist_noclobber(folder.join(NAME)) {
            Ok(_) => flushed(self, folder),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Self::read(folder)?.unwrap_or(self))
            }
            Err(error) => Err(failed(folder)(error.error)),
        }
    }

    /// Marks a folder, whatever mark it has.
    fn replace(self, folder: &Path) -> Result<Self, FolderError> {
        let written = self.write(folder)?.persist(folder.join(NAME));
        written.map_err(|error| failed(folder)(error.error))?;
        flushed(self, folder)
    }

    fn write(&self, folder: &Path) -> Result<NamedTempFile, FolderError> {
        let write = || {
            let mut file = NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, self)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        write().map_err(failed(folder))
    }
}

fn to_hex<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

fn from_hex<'d, D: Deserializer<'d>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(D::Error::custom)?;
    Ok(bytes)
}

/// Copies the mark of a folder beside its files.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from.join(NAME), to.join(NAME)).map(drop)
}

/// What tells a store from every other.
fn owner(store: &dyn Store) -> Result<String, StoreError> {
    Ok(hex::encode(&Sha256::digest(store.secret()?)[..16]))
}

fn flushed(mark: Mark, folder: &Path) -> Result<Mark, FolderError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    Ok(mark)
}

fn failed(folder: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = folder.join(NAME);
    move |source| FolderError::Io { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use store::port::jobs::JobStore;
    use store::sqlite::{SqliteOptions, SqliteStore};

    use super::*;

    fn store(folder: &Path, name: &str) -> SqliteStore {
        SqliteStore::open(&folder.join(name), SqliteOptions::default()).unwrap()
    }

    fn folder(outer: &Path, name: &str) -> PathBuf {
        let path = outer.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_first_folder_is_the_stores_and_no_other() {
        let outer = tempfile::tempdir().unwrap();
        let store = store(outer.path(), "a.db");
        let (first, second) = (folder(outer.path(), "1"), folder(outer.path(), "2"));
        let mark = Mark::settle(&first, &store, Unmarked::Another).unwrap();
        assert_eq!(Mark::settle(&first, &store, Unmarked::Another).unwrap(), mark);
        assert!(mark.is_on(&first).unwrap() && !mark.is_on(&second).unwrap());
        let refused = Mark::settle(&second, &store, Unmarked::Another).unwrap_err();
        assert!(matches!(refused, FolderError::NotShared { .. }), "{refused}");
        assert!(!second.join(NAME).exists());
        assert_eq!(Mark::settle(&second, &store, Unmarked::Replaced).unwrap(), mark);
        assert_eq!(Mark::settle(&second, &store, Unmarked::Another).unwrap(), mark);
    }

    #[test]
    fn a_folder_that_was_marked_in_vain_is_not_shared() {
        let outer = tempfile::tempdir().unwrap();
        let store = store(outer.path(), "a.db");
        let (first, second) = (folder(outer.path(), "1"), folder(outer.path(), "2"));
        // Both nodes mark their folders before the store has kept either mark.
        let vain = Mark { store: owner(&store).unwrap(), folder: [7; 32] };
        vain.put(&second).unwrap();
        Mark::settle(&first, &store, Unmarked::Another).unwrap();
        let refused = Mark::settle(&second, &store, Unmarked::Another).unwrap_err();
        assert!(matches!(refused, FolderError::NotShared { .. }), "{refused}");
    }

    #[test]
    fn of_two_nodes_that_mark_a_folder_one_is_first() {
        let outer = tempfile::tempdir().unwrap();
        let mark = |folder| Mark { store: "s".to_owned(), folder: [folder; 32] };
        assert_eq!(mark(1).put(outer.path()).unwrap(), mark(1));
        assert_eq!(mark(2).put(outer.path()).unwrap(), mark(1));
    }

    #[test]
    fn another_stores_folder_is_refused_whoever_says_what() {
        let outer = tempfile::tempdir().unwrap();
        let (ours, theirs) = (store(outer.path(), "a.db"), store(outer.path(), "b.db"));
        Mark::settle(outer.path(), &theirs, Unmarked::Another).unwrap();
        for unmarked in [Unmarked::Another, Unmarked::Replaced] {
            let refused = Mark::settle(outer.path(), &ours, unmarked).unwrap_err();
            assert!(matches!(refused, FolderError::OfAnotherStore { .. }), "{refused}");
        }
        assert_eq!(ours.files_mark().unwrap(), None);
    }
}
