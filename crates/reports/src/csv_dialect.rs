//! Dialects of CSV. Rule: spec/exports.md §11.

use serde::{Deserialize, Serialize};

/// A dialect of CSV: the values of the parameter `csv_dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CsvDialect {
    /// CSV as in RFC 4180.
    #[default]
    Rfc4180,
    /// RFC 4180 with a byte-order mark, which tells Excel that the file is UTF-8.
    Excel,
}

impl CsvDialect {
    /// Every dialect, with its word in requests.
    pub const WORDS: [(&'static str, Self); 2] =
        [("rfc4180", Self::Rfc4180), ("excel", Self::Excel)];

    /// Returns the dialect with this word, ignoring case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        words.find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, dialect)| *dialect)
    }

    /// Returns true if files in this dialect begin with a byte-order mark.
    pub fn has_bom(self) -> bool {
        self == Self::Excel
    }
}
