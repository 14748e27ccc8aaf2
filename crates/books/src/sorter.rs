//! External sort of rows: rows that do not fit into memory go to temporary files.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The memory of one sorter, in bytes, before it writes its rows to a file.
const BYTES_IN_MEMORY: usize = 32 << 20;
/// The buffer size per file during the merge.
const READ_BYTES: usize = 64 << 10;

/// A sorter of rows by key.
pub(super) struct RowSorter<const KEY: usize> {
    folder: PathBuf,
    bytes_max: usize,
    rows: Vec<([u8; KEY], usize, usize)>,
    bytes: Vec<u8>,
    runs: Vec<SortedRun>,
}

/// A sorted run of rows.
enum SortedRun {
    Memory(io::Cursor<Vec<u8>>),
    File(BufReader<File>),
}

/// The merged rows of several sorters.
pub(super) struct MergedRows<const KEY: usize> {
    runs: Vec<SortedRun>,
    heads: BinaryHeap<Reverse<([u8; KEY], usize)>>,
}

impl<const KEY: usize> RowSorter<KEY> {
    /// Creates an empty sorter with temporary files in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self::with_memory(folder, BYTES_IN_MEMORY)
    }

    fn with_memory(folder: &Path, bytes_max: usize) -> Self {
        let (rows, bytes, runs) = (Vec::new(), Vec::new(), Vec::new());
        Self { folder: folder.to_owned(), bytes_max, rows, bytes, runs }
    }

    /// Adds a row, whose bytes `write` appends.
    pub(super) fn push(
        &mut self,
        key: [u8; KEY],
        write: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.rows.push((key, start, self.bytes.len()));
        let held = self.bytes.len() + self.rows.len() * size_of::<([u8; KEY], usize, usize)>();
        if held >= self.bytes_max { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut file = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        self.write_sorted(&mut file)?;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        self.runs.push(SortedRun::File(BufReader::with_capacity(READ_BYTES, file)));
        Ok(())
    }

    fn write_sorted(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.rows.sort_unstable();
        for (key, start, end) in self.rows.drain(..) {
            let row = &self.bytes[start..end];
            let length = u32::try_from(row.len()).map_err(io::Error::other)?;
            out.write_all(&key)?;
            out.write_all(&length.to_le_bytes())?;
            out.write_all(row)?;
        }
        self.bytes.clear();
        Ok(())
    }

    /// Merges the rows of all sorters into one order.
    pub(super) fn merge(sorters: Vec<Self>) -> io::Result<MergedRows<KEY>> {
        let mut runs = Vec::new();
        for mut sorter in sorters {
            let mut last = Vec::with_capacity(sorter.bytes.len());
            sorter.write_sorted(&mut last)?;
            runs.append(&mut sorter.runs);
            runs.push(SortedRun::Memory(io::Cursor::new(last)));
        }
        let mut heads = BinaryHeap::new();
        for (position, run) in runs.iter_mut().enumerate() {
            if let Some(key) = run.next_key()? {
                heads.push(Reverse((key, position)));
            }
        }
        Ok(MergedRows { runs, heads })
    }
}

impl<const KEY: usize> MergedRows<KEY> {
    /// Reads the next row into `row` and returns its key, or `None` at the end.
    pub(super) fn next(&mut self, row: &mut Vec<u8>) -> io::Result<Option<[u8; KEY]>> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse((key, position)) = *head;
        let run = &mut self.runs[position];
        run.read_row(row)?;
        match run.next_key()? {
            Some(next) => *head = Reverse((next, position)),
            None => {
                PeekMut::pop(head);
            }
        }
        Ok(Some(key))
    }
}

impl SortedRun {
    fn reader(&mut self) -> &mut dyn Read {
        match self {
            Self::Memory(bytes) => bytes,
            Self::File(file) => file,
        }
    }

    /// Reads the key of the next row. Returns `None` at the end.
    fn next_key<const KEY: usize>(&mut self) -> io::Result<Option<[u8; KEY]>> {
        let mut key = [0; KEY];
        let reader = self.reader();
        let begun = loop {
            match reader.read(&mut key) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                begun => break begun?,
            }
        };
        if begun == 0 && KEY > 0 {
            return Ok(None);
        }
        reader.read_exact(&mut key[begun..])?;
        Ok(Some(key))
    }

    fn read_row(&mut self, row: &mut Vec<u8>) -> io::Result<()> {
        let mut length = [0; 4];
        let reader = self.reader();
        reader.read_exact(&mut length)?;
        row.resize(u32::from_le_bytes(length) as usize, 0);
        reader.read_exact(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns numbers in an irregular order.
    fn numbers(count: u32) -> impl Iterator<Item = u32> {
        (0..count).map(|number| number.wrapping_mul(2_654_435_761))
    }

    #[test]
    fn rows_come_in_order_from_memory_and_files() {
        let folder = tempfile::tempdir().unwrap();
        for bytes_max in [1, 500, 1 << 20] {
            let mut sorters: Vec<_> =
                (0..3).map(|_| RowSorter::with_memory(folder.path(), bytes_max)).collect();
            for (at, number) in numbers(1000).enumerate() {
                let text = number.to_string();
                let write = |out: &mut Vec<u8>| out.extend_from_slice(text.as_bytes());
                sorters[at % 3].push(number.to_be_bytes(), write).unwrap();
            }
            let mut merged = RowSorter::merge(sorters).unwrap();
            let mut expected: Vec<u32> = numbers(1000).collect();
            expected.sort_unstable();
            let mut row = Vec::new();
            for number in expected {
                assert_eq!(merged.next(&mut row).unwrap(), Some(number.to_be_bytes()));
                assert_eq!(row, number.to_string().as_bytes());
            }
            assert_eq!(merged.next(&mut row).unwrap(), None);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_rows_are_no_rows() {
        let folder = tempfile::tempdir().unwrap();
        let sorters = vec![RowSorter::<4>::new(folder.path())];
        assert_eq!(RowSorter::merge(sorters).unwrap().next(&mut Vec::new()).unwrap(), None);
        assert_eq!(RowSorter::<4>::merge(vec![]).unwrap().next(&mut Vec::new()).unwrap(), None);
    }
}
