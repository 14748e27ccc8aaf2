//! What the mirror says of itself.

use model::id::Revision;
use serde::Serialize;

/// How the mirror stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MirrorStatus {
    /// Revision that sessions see at least.
    pub revision: Revision,
    /// Revision that the segments cover; the delta covers the rest.
    pub covered: Revision,
    /// Revision of the store's last commit.
    pub store_revision: Revision,
    /// One more each time segments were written.
    pub generation: u64,
    /// Whether segments are being written now.
    pub is_refreshing: bool,
    /// Rows written so far by the refresh that runs, else by the last one.
    pub rows_written: u64,
    /// Changes in the delta.
    pub delta_changes: u64,
    /// All tables, in catalogue order.
    pub tables: Vec<TableStatus>,
}

/// How one table of the mirror stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub table: &'static str,
    /// Segments.
    pub segments: usize,
    /// Rows in segments.
    pub rows: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Rows in the delta.
    pub delta_rows: u64,
    /// Ids in the delta, written or deleted.
    pub delta_ids: u64,
}

/// What a refresh or rebuild did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshReport {
    /// Revision that the segments cover now.
    pub revision: Revision,
    /// Segments written.
    pub segments_written: usize,
    /// Segments left as they were.
    pub segments_kept: usize,
    /// Rows written.
    pub rows_written: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What a full check of the mirror found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The revision at which mirror and store were compared.
    pub revision: Revision,
    /// Segments whose checksum, order and ranges were checked.
    pub segments: usize,
    /// Rows compared with the store.
    pub rows: u64,
    /// What is wrong, in words, at most [`DIFFERENCES_LISTED_MAX`]; empty = all is well.
    pub differences: Vec<String>,
    /// How many differences there are in all.
    pub difference_count: u64,
}

/// How many differences a report spells out.
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

    /// Whether mirror and store agree.
    pub fn is_clean(&self) -> bool {
        self.difference_count == 0
    }
}
