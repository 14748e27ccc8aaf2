//! ZIP archives of several files, written in one pass. Rule: spec/accounting.md §10.1.
//!
//! The same members give the same bytes: every entry has the same compression level and the same
//! time (1980-01-01 00:00), and only members declared as large use ZIP64.

use std::io::{self, Read, Seek, Write};

use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::write::{FileDigest, HashingWriter, WriteError};

const LEVEL: i64 = 6;

/// A ZIP archive that is being written.
pub struct ZipArchiveWriter<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
}

/// A finished member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveMember {
    /// The file name.
    pub name: String,
    /// The number of data rows without the header, or zero if the file has no rows.
    pub rows: u64,
    /// The size and hash before compression.
    pub digest: FileDigest,
}

/// The size class of a member, which decides whether it uses ZIP64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveMemberSize {
    /// Less than 4 GiB. Writing more is an error.
    Usual,
    /// Any size.
    Large,
}

impl<W: Write> ZipArchiveWriter<W> {
    /// Creates an archive that is written to `out`. Seeking is not needed.
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new_stream(out) }
    }

    /// Adds a member. `write` writes its bytes and returns the number of its rows. After an error
    /// the archive must not be used any more.
    pub fn add<E: From<WriteError>>(
        &mut self,
        name: &str,
        size: ArchiveMemberSize,
        write: impl FnOnce(&mut dyn Write) -> Result<u64, E>,
    ) -> Result<ArchiveMember, E> {
        self.zip.start_file(name, entry_options(size)).map_err(zip_failure)?;
        let mut out = HashingWriter::new(&mut self.zip);
        let rows = write(&mut out)?;
        let (_, digest) = out.finish();
        Ok(ArchiveMember { name: name.to_owned(), rows, digest })
    }

    /// Writes the central directory and returns the output.
    pub fn finish(self) -> Result<W, WriteError> {
        Ok(self.zip.finish().map_err(zip_failure)?.into_inner())
    }
}

/// Calls `visit` for each member of a finished archive, in order, with its name, size and reader.
pub fn each_member<E: From<WriteError>>(
    archive: impl Read + Seek,
    mut visit: impl FnMut(&str, u64, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut archive = ZipArchive::new(archive).map_err(zip_failure)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(zip_failure)?;
        let name = member.name().map_err(zip_failure)?.into_owned();
        let bytes = member.size();
        visit(&name, bytes, &mut member)?;
    }
    Ok(())
}

fn entry_options(size: ArchiveMemberSize) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .large_file(size == ArchiveMemberSize::Large)
}

fn zip_failure(error: ZipError) -> WriteError {
    match error {
        ZipError::Io(error) => WriteError::Io(error),
        other => WriteError::Io(io::Error::other(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive() -> (Vec<u8>, Vec<ArchiveMember>) {
        let mut archive = ZipArchiveWriter::new(Vec::new());
        let mut add = |name: &str, size, text: &'static str, rows| {
            let write = |out: &mut dyn Write| {
                out.write_all(text.as_bytes()).map_err(WriteError::Io)?;
                Ok::<_, WriteError>(rows)
            };
            archive.add(name, size, write).unwrap()
        };
        let members = vec![
            add("a.csv", ArchiveMemberSize::Usual, "id\r\n1\r\n", 1),
            add("b/empty.csv", ArchiveMemberSize::Usual, "", 0),
            add("large.csv", ArchiveMemberSize::Large, "id\r\n", 0),
        ];
        (archive.finish().unwrap(), members)
    }

    #[test]
    fn members_read_back_and_their_facts_are_those_of_their_bytes() {
        let (file, members) = archive();
        let mut read = ZipArchive::new(Cursor::new(&file)).unwrap();
        for index in 0..read.len() {
            let entry = read.by_index(index).unwrap();
            assert_eq!(entry.last_modified(), Some(DateTime::DEFAULT));
        }
        let mut found = Vec::new();
        each_member(Cursor::new(&file), |name, bytes, content| {
            let mut hashed = HashingWriter::new(io::sink());
            assert_eq!(io::copy(content, &mut hashed).unwrap(), bytes);
            found.push((name.to_owned(), hashed.finish().1));
            Ok::<_, WriteError>(())
        })
        .unwrap();
        let written: Vec<_> =
            members.iter().map(|member| (member.name.clone(), member.digest)).collect();
        assert_eq!(found, written);
        assert_eq!((members[0].rows, members[0].digest.bytes), (1, 7));
    }

    #[test]
    fn the_same_members_give_the_same_bytes() {
        assert_eq!(archive(), archive());
    }

    #[test]
    fn an_error_of_a_member_is_handed_on() {
        let write = |_: &mut dyn Write| Err(WriteError::AmountTooLarge { place: "a".to_owned() });
        let error = ZipArchiveWriter::new(Vec::new())
            .add("a", ArchiveMemberSize::Usual, write)
            .unwrap_err();
        assert_eq!(error.code(), "amount_too_large");
    }
}
