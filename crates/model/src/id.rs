//! Identifiers. Rule: spec/data-model.md §1.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Greatest id a caller may use: the largest integer that JSON readers keep exactly, 2^53 - 1.
pub const MAX_ID: i64 = (1 << 53) - 1;

/// Returns true if `id` is one that a caller may use: 1..=2^53-1.
pub fn is_valid_id(id: i64) -> bool {
    (1..=MAX_ID).contains(&id)
}

/// The id of a provider (tenant). Every row carries one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderId(pub i64);

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a commit. Each database has one strictly increasing counter; 0 means that nothing
/// has been written yet.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub i64);

impl Revision {
    /// Returns the revision of the next commit.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
