//! What a caller chooses about a file.

use std::path::PathBuf;

use model::time::Zone;

use super::dialect::Dialect;

/// How a file is written, whatever its format; each format looks at what concerns it.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// Whose rules say how it reads.
    pub dialect: Dialect,
    /// CSV and TSV: whether a byte-order mark stands at the beginning (`reports.csv_bom`, and
    /// `csv_dialect` `excel` of exports).
    pub has_bom: bool,
    /// CSV and TSV: whether text that a spreadsheet might take for a formula gets a leading `'`
    /// (`files.csv_formula_guard`).
    pub has_formula_guard: bool,
    /// JSON: what stands around the rows.
    pub envelope: Envelope,
    /// XLSX: name of the first sheet; those after it are `name_2`, `name_3`.
    pub sheet_name: String,
    /// XLSX: the time zone of its date-times.
    pub zone: Zone,
    /// XLSX: where rows wait in temporary files until all are known.
    pub folder: PathBuf,
}

/// What stands around the rows of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// Before the first row: `{"total":2,"column_headers":[…],"rows":[`.
    pub prefix: String,
    /// Behind the last row: `]}` or `],"pivot_truncated":true}`.
    pub suffix: String,
}

impl Default for WriteOptions {
    /// A report's file with the settings' defaults, and nothing around the rows in JSON.
    fn default() -> Self {
        Self {
            dialect: Dialect::Report,
            has_bom: false,
            has_formula_guard: true,
            envelope: Envelope::default(),
            sheet_name: "Rows".to_owned(),
            zone: Zone::utc(),
            folder: std::env::temp_dir(),
        }
    }
}
