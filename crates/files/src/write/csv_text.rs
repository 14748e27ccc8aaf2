//! Quoting, and the guard against formulas: one rule for every CSV that Rollbook writes.
//! Rule: spec/reports.md §7.2 no. 1 and 6.

/// Whether a spreadsheet might take `text` for a formula, so that it gets a leading `'`.
///
/// True for text that starts with `=`, `@`, tab or CR; and with `+` or `-`, unless it holds only
/// digits, spaces and `+ - ( ) . /`, as phone numbers and amounts do.
pub(super) fn needs_guard(text: &[u8]) -> bool {
    match text.first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => true,
        Some(b'+' | b'-') => !text.iter().all(|byte| {
            matches!(byte, b'0'..=b'9' | b' ' | b'+' | b'-' | b'(' | b')' | b'.' | b'/')
        }),
        _ => false,
    }
}

fn needs_quotes(text: &[u8], delimiter: u8) -> bool {
    let is_special = |byte: &u8| *byte == delimiter || matches!(*byte, b'"' | b'\r' | b'\n');
    text.first() == Some(&b' ') || text.last() == Some(&b' ') || text.iter().any(is_special)
}

/// Guards and quotes the cell that begins at `start` of `out`, if it needs it.
pub(super) fn finish_cell(out: &mut Vec<u8>, start: usize, delimiter: u8, is_guarded: bool) {
    if is_guarded && needs_guard(&out[start..]) {
        out.insert(start, b'\'');
    }
    if !needs_quotes(&out[start..], delimiter) {
        return;
    }
    let text = out.split_off(start);
    out.push(b'"');
    for part in text.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}
