//! The time of the last backup of a data folder, in the file `last-backup` in that folder.
//!
//! `rollbook backup` and deploy/backup.sh write it; the metrics and `rollbook doctor` show it.

use std::io;
use std::path::{Path, PathBuf};

use model::time::Instant;

const NAME: &str = "last-backup";

fn path(data: &Path) -> PathBuf {
    data.join(NAME)
}

/// Records that a backup of the folder was complete at this instant.
pub fn record_backup(data: &Path, at: Instant) -> io::Result<()> {
    std::fs::write(path(data), format!("{at}\n"))
}

/// Returns the instant at which the last backup was complete, or `None` if none is recorded.
pub fn read_last_backup(data: &Path) -> Option<Instant> {
    Instant::parse(std::fs::read_to_string(path(data)).ok()?.trim())
}
