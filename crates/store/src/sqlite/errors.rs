//! Maps SQLite's errors to those of the port. No other module does so.

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// Returns a function that maps an error of the operation `context`.
pub(super) fn failed(context: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + Copy {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::ReadOnly) => read_only(),
        // The disk fails, or was remounted read-only.
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
            StoreError::Unavailable { reason: format!("{context}: {error}") }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { reason: format!("{context}: {error}") }
        }
        _ => StoreError::Database { context, source: Box::new(error) },
    }
}

/// Returns a function that maps an error of the file system in the operation `context`.
pub(super) fn file_failed(context: &'static str) -> impl Fn(std::io::Error) -> StoreError + Copy {
    move |error| match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Unavailable { reason: format!("{context}: {error}") },
    }
}

/// Returns the error of a write to a store that is open for reading only.
pub(super) fn read_only() -> StoreError {
    StoreError::Unavailable { reason: "it is open for reading only".to_owned() }
}

/// Returns [`StoreError::Damaged`]: the stored data cannot have been written by this program.
pub(super) fn damaged(reason: impl Into<String>) -> StoreError {
    StoreError::Damaged { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_conditions_have_codes_of_their_own() {
        for (result_code, expected) in [
            (rusqlite::ffi::SQLITE_BUSY, "store_busy"),
            (rusqlite::ffi::SQLITE_BUSY_SNAPSHOT, "store_busy"),
            (rusqlite::ffi::SQLITE_LOCKED, "store_busy"),
            (rusqlite::ffi::SQLITE_FULL, "disk_full"),
            (rusqlite::ffi::SQLITE_READONLY, "store_unavailable"),
            (rusqlite::ffi::SQLITE_CANTOPEN, "store_unavailable"),
            (rusqlite::ffi::SQLITE_IOERR_WRITE, "store_unavailable"),
            (rusqlite::ffi::SQLITE_IOERR_FSYNC, "store_unavailable"),
            (rusqlite::ffi::SQLITE_CORRUPT, "store_damaged"),
            (rusqlite::ffi::SQLITE_NOTADB, "store_damaged"),
            (rusqlite::ffi::SQLITE_CONSTRAINT, "database_failed"),
        ] {
            let error = rusqlite::ffi::Error::new(result_code);
            let error = rusqlite::Error::SqliteFailure(error, None);
            assert_eq!(failed("trying")(error).code(), expected, "{result_code}");
        }
    }
}
