//! Parquet and Arrow files, read back by the libraries' own readers.

use std::sync::Arc;

use std::io::Cursor;

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, Date32Array, Decimal128Array, Int64Array, ListArray, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimeUnit};
use arrow::ipc::reader::FileReader;
use model::output::OutputKind;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;

use super::export::with_items;
use super::{ResultRows, export, money};
use crate::write::WriteOptions;
use model::file_format::FileFormat;

fn read_parquet(file: Vec<u8>) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes_of(file)).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn bytes_of(file: Vec<u8>) -> std::fs::File {
    use std::io::{Seek, Write};
    let mut on_disk = tempfile::tempfile().unwrap();
    on_disk.write_all(&file).unwrap();
    on_disk.rewind().unwrap();
    on_disk
}

fn read_arrow(file: Vec<u8>) -> RecordBatch {
    let reader = FileReader::try_new(Cursor::new(file), None).unwrap();
    let schema = reader.schema();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn read(answer: &ResultRows, format: FileFormat, options: &WriteOptions) -> RecordBatch {
    let file = answer.bytes(format, options);
    if format == FileFormat::Parquet { read_parquet(file) } else { read_arrow(file) }
}

fn one_of_each() -> ResultRows {
    let rates = Decimal128Array::from(vec![Some(2513), None]);
    let instants = TimestampMicrosecondArray::from(vec![Some(1), None]).with_timezone("+00:00");
    let lists = vec![Some(vec![Some("a"), None]), None];
    ResultRows::default()
        .ints("id", "ID", vec![Some(i64::MIN), None])
        .column("rate", "", OutputKind::Dec4, rates.with_precision_and_scale(18, 4).unwrap())
        .column("day", "", OutputKind::Date, Date32Array::from(vec![Some(-1), None]))
        .column("at", "", OutputKind::Instant, instants)
        .column("time", "", OutputKind::TimeOfDay, Int64Array::from(vec![Some(61_000_000), None]))
        .column("total", "", money(8), Int64Array::from(vec![Some(-11_001), None]))
        .column(
            "lists",
            "",
            OutputKind::List(Box::new(OutputKind::Text)),
            ListArray::from_nested_iter::<StringBuilder, _, _, _>(lists),
        )
        .column("metadata", "", OutputKind::Json, StringArray::from(vec![Some("{ }"), None]))
        .texts("currency", "", vec![Some("usd"), None])
}

#[test]
fn cells_have_the_types_of_the_spec_in_both_formats() {
    for format in [FileFormat::Parquet, FileFormat::Arrow] {
        let rows = read(&one_of_each(), format, &export());
        let types: Vec<_> =
            rows.schema().fields().iter().map(|field| field.data_type().clone()).collect();
        let item = arrow::datatypes::Field::new_list_field(DataType::Utf8, true);
        let expected = [
            DataType::Int64,
            DataType::Decimal128(18, 4),
            DataType::Date32,
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            DataType::Time64(TimeUnit::Microsecond),
            DataType::Decimal128(23, 4),
            DataType::List(item.into()),
            DataType::Utf8,
            DataType::Utf8,
        ];
        assert_eq!(types, expected, "{format:?}");
        assert_eq!(rows.column(0).as_primitive::<Int64Type>().value(0), i64::MIN);
        assert_eq!(rows.column(5).as_primitive::<Decimal128Type>().value(0), -1_100_100);
        assert_eq!(rows.column(6).as_list::<i32>().value(0).len(), 2);
        assert_eq!(rows.column(7).as_string::<i32>().value(0), "{}");
        assert!(rows.columns().iter().all(|column| column.is_null(1)), "{format:?}");
        let total = rows.schema().field(5).metadata().get("rollbook.unit").cloned();
        assert_eq!(total.as_deref(), Some("major"), "{format:?}");
    }
}

#[test]
fn reports_add_their_currencies_and_write_objects_as_csv_does() {
    let answer = ResultRows::default()
        .column("total", "Total", money(1), Int64Array::from(vec![4500, 4500]))
        .hidden(StringArray::from(vec!["jpy", "kwd"]));
    for format in [FileFormat::Parquet, FileFormat::Arrow] {
        let rows = read(&answer, format, &WriteOptions::default());
        assert_eq!(rows.schema().field(1).name(), "currency");
        assert_eq!(rows.column(1).as_string::<i32>().value(1), "KWD");
        let totals = rows.column(0).as_primitive::<Decimal128Type>();
        assert_eq!((totals.value(0), totals.value(1)), (45_000_000, 45_000));
    }
    let items = read(&with_items(), FileFormat::Parquet, &WriteOptions::default());
    let items = items.column(0).as_list::<i32>().value(0);
    assert_eq!(items.as_string::<i32>().value(0), "1 a \"b\" 11.00 usd");
}

#[test]
fn lists_of_objects_are_the_text_of_ndjson() {
    let rows = read(&with_items(), FileFormat::Parquet, &export());
    let items = rows.column(0).as_string::<i32>();
    assert!(items.value(0).starts_with(r#"[{"id":1,"description":"a \"b\"","amount":1100,"#));
    assert_eq!(items.value(1), "[]");
}

#[test]
fn row_groups_have_131072_rows_and_are_packed_with_zstd() {
    let ids = Int64Array::from_iter_values(0..131_073);
    let answer = ResultRows::default().column("id", "ID", OutputKind::Int, ids);
    let file = answer.write_by(50_000, FileFormat::Parquet, &export()).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes_of(file)).unwrap();
    let groups = reader.metadata().row_groups();
    assert_eq!(groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [131_072, 1]);
    assert!(matches!(groups[0].column(0).compression(), Compression::ZSTD(_)));
}

#[test]
fn an_amount_that_its_type_cannot_hold_is_an_error() {
    let answer = |minor: i128| {
        ResultRows::default()
            .ints("id", "", vec![Some(17)])
            .column("total", "", money(2), super::minor(vec![Some(minor)]))
            .texts("currency", "", vec![Some("usd")])
    };
    let fits = 10_i128.pow(21) - 1;
    assert!(answer(fits).write(FileFormat::Parquet).is_ok());
    for minor in [fits + 1, i128::MAX / 2, -fits - 1] {
        let error = answer(minor).write(FileFormat::Parquet).unwrap_err();
        assert_eq!(error.code(), "amount_too_large");
        assert_eq!(error.to_string(), "column total of row 17 has too many digits", "{minor}");
    }
}

#[test]
fn an_answer_without_rows_is_a_whole_file() {
    let answer = ResultRows::default().ints("id", "ID", vec![]);
    for format in [FileFormat::Parquet, FileFormat::Arrow] {
        assert_eq!(read(&answer, format, &export()).num_rows(), 0);
    }
}
