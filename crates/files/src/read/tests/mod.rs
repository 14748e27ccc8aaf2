//! Tests of the readers, with good and bad input.

mod compressed;
mod csv;
mod fuzz;
mod ndjson;
mod parquet;

use std::io::{Cursor, Read};

use model::catalogue::table;
use model::cell::Cell;
use model::file_format::FileFormat;
use model::import::{Change, ImportCode, InputRow};

use super::{
    Decoded, DecodedBatches, ImportInput, ImportMode, InputSource, ReadError, read_table,
    read_tables,
};
use crate::format::Compression;

/// Everything that was read from one input.
#[derive(Debug, Default, PartialEq, Eq)]
struct ReadOutcome {
    changes: Vec<(&'static str, Change)>,
    errors: Vec<ReportedError>,
    /// The error that ended reading before the end of the input.
    end: Option<ReportedError>,
}

/// The parts of an error that tests compare: code, line, column, id.
type ReportedError = (ImportCode, Option<u64>, Option<String>, Option<i64>);

fn told(error: model::import::ImportError) -> ReportedError {
    (error.code, error.line, error.column, error.id)
}

/// Returns an error with this code and line in `column`.
fn of(code: ImportCode, line: u64, column: &str) -> ReportedError {
    (code, Some(line), (!column.is_empty()).then(|| column.to_owned()), None)
}

impl ReadOutcome {
    fn of(batches: DecodedBatches) -> Self {
        let mut outcome = Self::default();
        for decoded in batches {
            match decoded {
                Ok(Decoded::Changes { table, changes }) => {
                    assert!(!changes.is_empty() && changes.len() <= super::BATCH_ROWS_MAX);
                    outcome.changes.extend(changes.into_iter().map(|change| (table.name, change)));
                }
                Ok(Decoded::Error(error)) => outcome.errors.push(told(error)),
                Err(ReadError::Broken(error)) => outcome.end = Some(told(*error)),
                Err(other) => panic!("{other:?}"),
            }
        }
        outcome
    }

    fn of_open(batches: Result<DecodedBatches, ReadError>) -> Self {
        match batches {
            Ok(batches) => Self::of(batches),
            Err(ReadError::Broken(error)) => Self { end: Some(told(*error)), ..Self::default() },
            Err(other) => panic!("{other:?}"),
        }
    }

    fn ids(&self) -> Vec<i64> {
        let id = |change: &Change| match change {
            Change::Upsert(row) => row.id,
            Change::Delete { id, .. } => *id,
        };
        self.changes.iter().map(|(_, change)| id(change)).collect()
    }
}

/// A stream that gives at most `size` bytes at a time.
struct Chunked {
    bytes: Cursor<Vec<u8>>,
    size: usize,
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.size.min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}

fn input(bytes: impl Into<Vec<u8>>, format: FileFormat, compression: Compression) -> ImportInput {
    chunked(bytes, usize::MAX, format, compression)
}

fn chunked(
    bytes: impl Into<Vec<u8>>,
    size: usize,
    format: FileFormat,
    compression: Compression,
) -> ImportInput {
    let stream = Chunked { bytes: Cursor::new(bytes.into()), size };
    ImportInput::new(InputSource::Stream(Box::new(stream)), format, compression)
}

fn read(name: &str, mode: ImportMode, input: ImportInput) -> ReadOutcome {
    ReadOutcome::of_open(read_table(table(name).unwrap(), mode, input))
}

fn read_csv(name: &str, bytes: impl Into<Vec<u8>>) -> ReadOutcome {
    read(name, ImportMode::Upsert, input(bytes, FileFormat::Csv, Compression::None))
}

fn read_ndjson(name: &str, bytes: impl Into<Vec<u8>>) -> ReadOutcome {
    read(name, ImportMode::Upsert, input(bytes, FileFormat::Ndjson, Compression::None))
}

/// Returns the cells of these columns in the change with this number.
fn cells(outcome: &ReadOutcome, number: usize, columns: &[&str]) -> Vec<Cell> {
    let (name, Change::Upsert(InputRow { cells, .. })) = &outcome.changes[number] else {
        panic!("no row: {outcome:?}");
    };
    let table = table(name).unwrap();
    columns.iter().map(|column| cells[table.position_of(column).unwrap()].clone()).collect()
}

fn lines(outcome: &ReadOutcome) -> Vec<u64> {
    let line = |change: &Change| match change {
        Change::Upsert(row) => row.line,
        Change::Delete { line, .. } => *line,
    };
    outcome.changes.iter().map(|(_, change)| line(change)).collect()
}

#[test]
fn reading_from_many_tables_takes_rows_and_deletions_in_order() {
    let text = concat!(
        "{\"table\":\"sites\",\"row\":{\"id\":1,\"name\":\"A\"}}\n",
        "{\"row\":{\"id\":2,\"name\":\"B\"},\"table\":\"sites\"}\n",
        "{\"table\":\"invoices\",\"delete\":17}\r\n",
        "\n",
        "{\"table\":\"sites\",\"delete\":3}",
    );
    let outcome = ReadOutcome::of(read_tables(input(text, FileFormat::Ndjson, Compression::None)));
    assert_eq!((outcome.errors, outcome.end), (vec![], None));
    let tables: Vec<&str> = outcome.changes.iter().map(|(table, _)| *table).collect();
    assert_eq!(tables, ["sites", "sites", "invoices", "sites"]);
    assert_eq!(outcome.changes[2].1, Change::Delete { id: 17, line: 3 });
    assert_eq!(outcome.changes[3].1, Change::Delete { id: 3, line: 5 });
}

#[test]
fn lines_for_many_tables_say_what_is_wrong_with_them() {
    use ImportCode::*;
    for (line, code, column) in [
        ("{\"table\":\"nope\",\"row\":{\"id\":1}}", TableUnknown, ""),
        ("{\"table\":\"sites\"}", JsonInvalid, ""),
        ("{\"table\":\"sites\",\"row\":{\"id\":1},\"delete\":2}", JsonInvalid, ""),
        ("{\"table\":\"sites\",\"row\":{\"id\":1},\"x\":2}", JsonInvalid, ""),
        ("{\"table\":\"sites\",\"table\":\"sites\",\"delete\":2}", JsonInvalid, ""),
        ("{\"row\":{\"id\":1}}", JsonInvalid, ""),
        ("[]", JsonInvalid, ""),
        ("{\"table\":\"sites\",\"row\":[1]}", JsonInvalid, ""),
        ("{\"table\":\"sites\",\"row\":{\"name\":\"A\"}}", IdInvalid, "id"),
        ("{\"table\":\"sites\",\"delete\":\"2\"}", IdInvalid, "id"),
        ("{\"table\":\"sites\",\"delete\":0}", IdInvalid, "id"),
    ] {
        let text = format!("{line}\n{{\"table\":\"sites\",\"delete\":9}}\n");
        let outcome =
            ReadOutcome::of(read_tables(input(text, FileFormat::Ndjson, Compression::None)));
        assert_eq!(outcome.errors, [of(code, 1, column)], "{line}");
        assert_eq!(outcome.ids(), [9], "{line}");
    }
}

#[test]
fn batches_are_bounded_in_rows_and_bytes() {
    let sizes = |text: String| -> Vec<usize> {
        let sites = table("sites").unwrap();
        let input = input(text, FileFormat::Ndjson, Compression::None);
        let batches = read_table(sites, ImportMode::Upsert, input).unwrap();
        let size = |decoded| match decoded {
            Ok(Decoded::Changes { changes, .. }) => changes.len(),
            other => panic!("{other:?}"),
        };
        batches.map(size).collect()
    };
    let row = |id: usize| format!("{{\"id\":{id},\"name\":\"A\"}}\n");
    assert_eq!(sizes((1..=5000).map(row).collect()), [4096, 904]);
    let long = "x".repeat(1 << 20);
    let row = |id: usize| format!("{{\"id\":{id},\"name\":\"{long}\"}}\n");
    assert_eq!(sizes((1..=6).map(row).collect()), [4, 2]);
}

#[test]
fn progress_tells_bytes_and_rows() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"id,name\n1,A\n,B\n").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let input = ImportInput::new(InputSource::File(file), FileFormat::Csv, Compression::None);
    let batches = read_table(table("sites").unwrap(), ImportMode::Upsert, input).unwrap();
    let progress = batches.progress();
    assert_eq!((progress.bytes_read(), progress.bytes_total()), (0, Some(15)));
    assert_eq!(ReadOutcome::of(batches).ids(), [1]);
    assert_eq!((progress.bytes_read(), progress.rows()), (15, 2));
}

#[test]
fn a_source_that_fails_is_not_taken_for_bad_input() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk"))
        }
    }
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let input =
            ImportInput::new(InputSource::Stream(Box::new(Failing)), FileFormat::Csv, compression);
        let mut batches = read_table(table("sites").unwrap(), ImportMode::Upsert, input).unwrap();
        assert!(matches!(batches.next(), Some(Err(ReadError::Io(_)))), "{compression:?}");
        assert!(batches.next().is_none());
    }
}
