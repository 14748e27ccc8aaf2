//! The formats of files and answers, and their names in requests, file names and content types.
//! Rule: spec/data-model.md §3, spec/reports.md §7.3, spec/exports.md §11.

use serde::{Deserialize, Serialize};

/// The format in which rows are written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated values with a header row.
    #[default]
    Csv,
    /// Tab-separated values with a header row.
    Tsv,
    /// One JSON document; in an import one array of objects.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// An Apache Arrow IPC file.
    Arrow,
    /// An Excel workbook.
    Xlsx,
}

/// The names of one format.
struct FormatNames {
    format: FileFormat,
    /// The word in requests, which is also the ending of file names, without the dot.
    word: &'static str,
    media_type: &'static str,
    /// The media type with the charset, where the format is text of no fixed charset.
    content_type: &'static str,
}

const fn names(
    format: FileFormat,
    word: &'static str,
    media_type: &'static str,
    content_type: &'static str,
) -> FormatNames {
    FormatNames { format, word, media_type, content_type }
}

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const PARQUET: &str = "application/vnd.apache.parquet";
const ARROW: &str = "application/vnd.apache.arrow.file";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Every format, in the order in which they are listed to people.
const NAMES: [FormatNames; 7] = [
    names(FileFormat::Csv, "csv", "text/csv", "text/csv; charset=utf-8"),
    names(
        FileFormat::Tsv,
        "tsv",
        "text/tab-separated-values",
        "text/tab-separated-values; charset=utf-8",
    ),
    names(FileFormat::Json, "json", JSON, JSON),
    names(FileFormat::Ndjson, "ndjson", NDJSON, NDJSON),
    names(FileFormat::Parquet, "parquet", PARQUET, PARQUET),
    names(FileFormat::Arrow, "arrow", ARROW, ARROW),
    names(FileFormat::Xlsx, "xlsx", XLSX, XLSX),
];

impl FileFormat {
    /// Every format, in the order in which they are listed to people.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Tsv, Self::Json, Self::Ndjson, Self::Parquet, Self::Arrow, Self::Xlsx];
    /// The formats that can be imported.
    pub const IMPORTED: [Self; 4] = [Self::Ndjson, Self::Json, Self::Csv, Self::Parquet];
    /// The formats of pages of reports.
    pub const OF_PAGES: [Self; 2] = [Self::Json, Self::Csv];
    /// The formats of exports.
    pub const OF_EXPORTS: [Self; 4] = [Self::Csv, Self::Ndjson, Self::Parquet, Self::Xlsx];
    /// The formats of views of the books.
    pub const OF_BOOKS: [Self; 4] = [Self::Json, Self::Csv, Self::Xlsx, Self::Parquet];

    /// Returns the format that a request names with this word, in lower case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Returns the word for the format in requests.
    pub fn word(self) -> &'static str {
        self.names().word
    }

    /// Returns the ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        self.names().word
    }

    /// Returns the media type, without parameters.
    pub fn media_type(self) -> &'static str {
        self.names().media_type
    }

    /// Returns the `Content-Type` of an answer.
    pub fn content_type(self) -> &'static str {
        self.names().content_type
    }

    fn names(self) -> &'static FormatNames {
        let found = NAMES.iter().find(|names| names.format == self);
        found.unwrap_or(&NAMES[0])
    }

    /// Returns the format of an import that a `Content-Type` names. Returns `None` for other types
    /// and for a charset other than UTF-8. Other parameters are ignored.
    pub fn from_import_content_type(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let media_type = parts.next()?.to_ascii_lowercase();
        let media_type = if media_type == "application/ndjson" { NDJSON } else { &media_type };
        let format = Self::IMPORTED.into_iter().find(|format| format.media_type() == media_type)?;
        let is_readable = parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            let charset =
                parameter.strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
            charset.is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii"))
        });
        is_readable.then_some(format)
    }

    /// Returns the format of an import file with this ending. A file that ends in `.json` is none:
    /// it does not say whether it holds an array or lines.
    pub fn from_import_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_names() {
        for (format, names) in FileFormat::ALL.into_iter().zip(&NAMES) {
            assert_eq!((format, format.word()), (names.format, names.word));
            assert_eq!(FileFormat::parse(format.word()), Some(format));
            assert!(format.content_type().starts_with(format.media_type()));
        }
        assert_eq!(FileFormat::parse("CSV"), None);
        assert_eq!(FileFormat::parse("xml"), None);
    }
}
