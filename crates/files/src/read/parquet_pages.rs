//! Checks of a Parquet file's page sizes before any page is unpacked. The sizes in the file's
//! footer may be wrong, and a page of a few bytes may unpack to gigabytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::thrift::{PageHeader, read_page_header};
use super::unpack::{UnpackBudget, UnpackError};
use super::{BATCH_ROWS_MAX, ReadError};

/// The maximum unpacked size of a page. Usual pages have 1 MiB, the largest 100 MB.
const PAGE_BYTES_MAX: u64 = 128 << 20;

/// The maximum sum of the largest pages of all columns, which are in memory at the same time.
const PAGES_BYTES_MAX: u64 = 512 << 20;

/// The maximum number of values of one list column in one row group: one row may contain them all.
const LIST_VALUES_MAX: u64 = 16 << 20;

/// The approximate number of bytes that are unpacked for one batch of rows.
const BATCH_BYTES: u64 = 32 << 20;

/// The maximum size of the footer, which is in memory as a whole.
const FOOTER_BYTES_MAX: u32 = 16 << 20;

/// The reason why a file's pages are not read.
pub(super) enum PageRefusal {
    /// The file is damaged or is not supported; the message says why.
    Unreadable(String),
    /// The unpacked size exceeds a limit, or the file could not be read.
    Fault(UnpackError),
}

impl PageRefusal {
    /// Returns the error that ends reading. `broken` converts a message to an error.
    pub(super) fn into_error(
        self,
        table: &str,
        broken: impl FnOnce(String) -> ReadError,
    ) -> ReadError {
        match self {
            Self::Unreadable(message) => broken(message),
            Self::Fault(fault) => fault.at(Some(table), None),
        }
    }
}

impl From<io::Error> for PageRefusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => Self::Unreadable(error.to_string()),
            _ => Self::Fault(UnpackError::Io(error)),
        }
    }
}

/// Checks the size of the file's footer.
pub(super) fn check_footer(file: &mut File) -> Result<(), PageRefusal> {
    let length = file.seek(SeekFrom::End(0))?;
    // Shorter files are left to the library.
    if length >= 8 {
        file.seek(SeekFrom::End(-8))?;
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes)?;
        let footer_bytes = u32::from_le_bytes(bytes);
        if footer_bytes > FOOTER_BYTES_MAX && u64::from(footer_bytes) <= length {
            return Err(PageRefusal::Unreadable(format!(
                "its description of {footer_bytes} bytes is longer than {FOOTER_BYTES_MAX}: write \
                 it with fewer row groups"
            )));
        }
    }
    Ok(())
}

/// Checks the pages of all columns (leaves of the schema) for which `is_read` returns true, and
/// counts their unpacked sizes against `budget`. Returns the number of rows that may be read at
/// once. `packed` is the packed size of the input.
pub(super) fn check_pages(
    file: &File,
    metadata: &ParquetMetaData,
    is_read: impl Fn(usize) -> bool,
    budget: &mut UnpackBudget,
    packed: u64,
) -> Result<usize, PageRefusal> {
    let mut pages = BufReader::with_capacity(4096, file.try_clone()?);
    let columns = metadata.file_metadata().schema_descr().num_columns();
    let mut largest = vec![LargestSizes::default(); columns];
    for group in metadata.row_groups() {
        for (position, column) in group.columns().iter().enumerate().filter(|(p, _)| is_read(*p)) {
            largest[position].measure(&mut pages, column, budget, packed)?;
        }
    }
    let side_by_side: u64 = largest.iter().map(|of| of.dictionary_bytes + of.data_bytes).sum();
    if side_by_side > PAGES_BYTES_MAX {
        return Err(PageRefusal::Unreadable(format!(
            "the largest pages of its columns unpack to {side_by_side} bytes together, more than \
             {PAGES_BYTES_MAX}: write it with smaller pages"
        )));
    }
    let row_bytes: u64 = largest.iter().map(|of| of.value_bytes).sum();
    let rows = BATCH_BYTES.checked_div(row_bytes).unwrap_or(u64::MAX);
    Ok(usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, BATCH_ROWS_MAX))
}

/// The sizes of the largest pages and values of one column.
#[derive(Debug, Clone, Copy, Default)]
struct LargestSizes {
    dictionary_bytes: u64,
    data_bytes: u64,
    /// The largest average size of a value in any page, in bytes.
    value_bytes: u64,
}

impl LargestSizes {
    fn measure(
        &mut self,
        pages: &mut BufReader<File>,
        column: &ColumnChunkMetaData,
        budget: &mut UnpackBudget,
        packed: u64,
    ) -> Result<(), PageRefusal> {
        let is_list = column.column_descr().max_rep_level() > 0;
        let (start, length) = column.byte_range();
        let end = start.saturating_add(length);
        let mut at = pages.seek(SeekFrom::Start(start))?;
        let mut values = 0_u64;
        while at < end {
            let header = read_page_header(pages)?;
            self.add(header, column)?;
            budget.spend(header.unpacked_bytes, packed).map_err(PageRefusal::Fault)?;
            values = values.saturating_add(header.values);
            if is_list && values > LIST_VALUES_MAX {
                return Err(PageRefusal::Unreadable(format!(
                    "a row group has more than {LIST_VALUES_MAX} values in the lists of {}: write \
                     it with smaller row groups",
                    column.column_path()
                )));
            }
            let skipped = i64::try_from(header.packed_bytes).unwrap_or(i64::MAX);
            pages.seek_relative(skipped)?;
            at = pages.stream_position()?;
        }
        Ok(())
    }

    fn add(&mut self, header: PageHeader, column: &ColumnChunkMetaData) -> Result<(), PageRefusal> {
        let PageHeader { unpacked_bytes, values, is_dictionary, .. } = header;
        if unpacked_bytes > PAGE_BYTES_MAX {
            return Err(PageRefusal::Unreadable(format!(
                "a page of {} unpacks to {unpacked_bytes} bytes, more than {PAGE_BYTES_MAX}: write \
                 it with smaller pages",
                column.column_path()
            )));
        }
        if is_dictionary {
            self.dictionary_bytes = self.dictionary_bytes.max(unpacked_bytes);
        } else {
            self.data_bytes = self.data_bytes.max(unpacked_bytes);
            let value_bytes = unpacked_bytes.checked_div(values).unwrap_or(0);
            self.value_bytes = self.value_bytes.max(value_bytes);
        }
        Ok(())
    }
}
