//! JSON objects with free content, such as metadata, kept as they were written.
//!
//! Numbers are copied digit by digit, because no number type of a library keeps them all. White
//! space is dropped, and escape sequences in strings are normalized.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::import::{CellError, ImportCode};
use crate::suggest::clip;

/// The greatest depth of nested objects and lists. JSON readers stop at 128 levels, and written
/// files nest this object inside others.
const DEPTH_MAX: usize = 100;

/// Returns the JSON object `text` without white space, with every number as it was written.
///
/// Errors begin with the path of the key at fault. They cover text that is not a JSON object, a key
/// given twice, a number that is too large for JSON readers, NUL characters, and more than
/// [`DEPTH_MAX`] levels.
pub(crate) fn compact_object(text: &str) -> Result<String, CellError> {
    if text == "{}" {
        return Ok(text.to_owned());
    }
    let written: &RawValue = serde_json::from_str(text).map_err(|error| {
        let what = library_message(&error);
        mismatch(format!("expected a JSON object, and this is not JSON: {what}"))
    })?;
    let written = written.get();
    if !written.starts_with('{') {
        return Err(mismatch(format!("expected a JSON object, got {}", kind_of(written))));
    }
    let mut walk = JsonCompactor { text: written, at: 0, out: String::new(), open: Vec::new() };
    walk.out.reserve(written.len());
    walk.run()?;
    Ok(walk.out)
}

/// Returns the library's message without its line number, which does not refer to the input file.
fn library_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

fn mismatch(message: String) -> CellError {
    CellError::new(ImportCode::TypeMismatch, message)
}

fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// An object or list whose closing bracket has not been read yet.
enum OpenContainer {
    Object { keys: HashSet<String>, key: String, awaits_key: bool },
    List { index: usize },
}

/// A single pass over JSON whose syntax was checked before.
struct JsonCompactor<'a> {
    text: &'a str,
    at: usize,
    out: String,
    open: Vec<OpenContainer>,
}

impl<'a> JsonCompactor<'a> {
    fn run(&mut self) -> Result<(), CellError> {
        while let Some(byte) = self.text.as_bytes().get(self.at).copied() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                b'{' => self.open_container(OpenContainer::Object {
                    keys: HashSet::new(),
                    key: String::new(),
                    awaits_key: true,
                })?,
                b'[' => self.open_container(OpenContainer::List { index: 0 })?,
                _ => self.copy_structural(byte),
            }
        }
        Ok(())
    }

    fn open_container(&mut self, open: OpenContainer) -> Result<(), CellError> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.error_at_path(
                ImportCode::TypeMismatch,
                &format!("is nested too deeply: at most {DEPTH_MAX} objects and lists"),
            ));
        }
        self.copy(1);
        self.open.push(open);
        Ok(())
    }

    /// Copies a closing bracket, a comma, a colon, or a letter of `true`, `false` or `null`.
    fn copy_structural(&mut self, byte: u8) {
        match (byte, self.open.last_mut()) {
            (b'}' | b']', _) => drop(self.open.pop()),
            (b',', Some(OpenContainer::Object { awaits_key, .. })) => *awaits_key = true,
            (b':', Some(OpenContainer::Object { awaits_key, .. })) => *awaits_key = false,
            (b',', Some(OpenContainer::List { index })) => *index += 1,
            _ => {}
        }
        self.copy(1);
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    fn number(&mut self) -> Result<(), CellError> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if serde_json::from_str::<serde_json::Number>(&rest[..length]).is_ok() {
            self.copy(length);
            return Ok(());
        }
        let shown = clip(&rest[..length]);
        let what = format!("{shown} is too large for readers of JSON: write it as text, in quotes");
        Err(self.error_at_path(ImportCode::NumberOutOfRange, &what))
    }

    fn string(&mut self) -> Result<(), CellError> {
        let length = string_length(&self.text.as_bytes()[self.at..]);
        let quoted: &'a str = &self.text[self.at..self.at + length];
        let has_escapes = quoted.contains('\\');
        let text: Cow<'a, str> = if !has_escapes {
            Cow::Borrowed(&quoted[1..length - 1])
        } else {
            serde_json::from_str(quoted).map_err(|error| {
                let what = format!("holds a text that is not one: {}", library_message(&error));
                self.error_at_path(ImportCode::TypeMismatch, &what)
            })?
        };
        if text.contains('\0') {
            let what = "holds a NUL character (\\u0000), in a key or in a text: leave it out";
            return Err(self.error_at_path(ImportCode::TypeMismatch, what));
        }
        if !has_escapes {
            self.out.push_str(quoted)
        } else {
            self.out.push_str(&serde_json::Value::from(&*text).to_string())
        }
        self.at += length;
        let Some(OpenContainer::Object { keys, key, awaits_key: true }) = self.open.last_mut()
        else {
            return Ok(());
        };
        (*text).clone_into(key);
        if keys.insert(text.into_owned()) {
            Ok(())
        } else {
            Err(self.error_at_path(ImportCode::TypeMismatch, "is given twice"))
        }
    }

    fn error_at_path(&self, code: ImportCode, what: &str) -> CellError {
        let steps = self.open.iter().map(|open| match open {
            OpenContainer::Object { key, .. } => clip(key).to_owned(),
            OpenContainer::List { index } => index.to_string(),
        });
        let shown: Vec<_> = steps.take(8).collect();
        let more = if self.open.len() > shown.len() { "…" } else { "" };
        let path = format!("{}{more}", shown.join("."));
        let path = if path.is_empty() { "an empty key".to_owned() } else { path };
        CellError::new(code, format!("{path}: {what}"))
    }
}

/// Returns the length in bytes of the string at the start of `bytes`, quotes included.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (at + 1).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_kept_as_it_was_written_but_white_space_and_escapes() {
        for (text, expected) in [
            ("{}", "{}"),
            (" { } ", "{}"),
            (r#"{"card":89490200001234567890}"#, r#"{"card":89490200001234567890}"#),
            (r#"{"a": 0.12345678901234567890 }"#, r#"{"a":0.12345678901234567890}"#),
            (r#"{"a":-0,"b":1.10,"c":1E5,"d":-0.0}"#, r#"{"a":-0,"b":1.10,"c":1E5,"d":-0.0}"#),
            (r#"{"a":1e308,"b":1e-400}"#, r#"{"a":1e308,"b":1e-400}"#),
            (
                "{\n\"b\" : [ 1, {\"c d\":null} ,true],\"a\":\"x  y\" }",
                r#"{"b":[1,{"c d":null},true],"a":"x  y"}"#,
            ),
            (r#"{"é\u00e9":"\/\u0041\n\"{,:"}"#, r#"{"éé":"/A\n\"{,:"}"#),
            (r#"{"":{"":1}}"#, r#"{"":{"":1}}"#),
            (r#"{"a":{"x":1},"b":{"x":1}}"#, r#"{"a":{"x":1},"b":{"x":1}}"#),
        ] {
            let compact = compact_object(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(compact, expected);
            assert_eq!(compact_object(&compact).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_key_and_reason() {
        let deep = format!("{}1{}", "{\"a\":".repeat(101), "}".repeat(101));
        let just = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert_eq!(compact_object(&just).unwrap(), just);
        for (text, code, message) in [
            (
                r#"{"a":{"b":[0,1e400]}}"#,
                ImportCode::NumberOutOfRange,
                "a.b.1: 1e400 is too large for readers of JSON",
            ),
            (
                deep.as_str(),
                ImportCode::TypeMismatch,
                "a.a.a.a.a.a.a.a…: is nested too deeply: at most 100",
            ),
            (r#"{"a":1,"b":{"a":1,"\u0061":2}}"#, ImportCode::TypeMismatch, "b.a: is given twice"),
            (r#"{"a":"x\u0000"}"#, ImportCode::TypeMismatch, "a: holds a NUL character"),
            (r#"{"a":[{"b\u0000":1}]}"#, ImportCode::TypeMismatch, "a.0.: holds a NUL character"),
            (r#"{"a":"\ud800"}"#, ImportCode::TypeMismatch, "a: holds a text that is not one:"),
            ("[1]", ImportCode::TypeMismatch, "expected a JSON object, got a list"),
            ("\"x\"", ImportCode::TypeMismatch, "expected a JSON object, got a text"),
            ("{\"a\":1", ImportCode::TypeMismatch, "expected a JSON object, and this is not JSON"),
            ("{'a':1}", ImportCode::TypeMismatch, "expected a JSON object, and this is not JSON"),
        ] {
            let error = compact_object(text).unwrap_err();
            assert_eq!(error.code, code, "{text}: {error:?}");
            assert!(error.message.starts_with(message), "{text}: {error:?}");
        }
    }
}
