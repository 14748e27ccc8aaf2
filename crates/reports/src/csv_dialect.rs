//! For which reader CSV is written. Rule: spec/exports.md §11.

use serde::{Deserialize, Serialize};

/// For which reader CSV is written: parameter `csv_dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CsvDialect {
    /// As RFC 4180 says.
    #[default]
    Rfc4180,
    /// The same with a byte-order mark, by which Excel knows that it is UTF-8.
    Excel,
}

impl CsvDialect {
    /// Every dialect with its word in requests.
    pub const WORDS: [(&'static str, Self); 2] =
        [("rfc4180", Self::Rfc4180), ("excel", Self::Excel)];

    /// The dialect with this word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = Self::WORDS.iter();
        words.find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, dialect)| *dialect)
    }

    /// Whether a file begins with a byte-order mark.
    pub fn has_bom(self) -> bool {
        self == Self::Excel
    }
}
