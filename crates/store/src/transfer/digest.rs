//! The hash of a table, over the values of its rows. Different contents are never encoded alike.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::value::Value;

/// The content of a table, as its row count and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The number of rows.
    pub rows: u64,
    /// SHA-256 over all rows in the order of their keys, in lower-case hex. It is the same in every
    /// database.
    pub sha256: String,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows ({})", self.rows, self.sha256)
    }
}

#[derive(Default)]
pub(super) struct Digest {
    hash: Sha256,
    rows: u64,
}

impl Digest {
    /// Adds one row. Rows must come in the order of their keys.
    pub(super) fn add(&mut self, row: &[Value<'_>]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Null => self.hash.update([0]),
                Value::Int(value) => {
                    self.hash.update([1]);
                    self.hash.update(value.to_be_bytes());
                }
                Value::Text(text) => self.add_bytes(2, text.as_bytes()),
                Value::Bytes(bytes) => self.add_bytes(3, bytes),
            }
        }
    }

    fn add_bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }

    pub(super) fn finish(self) -> Content {
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Content { rows: self.rows, sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_rows_have_different_hashes() {
        let hash = |rows: &[&[Value<'_>]]| {
            let mut digest = Digest::default();
            rows.iter().for_each(|row| digest.add(row));
            digest.finish().sha256
        };
        let all = [
            hash(&[]),
            hash(&[&[Value::Null]]),
            hash(&[&[Value::Int(0)]]),
            hash(&[&[Value::Text("")]]),
            hash(&[&[Value::Bytes(b"")]]),
            hash(&[&[Value::Text("ab"), Value::Text("c")]]),
            hash(&[&[Value::Text("a"), Value::Text("bc")]]),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
