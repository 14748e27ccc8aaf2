//! The options of an opened mirror.

use std::time::Duration;

/// The role of a process with respect to the mirror's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorRole {
    /// The process that maintains the mirror. Only one process can be the writer at a time; it is
    /// the writer for as long as it has the mirror open.
    Writer,
    /// A process that reads beside a writer. If there is no writer, it refreshes by itself when
    /// needed.
    Reader,
}

/// Options for opening a mirror.
#[derive(Debug, Clone)]
pub struct MirrorOptions {
    /// The role of this process.
    pub role: MirrorRole,
    /// The number of changes in the delta at which a background refresh starts. If 1 % of the
    /// mirror's rows is more, that number applies instead.
    pub refresh_after_rows: u64,
    /// The maximum number of changes that the delta may hold in memory. A session that would need
    /// more waits for a refresh.
    pub delta_rows_max: u64,
    /// The maximum number of rows in a segment.
    pub segment_rows: u64,
    /// The maximum number of rows in a row group of a segment.
    pub group_rows: u64,
    /// The maximum time that a reader waits for the writer to refresh.
    pub refresh_wait: Duration,
}

impl MirrorOptions {
    /// Returns the default options for this role.
    pub fn new(role: MirrorRole) -> Self {
        Self {
            role,
            refresh_after_rows: 20_000,
            delta_rows_max: match role {
                MirrorRole::Writer => 200_000,
                // A reader may wait for another process to refresh, so it may go on longer without.
                MirrorRole::Reader => 1_000_000,
            },
            segment_rows: 1 << 20,
            group_rows: 1 << 17,
            refresh_wait: Duration::from_secs(60),
        }
    }
}
