use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use model::catalogue::{ColumnType, table};
use model::cell::Cell;
use model::file_format::FileFormat;
use model::import::ImportCode::*;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

use super::{ReadOutcome, cells, input, lines, of, read};
use crate::format::Compression;
use crate::read::{
    BATCH_BYTES_MAX, Decoded, ImportInput, ImportMode, RECORD_BYTES_MAX, ReadError, UnpackLimits,
    read_table,
};

pub(super) fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    file_with(columns, WriterProperties::default())
}

fn file_with(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn ids(count: i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(1..=count))
}

fn read_parquet(name: &str, bytes: Vec<u8>) -> ReadOutcome {
    read(name, ImportMode::Upsert, input(bytes, FileFormat::Parquet, Compression::None))
}

#[test]
fn every_usual_type_is_read() {
    let micros = 1_700_000_000_123_456;
    let text = |value: &str| Cell::text(value);
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(3), Some(1)])]);
    let mut words = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    words.append_value([Some("a"), Some("\"b\"")]);
    for (table, column, array, expected) in [
        ("invoices", "total", Arc::new(Int32Array::from(vec![-5])) as ArrayRef, Cell::Int(-5)),
        ("invoices", "total", Arc::new(UInt64Array::from(vec![5])), Cell::Int(5)),
        ("invoices", "is_advance", Arc::new(BooleanArray::from(vec![true])), Cell::Int(1)),
        ("invoices", "due_date", Arc::new(Date32Array::from(vec![19_782])), Cell::Int(19_782)),
        ("invoices", "due_date", Arc::new(StringArray::from(vec!["1970-01-02"])), Cell::Int(1)),
        ("invoices", "description", Arc::new(LargeStringArray::from(vec!["x"])), text("x")),
        ("invoices", "description", Arc::new(StringViewArray::from(vec!["x"])), text("x")),
        ("invoices", "description", Arc::new(StringArray::from(vec![None::<&str>])), Cell::Null),
        (
            "invoices",
            "paid_at",
            Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC")),
            Cell::Int(micros),
        ),
        (
            "invoices",
            "paid_at",
            Arc::new(TimestampMillisecondArray::from(vec![-1]).with_timezone("UTC")),
            Cell::Int(-1000),
        ),
        (
            "invoices",
            "paid_at",
            Arc::new(
                TimestampNanosecondArray::from(vec![micros * 1000 + 999]).with_timezone("UTC"),
            ),
            Cell::Int(micros),
        ),
        ("invoices", "paid_at", Arc::new(Int64Array::from(vec![2])), Cell::Int(2_000_000)),
        ("invoices", "metadata", Arc::new(StringArray::from(vec!["{ }"])), text("{}")),
        (
            "invoices",
            "metadata",
            Arc::new(StringArray::from(vec![r#"{"card":89490200001234567890}"#])),
            text(r#"{"card":89490200001234567890}"#),
        ),
        (
            "coupons",
            "percent_off",
            Arc::new(
                Decimal128Array::from(vec![12_500_000]).with_precision_and_scale(10, 6).unwrap(),
            ),
            Cell::Int(125_000),
        ),
        ("coupons", "percent_off", Arc::new(Float64Array::from(vec![12.5])), Cell::Int(125_000)),
        ("events", "instructor_ids", Arc::new(lists), text("[3,1]")),
        ("newsletters", "lists", Arc::new(words.finish()), text("[\"a\",\"\\\"b\\\"\"]")),
    ] {
        let shown = format!("{column} from {}", array.data_type());
        let outcome = read_parquet(table, file(vec![(column, array), ("id", ids(1))]));
        assert_eq!((&outcome.errors, &outcome.end), (&vec![], &None), "{shown}");
        assert_eq!(cells(&outcome, 0, &[column]), [expected], "{shown}");
    }
}

#[test]
fn values_that_do_not_fit_are_told_with_their_row() {
    for (table, column, array, code) in [
        (
            "invoices",
            "total",
            Arc::new(UInt64Array::from(vec![1, u64::MAX])) as ArrayRef,
            NumberOutOfRange,
        ),
        ("invoices", "total", Arc::new(Int64Array::from(vec![Some(1), None])), RequiredMissing),
        ("invoices", "due_date", Arc::new(Date32Array::from(vec![1, i32::MAX])), DateInvalid),
        (
            "invoices",
            "paid_at",
            Arc::new(TimestampMillisecondArray::from(vec![1, i64::MAX]).with_timezone("UTC")),
            TimestampInvalid,
        ),
        ("coupons", "percent_off", Arc::new(Float64Array::from(vec![1.0, f64::NAN])), TypeMismatch),
    ] {
        let outcome = read_parquet(table, file(vec![("id", ids(2)), (column, array)]));
        let (code, line, column, _) = of(code, 2, column);
        assert_eq!(outcome.errors, [(code, line, column.clone(), Some(2))], "{column:?}");
        assert_eq!(outcome.ids(), [1], "{column:?}");
    }
}

#[test]
fn columns_of_the_wrong_type_or_name_are_told_once() {
    let object =
        StructArray::from(vec![(Arc::new(Field::new("a", DataType::Int64, true)), ids(2))]);
    let amounts = Decimal128Array::from(vec![4500, 4600]).with_precision_and_scale(10, 2).unwrap();
    let outcome = read_parquet(
        "invoices",
        file(vec![
            ("id", ids(2)),
            ("metadata", Arc::new(object)),
            ("subtotal", Arc::new(amounts)),
            ("total", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ("due_date", ids(2)),
            ("paid_at", Arc::new(TimestampMicrosecondArray::from(vec![1, 2]))),
            ("nope", ids(2)),
        ]),
    );
    let expected = [
        of(TypeMismatch, 1, "metadata"),
        of(TypeMismatch, 1, "subtotal"),
        of(TypeMismatch, 1, "total"),
        of(TypeMismatch, 1, "due_date"),
        of(TimestampInvalid, 1, "paid_at"),
        of(ColumnUnknown, 1, "nope"),
    ];
    assert_eq!(outcome.errors, expected);
    assert_eq!(outcome.ids(), [1, 2]);
}

#[test]
fn a_file_needs_an_id_column_of_integers() {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["A"]));
    let without = file(vec![("name", Arc::clone(&names))]);
    assert_eq!(read_parquet("sites", without).end, Some(of(IdInvalid, 1, "id")));
    let text = file(vec![("id", names)]);
    assert_eq!(read_parquet("sites", text).end, Some(of(TypeMismatch, 1, "id")));
}

#[test]
fn rows_are_numbered_across_batches_and_packing_is_taken_off() {
    let count = 10_000;
    let names = StringArray::from_iter_values((0..count).map(|id| format!("site {id}")));
    let bytes = file(vec![("id", ids(count)), ("name", Arc::new(names))]);
    let packed = zstd::encode_all(&bytes[..], 1).unwrap();
    let input = input(packed, FileFormat::Parquet, Compression::Zstd);
    let progress = input.progress();
    let outcome = read("sites", ImportMode::Upsert, input);
    assert_eq!(lines(&outcome), (1..=10_000).collect::<Vec<u64>>());
    assert_eq!(outcome.ids(), (1..=count).collect::<Vec<i64>>());
    assert_eq!(cells(&outcome, 9999, &["name"]), [Cell::text("site 9999")]);
    assert_eq!(progress.rows(), 10_000);
}

#[test]
fn deletions_need_only_the_id() {
    let names: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let bytes = file(vec![("name", names), ("id", ids(1))]);
    let outcome =
        read("sites", ImportMode::Delete, input(bytes, FileFormat::Parquet, Compression::None));
    assert_eq!((outcome.ids(), outcome.errors), (vec![1], vec![]));
}

#[test]
fn broken_files_are_told() {
    let whole = file(vec![("id", ids(100))]);
    for bytes in [vec![], b"PAR1".to_vec(), whole[..whole.len() - 1].to_vec(), whole[4..].to_vec()]
    {
        let outcome = read_parquet("sites", bytes);
        assert_eq!(outcome.end.map(|(code, ..)| code), Some(ParquetInvalid));
        assert!(outcome.changes.is_empty());
    }
}

fn bounded(bytes: Vec<u8>, bounds: UnpackLimits) -> ImportInput {
    let mut input = input(bytes, FileFormat::Parquet, Compression::None);
    input.bounds = bounds;
    input
}

/// One long text for each of `count` rows, which a dictionary holds once.
fn same_text(count: i64, length: usize) -> Vec<u8> {
    let text = "x".repeat(length);
    let texts = StringArray::from_iter_values((0..count).map(|_| text.as_str()));
    let properties = WriterProperties::builder().set_dictionary_page_size_limit(64 << 20).build();
    file_with(vec![("id", ids(count)), ("name", Arc::new(texts))], properties)
}

#[test]
fn long_texts_of_a_dictionary_come_in_small_batches() {
    let bytes = same_text(200, 1 << 20);
    assert!(bytes.len() < 2 << 20, "it is a small file");
    let batches = read_table(
        table("sites").unwrap(),
        ImportMode::Upsert,
        bounded(bytes, UnpackLimits::default()),
    );
    let mut rows = 0;
    for decoded in batches.unwrap() {
        let Decoded::Changes { changes, .. } = decoded.unwrap() else {
            panic!("all rows are good")
        };
        assert!(changes.len() <= BATCH_BYTES_MAX >> 20, "{}", changes.len());
        rows += changes.len();
    }
    assert_eq!(rows, 200);
}

#[test]
fn what_a_file_says_of_its_size_is_not_what_is_counted() {
    let end = |bytes: Vec<u8>, bounds| match read_table(
        table("sites").unwrap(),
        ImportMode::Upsert,
        bounded(bytes, bounds),
    ) {
        Ok(batches) => batches.last().unwrap().err(),
        Err(error) => Some(error),
    };
    let bytes_max =
        |bytes_max| UnpackLimits { bytes_max: Some(bytes_max), ..UnpackLimits::default() };
    let dense = UnpackLimits { ratio_max: Some(10), ..UnpackLimits::default() };
    // 100 rows of 1 MiB out of 1 MiB: the values are counted as rows have them.
    let texts = same_text(100, 1 << 20);
    assert!(end(texts.clone(), bytes_max(200 << 20)).is_none());
    let refused = end(texts.clone(), bytes_max(50 << 20));
    assert!(matches!(refused, Some(ReadError::TooLarge { .. })), "{refused:?}");
    assert!(matches!(end(texts, dense), Some(ReadError::TooDense { ratio_max: 10 })));
    // Runs of one number: some bytes of the file, eight in each row of each column.
    let invoices = table("invoices").unwrap();
    let is_number = |kind: ColumnType| {
        matches!(kind, ColumnType::Int { .. } | ColumnType::Money | ColumnType::Instant)
    };
    let numbers = invoices.columns.iter().filter(|column| is_number(column.kind));
    let same: ArrayRef = Arc::new(Int64Array::from_iter_values((0..250_000).map(|_| 7)));
    let runs = file(numbers.map(|column| (column.name, Arc::clone(&same))).collect());
    assert!(runs.len() < 100_000, "{}", runs.len());
    let batches = read_table(invoices, ImportMode::Upsert, bounded(runs, dense)).unwrap();
    assert!(matches!(batches.last(), Some(Err(ReadError::TooDense { .. }))));
}

#[test]
fn a_row_longer_than_any_line_may_be_is_left_out() {
    let long = "x".repeat(RECORD_BYTES_MAX);
    let texts = StringArray::from_iter_values(["A", long.as_str(), "C"]);
    let outcome = read_parquet("sites", file(vec![("id", ids(3)), ("name", Arc::new(texts))]));
    assert_eq!(outcome.errors, [of(RowTooLong, 2, "")]);
    assert_eq!(outcome.ids(), [1, 3]);
}

/// A file with a column that is packed with zstd, in one page.
fn one_page(column: (&str, ArrayRef)) -> Vec<u8> {
    let count = i64::try_from(column.1.len()).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Codec::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(1 << 30)
        .set_data_page_row_count_limit(1 << 30)
        .set_write_batch_size(1 << 30)
        .build();
    file_with(vec![("id", ids(count)), column], properties)
}

#[test]
fn pages_that_unpack_to_very_much_are_not_unpacked() {
    let text = "x".repeat(1 << 20);
    let texts = StringArray::from_iter_values((0..130).map(|_| text.as_str()));
    let bytes = one_page(("name", Arc::new(texts)));
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    assert_eq!(read_parquet("sites", bytes).end.map(|(code, ..)| code), Some(ParquetInvalid));
    // The pages of columns that are not read are not checked.
    let texts = StringArray::from_iter_values((0..130).map(|_| text.as_str()));
    let bytes = one_page(("nope", Arc::new(texts)));
    let outcome = read_parquet("sites", bytes);
    assert_eq!((outcome.errors, outcome.end), (vec![of(ColumnUnknown, 1, "nope")], None));
}

#[test]
fn lists_of_very_many_items_are_not_read() {
    let items = Int64Array::from_iter_values((0..20 << 20).map(|_| 7));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([items.len()]);
    let item = Arc::new(Field::new("item", DataType::Int64, false));
    let list = ListArray::new(item, offsets, Arc::new(items), None);
    let bytes = file(vec![("id", ids(1)), ("instructor_ids", Arc::new(list))]);
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    assert_eq!(read_parquet("events", bytes).end.map(|(code, ..)| code), Some(ParquetInvalid));
}

#[test]
fn headers_of_pages_are_read_as_the_library_writes_them() {
    let names = (0..5000).map(|id| format!("site {}", id % 700));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_data_page_row_count_limit(600)
            .set_write_batch_size(100)
            .build();
        let columns = vec![("id", ids(5000)), ("name", Arc::clone(&names))];
        let bytes = file_with(columns, properties);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let group = reader.get_row_group(0).unwrap();
        for position in 0..2 {
            let pages = group.get_column_page_reader(position).unwrap();
            let expected: Vec<_> = pages
                .map(|page| page.unwrap())
                .map(|page| {
                    (
                        page.is_dictionary_page(),
                        u64::from(page.num_values()),
                        page.buffer().len() as u64,
                    )
                })
                .collect();
            let (start, length) = group.metadata().column(position).byte_range();
            let mut rest = &bytes[start as usize..(start + length) as usize];
            let mut found = Vec::new();
            while !rest.is_empty() {
                let header = super::super::thrift::read_page_header(&mut rest).unwrap();
                rest = &rest[header.packed_bytes as usize..];
                found.push((header.is_dictionary, header.values, header.unpacked_bytes));
            }
            assert!(expected.len() > 5, "{version:?}");
            assert_eq!(found, expected, "{version:?}");
        }
    }
}

#[test]
fn a_description_that_is_itself_very_long_is_not_read() {
    let mut bytes = vec![0; 17 << 20];
    bytes.extend_from_slice(&(17_u32 << 20).to_le_bytes());
    bytes.extend_from_slice(b"PAR1");
    assert_eq!(read_parquet("sites", bytes).end.map(|(code, ..)| code), Some(ParquetInvalid));
}
