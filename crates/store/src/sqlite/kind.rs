//! The two files of a store, and what tells them apart.
//!
//! Work in the background has a file of its own: an import holds the write lock of the records
//! for as long as it lasts, and queueing a job or saying that it is alive must not wait for that.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One of the files.
pub(super) struct FileKind {
    /// Marks a file as Rollbook's, so that no other database is written to.
    pub(super) application_id: i64,
    /// Every migration, in order; the position in the list, from 1, is the schema version after
    /// it.
    pub(super) migrations: &'static [&'static str],
    pub(super) page_bytes: i64,
    /// Pages in the log before it is folded into the file.
    pub(super) log_pages: i64,
}

/// Records, providers, tokens, closed months. Measured: 16 KiB pages import a tenth faster than
/// 8 KiB ones, and larger ones gain no more. ("Roll" in ASCII.)
pub(super) static RECORDS: FileKind = FileKind {
    application_id: 0x526F_6C6C,
    migrations: &[
        include_str!("../../migrations/sqlite/0001_tables.sql"),
        include_str!("../../migrations/sqlite/0002_closed_months.sql"),
    ],
    page_bytes: 16_384,
    log_pages: 4096,
};

/// The migrations of the file for work.
#[cfg(test)]
pub(crate) fn work_migrations() -> &'static [&'static str] {
    WORK.migrations
}

/// Jobs, webhooks, deliveries: small transactions, each of which writes whole pages. ("RolJ".)
pub(super) static WORK: FileKind = FileKind {
    application_id: 0x526F_6C4A,
    migrations: &[
        include_str!("../../migrations/sqlite-jobs/0001_work.sql"),
        include_str!("../../migrations/sqlite-jobs/0002_turns.sql"),
    ],
    page_bytes: 4096,
    log_pages: 2048,
};

/// The file of the work, beside the file of the records: `rollbook.db`, `rollbook-jobs.db`.
pub(super) fn work_path(records: &Path) -> PathBuf {
    let mut name = records.file_stem().map_or_else(OsString::new, OsString::from);
    name.push("-jobs");
    if let Some(extension) = records.extension() {
        name.push(".");
        name.push(extension);
    }
    records.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_stands_beside_the_records() {
        for (records, work) in [
            ("/data/rollbook.db", "/data/rollbook-jobs.db"),
            ("backup", "backup-jobs"),
            ("a/b.c.db", "a/b.c-jobs.db"),
        ] {
            assert_eq!(work_path(Path::new(records)), Path::new(work));
        }
    }
}
