//! Compressions, and the names of import files in file names and content types.
//! Rule: spec/data-model.md §3, spec/reports.md §7.3, spec/exports.md §11.

use model::file_format::FileFormat;

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
    pub format: FileFormat,
    /// The file's compression.
    pub compression: Compression,
}

impl<'a> ImportFileName<'a> {
    /// Parses a file name without folders. Returns `None` if it lacks the extensions of an import
    /// file.
    ///
    /// ```
    /// use files::format::{Compression, ImportFileName};
    /// use model::file_format::FileFormat;
    /// let name = ImportFileName::parse("customers.csv.gz").unwrap();
    /// assert_eq!(name.stem, "customers");
    /// assert_eq!((name.format, name.compression), (FileFormat::Csv, Compression::Gzip));
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
        let format = FileFormat::from_import_extension(extension)?;
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
            ("customers.csv", Some(("customers", FileFormat::Csv, Plain))),
            ("customers.csv.gz", Some(("customers", FileFormat::Csv, Gzip))),
            ("invoices.NDJSON.zst", Some(("invoices", FileFormat::Ndjson, Zstd))),
            ("invoices.jsonl", Some(("invoices", FileFormat::Ndjson, Plain))),
            ("payments.parquet", Some(("payments", FileFormat::Parquet, Plain))),
            ("a.b.csv", Some(("a.b", FileFormat::Csv, Plain))),
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
    fn content_types_and_encodings_are_read() {
        for (value, expected) in [
            ("text/csv", Some(FileFormat::Csv)),
            ("Text/CSV; charset=UTF-8; header=present", Some(FileFormat::Csv)),
            ("text/csv; charset=latin1", None),
            ("application/x-ndjson", Some(FileFormat::Ndjson)),
            ("application/vnd.apache.parquet", Some(FileFormat::Parquet)),
            ("application/json", Some(FileFormat::Json)),
            ("application/xml", None),
            ("", None),
        ] {
            assert_eq!(FileFormat::from_import_content_type(value), expected, "{value}");
        }
        assert_eq!(Compression::from_content_encoding("GZIP"), Some(Compression::Gzip));
        assert_eq!(Compression::from_content_encoding("br"), None);
    }
}
