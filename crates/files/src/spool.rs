//! Temporary storage for rows that were read and checked, until they can be stored. A small spool
//! stays in memory; a large one goes to an unnamed temporary file, compressed. Whoever stores the
//! rows therefore waits for nothing but the store.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use model::catalogue::{ID, Table, tables};
use model::cell::Cell;
use model::import::{Change, InputRow};
use tempfile::SpooledTempFile;

/// The number of compressed bytes above which a spool moves from memory to a file.
const MEMORY_BYTES_MAX: usize = 1 << 20;

/// The fastest level is enough, because rows resemble each other.
const ZSTD_LEVEL: i32 = 1;

/// The size of a batch's header: the table's position, the number of changes, the number of bytes.
const HEAD_BYTES: usize = 12;

const UPSERT: u8 = 0;
const DELETE: u8 = 1;

const ABSENT: u8 = 0;
const NULL: u8 = 1;
const INT: u8 = 2;
const TEXT: u8 = 3;

/// A spool that batches of changes are written to.
pub struct ChangeSpool {
    packed: zstd::Encoder<'static, SpooledTempFile>,
    batch: Vec<u8>,
    rows: u64,
}

/// A finished spool: an iterator over the batches, in the order in which they were added.
pub struct SpooledChanges {
    unpacked: zstd::Decoder<'static, io::BufReader<SpooledTempFile>>,
    rows: u64,
}

impl ChangeSpool {
    /// Creates an empty spool. If it needs a file, the file is created in `folder`.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let file = tempfile::spooled_tempfile_in(MEMORY_BYTES_MAX, folder);
        let packed = zstd::Encoder::new(file, ZSTD_LEVEL)?;
        Ok(Self { packed, batch: Vec::new(), rows: 0 })
    }

    /// Adds a batch of changes of one table. Errors: those of the file.
    pub fn push(&mut self, table: &Table, changes: &[Change]) -> io::Result<()> {
        self.batch.clear();
        self.batch.extend_from_slice(&[0; HEAD_BYTES]);
        for change in changes {
            write_change(&mut self.batch, change);
        }
        let bytes = self.batch.len() - HEAD_BYTES;
        for (at, number) in [table.position, changes.len(), bytes].into_iter().enumerate() {
            let number = u32::try_from(number).map_err(io::Error::other)?;
            self.batch[at * 4..at * 4 + 4].copy_from_slice(&number.to_le_bytes());
        }
        self.rows += changes.len() as u64;
        self.packed.write_all(&self.batch)
    }

    /// Ends writing and returns the batches. Errors: those of the file.
    pub fn finish(self) -> io::Result<SpooledChanges> {
        let mut file = self.packed.finish()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(SpooledChanges { unpacked: zstd::Decoder::new(file)?, rows: self.rows })
    }
}

impl SpooledChanges {
    /// Returns the number of changes that were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn next_batch(&mut self) -> io::Result<Option<(&'static Table, Vec<Change>)>> {
        let mut head = [0; HEAD_BYTES];
        if self.unpacked.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        self.unpacked.read_exact(&mut head[1..])?;
        let mut head = BatchBytes(&head);
        let table = tables().get(head.size()?).ok_or_else(damaged)?;
        let (count, length) = (head.size()?, head.size()?);
        let mut bytes = vec![0; length];
        self.unpacked.read_exact(&mut bytes)?;
        let mut bytes = BatchBytes(&bytes);
        let changes = (0..count).map(|_| read_change(&mut bytes, table)).collect::<Result<_, _>>();
        Ok(Some((table, changes?)))
    }
}

impl Iterator for SpooledChanges {
    type Item = io::Result<(&'static Table, Vec<Change>)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

fn write_change(out: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Upsert(row) => {
            out.push(UPSERT);
            out.extend_from_slice(&row.line.to_le_bytes());
            for cell in &row.cells {
                write_cell(out, cell);
            }
        }
        Change::Delete { id, line } => {
            out.push(DELETE);
            out.extend_from_slice(&line.to_le_bytes());
            out.extend_from_slice(&id.to_le_bytes());
        }
    }
}

fn write_cell(out: &mut Vec<u8>, cell: &Cell) {
    match cell {
        Cell::Absent => out.push(ABSENT),
        Cell::Null => out.push(NULL),
        Cell::Int(value) => {
            out.push(INT);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Cell::Text(text) => {
            out.push(TEXT);
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn read_change(bytes: &mut BatchBytes<'_>, table: &Table) -> io::Result<Change> {
    let [kind] = bytes.take()?;
    let line = u64::from_le_bytes(bytes.take()?);
    match kind {
        UPSERT => {
            let cells = (0..table.columns.len()).map(|_| read_cell(bytes));
            let cells = cells.collect::<io::Result<Vec<_>>>()?;
            let id = cells.get(ID).and_then(Cell::as_int).ok_or_else(damaged)?;
            Ok(Change::Upsert(InputRow { id, line, cells }))
        }
        DELETE => Ok(Change::Delete { id: i64::from_le_bytes(bytes.take()?), line }),
        _ => Err(damaged()),
    }
}

fn read_cell(bytes: &mut BatchBytes<'_>) -> io::Result<Cell> {
    let [kind] = bytes.take()?;
    Ok(match kind {
        ABSENT => Cell::Absent,
        NULL => Cell::Null,
        INT => Cell::Int(i64::from_le_bytes(bytes.take()?)),
        TEXT => {
            let length = u64::from_le_bytes(bytes.take()?);
            let length = usize::try_from(length).map_err(|_| damaged())?;
            let text = bytes.0.split_off(..length).ok_or_else(damaged)?;
            Cell::text(std::str::from_utf8(text).map_err(|_| damaged())?)
        }
        _ => return Err(damaged()),
    })
}

/// The bytes of a batch that are not decoded yet.
struct BatchBytes<'b>(&'b [u8]);

impl BatchBytes<'_> {
    fn take<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn size(&mut self) -> io::Result<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).map_err(|_| damaged())
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a temporary file was changed or is damaged")
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Absent),
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Int),
            any::<String>().prop_map(Cell::text),
        ]
    }

    fn change(table: &'static Table) -> impl Strategy<Value = Change> {
        let upsert = (any::<i64>(), any::<u64>(), vec(cell(), table.columns.len()));
        prop_oneof![
            upsert.prop_map(|(id, line, mut cells)| {
                cells[ID] = Cell::Int(id);
                Change::Upsert(InputRow { id, line, cells })
            }),
            (any::<i64>(), any::<u64>()).prop_map(|(id, line)| Change::Delete { id, line }),
        ]
    }

    fn batch() -> impl Strategy<Value = (&'static Table, Vec<Change>)> {
        (0..tables().len()).prop_flat_map(|position| {
            vec(change(&tables()[position]), 1..5).prop_map(move |rows| (&tables()[position], rows))
        })
    }

    fn given_back(batches: &[(&'static Table, Vec<Change>)]) -> Vec<(&'static str, Vec<Change>)> {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = ChangeSpool::new(folder.path()).unwrap();
        for (table, changes) in batches {
            spool.push(table, changes).unwrap();
        }
        let spooled = spool.finish().unwrap();
        assert_eq!(spooled.rows(), batches.iter().map(|(_, rows)| rows.len() as u64).sum::<u64>());
        let batches = spooled.map(|batch| batch.map(|(table, changes)| (table.name, changes)));
        batches.collect::<io::Result<_>>().unwrap()
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(batches in vec(batch(), 0..4)) {
            let expected: Vec<_> = batches.iter().map(|(table, rows)| (table.name, rows.clone())).collect();
            prop_assert_eq!(given_back(&batches), expected);
        }
    }

    #[test]
    fn what_is_large_goes_through_a_file() {
        let table = model::catalogue::table("sites").unwrap();
        let row = |id: i64| {
            let mut cells = vec![Cell::Absent; table.columns.len()];
            // Little that packs.
            let text: String = (0..40)
                .map(|n| format!("{:x}", (id * 40 + n).wrapping_mul(0x09E3_779B_97F4_A7C1)))
                .collect();
            cells[ID] = Cell::Int(id);
            cells[1] = Cell::text(text);
            Change::Upsert(InputRow { id, line: id.unsigned_abs(), cells })
        };
        let batches: Vec<_> = (0..40)
            .map(|n| (table, (n * 100..n * 100 + 100).map(row).collect::<Vec<_>>()))
            .collect();
        let expected: Vec<_> =
            batches.iter().map(|(table, rows)| (table.name, rows.clone())).collect();
        assert_eq!(given_back(&batches), expected);
    }

    #[test]
    fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = ChangeSpool::new(folder.path()).unwrap();
        let table = model::catalogue::table("sites").unwrap();
        spool.push(table, &[Change::Delete { id: 1, line: 1 }]).unwrap();
        let head = spool.batch[..HEAD_BYTES].to_vec();
        for bytes in [vec![7], head.clone(), [&head[..], &[9; 17]].concat(), vec![0xFF; 12]] {
            let mut file = tempfile::spooled_tempfile_in(MEMORY_BYTES_MAX, folder.path());
            file.write_all(&zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            let mut spooled =
                SpooledChanges { unpacked: zstd::Decoder::new(file).unwrap(), rows: 1 };
            spooled.next().unwrap().unwrap_err();
        }
    }
}
