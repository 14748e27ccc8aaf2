//! Quoting: one rule for every CSV file that Rollbook writes. Rule: spec/reports.md §7.2 no. 1.

use crate::formula_guard::{GUARD, needs_guard};

/// The rules for cells of one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct CsvRules {
    /// The delimiter between cells: a comma or a tab.
    pub(super) delimiter: u8,
    /// True if text that might be a formula gets a leading `'`.
    pub(super) has_formula_guard: bool,
    /// True if empty text is written as `""`.
    pub(super) quotes_empty_text: bool,
}

fn needs_quotes(text: &[u8], rules: CsvRules) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return rules.quotes_empty_text;
    };
    let is_special =
        |byte: u8| (byte == rules.delimiter) | (byte == b'"') | (byte == b'\r') | (byte == b'\n');
    // Without an early exit the compiler can vectorize the loop.
    let has_special = text.iter().fold(false, |found, byte| found | is_special(*byte));
    has_special || *first == b' ' || *last == b' '
}

/// Adds a guard and quotes, where needed, to the text from `start` to the end of `out`.
pub(super) fn finish_text(out: &mut Vec<u8>, start: usize, rules: CsvRules) {
    if needs_guard(&out[start..], rules.has_formula_guard) {
        out.insert(start, GUARD as u8);
    }
    if needs_quotes(&out[start..], rules) {
        quote(out, start);
    }
}

/// Puts the text from `start` to the end of `out` in quotes, and doubles quotes inside it. Works in
/// place and from the end, because cells with JSON are long and full of quotes.
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
