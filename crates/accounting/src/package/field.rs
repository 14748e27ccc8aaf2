//! Columns and values of the package's files. Rule: spec/accounting.md §9.

use std::borrow::Cow;

use model::time::{Date, Instant};

/// A column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageColumn {
    /// The column's name.
    pub name: &'static str,
    /// The type of the column's values.
    pub kind: FieldKind,
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// An integer.
    Int,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A local date.
    Date,
    /// An instant.
    Instant,
    /// Minor units of the row's currency, written in major units.
    Money,
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// No value.
    Empty,
    /// An integer.
    Int(i128),
    /// Text.
    Text(Cow<'a, str>),
    /// True or false.
    Bool(bool),
    /// A local date.
    Date(Date),
    /// An instant.
    Instant(Instant),
    /// Minor units.
    Money(i128),
}

impl<'a> FieldValue<'a> {
    pub(crate) fn optional_int(value: Option<i64>) -> Self {
        value.map_or(Self::Empty, |value| Self::Int(i128::from(value)))
    }

    pub(crate) fn text(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }

    pub(crate) fn optional_text(value: Option<&'a str>) -> Self {
        value.map_or(Self::Empty, Self::text)
    }

    pub(crate) fn optional_instant(value: Option<Instant>) -> Self {
        value.map_or(Self::Empty, Self::Instant)
    }
}
