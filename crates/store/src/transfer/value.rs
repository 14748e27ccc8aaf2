//! One value of a row that moves.

/// A value, whatever the database calls its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'v> {
    /// None.
    Null,
    /// An integer; a bool as 0 or 1.
    Int(i64),
    /// A text.
    Text(&'v str),
    /// Bytes.
    Bytes(&'v [u8]),
}
