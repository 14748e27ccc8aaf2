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
    pub(crate) fn int(value: impl Into<Option<i128>>) -> Self {
        value.into().map_or(Self::Empty, Self::Int)
    }

    pub(crate) fn text(value: impl Into<Option<&'a str>>) -> Self {
        value.into().map_or(Self::Empty, |value| Self::Text(Cow::Borrowed(value)))
    }

    pub(crate) fn instant(value: impl Into<Option<Instant>>) -> Self {
        value.into().map_or(Self::Empty, Self::Instant)
    }

    pub(crate) fn money(value: impl Into<i128>) -> Self {
        Self::Money(value.into())
    }
}

/// Defines the columns of a file after the common head: `COLUMNS`, and the function `details`,
/// which takes the given parameters and returns a row's values.
macro_rules! detail_columns {
    (($($parameter:ident: $type:ty),*) $($name:literal: $kind:ident = $value:expr,)*) => {
        /// The columns after the common head, in order.
        pub const COLUMNS: &[$crate::package::field::PackageColumn] = &[$(
            $crate::package::field::PackageColumn { name: $name, kind: $crate::package::field::FieldKind::$kind }
        ),*];

        /// Returns the values after the common head.
        pub(super) fn details<'a>(
            $($parameter: $type),*
        ) -> Vec<$crate::package::field::FieldValue<'a>> {
            vec![$($crate::package::field::field_value!($kind, $value)),*]
        }
    };
}

/// Returns a value of a kind, or the empty one for none.
macro_rules! field_value {
    (Int, $value:expr) => {
        $crate::package::field::FieldValue::int($value)
    };
    (Text, $value:expr) => {
        $crate::package::field::FieldValue::text($value)
    };
    (Instant, $value:expr) => {
        $crate::package::field::FieldValue::instant($value)
    };
    (Money, $value:expr) => {
        $crate::package::field::FieldValue::money($value)
    };
    (Bool, $value:expr) => {
        $crate::package::field::FieldValue::Bool($value)
    };
}

pub(super) use {detail_columns, field_value};
