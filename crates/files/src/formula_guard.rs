//! The formula guard: one rule for every CSV file that Rollbook writes. The guard is removed again
//! when CSV is read. Rule: spec/reports.md §7.2 no. 6.

/// The character put before text that a spreadsheet might take for a formula.
pub(crate) const GUARD: char = '\'';

/// Returns true if `text` must be written with a [`GUARD`]. `is_guarding` tells whether the file
/// has guards.
///
/// Text that looks guarded although nobody guarded it gets a guard in every file. What is written
/// therefore reads back as the same text, whatever the setting.
pub(crate) fn needs_guard(text: &[u8], is_guarding: bool) -> bool {
    match text.first() {
        Some(b'\'') => has_guard(text),
        _ => is_guarding && may_be_formula(text),
    }
}

/// Returns the text of a CSV cell without its guard, if it has one.
pub(crate) fn without_guard(text: &str) -> &str {
    if has_guard(text.as_bytes()) { &text[1..] } else { text }
}

fn has_guard(text: &[u8]) -> bool {
    let guards = text.iter().take_while(|byte| **byte == b'\'').count();
    guards > 0 && may_be_formula(&text[guards..])
}

/// Returns true for text that starts with `=`, `@`, tab or CR. Also for text that starts with `+`
/// or `-`, unless it holds only digits, spaces and `+ - ( ) . /`, as phone numbers and amounts do.
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
