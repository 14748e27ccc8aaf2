//! Options for writing a file.

use std::path::PathBuf;

use model::time::Zone;

use super::dialect::Dialect;

/// Options for writing a file. Each format uses those that apply to it.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// The dialect, which decides between the rules of reports and of exports.
    pub dialect: Dialect,
    /// CSV and TSV: true if the file starts with a byte-order mark (`reports.csv_bom`, and
    /// `csv_dialect` `excel` of exports).
    pub has_bom: bool,
    /// CSV and TSV: true if text that a spreadsheet might take for a formula gets a leading `'`
    /// (`files.csv_formula_guard`).
    pub has_formula_guard: bool,
    /// JSON: the text before and after the rows.
    pub envelope: JsonEnvelope,
    /// XLSX: the name of the first sheet. Further sheets are named `name_2`, `name_3`.
    pub sheet_name: String,
    /// XLSX: the time zone of date-times.
    pub zone: Zone,
    /// XLSX: the folder for temporary files, which hold the rows until all are written.
    pub folder: PathBuf,
}

/// The text before and after the rows of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonEnvelope {
    /// The text before the first row, such as `{"total":2,"column_headers":[…],"rows":[`.
    pub prefix: String,
    /// The text after the last row, such as `]}` or `],"pivot_truncated":true}`.
    pub suffix: String,
}

impl Default for WriteOptions {
    /// Returns the options of a report's file with default settings; JSON has no text around the
    /// rows.
    fn default() -> Self {
        Self {
            dialect: Dialect::Report,
            has_bom: false,
            has_formula_guard: true,
            envelope: JsonEnvelope::default(),
            sheet_name: "Rows".to_owned(),
            zone: Zone::utc(),
            folder: std::env::temp_dir(),
        }
    }
}
