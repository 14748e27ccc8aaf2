//! Bytes counted and hashed as they pass, so that no file is read again for it.
//! Rule: spec/exports.md §5.1, §9.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// Hands every byte on to another output.
pub struct HashingWriter<W> {
    inner: W,
    bytes: u64,
    hasher: Sha256,
}

/// What passed through a [`HashingWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigest {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl FileDigest {
    /// The SHA-256 as lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

impl<W: Write> HashingWriter<W> {
    /// Hands bytes on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hasher: Sha256::new() }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends, without flushing: the inner output and what passed.
    pub fn finish(self) -> (W, FileDigest) {
        let digest = FileDigest { bytes: self.bytes, sha256: self.hasher.finalize().into() };
        (self.inner, digest)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
