//! Splitting of one CSV record off a buffer. Rules: RFC 4180, with CRLF or LF.
//!
//! This is not left to a CSV crate for two reasons. Damage must be reported with the line where its
//! record began (an unclosed quote, text after a closing quote), but lenient readers accept it. And
//! most records hold no quote and are split several times faster if that is known first. The tests
//! compare the result with the `csv` crate.

use std::ops::Range;

use super::COLUMNS_MAX;

/// The result of splitting a record off the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RecordSplit {
    /// A record of this many bytes, with its line end; its fields are in [`CsvFields`].
    Record {
        /// The number of bytes.
        length: usize,
        /// The number of line feeds, including the one at the end.
        line_feeds: u64,
    },
    /// The buffer ends inside a record.
    Incomplete {
        /// True if it ends inside quotes.
        in_quotes: bool,
    },
    /// A closing quote is followed by neither a comma nor a line end.
    TextAfterQuote,
}

/// The fields of one record. Reused for each record.
#[derive(Debug, Default)]
pub(super) struct CsvFields {
    ranges: Vec<Range<usize>>,
    /// The number of fields after the first [`COLUMNS_MAX`].
    further: usize,
    /// The text of the fields if quotes had to be removed. Otherwise the fields are ranges of the
    /// buffer.
    unquoted: Vec<u8>,
    is_unquoted: bool,
    /// For each field, true if it was quoted. Empty if none was.
    quoted: Vec<bool>,
}

impl CsvFields {
    /// Returns the number of fields.
    pub(super) fn len(&self) -> usize {
        self.ranges.len() + self.further
    }

    /// Returns true if the record's line is empty or has only commas.
    pub(super) fn is_blank(&self) -> bool {
        !self.is_unquoted && self.ranges.iter().all(Range::is_empty)
    }

    /// Returns true if the field at `position` was quoted.
    pub(super) fn is_quoted(&self, position: usize) -> bool {
        self.quoted.get(position).is_some_and(|is_quoted| *is_quoted)
    }

    /// Returns the text that contains the fields. `buffer` must be the one given to [`split_record`].
    pub(super) fn text<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        if self.is_unquoted {
            &self.unquoted
        } else {
            &buffer[..self.ranges.last().map_or(0, |last| last.end)]
        }
    }

    /// Returns the range in [`CsvFields::text`] of each of the first [`COLUMNS_MAX`] fields.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    fn push(&mut self, range: Range<usize>) {
        if self.ranges.len() < COLUMNS_MAX { self.ranges.push(range) } else { self.further += 1 }
    }

    fn clear(&mut self) {
        self.ranges.clear();
        self.further = 0;
        self.unquoted.clear();
        self.quoted.clear();
        self.is_unquoted = false;
    }
}

/// Splits the first record off `buffer`. `is_at_end` tells that the input ends with the buffer.
pub(super) fn split_record(buffer: &[u8], is_at_end: bool, fields: &mut CsvFields) -> RecordSplit {
    fields.clear();
    let line_feed = memchr::memchr(b'\n', buffer);
    let line = &buffer[..line_feed.unwrap_or(buffer.len())];
    if memchr::memchr(b'"', line).is_some() {
        return split_quoted(buffer, is_at_end, fields);
    }
    if line_feed.is_none() && !is_at_end {
        return RecordSplit::Incomplete { in_quotes: false };
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut start = 0;
    for comma in memchr::memchr_iter(b',', line) {
        fields.push(start..comma);
        start = comma + 1;
    }
    fields.push(start..line.len());
    match line_feed {
        Some(at) => RecordSplit::Record { length: at + 1, line_feeds: 1 },
        None => RecordSplit::Record { length: buffer.len(), line_feeds: 0 },
    }
}

/// The position after a field, or the result if there is no further field.
enum FieldEnd {
    Field(usize),
    End { length: usize, line_feeds: u64 },
    Stop(RecordSplit),
}

fn split_quoted(buffer: &[u8], is_at_end: bool, fields: &mut CsvFields) -> RecordSplit {
    fields.is_unquoted = true;
    let mut at = 0;
    let mut line_feeds = 0;
    loop {
        let start = fields.unquoted.len();
        fields.quoted.push(buffer.get(at) == Some(&b'"'));
        let after = match buffer.get(at) {
            Some(b'"') => {
                match read_quoted(buffer, at + 1, &mut fields.unquoted, &mut line_feeds) {
                    Some(behind) => after_quote(buffer, behind, is_at_end),
                    None => FieldEnd::Stop(RecordSplit::Incomplete { in_quotes: true }),
                }
            }
            _ => read_unquoted(buffer, at, is_at_end, &mut fields.unquoted),
        };
        match after {
            FieldEnd::Stop(step) => return step,
            FieldEnd::Field(next) => at = next,
            FieldEnd::End { length, line_feeds: last } => {
                fields.push(start..fields.unquoted.len());
                return RecordSplit::Record { length, line_feeds: line_feeds + last };
            }
        }
        fields.push(start..fields.unquoted.len());
    }
}

/// Appends the unquoted text to `text`. Returns the position after the closing quote, or `None` if
/// the buffer ends before it.
fn read_quoted(
    buffer: &[u8],
    start: usize,
    text: &mut Vec<u8>,
    line_feeds: &mut u64,
) -> Option<usize> {
    let mut at = start;
    loop {
        let inside = &buffer[at..at + memchr::memchr(b'"', &buffer[at..])?];
        text.extend_from_slice(inside);
        *line_feeds += memchr::memchr_iter(b'\n', inside).count() as u64;
        at += inside.len() + 1;
        if buffer.get(at) != Some(&b'"') {
            return Some(at);
        }
        text.push(b'"');
        at += 1;
    }
}

fn after_quote(buffer: &[u8], at: usize, is_at_end: bool) -> FieldEnd {
    match &buffer[at..] {
        [] | [b'\r'] if is_at_end => FieldEnd::End { length: buffer.len(), line_feeds: 0 },
        // The quote may be the first of two.
        [] => FieldEnd::Stop(RecordSplit::Incomplete { in_quotes: true }),
        [b'\r'] => FieldEnd::Stop(RecordSplit::Incomplete { in_quotes: false }),
        [b',', ..] => FieldEnd::Field(at + 1),
        [b'\n', ..] => FieldEnd::End { length: at + 1, line_feeds: 1 },
        [b'\r', b'\n', ..] => FieldEnd::End { length: at + 2, line_feeds: 1 },
        _ => FieldEnd::Stop(RecordSplit::TextAfterQuote),
    }
}

/// Appends an unquoted field to `text`. A quote inside it is ordinary text.
fn read_unquoted(buffer: &[u8], at: usize, is_at_end: bool, text: &mut Vec<u8>) -> FieldEnd {
    let rest = &buffer[at..];
    let end = memchr::memchr2(b',', b'\n', rest);
    let field = &rest[..end.unwrap_or(rest.len())];
    let is_last = end.is_none_or(|end| rest[end] == b'\n');
    let trimmed = if is_last { field.strip_suffix(b"\r").unwrap_or(field) } else { field };
    text.extend_from_slice(trimmed);
    match end {
        None if is_at_end => FieldEnd::End { length: buffer.len(), line_feeds: 0 },
        None => FieldEnd::Stop(RecordSplit::Incomplete { in_quotes: false }),
        Some(end) if is_last => FieldEnd::End { length: at + end + 1, line_feeds: 1 },
        Some(end) => FieldEnd::Field(at + end + 1),
    }
}
