//! The hash of a table, over the values of its rows. Different contents are never encoded alike.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::moved_value::MovedValue;

/// The content of a table, as its row count and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// The number of rows.
    pub rows: u64,
    /// SHA-256 over all rows in the order of their keys, in lower-case hex. It is the same in every
    /// database.
    pub sha256: String,
}

impl fmt::Display for TableDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows ({})", self.rows, self.sha256)
    }
}

#[derive(Default)]
pub(super) struct TableHasher {
    hash: Sha256,
    rows: u64,
}

impl TableHasher {
    /// Adds one row. Rows must come in the order of their keys.
    pub(super) fn add(&mut self, row: &[MovedValue<'_>]) {
        self.rows += 1;
        for value in row {
            match value {
                MovedValue::Null => self.hash.update([0]),
                MovedValue::Int(value) => {
                    self.hash.update([1]);
                    self.hash.update(value.to_be_bytes());
                }
                MovedValue::Text(text) => self.add_bytes(2, text.as_bytes()),
                MovedValue::Bytes(bytes) => self.add_bytes(3, bytes),
            }
        }
    }

    fn add_bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    pub(super) fn finish(self) -> TableDigest {
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        TableDigest { rows: self.rows, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_rows_have_different_hashes() {
        let hash = |rows: &[&[MovedValue<'_>]]| {
            let mut digest = TableHasher::default();
            rows.iter().for_each(|row| digest.add(row));
            digest.finish().sha256
        };
        let all = [
            hash(&[]),
            hash(&[&[MovedValue::Null]]),
            hash(&[&[MovedValue::Int(0)]]),
            hash(&[&[MovedValue::Text("")]]),
            hash(&[&[MovedValue::Bytes(b"")]]),
            hash(&[&[MovedValue::Text("ab"), MovedValue::Text("c")]]),
            hash(&[&[MovedValue::Text("a"), MovedValue::Text("bc")]]),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
