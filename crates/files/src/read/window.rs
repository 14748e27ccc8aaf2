//! A buffer with the part of a stream that is in memory.

use super::RECORD_BYTES_MAX;
use super::unpack::{UnpackError, UnpackedStream};

const START_BYTES: usize = 256 << 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A buffer over a stream. It grows only to the size that one record may have.
pub(super) struct StreamWindow {
    stream: UnpackedStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    /// An error that occurred after unread bytes. It is returned once they are used.
    fault: Option<UnpackError>,
}

/// The next line of the stream, or the reason why there is none.
pub(super) enum NextLine {
    /// The line's length without the line feed. The caller must then call [`StreamWindow::consume_line`].
    Length(usize),
    /// The line is longer than [`RECORD_BYTES_MAX`] and was skipped.
    TooLong,
    /// The input has ended.
    End,
}

impl StreamWindow {
    pub(super) fn new(stream: UnpackedStream) -> Self {
        let buffer = vec![0; START_BYTES];
        Self { stream, buffer, start: 0, end: 0, is_at_end: false, fault: None }
    }

    /// Returns the bytes in memory that are not consumed.
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Returns true if the stream ends after the unread bytes.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Marks the first `count` unread bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads until the buffer is full or the input ends, so that the sizes of the stream's reads
    /// make no difference.
    pub(super) fn fill(&mut self) -> Result<(), UnpackError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize((self.end * 2).min(2 * RECORD_BYTES_MAX), 0);
        }
        let before = self.end;
        while self.end < self.buffer.len() && !self.is_at_end {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.is_at_end = true,
                Ok(count) => self.end += count,
                Err(fault) if self.end > before => {
                    self.fault = Some(fault);
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Skips a byte-order mark. Must be called before anything is consumed.
    pub(super) fn skip_bom(&mut self) -> Result<(), UnpackError> {
        self.fill()?;
        if self.unread().starts_with(BOM) {
            self.consume(BOM.len());
        }
        Ok(())
    }

    /// Finds the next line.
    pub(super) fn next_line(&mut self) -> Result<NextLine, UnpackError> {
        let mut searched = 0;
        loop {
            let unread = self.unread();
            let found = memchr::memchr(b'\n', &unread[searched..]).map(|at| searched + at);
            match found {
                Some(length) if length <= RECORD_BYTES_MAX => return Ok(NextLine::Length(length)),
                None if unread.is_empty() && self.is_at_end => return Ok(NextLine::End),
                None if unread.len() <= RECORD_BYTES_MAX && self.is_at_end => {
                    return Ok(NextLine::Length(unread.len()));
                }
                None if unread.len() <= RECORD_BYTES_MAX => {
                    searched = unread.len();
                    self.fill()?;
                }
                _ => {
                    self.skip_line()?;
                    return Ok(NextLine::TooLong);
                }
            }
        }
    }

    /// Marks a line of `length` bytes and its line feed as used.
    pub(super) fn consume_line(&mut self, length: usize) {
        self.consume(length + 1);
    }

    fn skip_line(&mut self) -> Result<(), UnpackError> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.unread()) {
                self.consume(at + 1);
                return Ok(());
            }
            self.consume(self.unread().len());
            if self.is_at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }
}
