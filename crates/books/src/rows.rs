//! The rows of a package in the order of its files, in a temporary file. It is read once for each
//! member that is written from it.

use std::collections::BTreeMap;
use std::fs::File as DiskFile;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use accounting::invariants::BrokenInvariant;
use accounting::package::FieldValue;
use accounting::package::codec::{decode_fields, encode_fields};
use accounting::posting::codec::{DecodePostingError, decode_posting, encode_posting};
use accounting::{CategoryAmounts, LedgerCategory, LedgerFile, Posting, TrialBalance};
use model::time::Date;
use tempfile::NamedTempFile;

use crate::error::PackageError;

const BUFFER_BYTES: usize = 256 << 10;

/// The stored rows of a package.
pub(super) struct PackageRowFile {
    file: NamedTempFile,
    sections: Vec<FileSection>,
}

/// The section with the rows of one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileSection {
    pub(super) file: LedgerFile,
    start: u64,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) amounts: CategoryAmounts,
}

/// A stored row.
pub(super) struct PostingRow<'b> {
    pub(super) posting: Posting,
    pub(super) fields: Vec<FieldValue<'b>>,
}

/// A function that puts the next row into the buffer and returns the position of its file, or
/// `None` at the end.
pub(super) type NextRow<'n> = dyn FnMut(&mut Vec<u8>) -> Result<Option<usize>, PackageError> + 'n;

impl PackageRowFile {
    /// Writes rows in order to a temporary file in `folder`. `next` puts each row into its buffer
    /// and returns the position of its file, or `None` at the end.
    pub(super) fn write(folder: &Path, next: &mut NextRow<'_>) -> Result<Self, PackageError> {
        let mut file = NamedTempFile::new_in(folder)?;
        let empty = |file| FileSection {
            file,
            start: 0,
            bytes: 0,
            rows: 0,
            amounts: CategoryAmounts::ZERO,
        };
        let mut sections = LedgerFile::ALL.map(empty).to_vec();
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file.as_file_mut());
        let mut row = Vec::new();
        while let Some(place) = next(&mut row)? {
            let section = sections.get_mut(place).ok_or(DecodePostingError)?;
            section.rows += 1;
            section.bytes += 4 + row.len() as u64;
            section.amounts += decode_posting(&mut row.as_slice())?.amounts;
            write_row(&mut out, &row)?;
        }
        out.flush()?;
        drop(out);
        let mut start = 0;
        for section in &mut sections {
            section.start = start;
            start += section.bytes;
        }
        Ok(Self { file, sections })
    }

    /// Opens the file with all rows.
    pub(super) fn reader(&self) -> io::Result<DiskFile> {
        self.file.reopen()
    }

    /// Returns the sections in the order of the files.
    pub(super) fn sections(&self) -> &[FileSection] {
        &self.sections
    }

    /// Checks that the number and the sums of each file's rows equal those of the trial balance.
    pub(super) fn check(&self, balance: &TrialBalance) -> Result<(), BrokenInvariant> {
        let counts = balance.row_counts.iter();
        for (section, count) in self.sections.iter().zip(counts) {
            let what = section.file.as_str();
            check_equal(what, i128::from(section.rows), i128::from(*count))?;
            let summed = balance.file_movement(section.file);
            for category in LedgerCategory::ALL {
                check_equal(what, section.amounts[category], summed[category])?;
            }
        }
        Ok(())
    }

    /// Visits the postings of all sections by date, those of a day in the order of the files.
    pub(super) fn visit_by_date(
        &self,
        visit: &mut dyn FnMut(&Posting) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let sections = self.sections.iter().filter(|section| section.rows > 0);
        let mut readers = sections.map(|s| self.postings(s)).collect::<Result<Vec<_>, _>>()?;
        let mut heads: BTreeMap<(Date, usize), Posting> = BTreeMap::new();
        for (place, reader) in readers.iter_mut().enumerate() {
            heads.extend(reader.next()?.map(|posting| ((posting.date, place), posting)));
        }
        while let Some(((_, place), posting)) = heads.pop_first() {
            visit(&posting)?;
            let next = readers.get_mut(place).map_or(Ok(None), SectionPostings::next)?;
            heads.extend(next.map(|posting| ((posting.date, place), posting)));
        }
        Ok(())
    }

    fn postings(&self, section: &FileSection) -> Result<SectionPostings, PackageError> {
        let mut file: DiskFile = self.file.reopen()?;
        file.seek(SeekFrom::Start(section.start))?;
        let rows = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(SectionPostings { rows, left: section.rows, row: Vec::new() })
    }

    /// Visits the rows of a section in order, until `visit` returns false.
    pub(super) fn visit(
        &self,
        section: &FileSection,
        visit: &mut dyn FnMut(PostingRow<'_>) -> Result<bool, PackageError>,
    ) -> Result<(), PackageError> {
        let mut file: DiskFile = self.file.reopen()?;
        file.seek(SeekFrom::Start(section.start))?;
        let mut rows = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut row = Vec::new();
        for _ in 0..section.rows {
            if !read_row(&mut rows, &mut row)? {
                return Err(DecodePostingError.into());
            }
            if !visit(PostingRow::read(&row)?)? {
                break;
            }
        }
        Ok(())
    }
}

/// A reader of the postings of one section.
struct SectionPostings {
    rows: BufReader<DiskFile>,
    left: u64,
    row: Vec<u8>,
}

impl SectionPostings {
    fn next(&mut self) -> Result<Option<Posting>, PackageError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if read_row(&mut self.rows, &mut self.row)? {
            Ok(Some(decode_posting(&mut self.row.as_slice())?))
        } else {
            Err(DecodePostingError.into())
        }
    }
}

impl<'b> PostingRow<'b> {
    /// Decodes a row.
    pub(super) fn read(mut bytes: &'b [u8]) -> Result<Self, DecodePostingError> {
        let posting = decode_posting(&mut bytes)?;
        let fields = decode_fields(&mut bytes)?;
        Ok(Self { posting, fields })
    }

    /// Appends the bytes of a row to `out`.
    pub(super) fn write(posting: &Posting, fields: &[FieldValue<'_>], out: &mut Vec<u8>) {
        encode_posting(posting, out);
        encode_fields(fields, out);
    }
}

fn write_row(out: &mut dyn Write, row: &[u8]) -> io::Result<()> {
    out.write_all(&u32::try_from(row.len()).map_err(io::Error::other)?.to_le_bytes())?;
    out.write_all(row)
}

/// Reads the next row into `row`. Returns false at the end.
pub(super) fn read_row(rows: &mut dyn Read, row: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    let begun = rows.read(&mut length)?;
    if begun == 0 {
        return Ok(false);
    }
    rows.read_exact(&mut length[begun..])?;
    row.resize(u32::from_le_bytes(length) as usize, 0);
    rows.read_exact(row)?;
    Ok(true)
}

/// Fails with a broken invariant unless two figures are equal.
pub(super) fn check_equal(
    what: &'static str,
    left: i128,
    right: i128,
) -> Result<(), BrokenInvariant> {
    if left == right { Ok(()) } else { Err(BrokenInvariant::TieOut { what, left, right }) }
}
