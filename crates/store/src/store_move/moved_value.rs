//! One value of a row that is moved.

/// A value of a column, whatever the database calls its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MovedValue<'v> {
    /// No value.
    Null,
    /// An integer; a bool as 0 or 1.
    Int(i64),
    /// A text.
    Text(&'v str),
    /// Bytes.
    Bytes(&'v [u8]),
}
