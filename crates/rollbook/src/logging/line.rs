//! One log line. It may contain text from clients, such as a path, so characters that end lines,
//! control terminals or change the writing direction are escaped.

use std::borrow::Cow;
use std::io::{self, Stderr, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::output::LogOutput;
use crate::config::LogFormat;

/// Writer of one log line, which arrives in one piece.
pub(super) struct LogLineWriter {
    format: LogFormat,
    output: Arc<Mutex<LogOutput<Stderr>>>,
}

impl LogLineWriter {
    /// Creates the writer of the next line.
    pub(super) fn new(format: LogFormat, output: Arc<Mutex<LogOutput<Stderr>>>) -> Self {
        Self { format, output }
    }
}

impl Write for LogLineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.output.lock().write(escape_line(&text, self.format).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the line with deceptive characters escaped, in the syntax of the format.
fn escape_line(line: &str, format: LogFormat) -> Cow<'_, str> {
    let text = line.strip_suffix('\n').unwrap_or(line);
    if !text.chars().any(|char| is_deceptive(char, format)) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 16);
    for char in text.chars() {
        match format {
            _ if !is_deceptive(char, format) => shown.push(char),
            LogFormat::Text => shown.extend(char.escape_default()),
            LogFormat::Json => shown.push_str(&format!("\\u{:04x}", u32::from(char))),
        }
    }
    shown.push('\n');
    Cow::Owned(shown)
}

/// Returns true for characters that have an effect instead of a glyph. Colour codes in the text
/// format come from the formatter, which has already escaped those in texts.
fn is_deceptive(char: char, format: LogFormat) -> bool {
    match char {
        '\u{1b}' => format == LogFormat::Json,
        '\u{061c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_lines_or_turns_them_around_is_escaped_in_both_formats() {
        for (given, text, json) in [
            ("plain é 日本 \u{1f600}\n", "plain é 日本 \u{1f600}\n", "plain é 日本 \u{1f600}\n"),
            ("a\nb\n", "a\\nb\n", "a\\u000ab\n"),
            ("a\rb\tc\n", "a\\rb\\tc\n", "a\\u000db\\u0009c\n"),
            ("\u{85}\u{2028}\u{2029}\n", "\\u{85}\\u{2028}\\u{2029}\n", "\\u0085\\u2028\\u2029\n"),
            ("a\u{202e}b\u{2066}\n", "a\\u{202e}b\\u{2066}\n", "a\\u202eb\\u2066\n"),
            ("\u{9b}31m\u{7f}\n", "\\u{9b}31m\\u{7f}\n", "\\u009b31m\\u007f\n"),
            ("no end", "no end", "no end"),
        ] {
            assert_eq!(escape_line(given, LogFormat::Text), text, "{given:?}");
            assert_eq!(escape_line(given, LogFormat::Json), json, "{given:?}");
        }
    }

    #[test]
    fn a_line_of_json_stays_the_same_json() {
        let path: String = (0x7f..0xa0).chain(0x2020..0x2070).filter_map(char::from_u32).collect();
        let line = format!("{}\n", serde_json::json!({"path": path}));
        let shown = escape_line(&line, LogFormat::Json);
        assert!(shown.trim_end().chars().all(|char| !is_deceptive(char, LogFormat::Json)));
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["path"], path);
    }
}
