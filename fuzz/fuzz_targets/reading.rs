//! Reads bytes as an import, and shows what came of it.

use std::io::{Cursor, Read};

use files::format::Compression;
use files::read::{ImportInput, ImportMode, InputSource, read_table, read_tables};
use model::catalogue;
use model::file_format::FileFormat;

/// A stream that gives at most so many bytes at a time.
struct SmallReads {
    bytes: Cursor<Vec<u8>>,
    size: usize,
}

impl Read for SmallReads {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.size.min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}

fn input(bytes: &[u8], size: usize, format: FileFormat) -> ImportInput {
    let stream = SmallReads { bytes: Cursor::new(bytes.to_vec()), size };
    ImportInput::new(InputSource::Stream(Box::new(stream)), format, Compression::None)
}

/// Returns the changes and errors of one table's rows, as text.
pub fn rows_of(table: &str, bytes: &[u8], size: usize, format: FileFormat) -> String {
    let table = catalogue::table(table).expect("the table is in the catalogue");
    match read_table(table, ImportMode::Upsert, input(bytes, size, format)) {
        Ok(batches) => batches.map(|batch| format!("{batch:?}\n")).collect(),
        Err(error) => format!("{error:?}"),
    }
}

/// Returns the changes and errors of rows of many tables, as text.
#[allow(dead_code, reason = "not every target reads many tables")]
pub fn rows_of_many(bytes: &[u8], size: usize, format: FileFormat) -> String {
    read_tables(input(bytes, size, format)).map(|batch| format!("{batch:?}\n")).collect()
}
