//! What an export type is, as data: requests, plans and the catalogue derive from it.

use std::fmt;

use super::filter::Filter;
use super::layout::Layout;

/// One kind of record that can be exported.
pub struct ExportType {
    pub(super) object: &'static str,
    /// Other names that it is asked for by.
    pub(super) aliases: &'static [&'static str],
    pub(super) name: &'static str,
    /// Grows by one when columns are appended.
    pub(super) version: u32,
    pub(super) filters: Vec<Filter>,
    pub(super) content: Content,
}

/// What an export's file holds.
pub(super) enum Content {
    /// One row per record, or per line of it where records have lines.
    Records { record: Layout, line: Option<Box<Layout>> },
    /// What customers hold beside their columns; the layout's columns stand before it.
    Metadata(Layout),
    /// The accounting package, which is made elsewhere.
    Package,
}

impl ExportType {
    /// The name in requests: `credit_note`.
    pub fn object(&self) -> &'static str {
        self.object
    }

    /// Other names in requests that mean the same type: `credit_notes`.
    pub fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// The name for people: `Credit Notes`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name and version of its columns: `invoices/1`.
    pub fn schema(&self) -> String {
        format!("{}/{}", self.object, self.version)
    }

    /// Whether it is the accounting package: a month and a currency, no rows of this crate.
    pub fn is_package(&self) -> bool {
        matches!(self.content, Content::Package)
    }

    /// Whether it can be exported with one row per line.
    pub(super) fn has_lines(&self) -> bool {
        matches!(self.content, Content::Records { line: Some(_), .. })
    }

    /// Whether it is the customers' metadata, which has two layouts.
    pub(super) fn is_metadata(&self) -> bool {
        matches!(self.content, Content::Metadata(_))
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.object == name || self.aliases.contains(&name)
    }

    pub(super) fn filter(&self, name: &str) -> Option<&Filter> {
        self.filters.iter().find(|filter| filter.name == name)
    }

    /// Its rows, one per line when `by_line` and it has lines.
    pub(super) fn layout(&self, by_line: bool) -> Option<&Layout> {
        match &self.content {
            Content::Records { line: Some(line), .. } if by_line => Some(line),
            Content::Records { record, .. } => Some(record),
            Content::Metadata(layout) => Some(layout),
            Content::Package => None,
        }
    }
}

impl fmt::Debug for ExportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExportType").field(&self.object).finish()
    }
}
