//! A checked request for one export, as a job stores it.

use model::file_format::FileFormat;
use model::money::Currency;
use model::time::{Date, Instant, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ExportType;
use super::export_filter::ExportFilterValue;
use crate::csv_dialect::CsvDialect;
use crate::functions::json_text::AmountNotation;

/// A checked request for one export. It can be stored as JSON and read back unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// The type, with the name that the caller used.
    #[serde(with = "spelling")]
    pub(super) object: NamedExportType,
    /// The filters given, in the order in which the type lists them.
    pub(super) filters: Map<String, Value>,
    /// Fields that were given but have no effect for the type.
    pub(super) ignored_filters: Vec<String>,
    pub(super) mode: DateMode,
    /// The range in whole seconds, both ends included; none for the accounting package.
    pub(super) range: Option<ExportRange>,
    /// The site to which the rows are limited.
    pub(super) site_id: Option<i64>,
    pub(super) include_deleted: bool,
    pub(super) format: FileFormat,
    pub(super) csv_dialect: CsvDialect,
    /// The headings that were asked for; none means all.
    pub(super) columns: Option<Vec<String>>,
    pub(super) row_per: RowPer,
    pub(super) layout: MetadataLayout,
    pub(super) package: Option<AccountingPackageRequest>,
    /// The present of the request.
    pub(super) now: Instant,
}

/// A type with the name by which it was asked for.
#[derive(Debug, Clone)]
pub(super) struct NamedExportType {
    pub(super) kind: &'static ExportType,
    pub(super) name: String,
}

impl PartialEq for NamedExportType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

mod spelling {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::NamedExportType;

    pub(super) fn serialize<S: Serializer>(
        spelled: &NamedExportType,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&spelled.name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NamedExportType, D::Error> {
        let name = String::deserialize(deserializer)?;
        match super::super::find_export_type(&name) {
            Some(kind) => Ok(NamedExportType { kind, name }),
            None => Err(de::Error::custom(format!("{name} is no export type"))),
        }
    }
}

/// A range in seconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRange {
    /// The first second.
    pub from: i64,
    /// The last second.
    pub to: i64,
}

/// The instant of a record that is compared with the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateMode {
    /// `created_at`.
    #[default]
    FullData,
    /// `updated_at`.
    ModifiedData,
}

/// The kind of row in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowPer {
    /// One record.
    #[default]
    Record,
    /// One line of an invoice or item of an order.
    Line,
}

/// The layout of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataLayout {
    /// One column per key.
    #[default]
    Wide,
    /// One row per customer and key.
    Long,
}

/// The parameters of an accounting package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountingPackageRequest {
    /// The first day of the month.
    pub month: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The instant for which it is computed; none means the end of the month, or now in the current
    /// month.
    pub as_of: Option<Instant>,
}

impl DateMode {
    pub(super) const WORDS: [(&'static str, Self); 2] =
        [("full_data", Self::FullData), ("modified_data", Self::ModifiedData)];

    /// The word in requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::FullData => "full_data",
            Self::ModifiedData => "modified_data",
        }
    }

    /// Returns the column that is compared with the range.
    pub fn date_field(self) -> &'static str {
        match self {
            Self::FullData => "created_at",
            Self::ModifiedData => "updated_at",
        }
    }
}

/// Returns the formats of a type, each with its word; all formats of exports without a type.
pub(super) fn formats_of(kind: Option<&ExportType>) -> Vec<(&'static str, FileFormat)> {
    let formats = if kind.is_some_and(|kind| kind.is_package()) {
        &FileFormat::OF_EXPORTS[..1]
    } else {
        &FileFormat::OF_EXPORTS
    };
    formats.iter().map(|format| (format.word(), *format)).collect()
}

/// Returns the notation of amounts inside the JSON cells of a format. Rule: spec/exports.md §11.
pub(super) fn amount_notation(format: FileFormat) -> AmountNotation {
    match format {
        FileFormat::Ndjson | FileFormat::Json | FileFormat::Parquet | FileFormat::Arrow => {
            AmountNotation::Minor
        }
        FileFormat::Csv | FileFormat::Tsv | FileFormat::Xlsx => AmountNotation::Major,
    }
}

impl RowPer {
    pub(super) const WORDS: [(&'static str, Self); 2] =
        [("record", Self::Record), ("line", Self::Line)];

    /// The word in requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Line => "line",
        }
    }
}

impl MetadataLayout {
    pub(super) const WORDS: [(&'static str, Self); 2] =
        [("wide", Self::Wide), ("long", Self::Long)];
}

impl ExportRequest {
    /// Returns the type.
    pub fn export_type(&self) -> &'static ExportType {
        self.object.kind
    }

    /// Returns the name of the type as the caller spelled it.
    pub fn object(&self) -> &str {
        &self.object.name
    }

    /// Returns the filters that the export object shows: those given, and the range in Unix
    /// seconds, or the month and currency of the accounting package. Rule: spec/exports.md §5.
    pub fn filters(&self) -> Map<String, Value> {
        let mut filters = Map::new();
        let seconds = |pick: fn(&ExportRange) -> i64| self.range.as_ref().map(pick);
        filters.insert("date_from".to_owned(), Value::from(seconds(|range| range.from)));
        filters.insert("date_to".to_owned(), Value::from(seconds(|range| range.to)));
        if let Some(package) = &self.package {
            filters.insert("month".to_owned(), Value::from(package.month.to_string()));
            filters.insert("currency".to_owned(), Value::from(package.currency.code()));
            if let Some(as_of) = package.as_of {
                filters.insert("as_of".to_owned(), Value::from(as_of.seconds()));
            }
        }
        filters.extend(self.filters.clone());
        if let Some(site) = self.site_id {
            filters.insert("site_id".to_owned(), Value::from(site));
        }
        if self.include_deleted {
            filters.insert("include_deleted".to_owned(), Value::Bool(true));
        }
        filters
    }

    /// Returns the fields that were given but have no effect for the type: filters of other types,
    /// and additions such as `include_deleted` for records that cannot be deleted.
    pub fn ignored_filters(&self) -> &[String] {
        &self.ignored_filters
    }

    /// Returns the instant of a record that is compared with the range.
    pub fn mode(&self) -> DateMode {
        self.mode
    }

    /// Returns the range; none for the accounting package.
    pub fn range(&self) -> Option<ExportRange> {
        self.range
    }

    /// Returns the site to which the rows are limited.
    pub fn site_id(&self) -> Option<i64> {
        self.site_id
    }

    /// Returns the format of the file.
    pub fn format(&self) -> FileFormat {
        self.format
    }

    /// Returns the dialect of a CSV file.
    pub fn csv_dialect(&self) -> CsvDialect {
        self.csv_dialect
    }

    /// Returns the headings that were asked for; none means all.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// Returns the kind of row.
    pub fn row_per(&self) -> RowPer {
        self.row_per
    }

    /// Returns the parameters of the accounting package; none for other types.
    pub fn package(&self) -> Option<&AccountingPackageRequest> {
        self.package.as_ref()
    }

    /// The present of the request.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns the name of the file: `{object}_{from}_{to}.{ext}` with dates in `zone`, or for the
    /// accounting package `accounting_2024-01_usd.zip`.
    pub fn file_name(&self, zone: &Zone) -> String {
        if let Some(package) = &self.package {
            let month = package.month.to_string();
            let month = month.get(..7).unwrap_or(&month);
            return format!("{}_{month}_{}.zip", self.object(), package.currency);
        }
        let date = |seconds: i64| {
            let instant = Instant::from_seconds(seconds);
            instant.map(|instant| zone.date_of(instant).to_string()).unwrap_or_default()
        };
        let range = self.range.unwrap_or(ExportRange { from: 0, to: 0 });
        let (from, to) = (date(range.from), date(range.to));
        format!("{}_{from}_{to}.{}", self.object(), self.format.word())
    }

    /// Returns the value given for a filter.
    pub(super) fn filter_value(&self, name: &str) -> Option<ExportFilterValue> {
        match self.filters.get(name)? {
            Value::String(text) => Some(ExportFilterValue::Text(text.clone())),
            value => value.as_i64().map(ExportFilterValue::Id),
        }
    }

    pub(super) fn is_by_line(&self) -> bool {
        self.row_per == RowPer::Line
    }
}
