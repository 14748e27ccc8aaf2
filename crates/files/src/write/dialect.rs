//! The differences between reports and exports. Rule: spec/reports.md §3, §7; spec/exports.md §11.

use model::output::{OutputColumn, OutputKind};
use model::parse::is_plain_list_item;

use super::CURRENCY_KEY;
use model::file_format::FileFormat;

/// The dialect of a file: the rules of reports or those of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The dialect of reports. CSV and XLSX have labels as headings, JSON rows are nested, and
    /// amounts have currency columns at the end. Rule: spec/reports.md §3, §7.
    #[default]
    Report,
    /// The dialect of exports. All formats have keys as headings, rows are flat, and no columns are
    /// added. Rule: spec/exports.md §11.
    Export,
}

/// The form of amounts in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonAmount {
    /// The money object of spec/reports.md §13, or a plain decimal number for `Decimal`.
    Object,
    /// Decimal text in major units: `"110.00"`.
    DecimalText,
    /// An integer in minor units: `11000`.
    MinorUnits,
}

/// The forms of values for which JSON has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JsonStyle {
    /// The form of amounts.
    pub(super) amount: JsonAmount,
    /// True if a number with four decimal places is a string.
    pub(super) is_dec4_text: bool,
}

impl Dialect {
    /// Returns the heading of `column` in CSV, TSV and XLSX.
    pub(super) fn heading(self, column: &OutputColumn) -> &str {
        match self {
            Self::Report => &column.label,
            Self::Export => &column.key,
        }
    }

    /// Returns true if files with one cell per column get currency columns.
    pub(super) fn adds_currencies(self) -> bool {
        self == Self::Report
    }

    /// Returns true if `column` is a currency column, which is shown in upper case.
    pub(super) fn is_upper_currency(self, column: &OutputColumn) -> bool {
        self == Self::Report && column.key == CURRENCY_KEY && column.kind == OutputKind::Text
    }

    /// Returns true if dots in keys stand for nested objects in JSON.
    pub(super) fn nests_rows(self) -> bool {
        self == Self::Report
    }

    /// Returns the separator between the items of a list in one cell.
    pub(super) fn item_separator(self) -> &'static [u8] {
        match self {
            Self::Report => b"; ",
            Self::Export => b",",
        }
    }

    /// Returns true if `item` can be joined with others in one cell. Otherwise the cell holds the
    /// list as JSON.
    pub(super) fn is_plain_item(self, item: &str, is_first: bool) -> bool {
        match self {
            Self::Report => !item.contains(';'),
            Self::Export => is_plain_list_item(item, is_first),
        }
    }

    /// Returns true if CSV writes empty text as `""`, to distinguish it from null.
    pub(super) fn quotes_empty_text(self) -> bool {
        self == Self::Export
    }

    /// Returns true if cells of this kind hold JSON.
    pub(super) fn is_json_cell(self, kind: &OutputKind) -> bool {
        match kind {
            OutputKind::Json => true,
            OutputKind::Object { .. } => self == Self::Export,
            OutputKind::List(item) => {
                let is_nested = matches!(**item, OutputKind::Object { .. } | OutputKind::List(_));
                self == Self::Export && (is_nested || **item == OutputKind::Json)
            }
            _ => false,
        }
    }

    /// Returns the style of JSON in a file of this format, for whole rows and for single cells.
    pub(super) fn json_style(self, format: FileFormat) -> JsonStyle {
        let amount = match (self, format) {
            (Self::Report, _) => JsonAmount::Object,
            (Self::Export, FileFormat::Csv | FileFormat::Tsv | FileFormat::Xlsx) => {
                JsonAmount::DecimalText
            }
            (
                Self::Export,
                FileFormat::Json | FileFormat::Ndjson | FileFormat::Parquet | FileFormat::Arrow,
            ) => JsonAmount::MinorUnits,
        };
        JsonStyle { amount, is_dec4_text: self == Self::Export }
    }
}
