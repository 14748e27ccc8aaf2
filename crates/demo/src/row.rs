//! One generated row, and the sink that receives it.

use std::io;

use model::catalogue::Table;
use model::time::{Date, Instant};

/// A value of a generated row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DemoValue<'a> {
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

/// A generated row. All rows of a table have the same columns in the same order.
#[derive(Debug)]
pub struct DemoRow<'a> {
    /// Table of the row.
    pub table: &'static Table,
    /// Id of the row.
    pub id: i64,
    /// Values of the columns between `id` and `created_at` that the generator fills.
    pub values: &'a [(&'static str, DemoValue<'a>)],
    /// Instant of creation.
    pub created_at: Instant,
    /// Instant of the last change.
    pub updated_at: Instant,
}

/// Receiver of generated rows. Each row follows the rows that it refers to, except that two rows
/// may refer to each other.
pub trait DemoRowSink {
    /// Receives one row. An error ends the generation.
    fn row(&mut self, row: &DemoRow<'_>) -> io::Result<()>;
}

impl<F: FnMut(&DemoRow<'_>) -> io::Result<()>> DemoRowSink for F {
    fn row(&mut self, row: &DemoRow<'_>) -> io::Result<()> {
        self(row)
    }
}

impl DemoRow<'_> {
    /// Returns all columns of the row with their values: `id` first, the two instants last.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, DemoValue<'_>)> {
        let id = std::iter::once(("id", DemoValue::Int(self.id)));
        let stamps = [
            ("created_at", DemoValue::Instant(self.created_at)),
            ("updated_at", DemoValue::Instant(self.updated_at)),
        ];
        id.chain(self.values.iter().copied()).chain(stamps)
    }
}

impl From<i64> for DemoValue<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for DemoValue<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Date> for DemoValue<'_> {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Instant> for DemoValue<'_> {
    fn from(value: Instant) -> Self {
        Self::Instant(value)
    }
}

impl<'a> From<&'a str> for DemoValue<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for DemoValue<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<DemoValue<'a>>> From<Option<T>> for DemoValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}
