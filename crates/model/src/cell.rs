//! One value of one column, in its stored form.
//!
//! Every column kind is stored as a 64-bit integer or as text:
//!
//! | kind | stored as |
//! | --- | --- |
//! | int, money, reference | integer (money in minor units) |
//! | bool | integer 0 or 1 |
//! | date | integer, days since 1970-01-01 |
//! | instant | integer, UTC microseconds since 1970-01-01 |
//! | percent | integer, ten-thousandths (12.5 % = 125000) |
//! | text, enum, currency, country | text |
//! | json | text, compact JSON |
//! | text list, int list | text, compact JSON array |

/// An owned value of one column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    /// The input does not have this column: the stored value stays, or the default applies.
    #[default]
    Absent,
    /// No value.
    Null,
    /// A value of a kind that is stored as an integer.
    Int(i64),
    /// A value of a kind that is stored as text.
    Text(Box<str>),
}

/// A borrowed value of one column, as read from a store. Never absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellRef<'a> {
    /// No value.
    Null,
    /// Any kind that is stored as an integer.
    Int(i64),
    /// Any kind that is stored as text.
    Text(&'a str),
}

impl Cell {
    /// Returns a text cell.
    pub fn text(value: impl Into<Box<str>>) -> Self {
        Self::Text(value.into())
    }

    /// Returns the integer, if the cell holds one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the text, if the cell holds one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    /// Returns true if the input has this column, also if its value is null.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Returns true if there is a value, neither absent nor null.
    pub fn is_value(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Text(_))
    }

    /// Borrows the value; absent becomes null.
    pub fn as_ref(&self) -> CellRef<'_> {
        match self {
            Self::Absent | Self::Null => CellRef::Null,
            Self::Int(value) => CellRef::Int(*value),
            Self::Text(value) => CellRef::Text(value),
        }
    }
}

impl CellRef<'_> {
    /// Returns an owned copy.
    pub fn to_cell(self) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Int(value) => Cell::Int(value),
            Self::Text(value) => Cell::text(value),
        }
    }
}
