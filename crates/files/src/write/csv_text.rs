//! Quoting, one rule for every CSV that Rollbook writes. Rule: spec/reports.md §7.2 no. 1.

use crate::formula_guard::{GUARD, needs_guard};

/// How cells of one file are quoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct CsvRules {
    /// Between cells: a comma or a tab.
    pub(super) delimiter: u8,
    /// Whether text that might be a formula gets a leading `'`.
    pub(super) has_formula_guard: bool,
    /// Whether empty text is `""`.
    pub(super) quotes_empty_text: bool,
}

fn needs_quotes(text: &[u8], rules: CsvRules) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return rules.quotes_empty_text;
    };
    let is_special =
        |byte: u8| (byte == rules.delimiter) | (byte == b'"') | (byte == b'\r') | (byte == b'\n');
    // Without a way out of the loop it runs over many bytes at once.
    let has_special = text.iter().fold(false, |found, byte| found | is_special(*byte));
    has_special || *first == b' ' || *last == b' '
}

/// Guards and quotes the text that begins at `start` of `out`, if it needs it.
pub(super) fn finish_text(out: &mut Vec<u8>, start: usize, rules: CsvRules) {
    if needs_guard(&out[start..], rules.has_formula_guard) {
        out.insert(start, GUARD as u8);
    }
    if needs_quotes(&out[start..], rules) {
        quote(out, start);
    }
}

/// Puts the text that begins at `start` between quotes, doubling those in it. In place, from the
/// end, because cells with JSON are long and full of quotes.
fn quote(out: &mut Vec<u8>, start: usize) {
    let quotes = memchr::memchr_iter(b'"', &out[start..]).count();
    let mut from = out.len();
    out.resize(from + quotes + 2, b'"');
    let mut to = out.len() - 1;
    while from > start {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if out[from] == b'"' {
            to -= 1;
            out[to] = b'"';
        }
    }
    out[start] = b'"';
}
