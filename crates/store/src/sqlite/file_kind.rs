//! The two files of a store: records and jobs.
//!
//! Background jobs and notices have a file of their own. An import holds the write lock of the
//! records file as long as it runs, and queueing a job or renewing a lease must not wait for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The kind of a store's file, with its settings.
pub(super) struct FileKind {
    /// Identifies the file as Rollbook's, so that no other program's database is changed.
    pub(super) application_id: i64,
    /// The migrations in order. The position in the list, from 1, is the schema version after it.
    pub(super) migrations: &'static [&'static str],
    pub(super) page_bytes: i64,
    /// The number of pages in the write-ahead log at which a checkpoint runs.
    pub(super) log_pages: i64,
}

/// The file of records, providers, tokens and closed months. Measured: pages of 16 KiB import a
/// tenth faster than pages of 8 KiB, and larger ones gain no more. The id is "Roll" in ASCII.
pub(super) static RECORDS: FileKind = FileKind {
    application_id: 0x526F_6C6C,
    migrations: &[
        include_str!("../../migrations/sqlite/0001_tables.sql"),
        include_str!("../../migrations/sqlite/0002_closed_months.sql"),
    ],
    page_bytes: 16_384,
    log_pages: 4096,
};

/// Returns the migrations of the jobs file.
#[cfg(test)]
pub(crate) fn jobs_file_migrations() -> &'static [&'static str] {
    JOBS.migrations
}

/// The file of jobs, webhooks and deliveries. Its transactions are small and write whole pages, so
/// pages are small too. The id is "RolJ" in ASCII.
pub(super) static JOBS: FileKind = FileKind {
    application_id: 0x526F_6C4A,
    migrations: &[
        include_str!("../../migrations/sqlite-jobs/0001_work.sql"),
        include_str!("../../migrations/sqlite-jobs/0002_turns.sql"),
    ],
    page_bytes: 4096,
    log_pages: 2048,
};

/// Returns the path of the jobs file beside a records file: `rollbook-jobs.db` for `rollbook.db`.
pub(super) fn jobs_file_path(records: &Path) -> PathBuf {
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
            assert_eq!(jobs_file_path(Path::new(records)), Path::new(work));
        }
    }
}
