//! File formats and compressions, and their names in file names, content types and requests.
//! Rule: spec/data-model.md §3, spec/reports.md §7.3, spec/exports.md §11.

/// The format of an import file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// Comma-separated values with a header row.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// The format of a file that Rollbook writes. There are more of these than of import formats,
/// because most of them lose information that an import needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// Comma-separated values with a header row.
    Csv,
    /// Tab-separated values with a header row.
    Tsv,
    /// One JSON document.
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

/// The compression of an import file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// No compression.
    #[default]
    None,
    /// Gzip, with one or more members.
    Gzip,
    /// Zstandard, with one or more frames.
    Zstd,
}

impl ImportFormat {
    /// Returns the format that a `Content-Type` names. Returns `None` for other types and for a
    /// charset other than UTF-8. Other parameters are ignored.
    pub fn from_content_type(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let format = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/x-ndjson" | "application/ndjson" => Self::Ndjson,
            "application/json" => Self::Json,
            "text/csv" => Self::Csv,
            "application/vnd.apache.parquet" => Self::Parquet,
            _ => return None,
        };
        let is_readable = parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            let charset =
                parameter.strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
            charset.is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii"))
        });
        is_readable.then_some(format)
    }

    /// Returns the content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Returns the ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

impl FileFormat {
    /// Every format, in the order in which they are listed to people.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Tsv, Self::Json, Self::Ndjson, Self::Parquet, Self::Arrow, Self::Xlsx];

    /// Returns the format with this name in requests. The name must be in lower case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Returns the format's name in requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Xlsx => "xlsx",
        }
    }

    /// Returns the ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        self.word()
    }

    /// Returns the content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl Compression {
    /// Returns the compression that a `Content-Encoding` names, or `None` if it is not supported.
    pub fn from_content_encoding(value: &str) -> Option<Self> {
        match value.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::None),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// The parts of an import file's name, such as `customers.csv.gz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportFileName<'a> {
    /// The name without extensions, which names the table.
    pub stem: &'a str,
    /// The file's format.
    pub format: ImportFormat,
    /// The file's compression.
    pub compression: Compression,
}

impl<'a> ImportFileName<'a> {
    /// Parses a file name without folders. Returns `None` if it lacks the extensions of an import
    /// file.
    ///
    /// ```
    /// use files::format::{Compression, FileName, Format};
    /// let name = FileName::parse("customers.csv.gz").unwrap();
    /// assert_eq!(name.stem, "customers");
    /// assert_eq!((name.format, name.compression), (Format::Csv, Compression::Gzip));
    /// ```
    pub fn parse(name: &'a str) -> Option<Self> {
        let (rest, extension) = name.rsplit_once('.')?;
        let (rest, extension, compression) = match Compression::from_extension(extension) {
            Some(compression) => {
                let (rest, extension) = rest.rsplit_once('.')?;
                (rest, extension, compression)
            }
            None => (rest, extension, Compression::None),
        };
        let format = ImportFormat::from_extension(extension)?;
        (!rest.is_empty()).then_some(Self { stem: rest, format, compression })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_say_table_format_and_compression() {
        use Compression::{Gzip, None as Plain, Zstd};
        for (name, expected) in [
            ("customers.csv", Some(("customers", ImportFormat::Csv, Plain))),
            ("customers.csv.gz", Some(("customers", ImportFormat::Csv, Gzip))),
            ("invoices.NDJSON.zst", Some(("invoices", ImportFormat::Ndjson, Zstd))),
            ("invoices.jsonl", Some(("invoices", ImportFormat::Ndjson, Plain))),
            ("payments.parquet", Some(("payments", ImportFormat::Parquet, Plain))),
            ("a.b.csv", Some(("a.b", ImportFormat::Csv, Plain))),
            ("customers.gz", None),
            ("customers.txt", None),
            (".csv", None),
            ("csv", None),
            ("", None),
        ] {
            let read = ImportFileName::parse(name).map(|f| (f.stem, f.format, f.compression));
            assert_eq!(read, expected, "{name}");
        }
    }

    #[test]
    fn the_word_of_a_file_format_names_it() {
        for format in FileFormat::ALL {
            assert_eq!(FileFormat::parse(format.word()), Some(format));
        }
        assert_eq!(FileFormat::parse("CSV"), None);
        assert_eq!(FileFormat::parse("xml"), None);
    }

    #[test]
    fn content_types_and_encodings_are_read() {
        for (value, expected) in [
            ("text/csv", Some(ImportFormat::Csv)),
            ("Text/CSV; charset=UTF-8; header=present", Some(ImportFormat::Csv)),
            ("text/csv; charset=latin1", None),
            ("application/x-ndjson", Some(ImportFormat::Ndjson)),
            ("application/vnd.apache.parquet", Some(ImportFormat::Parquet)),
            ("application/json", Some(ImportFormat::Json)),
            ("application/xml", None),
            ("", None),
        ] {
            assert_eq!(ImportFormat::from_content_type(value), expected, "{value}");
        }
        assert_eq!(Compression::from_content_encoding("GZIP"), Some(Compression::Gzip));
        assert_eq!(Compression::from_content_encoding("br"), None);
    }
}
