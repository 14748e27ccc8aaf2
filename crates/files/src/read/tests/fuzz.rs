use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use model::file_format::FileFormat;
use proptest::collection::vec;
use proptest::prelude::*;

use super::csv::fields_of;
use super::{ReadOutcome, chunked, input, read};
use crate::format::Compression;
use crate::read::{ImportMode, read_tables};

const PACKINGS: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

/// Bytes that look somewhat like CSV.
fn csv_like() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "id", "name", ",", ",", "\n", "\n", "\r\n", "\r", "\"", "\"\"", "1", "2", "x y", "é",
        "\u{FEFF}",
    ]);
    vec(part, 0..40).prop_map(|parts| parts.concat().into_bytes())
}

/// Text that looks somewhat like JSON.
fn json_like() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "{\"id\":1",
        "\"name\"",
        ":",
        ",",
        "\"a\"",
        "1",
        "-1",
        "0",
        "1.5",
        "1e5",
        "null",
        "true",
        "[",
        "]",
        "[1,2]",
        "{\"a\":{}}",
        " ",
        "\t",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\",
        "é",
        "\"metadata\":",
    ]);
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        for compression in PACKINGS {
            for format in [FileFormat::Csv, FileFormat::Ndjson] {
                read("customers", ImportMode::Upsert, input(bytes.clone(), format, compression));
            }
            ReadOutcome::of(read_tables(input(bytes.clone(), FileFormat::Ndjson, compression)));
        }
    }

    #[test]
    fn csv_reads_the_same_however_it_is_cut(bytes in csv_like(), size in 1_usize..5) {
        let bytes = [b"id,name\n".to_vec(), bytes].concat();
        let whole = read("sites", ImportMode::Upsert, input(bytes.clone(), FileFormat::Csv, Compression::None));
        let cut = chunked(bytes, size, FileFormat::Csv, Compression::None);
        prop_assert_eq!(read("sites", ImportMode::Upsert, cut), whole);
    }

    #[test]
    fn ndjson_reads_the_same_however_it_is_cut(lines in vec(json_like(), 0..6), size in 1_usize..5) {
        let bytes = lines.join("\n");
        let whole =
            read("sites", ImportMode::Upsert, input(bytes.clone(), FileFormat::Ndjson, Compression::None));
        let cut = chunked(bytes, size, FileFormat::Ndjson, Compression::None);
        prop_assert_eq!(read("sites", ImportMode::Upsert, cut), whole);
    }

    #[test]
    fn what_we_read_as_csv_the_csv_crate_reads_too(bytes in csv_like()) {
        // The `csv` crate ends a record at a lone carriage return, which is text here.
        prop_assume!(!String::from_utf8_lossy(&bytes).replace("\r\n", "").contains('\r'));
        prop_assume!(!bytes.starts_with(b"\xEF\xBB\xBF"));
        let Some(ours) = fields_of(&bytes) else { return Ok(()) };
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
        let theirs = reader.byte_records().map(|record| {
            record.unwrap().iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
        });
        // Records with only empty fields are left out of the comparison.
        let says_something = |record: &Vec<Vec<u8>>| record.iter().any(|field| !field.is_empty());
        let ours = ours.into_iter().filter(says_something).collect::<Vec<_>>();
        prop_assert_eq!(ours, theirs.filter(says_something).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_is_a_row_exactly_when_serde_json_reads_an_object(text in json_like()) {
        prop_assume!(!text.trim().is_empty());
        let outcome =
            read("sites", ImportMode::Upsert, input(text.clone(), FileFormat::Ndjson, Compression::None));
        let is_refused =
            outcome.errors.iter().any(|(code, ..)| *code == model::import::ImportCode::JsonInvalid);
        let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
        prop_assert_eq!(!is_refused, theirs.is_ok(), "{}", text);
    }

    #[test]
    fn damaged_parquet_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(1..50));
        let names: ArrayRef =
            Arc::new(StringArray::from_iter_values((1..50).map(|id| format!("site {}", id % 7))));
        let mut bytes = super::parquet::file(vec![("id", ids), ("name", names)]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        read("sites", ImportMode::Upsert, input(bytes, FileFormat::Parquet, Compression::None));
    }
}
