//! Reads bytes as an import, and shows what came of it.

use std::io::{Cursor, Read};

use files::format::Compression;
use files::read::{DecodedBatches, ImportInput, ImportMode, InputSource, read_table, read_tables};
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

/// Returns what came of an input as text: the changes and errors; the error alone if the input is
/// broken somewhere, because rows before that place may be given or not.
fn outcome(batches: DecodedBatches) -> String {
    let mut text = String::new();
    for batch in batches {
        match batch {
            Ok(decoded) => text.push_str(&format!("{decoded:?}\n")),
            Err(error) => return format!("{error:?}"),
        }
    }
    text
}

/// Returns what came of one table's rows.
pub fn rows_of(table: &str, bytes: &[u8], size: usize, format: FileFormat) -> String {
    let table = catalogue::table(table).expect("the table is in the catalogue");
    match read_table(table, ImportMode::Upsert, input(bytes, size, format)) {
        Ok(batches) => outcome(batches),
        Err(error) => format!("{error:?}"),
    }
}

/// Returns what came of rows of many tables.
#[allow(dead_code, reason = "not every target reads many tables")]
pub fn rows_of_many(bytes: &[u8], size: usize, format: FileFormat) -> String {
    outcome(read_tables(input(bytes, size, format)))
}
