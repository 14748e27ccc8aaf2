//! The identity of a store that is moved, at one revision.

use std::fmt;

use model::id::Revision;
use sha2::{Digest, Sha256};

/// A hash of the store's secret, and the store's revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreFingerprint {
    store: String,
    revision: Revision,
}

impl StoreFingerprint {
    pub(crate) fn new(secret: &[u8; 32], revision: Revision) -> Self {
        let hash = Sha256::digest(secret);
        let store = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { store, revision }
    }

    /// Returns true if `other` names the same store, at whatever revision.
    pub(crate) fn is_same_store(&self, other: &str) -> bool {
        other.split_once('-').is_some_and(|(store, _)| store == self.store)
    }
}

impl fmt::Display for StoreFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.store, self.revision)
    }
}
