//! The errors of the books.

use std::io;

use crate::parts::BooksError;
use accounting::AccountingError;
use accounting::invariants::BrokenInvariant;
use accounting::posting::codec::DecodePostingError;
use files::write::WriteError;
use mirror::MirrorError;
use store::StoreError;

/// The reason why a package, or anything else of the books, could not be made. It is never the
/// fault of the records.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The currency has no posting up to the month's end.
    #[error("there is nothing to export")]
    NothingToExport,
    /// The records could not be read.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// A file could not be written.
    #[error("a file of the package could not be written")]
    Write(#[from] WriteError),
    /// A temporary file could not be written or read.
    #[error("a temporary file of the package failed")]
    File(#[from] io::Error),
    /// A temporary file or a frozen month does not have the bytes that were written.
    #[error("stored postings are damaged")]
    Damaged(#[from] DecodePostingError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl PackageError {
    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingToExport => "nothing_to_export",
            Self::Books(error) => error.code(),
            Self::Write(WriteError::Io(error)) | Self::File(error) => code_of(error),
            Self::Write(error) => error.code(),
            Self::Damaged(_) => "internal_error",
            Self::Store(error) => error.code(),
        }
    }

    /// Returns true if the work was canceled.
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Books(BooksError::Canceled))
    }
}

fn code_of(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk_full",
        _ => "output_failed",
    }
}

impl From<MirrorError> for PackageError {
    fn from(error: MirrorError) -> Self {
        Self::Books(error.into())
    }
}

/// A broken invariant is a bug of the program. No file is made.
impl From<BrokenInvariant> for PackageError {
    fn from(error: BrokenInvariant) -> Self {
        AccountingError::BrokenInvariant(error).into()
    }
}

impl From<AccountingError> for PackageError {
    fn from(error: AccountingError) -> Self {
        Self::Books(error.into())
    }
}
