//! The definition of an export type as data. Requests, plans and the catalogue derive from it.

use std::fmt;

use super::export_filter::ExportFilter;
use super::export_layout::ExportLayout;

/// One kind of record that can be exported.
pub struct ExportType {
    pub(super) object: &'static str,
    /// Other names for the type in requests.
    pub(super) aliases: &'static [&'static str],
    pub(super) name: &'static str,
    /// The version of the columns; it grows by one when columns are appended.
    pub(super) version: u32,
    pub(super) filters: Vec<ExportFilter>,
    pub(super) content: ExportContent,
}

/// The content of an export's file.
pub(super) enum ExportContent {
    /// One row per record, or one row per line for records that have lines.
    Records { record: ExportLayout, line: Option<Box<ExportLayout>> },
    /// The metadata of customers. The columns of the layout come before it.
    Metadata(ExportLayout),
    /// The accounting package, whose files are made elsewhere.
    Package,
}

impl ExportType {
    /// Returns the name used in requests: `credit_note`.
    pub fn object(&self) -> &'static str {
        self.object
    }

    /// Returns the other names that requests may use: `credit_notes`.
    pub fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Returns the display name: `Credit Notes`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name and version of the columns: `invoices/1`.
    pub fn schema(&self) -> String {
        format!("{}/{}", self.object, self.version)
    }

    /// Returns true for the accounting package, which takes a month and a currency and has no rows
    /// in this crate.
    pub fn is_package(&self) -> bool {
        matches!(self.content, ExportContent::Package)
    }

    /// Returns true if the type can be exported with one row per line.
    pub(super) fn has_lines(&self) -> bool {
        matches!(self.content, ExportContent::Records { line: Some(_), .. })
    }

    /// Returns true for the customers' metadata, which has two layouts.
    pub(super) fn is_metadata(&self) -> bool {
        matches!(self.content, ExportContent::Metadata(_))
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.object == name || self.aliases.contains(&name)
    }

    pub(super) fn filter(&self, name: &str) -> Option<&ExportFilter> {
        self.filters.iter().find(|filter| filter.name == name)
    }

    /// Returns the layout of the rows: one per line if `by_line` is true and the records have
    /// lines, else one per record. None for the accounting package.
    pub(super) fn layout(&self, by_line: bool) -> Option<&ExportLayout> {
        match &self.content {
            ExportContent::Records { line: Some(line), .. } if by_line => Some(line),
            ExportContent::Records { record, .. } => Some(record),
            ExportContent::Metadata(layout) => Some(layout),
            ExportContent::Package => None,
        }
    }
}

impl fmt::Debug for ExportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExportType").field(&self.object).finish()
    }
}
