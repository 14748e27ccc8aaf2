//! Segment files in blocks. The manifest has a checksum for each block, and every byte that is read
//! is verified with it.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::reader::{ChunkReader, Length};

use crate::block_checksums::{BLOCK_BYTES, BlockChecksums};
use crate::error::MirrorError;
use crate::segment::Segment;

/// Writes a file and computes the checksums of its blocks while writing.
pub(crate) struct BlockWriter {
    file: BufWriter<File>,
    finished: Vec<u32>,
    block: crc32fast::Hasher,
    bytes: u64,
}

impl BlockWriter {
    pub(crate) fn new(file: File) -> Self {
        let file = BufWriter::with_capacity(1 << 18, file);
        Self { file, finished: Vec::new(), block: crc32fast::Hasher::new(), bytes: 0 }
    }

    /// Flushes the content to disk and returns its size and checksums.
    pub(crate) fn finish(mut self) -> std::io::Result<(u64, BlockChecksums)> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if !self.bytes.is_multiple_of(BLOCK_BYTES) {
            self.end_block();
        }
        Ok((self.bytes, BlockChecksums(self.finished.into())))
    }

    fn end_block(&mut self) {
        self.finished.push(std::mem::take(&mut self.block).finalize());
    }
}

impl Write for BlockWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = BLOCK_BYTES - self.bytes % BLOCK_BYTES;
        let taken = &bytes[..bytes.len().min(room as usize)];
        self.file.write_all(taken)?;
        self.block.update(taken);
        self.bytes += taken.len() as u64;
        if taken.len() as u64 == room {
            self.end_block();
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// An open segment file. A read returns exactly what was written, or fails and marks the segment as
/// damaged.
pub(crate) struct SegmentFile {
    segment: Arc<Segment>,
    file: File,
}

impl SegmentFile {
    pub(crate) fn new(segment: Arc<Segment>, file: File) -> Self {
        Self { segment, file }
    }

    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Returns the size of the file on disk, in bytes.
    pub(crate) fn size_on_disk(&self) -> Result<u64, MirrorError> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|error| MirrorError::file(&self.segment.entry.file, error));
        metadata.map(|metadata| metadata.len())
    }

    /// Reads a range of bytes.
    pub(crate) fn read(&self, range: &Range<u64>) -> Result<Bytes, MirrorError> {
        self.segment.mark_if_damaged(self.read_blocks(range))
    }

    /// Reads the whole file to compare it with its checksums.
    pub(crate) fn check(&self) -> Result<(), MirrorError> {
        const BYTES_AT_A_TIME: u64 = BLOCK_BYTES * 32;
        let mut start = 0;
        while start < self.segment.entry.bytes {
            let end = (start + BYTES_AT_A_TIME).min(self.segment.entry.bytes);
            self.read(&(start..end))?;
            start = end;
        }
        Ok(())
    }

    fn read_blocks(&self, range: &Range<u64>) -> Result<Bytes, MirrorError> {
        let entry = &self.segment.entry;
        if range.start > range.end || range.end > entry.bytes {
            return Err(self.segment.damaged("is read past its end"));
        }
        let first = range.start / BLOCK_BYTES;
        let start = first * BLOCK_BYTES;
        let end = range.end.next_multiple_of(BLOCK_BYTES).min(entry.bytes).max(start);
        let mut content = vec![0; (end - start) as usize];
        let outcome = self.file.read_exact_at(&mut content, start);
        outcome.map_err(|error| MirrorError::file(&entry.file, error))?;
        if !entry.checksums.agree(first, &content) {
            return Err(self.segment.damaged("has a wrong checksum"));
        }
        let inner = (range.start - start) as usize..(range.end - start) as usize;
        Ok(Bytes::from(content).slice(inner))
    }
}

impl Length for SegmentFile {
    fn len(&self) -> u64 {
        self.segment.entry.bytes
    }
}

impl ChunkReader for SegmentFile {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        // The Parquet reader asks for an open-ended read only for a page header. One block is
        // usually more than enough; further blocks are read when needed.
        let file = Self::new(Arc::clone(&self.segment), self.file.try_clone()?);
        Ok(Box::new(SequentialReader { file, next: start, block: Bytes::new() }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.read(&(start..start + length as u64)).map_err(MirrorError::into_parquet)
    }
}

/// Reads a segment file sequentially from a given offset, one block at a time.
struct SequentialReader {
    file: SegmentFile,
    next: u64,
    block: Bytes,
}

impl Read for SequentialReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.segment.entry.bytes;
        if self.block.is_empty() && self.next < length {
            let end = (self.next + 1).next_multiple_of(BLOCK_BYTES).min(length);
            self.block = self.file.read(&(self.next..end)).map_err(std::io::Error::other)?;
            self.next = end;
        }
        let count = buffer.len().min(self.block.len());
        self.block.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: &[u8]) -> (u64, BlockChecksums) {
        let mut writer = BlockWriter::new(tempfile::tempfile().unwrap());
        for part in content.chunks(10_000) {
            writer.write_all(part).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn there_is_a_checksum_for_each_block() {
        for bytes in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 5 * BLOCK_BYTES] {
            let content = vec![7; bytes as usize];
            let (size, checksums) = written(&content);
            assert_eq!((size, checksums.0.len() as u64), (bytes, bytes.div_ceil(BLOCK_BYTES)));
            assert!(checksums.cover(bytes) && checksums.agree(0, &content), "{bytes}");
        }
    }

    #[test]
    fn each_flipped_bit_shows() {
        let mut content: Vec<u8> = (0..2 * BLOCK_BYTES as u32 + 77).map(|i| i as u8).collect();
        let (_, checksums) = written(&content);
        for bit in (0..content.len() * 8).step_by(131) {
            content[bit / 8] ^= 1 << (bit % 8);
            assert!(!checksums.agree(0, &content), "bit {bit}");
            content[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(checksums.agree(0, &content));
        assert!(!checksums.agree(1, &content), "blocks in another place");
    }

    #[test]
    fn checksums_are_text_in_the_manifest() {
        let checksums = BlockChecksums([0, 1, u32::MAX].into());
        let text = serde_json::to_string(&checksums).unwrap();
        assert_eq!(text, "\"0000000000000001ffffffff\"");
        assert_eq!(serde_json::from_str::<BlockChecksums>(&text).unwrap(), checksums);
        for wrong in ["\"0000000\"", "\"0000000g\"", "\"00000000 \""] {
            assert!(serde_json::from_str::<BlockChecksums>(wrong).is_err(), "{wrong}");
        }
    }
}
