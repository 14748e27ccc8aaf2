//! Standard error as the destination of the log. If its disk is full or its reader is gone or
//! blocked, lines are dropped and counted, and nothing waits.

use std::io::Write;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Time that a line may wait for room. If the previous line was dropped, it does not wait.
const WRITE_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// Number of bytes that a pipe with any room accepts without waiting (POSIX: `PIPE_BUF`, on Linux).
const PIECE_BYTES: usize = 4096;

/// Writer of log lines to `to`.
pub(super) struct LogOutput<W> {
    to: W,
    lost: u64,
    is_cut: bool,
}

impl<W: Write + AsFd> LogOutput<W> {
    /// Creates an output without lost lines.
    pub(super) fn new(to: W) -> Self {
        Self { to, lost: 0, is_cut: false }
    }

    /// Writes a line, or drops and counts it.
    pub(super) fn write(&mut self, line: &[u8]) {
        if self.lost > 0 {
            let note = format!("{} log lines were lost\n", self.lost);
            if !self.try_write(note.as_bytes()) {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if !self.try_write(line) {
            self.lost += 1;
        }
    }

    fn try_write(&mut self, line: &[u8]) -> bool {
        if self.is_cut {
            if !self.has_room() || self.to.write_all(b"\n").is_err() {
                return false;
            }
            self.is_cut = false;
        }
        for (number, piece) in line.chunks(PIECE_BYTES).enumerate() {
            if !self.has_room() || self.to.write_all(piece).is_err() {
                self.is_cut |= number > 0;
                return false;
            }
        }
        true
    }

    fn has_room(&self) -> bool {
        let patience = if self.lost == 0 { WRITE_WAIT } else { NO_WAIT };
        let mut wanted = [PollFd::new(&self.to, PollFlags::OUT)];
        // poll reports a closed pipe as ready; the write then fails.
        poll(&mut wanted, Some(&patience)).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, pipe};

    use super::*;

    #[test]
    fn lines_are_written_as_they_are() {
        let (mut reader, writer) = pipe().unwrap();
        let mut output = LogOutput::new(writer);
        let long = format!("{}\n", "x".repeat(3 * PIECE_BYTES));
        output.write(b"one\n");
        output.write(long.as_bytes());
        drop(output);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, format!("one\n{long}"));
    }

    #[test]
    fn nobody_waits_for_a_reader_that_is_stuck_and_what_is_lost_is_counted() {
        let (mut reader, writer) = pipe().unwrap();
        let mut output = LogOutput::new(writer);
        let line = format!("{}\n", "x".repeat(999));
        let mut written = 0;
        while output.lost == 0 {
            output.write(line.as_bytes());
            written += 1;
        }
        for _ in 0..10_000 {
            output.write(line.as_bytes());
        }
        assert_eq!(output.lost, 10_001);
        let mut room = vec![0; 8 * PIECE_BYTES];
        reader.read_exact(&mut room).unwrap();
        output.write(b"back\n");
        drop(output);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert!(
            rest.ends_with("10001 log lines were lost\nback\n"),
            "{}",
            &rest[rest.len() - 99..]
        );
        let whole = room.len() + rest.len();
        assert_eq!(whole, (written - 1) * line.len() + "10001 log lines were lost\nback\n".len());
    }

    #[test]
    fn a_closed_pipe_and_a_full_disk_cost_lines_only() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut output = LogOutput::new(writer);
        output.write(b"one\n");
        assert_eq!(output.lost, 1);
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        let mut output = LogOutput::new(full);
        output.write(b"one\n");
        output.write(b"two\n");
        assert_eq!(output.lost, 2);
    }
}
