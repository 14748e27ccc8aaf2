//! Parser of Parquet page headers, which are structs in Thrift's compact protocol.
//!
//! The library reads a header and unpacks its page in one step, without a limit on the size that
//! the header announces. Only three numbers of a header are needed here.

use std::io::{self, Read};

/// The maximum nesting depth of structs.
const DEPTH_MAX: u32 = 16;

const BOOLEANS: [u8; 2] = [1, 2];
const BYTE: u8 = 3;
const INTEGERS: [u8; 3] = [4, 5, 6];
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

/// Field ids in the header of a page.
const UNPACKED_BYTES: i64 = 2;
const PACKED_BYTES: i64 = 3;
const DATA_PAGE: i64 = 5;
const DICTIONARY_PAGE: i64 = 7;
const DATA_PAGE_V2: i64 = 8;
/// The field id of the number of values. It is the same for all kinds of pages.
const VALUES: i64 = 1;

/// The sizes in the header of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// The unpacked size of the page, in bytes.
    pub(super) unpacked_bytes: u64,
    /// The packed size of the page in the file, after the header, in bytes.
    pub(super) packed_bytes: u64,
    /// The number of values in the page, including nulls.
    pub(super) values: u64,
    pub(super) is_dictionary: bool,
}

/// Reads a page header. Errors: those of `input`, and a malformed header.
pub(super) fn read_page_header(input: &mut impl Read) -> io::Result<PageHeader> {
    let mut header = PageHeader::default();
    read_fields(input, &mut |input, id, kind| {
        match id {
            UNPACKED_BYTES if INTEGERS.contains(&kind) => header.unpacked_bytes = size(input)?,
            PACKED_BYTES if INTEGERS.contains(&kind) => header.packed_bytes = size(input)?,
            DATA_PAGE | DICTIONARY_PAGE | DATA_PAGE_V2 if kind == STRUCT => {
                header.is_dictionary = id == DICTIONARY_PAGE;
                header.values = read_value_count(input)?;
            }
            _ => skip(input, kind, DEPTH_MAX)?,
        }
        Ok(())
    })?;
    Ok(header)
}

fn read_value_count<R: Read>(input: &mut R) -> io::Result<u64> {
    let mut values = 0;
    read_fields(input, &mut |input: &mut R, id, kind| {
        match id {
            VALUES if INTEGERS.contains(&kind) => values = size(input)?,
            _ => skip(input, kind, DEPTH_MAX)?,
        }
        Ok(())
    })?;
    Ok(values)
}

/// Calls `each` for each field of a struct, with the field's id and type. It must read the value.
fn read_fields<R: Read>(
    input: &mut R,
    each: &mut dyn FnMut(&mut R, i64, u8) -> io::Result<()>,
) -> io::Result<()> {
    let mut id = 0_i64;
    loop {
        let head = byte(input)?;
        if head == 0 {
            return Ok(());
        }
        id = match head >> 4 {
            0 => signed(input)?,
            further => id.wrapping_add(i64::from(further)),
        };
        each(input, id, head & 0xF)?;
    }
}

fn skip<R: Read>(input: &mut R, kind: u8, depth: u32) -> io::Result<()> {
    let depth = depth.checked_sub(1).ok_or_else(no_header)?;
    match kind {
        kind if BOOLEANS.contains(&kind) => Ok(()),
        BYTE => byte(input).map(drop),
        kind if INTEGERS.contains(&kind) => varint(input).map(drop),
        DOUBLE => skip_bytes(input, 8),
        BINARY => {
            let length = varint(input)?;
            skip_bytes(input, length)
        }
        LIST | SET => {
            let head = byte(input)?;
            let count = match head >> 4 {
                15 => varint(input)?,
                count => u64::from(count),
            };
            // In a list each boolean takes one byte.
            let kind = if BOOLEANS.contains(&(head & 0xF)) { BYTE } else { head & 0xF };
            (0..count).try_for_each(|_| skip(input, kind, depth))
        }
        STRUCT => read_fields(input, &mut |input: &mut R, _, kind| skip(input, kind, depth)),
        _ => Err(no_header()),
    }
}

fn skip_bytes(input: &mut impl Read, length: u64) -> io::Result<()> {
    match io::copy(&mut input.take(length), &mut io::sink())? {
        copied if copied == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn varint(input: &mut impl Read) -> io::Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = byte(input)?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(no_header())
}

fn signed(input: &mut impl Read) -> io::Result<i64> {
    let folded = varint(input)?;
    Ok((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()))
}

/// Reads a number that must not be negative.
fn size(input: &mut impl Read) -> io::Result<u64> {
    u64::try_from(signed(input)?).map_err(|_| no_header())
}

fn no_header() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the header of a page is damaged")
}
