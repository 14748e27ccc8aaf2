//! JSON strings, and stored JSON copied into JSON.

/// Appends a JSON string.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let needs_escape = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    // Without an early exit the compiler can vectorize the loop.
    if text.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        write_escaped(text, out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

fn write_escaped(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control if control < 0x20 => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[
                    HEX[usize::from(control >> 4)],
                    HEX[usize::from(control & 15)],
                ]);
            }
            other => out.push(other),
        }
    }
}

/// Appends JSON text unchanged, but without white space between tokens.
pub(super) fn write_compact(json: &str, out: &mut Vec<u8>) {
    let bytes = json.as_bytes();
    let mut rest = bytes;
    let mut is_inside = false;
    while let Some(at) = memchr::memchr(b'"', rest) {
        let is_closing = is_inside && !is_escaped(&rest[..at]);
        if is_inside {
            out.extend_from_slice(&rest[..at]);
        } else {
            write_without_space(&rest[..at], out);
        }
        out.push(b'"');
        is_inside = if is_inside { !is_closing } else { true };
        rest = &rest[at + 1..];
    }
    write_without_space(rest, out);
}

/// Returns true if a quote that follows `before` is escaped.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn write_without_space(part: &[u8], out: &mut Vec<u8>) {
    let is_space = |byte: &u8| matches!(*byte, b' ' | b'\n' | b'\r' | b'\t');
    out.extend(part.iter().filter(|byte| !is_space(byte)));
}
