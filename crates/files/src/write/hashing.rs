//! Computes the size and hash of a file while it is written, so that it need not be read again.
//! Rule: spec/exports.md §5.1, §9.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// A writer that passes all bytes on to another output, and counts and hashes them.
pub struct HashingWriter<W> {
    inner: W,
    bytes: u64,
    hasher: Sha256,
}

/// The size and hash of the bytes that passed through a [`HashingWriter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigest {
    /// The number of bytes.
    pub bytes: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

impl FileDigest {
    /// Returns the SHA-256 as lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

impl<W: Write> HashingWriter<W> {
    /// Creates a writer that passes bytes on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hasher: Sha256::new() }
    }

    /// Returns the number of bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the inner output and the digest. Does not flush.
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
