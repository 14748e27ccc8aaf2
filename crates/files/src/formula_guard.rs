//! The guard against formulas: one rule for every CSV that Rollbook writes, taken off again where
//! CSV is read. Rule: spec/reports.md §7.2 no. 6.

/// Stands before text that a spreadsheet might take for a formula.
pub(crate) const GUARD: char = '\'';

/// Whether `text` gets a [`GUARD`] in a file that has guards, or even in one that has none.
///
/// Text that reads as guarded although nobody guarded it gets one in every file: what is written
/// reads back as the same text, whatever the setting.
pub(crate) fn needs_guard(text: &[u8], is_guarding: bool) -> bool {
    match text.first() {
        Some(b'\'') => has_guard(text),
        _ => is_guarding && may_be_formula(text),
    }
}

/// `text` of a CSV cell without its guard, if it has one.
pub(crate) fn without_guard(text: &str) -> &str {
    if has_guard(text.as_bytes()) { &text[1..] } else { text }
}

fn has_guard(text: &[u8]) -> bool {
    let guards = text.iter().take_while(|byte| **byte == b'\'').count();
    guards > 0 && may_be_formula(&text[guards..])
}

/// True for text that starts with `=`, `@`, tab or CR; and with `+` or `-`, unless it holds only
/// digits, spaces and `+ - ( ) . /`, as phone numbers and amounts do.
fn may_be_formula(text: &[u8]) -> bool {
    match text.first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => true,
        Some(b'+' | b'-') => !text.iter().all(|byte| {
            matches!(byte, b'0'..=b'9' | b' ' | b'+' | b'-' | b'(' | b')' | b'.' | b'/')
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_with_and_without_guards() {
        for text in
            ["=1", "'=1", "''=1", "'", "'a", "-5", "'-5", "-5 x", "'-5 x", "", "a", "@", "'\t"]
        {
            for is_guarding in [true, false] {
                let guard = if needs_guard(text.as_bytes(), is_guarding) { "'" } else { "" };
                let written = format!("{guard}{text}");
                assert_eq!(without_guard(&written), text, "{text:?} {is_guarding}");
                assert!(!is_guarding || !may_be_formula(written.as_bytes()), "{written}");
            }
        }
    }
}
