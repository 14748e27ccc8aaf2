//! Status and reports of the mirror.

use model::id::Revision;
use serde::Serialize;

/// The current status of the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MirrorStatus {
    /// The revision of the current state. New sessions see this revision or a later one.
    pub revision: Revision,
    /// The revision that the segments cover. Later changes are in the delta.
    pub covered: Revision,
    /// The revision of the store's last commit.
    pub store_revision: Revision,
    /// The generation of the segments. Increases each time that segments are written.
    pub generation: u64,
    /// True if a refresh is running.
    pub is_refreshing: bool,
    /// The number of rows written by the running refresh so far, or by the last one.
    pub rows_written: u64,
    /// The number of changes in the delta.
    pub delta_changes: u64,
    /// The status of each table, in catalogue order.
    pub tables: Vec<TableStatus>,
}

/// The status of one table of the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// The table's name.
    pub table: &'static str,
    /// The number of segments.
    pub segments: usize,
    /// The number of rows in the segments.
    pub rows: u64,
    /// The size of the segments, in bytes.
    pub bytes: u64,
    /// The number of rows in the delta.
    pub delta_rows: u64,
    /// The number of ids in the delta, written or deleted.
    pub delta_ids: u64,
}

/// The result of a refresh or rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshReport {
    /// The revision that the segments cover now.
    pub revision: Revision,
    /// The number of segments written.
    pub segments_written: usize,
    /// The number of segments that were not rewritten.
    pub segments_kept: usize,
    /// The number of rows written.
    pub rows_written: u64,
    /// The number of bytes written.
    pub bytes_written: u64,
    /// The duration of the refresh, in milliseconds.
    pub millis: u64,
}

/// The result of a full verification of the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The revision at which mirror and store were compared.
    pub revision: Revision,
    /// The number of segments whose checksums, key order and provider ranges were checked.
    pub segments: usize,
    /// The number of rows compared with the store.
    pub rows: u64,
    /// Descriptions of differences, at most [`DIFFERENCES_LISTED_MAX`]. Empty if there are none.
    pub differences: Vec<String>,
    /// The total number of differences.
    pub difference_count: u64,
}

/// The maximum number of differences that a report describes.
pub const DIFFERENCES_LISTED_MAX: usize = 20;

impl VerifyReport {
    pub(crate) fn new(revision: Revision) -> Self {
        Self { revision, segments: 0, rows: 0, differences: Vec::new(), difference_count: 0 }
    }

    pub(crate) fn differs(&mut self, difference: String) {
        self.difference_count += 1;
        if self.differences.len() < DIFFERENCES_LISTED_MAX {
            self.differences.push(difference);
        }
    }

    /// Returns true if the mirror and the store agree.
    pub fn is_clean(&self) -> bool {
        self.difference_count == 0
    }
}
