//! Decompression that detects damage and limits the unpacked size.

use std::io::{self, BufReader, Read};

use model::file_format::FileFormat;
use model::import::{ImportCode, ImportError};

use super::input::{CountedSource, ImportInput, InputSource, ReadProgress, UnpackLimits};
use super::json_array::JsonArray;
use super::{RATIO_FREE_BYTES, ReadError};
use crate::format::Compression;

const PACKED_BUFFER_BYTES: usize = 128 << 10;

/// An error of unpacking. It becomes a [`ReadError`] where the line is known.
#[derive(Debug)]
pub(super) enum UnpackError {
    Io(io::Error),
    Damaged(String),
    /// The JSON array around the rows is malformed.
    NoArray(String),
    TooLarge {
        bytes_max: u64,
    },
    TooDense {
        ratio_max: u64,
    },
}

impl UnpackError {
    /// Returns the error that ends reading. `line` is the line at which it occurred.
    pub(super) fn at(self, table: Option<&str>, line: Option<u64>) -> ReadError {
        match self {
            Self::Io(error) => ReadError::Io(error),
            Self::TooLarge { bytes_max } => ReadError::TooLarge { bytes_max },
            Self::TooDense { ratio_max } => ReadError::TooDense { ratio_max },
            Self::Damaged(message) => broken(ImportCode::CompressionInvalid, message, table, line),
            Self::NoArray(message) => broken(ImportCode::JsonInvalid, message, table, line),
        }
    }
}

fn broken(code: ImportCode, message: String, table: Option<&str>, line: Option<u64>) -> ReadError {
    let (table, id, column) = (table.map(str::to_owned), None, None);
    ReadError::Broken(Box::new(ImportError { table, line, id, column, code, message }))
}

/// A counter of unpacked bytes that enforces the limits of an input.
pub(super) struct UnpackBudget {
    bounds: UnpackLimits,
    bytes: u64,
}

impl UnpackBudget {
    pub(super) fn new(bounds: UnpackLimits) -> Self {
        Self { bounds, bytes: 0 }
    }

    /// Counts further unpacked bytes. `packed` is the number of packed bytes read so far.
    pub(super) fn spend(&mut self, bytes: u64, packed: u64) -> Result<(), UnpackError> {
        self.bytes = self.bytes.saturating_add(bytes);
        let is_past = |bytes_max: u64| self.bytes > bytes_max;
        match self.bounds {
            UnpackLimits { bytes_max: Some(bytes_max), .. } if is_past(bytes_max) => {
                Err(UnpackError::TooLarge { bytes_max })
            }
            UnpackLimits { ratio_max: Some(ratio_max), .. }
                if is_past(packed.saturating_mul(ratio_max).max(RATIO_FREE_BYTES)) =>
            {
                Err(UnpackError::TooDense { ratio_max })
            }
            _ => Ok(()),
        }
    }
}

/// The unpacked bytes of an input.
pub(super) struct UnpackedStream {
    stream: Box<dyn Read + Send>,
    compression: Compression,
    /// The converter to lines, if the input is a JSON array.
    array: Option<JsonArray>,
    /// The error of the array right after the bytes that were read last. It is returned once the
    /// rows before it are read, so that its line does not depend on how the bytes arrive.
    array_error: Option<String>,
    progress: ReadProgress,
    budget: UnpackBudget,
}

impl UnpackedStream {
    pub(super) fn new(input: ImportInput) -> Self {
        let progress = input.progress();
        let ImportInput { source, format, compression, bounds, .. } = input;
        let stream = open_decompressor(source, compression, bounds, progress.clone());
        let array = (format == FileFormat::Json).then(JsonArray::new);
        Self {
            stream,
            compression,
            array,
            array_error: None,
            progress,
            budget: UnpackBudget::new(bounds),
        }
    }

    /// Reads some bytes. Returns 0 only at the true end of the input.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, UnpackError> {
        if self.progress.is_stopped() {
            return Err(UnpackError::Io(io::Error::other("reading was stopped")));
        }
        if let Some(message) = self.array_error.take() {
            return Err(UnpackError::NoArray(message));
        }
        let count = loop {
            match self.stream.read(buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error)),
            }
        };
        if count == 0 && self.compression != Compression::None && self.progress.bytes_read() == 0 {
            return Err(UnpackError::Damaged("the compressed input is empty".to_owned()));
        }
        self.budget.spend(count as u64, self.progress.bytes_read())?;
        let Some(array) = &mut self.array else { return Ok(count) };
        if count == 0 {
            array.end().map_err(UnpackError::NoArray)?;
            return Ok(0);
        }
        match array.convert_to_lines(&mut buffer[..count]) {
            (_, None) => Ok(count),
            (0, Some(message)) => Err(UnpackError::NoArray(message)),
            (count, message) => {
                self.array_error = message;
                Ok(count)
            }
        }
    }

    fn fault(&self, error: io::Error) -> UnpackError {
        let name = match self.compression {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::None => return UnpackError::Io(error),
        };
        if self.progress.has_failed() {
            return UnpackError::Io(error);
        }
        UnpackError::Damaged(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("the {name} data ends early: it is truncated"),
            // The library has no error kind for this.
            _ if error.to_string().contains("too much memory") => "unpacking the zstd data needs \
                too much memory: pack it with a lower level (zstd -19 or less, without --long)"
                .to_owned(),
            _ => format!("the {name} data is damaged: {error}"),
        })
    }
}

fn open_decompressor(
    source: InputSource,
    compression: Compression,
    bounds: UnpackLimits,
    progress: ReadProgress,
) -> Box<dyn Read + Send> {
    let counted = CountedSource::new(source, progress);
    let buffered = |counted| BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
    match compression {
        Compression::None => Box::new(counted),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(counted))),
        Compression::Zstd => match zstd_decoder(buffered(counted), bounds) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => Box::new(FailedStream(Some(error))),
        },
    }
}

fn zstd_decoder(
    packed: BufReader<CountedSource>,
    bounds: UnpackLimits,
) -> io::Result<zstd::Decoder<'static, BufReader<CountedSource>>> {
    let mut decoder = zstd::Decoder::with_buffer(packed)?;
    if let Some(log) = bounds.zstd_window_log_max {
        decoder.window_log_max(log)?;
    }
    Ok(decoder)
}

/// A stream whose decoder could not be created. Reading it fails with the error.
struct FailedStream(Option<io::Error>);

impl Read for FailedStream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::ErrorKind::Other.into()))
    }
}
