//! The ZIPs of a package on disk.

use std::fs::File as DiskFile;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use files::write::{FileDigest, HashingWriter};
use model::id::Revision;
use serde_json::Value;

use crate::error::PackageError;

/// The name of the manifest, the last member of the full bundle.
pub(super) const MANIFEST: &str = "manifest.json";

/// A package on disk.
pub struct WrittenPackage {
    /// The contract's ZIP, which has exactly eleven members.
    pub contract: PackageFile,
    /// The full bundle, if it was requested.
    pub full: Option<PackageFile>,
    /// The contents of `manifest.json`: of the full bundle if it was requested, or else of the
    /// eleven members.
    pub manifest: Value,
    /// The number of rows in the contract's files.
    pub rows: u64,
    /// The revision of the records.
    pub revision: Revision,
}

/// A ZIP of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// The file name for the download.
    pub name: String,
    /// The path of the file.
    pub path: PathBuf,
    /// The size and the hash of the file.
    pub digest: FileDigest,
}

/// Flushes a finished file to disk and returns its size and hash.
pub(super) fn finish_file(
    out: HashingWriter<BufWriter<DiskFile>>,
) -> Result<FileDigest, PackageError> {
    let (out, digest) = out.finish();
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(digest)
}
