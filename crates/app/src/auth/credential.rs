//! The credential of a request. Rule: spec/auth-and-errors.md §1, §1.3.

/// The largest size of a credential that is checked, in bytes.
const BYTES_MAX: usize = 8 * 1024;
const PREFIXES: [&str; 3] = ["Token", "Bearer", "JWT"];

/// The value of a request header that may be given once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderText<'h> {
    /// The header is missing.
    Absent,
    /// The text of the header.
    Text(&'h str),
    /// The header has bytes that are not plain text.
    NotText,
    /// The header is given more than once.
    Repeated,
}

impl<'h> HeaderText<'h> {
    /// Returns the text; none if there is none, or more than one.
    pub fn text(self) -> Option<&'h str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::NotText | Self::Repeated => None,
        }
    }
}

/// A credential as the request gave it, before it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentedCredential<'h> {
    /// The request has no `Authorization` header.
    Nothing,
    /// The header is repeated, has an unknown prefix, is too long, or has no valid form.
    Malformed,
    /// The text of an opaque token.
    Opaque(&'h str),
    /// The text of a JWT: three parts separated by dots.
    Jwt(&'h str),
}

impl<'h> PresentedCredential<'h> {
    /// Reads the `Authorization` header. Credentials in other places are ignored.
    pub fn read(header: HeaderText<'h>) -> Self {
        match header {
            HeaderText::Absent => Self::Nothing,
            HeaderText::Text(value) => Self::parse(value).unwrap_or(Self::Malformed),
            HeaderText::NotText | HeaderText::Repeated => Self::Malformed,
        }
    }

    fn parse(value: &'h str) -> Option<Self> {
        let (prefix, credential) = value.trim().split_once(' ')?;
        let credential = credential.trim_start();
        let is_known = PREFIXES.iter().any(|known| known.eq_ignore_ascii_case(prefix));
        let is_whole = !credential.is_empty() && !credential.contains([' ', '\t']);
        if !is_known || !is_whole || credential.len() > BYTES_MAX {
            return None;
        }
        match credential.bytes().filter(|byte| *byte == b'.').count() {
            2 => Some(Self::Jwt(credential)),
            _ => Some(Self::Opaque(credential)),
        }
    }

    /// Returns true if the request has an `Authorization` header.
    pub fn was_sent(&self) -> bool {
        *self != Self::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_known_in_any_case_and_the_kind_is_seen_from_the_credential() {
        for (value, expected) in [
            ("Token rbk_x", PresentedCredential::Opaque("rbk_x")),
            ("bearer rbk_x", PresentedCredential::Opaque("rbk_x")),
            ("JWT rbk_x", PresentedCredential::Opaque("rbk_x")),
            ("Token a.b.c", PresentedCredential::Jwt("a.b.c")),
            ("BEARER   a.b.c", PresentedCredential::Jwt("a.b.c")),
            ("Bearer a.b", PresentedCredential::Opaque("a.b")),
            ("Basic x", PresentedCredential::Malformed),
            ("rbk_x", PresentedCredential::Malformed),
            ("Bearer", PresentedCredential::Malformed),
            ("Bearer ", PresentedCredential::Malformed),
            ("Bearer a b", PresentedCredential::Malformed),
            ("", PresentedCredential::Malformed),
        ] {
            assert_eq!(PresentedCredential::read(HeaderText::Text(value)), expected, "{value}");
        }
    }

    #[test]
    fn no_header_two_headers_and_long_ones_are_refused() {
        assert_eq!(PresentedCredential::read(HeaderText::Absent), PresentedCredential::Nothing);
        assert_eq!(PresentedCredential::read(HeaderText::Repeated), PresentedCredential::Malformed);
        assert_eq!(PresentedCredential::read(HeaderText::NotText), PresentedCredential::Malformed);
        let long = format!("Bearer {}", "a".repeat(8193));
        assert_eq!(
            PresentedCredential::read(HeaderText::Text(&long)),
            PresentedCredential::Malformed
        );
    }
}
