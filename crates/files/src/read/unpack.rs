//! Decompression that notices damage and bounds the unpacked size.

use std::io::{self, BufReader, Read};

use model::import::{ImportCode, ImportError};

use super::ReadError;
use super::input::{Counted, Input, Progress, Source};
use super::json_array::JsonArray;
use crate::format::{Compression, Format};

const PACKED_BUFFER_BYTES: usize = 128 << 10;

/// What can go wrong while unpacking; becomes a [`ReadError`] where the line is known.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    Damaged(String),
    /// The JSON array around the rows is wrong.
    NoArray(String),
    TooLarge {
        bytes_max: u64,
    },
}

impl Fault {
    /// The error that ends reading, met on this line.
    pub(super) fn at(self, table: Option<&str>, line: Option<u64>) -> ReadError {
        match self {
            Self::Io(error) => ReadError::Io(error),
            Self::TooLarge { bytes_max } => ReadError::TooLarge { bytes_max },
            Self::Damaged(message) => broken(ImportCode::CompressionInvalid, message, table, line),
            Self::NoArray(message) => broken(ImportCode::JsonInvalid, message, table, line),
        }
    }
}

fn broken(code: ImportCode, message: String, table: Option<&str>, line: Option<u64>) -> ReadError {
    let (table, id, column) = (table.map(str::to_owned), None, None);
    ReadError::Broken(Box::new(ImportError { table, line, id, column, code, message }))
}

/// The unpacked bytes of an input.
pub(super) struct Unpacked {
    stream: Box<dyn Read + Send>,
    compression: Compression,
    /// What makes lines of the bytes, when they are a JSON array.
    array: Option<JsonArray>,
    progress: Progress,
    bytes: u64,
    bytes_max: Option<u64>,
}

impl Unpacked {
    pub(super) fn new(input: Input) -> Self {
        let progress = input.progress();
        let Input { source, format, compression, unpacked_bytes_max: bytes_max, .. } = input;
        let stream = unpacking(source, compression, progress.clone());
        let array = (format == Format::Json).then(JsonArray::new);
        Self { stream, compression, array, progress, bytes: 0, bytes_max }
    }

    /// Reads some bytes; 0 only at the true end of the input.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let count = loop {
            match self.stream.read(buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error)),
            }
        };
        if count == 0 && self.compression != Compression::None && self.progress.bytes_read() == 0 {
            return Err(Fault::Damaged("the compressed input is empty".to_owned()));
        }
        self.bytes += count as u64;
        match self.bytes_max {
            Some(bytes_max) if self.bytes > bytes_max => return Err(Fault::TooLarge { bytes_max }),
            _ => {}
        }
        if let Some(array) = &mut self.array {
            let lines = if count == 0 { array.end() } else { array.to_lines(&mut buffer[..count]) };
            lines.map_err(Fault::NoArray)?;
        }
        Ok(count)
    }

    fn fault(&self, error: io::Error) -> Fault {
        let name = match self.compression {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::None => return Fault::Io(error),
        };
        if self.progress.has_failed() {
            return Fault::Io(error);
        }
        Fault::Damaged(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("the {name} data ends early: it is truncated"),
            _ => format!("the {name} data is damaged: {error}"),
        })
    }
}

fn unpacking(source: Source, compression: Compression, progress: Progress) -> Box<dyn Read + Send> {
    let counted = Counted::new(source, progress);
    let buffered = |counted| BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
    match compression {
        Compression::None => Box::new(counted),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(counted))),
        Compression::Zstd => match zstd::stream::read::Decoder::with_buffer(buffered(counted)) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => Box::new(Failed(Some(error))),
        },
    }
}

/// A stream whose decoder could not be made: says so when read.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::ErrorKind::Other.into()))
    }
}
