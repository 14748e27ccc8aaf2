//! Verification of files before they are sent: their bytes must be those that were written.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use files::write::HashingWriter;
use model::clock::{Clock, SystemClock};
use parking_lot::Mutex;

/// The largest number of verified files that are remembered. Beyond it, all are verified again.
const REMEMBERED_MAX: usize = 10_000;

/// The files that this process has verified.
#[derive(Debug, Default)]
pub(super) struct VerifiedFiles(Mutex<HashMap<PathBuf, VerifiedFileState>>);

/// The state of a file when it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
struct VerifiedFileState {
    sha256: String,
    device: u64,
    inode: u64,
    bytes: u64,
    /// The ctime in seconds and nanoseconds, which programs cannot set.
    changed_at: (i64, i64),
}

/// Seconds after its last change for which a file is verified again each time: a further change in
/// the same tick of the file system's clock would not show.
const SETTLED_S: i64 = 2;

impl VerifiedFileState {
    fn at(file: &File, sha256: &str) -> io::Result<Self> {
        let facts = file.metadata()?;
        Ok(Self {
            sha256: sha256.to_owned(),
            device: facts.dev(),
            inode: facts.ino(),
            bytes: facts.len(),
            changed_at: (facts.ctime(), facts.ctime_nsec()),
        })
    }
}

impl VerifiedFiles {
    /// Opens a file and checks its size and its SHA-256 (lower-case hex). If they differ, it fails
    /// with [`io::ErrorKind::InvalidData`]. Reads the whole file unless this process has done so
    /// since the file last changed. Blocking.
    pub(super) fn open(&self, path: &Path, bytes: u64, sha256: &str) -> io::Result<File> {
        let file = File::open(path)?;
        let looked = VerifiedFileState::at(&file, sha256)?;
        if looked.bytes != bytes {
            let found = looked.bytes;
            return Err(damaged(path, &format!("{found} bytes, not {bytes}")));
        }
        if self.0.lock().get(path) == Some(&looked) {
            return Ok(file);
        }
        let mut hashing = HashingWriter::new(io::sink());
        io::copy(&mut &file, &mut hashing)?;
        let found = hashing.finish().1.sha256_hex();
        if found != sha256 {
            return Err(damaged(path, &format!("SHA-256 {found}, not {sha256}")));
        }
        let now_s = SystemClock.now().seconds();
        let is_settled = looked.changed_at.0 < now_s - SETTLED_S;
        if is_settled && VerifiedFileState::at(&file, sha256)? == looked {
            self.remember(path, looked);
        }
        Ok(file)
    }

    fn remember(&self, path: &Path, looked: VerifiedFileState) {
        let mut files = self.0.lock();
        if files.len() >= REMEMBERED_MAX {
            files.clear();
        }
        files.insert(path.to_owned(), looked);
    }
}

fn damaged(path: &Path, problem: &str) -> io::Error {
    let said = format!("{} has {problem}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, said)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_file_is_opened_only_while_its_bytes_are_those_that_were_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "id\r\n1\r\n").unwrap();
        let sha256 = hex::encode(Sha256::digest("id\r\n1\r\n"));
        let files = VerifiedFiles::default();
        let open = || files.open(&path, 8, &sha256).map_err(|error| error.kind());
        assert_eq!(open().unwrap_err(), io::ErrorKind::InvalidData, "8 bytes are not 7");
        let sha256 = hex::encode(Sha256::digest("id\r\n1\r\n"));
        let open = || files.open(&path, 7, &sha256).map_err(|error| error.kind());
        assert!(open().is_ok() && open().is_ok());
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        let written = File::options().write(true).open(&path).unwrap();
        written.write_all_at(b"2", 4).unwrap();
        written.set_modified(modified).unwrap();
        drop(written);
        assert_eq!(open().unwrap_err(), io::ErrorKind::InvalidData);
        std::fs::write(&path, "id\r\n1\r\n").unwrap();
        assert!(open().is_ok());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(open().unwrap_err(), io::ErrorKind::NotFound);
    }
}
