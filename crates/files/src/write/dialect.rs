//! Everything in which the two dialects differ. Rule: spec/reports.md §3, §7; spec/exports.md §11.

use model::output::{OutputColumn, OutputKind};
use model::parse::is_plain_list_item;

use super::table::CURRENCY_KEY;
use crate::format::FileFormat;

/// Whose rules say how a file reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Reports: labels head a CSV and a workbook, rows are nested, amounts have a currency column at the end.
    /// Rule: spec/reports.md §3, §7.
    #[default]
    Report,
    /// Exports: keys head every file, rows are flat, nothing is added to the columns.
    /// Rule: spec/exports.md §11.
    Export,
}

/// How an amount reads inside JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonAmount {
    /// The money object of spec/reports.md §13; a plain decimal number for `Decimal`.
    Object,
    /// Decimal text in major units: `"110.00"`.
    DecimalText,
    /// Integer in minor units: `11000`.
    MinorUnits,
}

/// How the values that JSON could show in several ways are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JsonStyle {
    /// Amounts.
    pub(super) amount: JsonAmount,
    /// Whether a number with four places is a text.
    pub(super) is_dec4_text: bool,
}

impl Dialect {
    /// What stands above `column` in CSV, TSV and XLSX.
    pub(super) fn heading(self, column: &OutputColumn) -> &str {
        match self {
            Self::Report => &column.label,
            Self::Export => &column.key,
        }
    }

    /// Whether a table gets columns for the currencies of its amounts.
    pub(super) fn adds_currencies(self) -> bool {
        self == Self::Report
    }

    /// Whether a table shows `column` in upper case, as a currency.
    pub(super) fn is_upper_currency(self, column: &OutputColumn) -> bool {
        self == Self::Report && column.key == CURRENCY_KEY && column.kind == OutputKind::Text
    }

    /// Whether dots in keys nest the rows of JSON.
    pub(super) fn nests_rows(self) -> bool {
        self == Self::Report
    }

    /// Between the elements of a list in one cell.
    pub(super) fn item_separator(self) -> &'static [u8] {
        match self {
            Self::Report => b"; ",
            Self::Export => b",",
        }
    }

    /// Whether `item` can stand between others in one cell; else the cell holds the list as JSON.
    pub(super) fn is_plain_item(self, item: &str, is_first: bool) -> bool {
        match self {
            Self::Report => !item.contains(';'),
            Self::Export => is_plain_list_item(item, is_first),
        }
    }

    /// Whether CSV tells empty text from null, by `""`.
    pub(super) fn quotes_empty_text(self) -> bool {
        self == Self::Export
    }

    /// Whether a cell of a table that holds values of this kind holds them as JSON.
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

    /// How JSON reads in a file of this format, whole or in one cell.
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
