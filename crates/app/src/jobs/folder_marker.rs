//! The marker file of the files folder. It names the store that the folder belongs to, and the
//! folder itself. It prevents a node from using another folder than the other nodes, and two stores
//! from cleaning up the same folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use store::{Store, StoreError};
use tempfile::NamedTempFile;

/// The name of the marker file.
const NAME: &str = "rollbook-files.json";

/// The treatment of a folder without the store's marker, if the store already has a marked folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnmarkedFolder {
    /// Take it for the store's folder, emptied or replaced, and mark it again. For use when no
    /// other node works on the store, or when the operator says so.
    Replaced,
    /// Refuse it as a folder other than that of the other nodes.
    Another,
}

/// The reason why a files folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The store could not be asked for its marker.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder belongs to another store.
    #[error("{} holds the files of another store", path.display())]
    OfAnotherStore {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was the store's and has lost its marker.
    #[error("{} is not the folder of files any more: is its disk mounted?", path.display())]
    Gone {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is not the one that the other nodes use.
    #[error("{} is not the folder that the other nodes put files in", path.display())]
    NotShared {
        /// The folder.
        path: PathBuf,
    },
}

impl FolderError {
    /// Returns the stable code of the error.
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

/// The contents of the marker file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FolderMarker {
    /// The store's identity: a hash of its secret.
    store: String,
    /// The folder's identity: random bytes.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    folder: [u8; 32],
}

impl FolderMarker {
    /// Returns the marker of a folder, and writes it if it is missing. Fails if the folder is not
    /// the store's. The first folder that is marked becomes the store's.
    pub(super) fn read_or_create(
        folder: &Path,
        store: &dyn Store,
        unmarked: UnmarkedFolder,
    ) -> Result<Self, FolderError> {
        let owner = store_identity(store)?;
        let found = Self::read(folder)?;
        if found.as_ref().is_some_and(|found| found.store != owner) {
            return Err(FolderError::OfAnotherStore { path: folder.to_owned() });
        }
        let kept = match (store.files_folder_id()?, found) {
            (Some(kept), _) => kept,
            (None, Some(found)) => store.keep_files_folder_id(found.folder)?,
            (None, None) => {
                let fresh = Self { store: owner.clone(), folder: rand::random() };
                store.keep_files_folder_id(fresh.write_unless_present(folder)?.folder)?
            }
        };
        let expected = Self { store: owner, folder: kept };
        match (expected.matches_folder(folder)?, unmarked) {
            (true, _) => Ok(expected),
            (false, UnmarkedFolder::Replaced) => expected.replace(folder),
            (false, UnmarkedFolder::Another) => {
                Err(FolderError::NotShared { path: folder.to_owned() })
            }
        }
    }

    /// Returns true if the folder has this marker.
    pub(super) fn matches_folder(&self, folder: &Path) -> Result<bool, FolderError> {
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

    /// Writes the marker unless another node was first. Returns the marker that the folder then
    /// has.
    fn write_unless_present(self, folder: &Path) -> Result<Self, FolderError> {
        match self.write(folder)?.persist_noclobber(folder.join(NAME)) {
            Ok(_) => sync_folder(self, folder),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Self::read(folder)?.unwrap_or(self))
            }
            Err(error) => Err(marker_error(folder)(error.error)),
        }
    }

    /// Writes the marker in place of any other.
    fn replace(self, folder: &Path) -> Result<Self, FolderError> {
        let written = self.write(folder)?.persist(folder.join(NAME));
        written.map_err(|error| marker_error(folder)(error.error))?;
        sync_folder(self, folder)
    }

    fn write(&self, folder: &Path) -> Result<NamedTempFile, FolderError> {
        let write = || {
            let mut file = NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, self)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        write().map_err(marker_error(folder))
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

/// Copies the marker file to another folder.
pub(super) fn copy_marker(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from.join(NAME), to.join(NAME)).map(drop)
}

/// Returns the store's identity: a hash of its secret.
fn store_identity(store: &dyn Store) -> Result<String, StoreError> {
    Ok(hex::encode(&Sha256::digest(store.secret()?)[..16]))
}

fn sync_folder(mark: FolderMarker, folder: &Path) -> Result<FolderMarker, FolderError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(marker_error(folder))?;
    Ok(mark)
}

fn marker_error(folder: &Path) -> impl Fn(io::Error) -> FolderError {
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
        let mark = FolderMarker::read_or_create(&first, &store, UnmarkedFolder::Another).unwrap();
        assert_eq!(
            FolderMarker::read_or_create(&first, &store, UnmarkedFolder::Another).unwrap(),
            mark
        );
        assert!(mark.matches_folder(&first).unwrap() && !mark.matches_folder(&second).unwrap());
        let refused =
            FolderMarker::read_or_create(&second, &store, UnmarkedFolder::Another).unwrap_err();
        assert!(matches!(refused, FolderError::NotShared { .. }), "{refused}");
        assert!(!second.join(NAME).exists());
        assert_eq!(
            FolderMarker::read_or_create(&second, &store, UnmarkedFolder::Replaced).unwrap(),
            mark
        );
        assert_eq!(
            FolderMarker::read_or_create(&second, &store, UnmarkedFolder::Another).unwrap(),
            mark
        );
    }

    #[test]
    fn a_folder_that_was_marked_in_vain_is_not_shared() {
        let outer = tempfile::tempdir().unwrap();
        let store = store(outer.path(), "a.db");
        let (first, second) = (folder(outer.path(), "1"), folder(outer.path(), "2"));
        // Both nodes mark their folders before the store has kept either mark.
        let vain = FolderMarker { store: store_identity(&store).unwrap(), folder: [7; 32] };
        vain.write_unless_present(&second).unwrap();
        FolderMarker::read_or_create(&first, &store, UnmarkedFolder::Another).unwrap();
        let refused =
            FolderMarker::read_or_create(&second, &store, UnmarkedFolder::Another).unwrap_err();
        assert!(matches!(refused, FolderError::NotShared { .. }), "{refused}");
    }

    #[test]
    fn of_two_nodes_that_mark_a_folder_one_is_first() {
        let outer = tempfile::tempdir().unwrap();
        let mark = |folder| FolderMarker { store: "s".to_owned(), folder: [folder; 32] };
        assert_eq!(mark(1).write_unless_present(outer.path()).unwrap(), mark(1));
        assert_eq!(mark(2).write_unless_present(outer.path()).unwrap(), mark(1));
    }

    #[test]
    fn another_stores_folder_is_refused_whoever_says_what() {
        let outer = tempfile::tempdir().unwrap();
        let (ours, theirs) = (store(outer.path(), "a.db"), store(outer.path(), "b.db"));
        FolderMarker::read_or_create(outer.path(), &theirs, UnmarkedFolder::Another).unwrap();
        for unmarked in [UnmarkedFolder::Another, UnmarkedFolder::Replaced] {
            let refused = FolderMarker::read_or_create(outer.path(), &ours, unmarked).unwrap_err();
            assert!(matches!(refused, FolderError::OfAnotherStore { .. }), "{refused}");
        }
        assert_eq!(ours.files_folder_id().unwrap(), None);
    }
}
