//! Conversion of a JSON array of rows to NDJSON, in place and byte by byte, so that no memory is
//! needed. Rule: spec/data-model.md §3.
//!
//! The array's brackets become spaces, and the commas between elements become line feeds. Line ends
//! inside elements become spaces. That changes no value, because JSON strings contain line ends
//! only as escapes. The line number of a row is therefore its number in the array.

/// The state of a conversion.
#[derive(Debug)]
pub(super) struct JsonArray {
    place: ArrayPosition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArrayPosition {
    /// Before the opening bracket.
    Before,
    /// Between the brackets.
    Inside(ArrayElement),
    /// After the closing bracket.
    Behind,
}

/// The element that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ArrayElement {
    /// The number of open braces and brackets.
    depth: u64,
    text: StringState,
    has_begun: bool,
    /// True if no other element came before it.
    is_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StringState {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

const FIRST: ArrayElement =
    ArrayElement { depth: 0, text: StringState::Outside, has_begun: false, is_first: true };

impl JsonArray {
    pub(super) fn new() -> Self {
        Self { place: ArrayPosition::Before }
    }

    /// Converts the next bytes in place. Returns the number of bytes that were converted; all of
    /// them, unless a message says what is wrong with the array at the next one.
    pub(super) fn convert_to_lines(&mut self, bytes: &mut [u8]) -> (usize, Option<String>) {
        for (count, byte) in bytes.iter_mut().enumerate() {
            if let Err(message) = self.convert_byte(byte) {
                return (count, Some(message));
            }
        }
        (bytes.len(), None)
    }

    fn convert_byte(&mut self, byte: &mut u8) -> Result<(), String> {
        match &mut self.place {
            ArrayPosition::Before => match byte {
                b'[' => {
                    *byte = b' ';
                    self.place = ArrayPosition::Inside(FIRST);
                }
                // The reader of the lines skips a byte-order mark.
                b'\xEF' | b'\xBB' | b'\xBF' => {}
                _ if byte.is_ascii_whitespace() => *byte = b' ',
                _ => return Err(NO_ARRAY.to_owned()),
            },
            ArrayPosition::Inside(element) => {
                if element.take(byte)? {
                    self.place = ArrayPosition::Behind;
                }
            }
            ArrayPosition::Behind if byte.is_ascii_whitespace() => *byte = b' ',
            ArrayPosition::Behind => return Err("something follows the JSON array".to_owned()),
        }
        Ok(())
    }

    /// Checks that the array is complete. Called at the end of the input.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.place {
            ArrayPosition::Before => Err(NO_ARRAY.to_owned()),
            ArrayPosition::Inside(_) => {
                Err("the JSON array has no end: the input was cut off".to_owned())
            }
            ArrayPosition::Behind => Ok(()),
        }
    }
}

const NO_ARRAY: &str = "expected a JSON array of rows, as in [{\"id\":1}, {\"id\":2}]";

impl ArrayElement {
    /// Converts one byte. Returns true if it closes the array.
    fn take(&mut self, byte: &mut u8) -> Result<bool, String> {
        self.text = match (self.text, *byte) {
            (StringState::Inside, b'\\') => StringState::Escaped,
            (StringState::Inside, b'"') => StringState::Outside,
            (StringState::Inside | StringState::Escaped, _) => StringState::Inside,
            (StringState::Outside, b'"') => StringState::Inside,
            (StringState::Outside, _) => return self.take_outside_text(byte),
        };
        self.has_begun = true;
        Ok(false)
    }

    fn take_outside_text(&mut self, byte: &mut u8) -> Result<bool, String> {
        let is_missing = !self.has_begun;
        match *byte {
            b',' | b']' if self.depth == 0 => {
                let is_end = *byte == b']';
                if is_missing && !(is_end && self.is_first) {
                    return Err("a row of the JSON array is missing beside a comma".to_owned());
                }
                *byte = if is_end { b' ' } else { b'\n' };
                *self = Self { is_first: false, ..FIRST };
                return Ok(is_end);
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if byte.is_ascii_whitespace() {
            *byte = b' ';
        } else {
            self.has_begun = true;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of an array that comes in pieces of `size` bytes.
    fn lines(text: &str, size: usize) -> Result<String, String> {
        let mut bytes = text.as_bytes().to_vec();
        let mut array = JsonArray::new();
        for piece in bytes.chunks_mut(size) {
            if let (_, Some(message)) = array.convert_to_lines(piece) {
                return Err(message);
            }
        }
        array.end()?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn elements_become_lines_however_the_bytes_are_cut() {
        for (text, expected) in [
            ("[]", "  "),
            (" [ ] \n", "      "),
            ("[{\"id\":1},{\"id\":2}]", " {\"id\":1}\n{\"id\":2} "),
            ("[\r\n {\n\"id\": 1}\n,\n{}]\n", "    { \"id\": 1} \n {}  "),
            (r#"[{"a":"],[\"\\"},1]"#, " {\"a\":\"],[\\\"\\\\\"}\n1 "),
            (r#"[{"a":[1,[2,3]],"b":{"c":[]}},[4]]"#, " {\"a\":[1,[2,3]],\"b\":{\"c\":[]}}\n[4] "),
            ("\u{feff}[1]", "\u{feff} 1 "),
        ] {
            for size in 1..=text.len() {
                assert_eq!(lines(text, size).as_deref(), Ok(expected), "{text} by {size}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_array_is_refused() {
        for (text, wrong) in [
            ("", "expected a JSON array"),
            (" ", "expected a JSON array"),
            ("{\"id\":1}", "expected a JSON array"),
            ("{\"id\":1}\n{\"id\":2}", "expected a JSON array"),
            ("[{\"id\":1}", "has no end"),
            ("[{\"id\":1},", "has no end"),
            ("[\"a", "has no end"),
            ("[1,]", "missing beside a comma"),
            ("[,1]", "missing beside a comma"),
            ("[1,,2]", "missing beside a comma"),
            ("[1] 2", "something follows"),
            ("[1][2]", "something follows"),
        ] {
            let found = lines(text, 3).unwrap_err();
            assert!(found.contains(wrong), "{text}: {found}");
        }
    }
}
