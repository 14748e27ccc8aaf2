//! One generated row, and who takes it.

use std::io;

use model::catalogue::Table;
use model::time::{Date, Instant};

/// A value as an import file says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// Integers, references, minor units.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// A civil date.
    Date(Date),
    /// An instant.
    Instant(Instant),
    /// Text, words, codes.
    Text(&'a str),
    /// An object or list, as compact JSON.
    Json(&'a str),
}

/// A generated row; the same columns in the same order for every row of a table.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its table.
    pub table: &'static Table,
    /// Its id.
    pub id: i64,
    /// Every column between `id` and `created_at` that the generator fills.
    pub values: &'a [(&'static str, Value<'a>)],
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

/// Takes rows, each after the rows that it names (two rows may name each other).
pub trait RowSink {
    /// Takes one row; an error ends the telling.
    fn row(&mut self, row: &Row<'_>) -> io::Result<()>;
}

impl<F: FnMut(&Row<'_>) -> io::Result<()>> RowSink for F {
    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        self(row)
    }
}

impl Row<'_> {
    /// All columns of the row with their values, `id` first and the two instants last.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let id = std::iter::once(("id", Value::Int(self.id)));
        let stamps = [
            ("created_at", Value::Instant(self.created_at)),
            ("updated_at", Value::Instant(self.updated_at)),
        ];
        id.chain(self.values.iter().copied()).chain(stamps)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Date> for Value<'_> {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Instant> for Value<'_> {
    fn from(value: Instant) -> Self {
        Self::Instant(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}
