//! When a data folder was last copied: the file `last-backup` in it, with the time. Written by
//! `rollbook backup` and deploy/backup.sh, shown as a figure and by the doctor.

use std::io;
use std::path::{Path, PathBuf};

use model::time::Instant;

const NAME: &str = "last-backup";

fn path(data: &Path) -> PathBuf {
    data.join(NAME)
}

/// Notes that a copy of the folder was complete at an instant.
pub fn write(data: &Path, at: Instant) -> io::Result<()> {
    std::fs::write(path(data), format!("{at}\n"))
}

/// When the last copy of the folder was complete; none when none is noted.
pub fn read(data: &Path) -> Option<Instant> {
    Instant::parse(std::fs::read_to_string(path(data)).ok()?.trim())
}
