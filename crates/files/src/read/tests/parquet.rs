use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use model::cell::Cell;
use model::import::ImportCode::*;
use parquet::arrow::ArrowWriter;

use super::{Outcome, cells, input, lines, of, read};
use crate::format::{Compression, Format};
use crate::read::Mode;

pub(super) fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn ids(count: i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(1..=count))
}

fn read_parquet(name: &str, bytes: Vec<u8>) -> Outcome {
    read(name, Mode::Upsert, input(bytes, Format::Parquet, Compression::None))
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
    let input = input(packed, Format::Parquet, Compression::Zstd);
    let progress = input.progress();
    let outcome = read("sites", Mode::Upsert, input);
    assert_eq!(lines(&outcome), (1..=10_000).collect::<Vec<u64>>());
    assert_eq!(outcome.ids(), (1..=count).collect::<Vec<i64>>());
    assert_eq!(cells(&outcome, 9999, &["name"]), [Cell::text("site 9999")]);
    assert_eq!(progress.rows(), 10_000);
}

#[test]
fn deletions_need_only_the_id() {
    let names: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let bytes = file(vec![("name", names), ("id", ids(1))]);
    let outcome = read("sites", Mode::Delete, input(bytes, Format::Parquet, Compression::None));
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
