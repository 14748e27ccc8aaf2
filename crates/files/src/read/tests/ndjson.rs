use std::io::Read;

use model::catalogue::table;
use model::cell::Cell;
use model::file_format::FileFormat;
use model::import::ImportCode::*;

use super::{ReadOutcome, cells, chunked, input, lines, of, read, read_ndjson};
use crate::format::Compression;
use crate::read::{
    ImportInput, ImportMode, InputSource, RECORD_BYTES_MAX, read_table, read_tables,
};

#[test]
fn rows_are_read_whatever_the_order_and_spacing_of_their_keys() {
    let text = concat!(
        "\u{FEFF}{\"id\":1,\"name\":\"A\",\"timezone\":null}\r\n",
        "  \n",
        " { \"timezone\" : \"UTC\" , \"id\" : 2 , \"name\" : \"caf\\u00e9 \\\"x\\\"\" } \n",
        "{\"n\\u0061me\":\"C\",\"id\":3}",
    );
    let outcome = read_ndjson("sites", text);
    assert_eq!((&outcome.errors, &outcome.end), (&vec![], &None));
    assert_eq!((outcome.ids(), lines(&outcome)), (vec![1, 2, 3], vec![1, 3, 4]));
    let read = |number| cells(&outcome, number, &["name", "timezone"]);
    assert_eq!(read(0), [Cell::text("A"), Cell::Null]);
    assert_eq!(read(1), [Cell::text("café \"x\""), Cell::text("UTC")]);
    assert_eq!(read(2), [Cell::text("C"), Cell::Absent]);
}

#[test]
fn values_reach_their_columns_as_they_were_written() {
    let value = |name: &str, column: &str, written: &str| {
        let outcome = read_ndjson(name, format!("{{\"id\":1,\"{column}\":{written}}}\n"));
        match outcome.errors.first() {
            Some((code, ..)) => Err(*code),
            None => Ok(cells(&outcome, 0, &[column])[0].clone()),
        }
    };
    let number = |value: i64| Ok(Cell::Int(value));
    let text = |value: &str| Ok(Cell::text(value));
    for (name, column, written, expected) in [
        ("invoices", "total", "9223372036854775807", number(i64::MAX)),
        ("invoices", "total", "-9223372036854775808", number(i64::MIN)),
        ("invoices", "total", "999999999999999999", number(999_999_999_999_999_999)),
        ("invoices", "total", "-0", number(0)),
        ("invoices", "total", "9223372036854775808", Err(NumberOutOfRange)),
        ("invoices", "total", "12345678901234567890", Err(NumberOutOfRange)),
        ("invoices", "total", "1e3", Err(TypeMismatch)),
        ("invoices", "total", "1.0", Err(TypeMismatch)),
        ("invoices", "total", "1e999", Err(TypeMismatch)),
        ("invoices", "total", "\"5\"", Err(TypeMismatch)),
        ("invoices", "total", "null", Err(RequiredMissing)),
        ("coupons", "percent_off", "12.3456", number(123_456)),
        ("coupons", "percent_off", "0.1", number(1000)),
        ("coupons", "percent_off", "12.34567", Err(NumberOutOfRange)),
        ("invoices", "is_advance", "true", number(1)),
        ("invoices", "is_advance", "false", number(0)),
        ("invoices", "due_date", "\"2024-02-29\"", number(19_782)),
        ("invoices", "due_date", "\"2024-02-30\"", Err(DateInvalid)),
        ("invoices", "paid_at", "1", number(1_000_000)),
        ("invoices", "paid_at", "1.5", Err(TimestampInvalid)),
        (
            "invoices",
            "metadata",
            "{\"b\": [1, {\"a\": null}], \"a\": \"x\"}",
            text("{\"b\":[1,{\"a\":null}],\"a\":\"x\"}"),
        ),
        ("invoices", "metadata", "{}", text("{}")),
        ("newsletters", "lists", "[\"a\", \"b\"]", text("[\"a\",\"b\"]")),
        ("events", "instructor_ids", "[]", text("[]")),
        ("events", "instructor_ids", "[1, 2.5]", Err(TypeMismatch)),
    ] {
        assert_eq!(value(name, column, written), expected, "{column} {written}");
    }
}

#[test]
fn lines_that_are_not_a_row_of_json_are_told_and_passed_over() {
    for line in [
        "x",
        "5",
        "[1]",
        "null",
        "{",
        "{\"id\":1",
        "{\"id\":1,}",
        "{\"id\":1}}",
        "{\"id\":1} x",
        "{\"id\" 1}",
        "{id:1}",
        "{\"id\":}",
        "{\"id\":01}",
        "{\"id\":1.}",
        "{\"id\":1e}",
        "{\"id\":-}",
        "{\"id\":+1}",
        "{\"id\":nul}",
        "{\"id\":NaN}",
        "{\"id\":1,\"name\":\"a",
        "{\"id\":1,\"name\":\"\\x\"}",
        "{\"id\":1,\"name\":\"\\ud800\"}",
        "{\"id\":1,\"name\":\"\t\"}",
        "{\"id\":1,\"metadata\":{]}",
        "{\"id\":1,\"name\":\"a\\",
        "{'id':1}",
    ] {
        let outcome = read_ndjson("customers", format!("{line}\n{{\"id\":9}}\n"));
        assert_eq!(outcome.errors, [of(JsonInvalid, 1, "")], "{line}");
        assert_eq!(outcome.ids(), [9], "{line}");
    }
}

#[test]
fn wrong_columns_are_told_per_row() {
    let text = concat!(
        "{\"id\":1,\"nome\":{\"a\":[1]},\"name\":\"A\"}\n",
        "{\"id\":2,\"name\":\"A\",\"name\":\"B\"}\n",
        "{\"name\":\"A\"}\n",
        "{\"id\":null,\"name\":\"A\"}\n",
        "{\"id\":4,\"name\":\"D\"}\n",
    );
    let outcome = read_ndjson("sites", text);
    let with_id = |told: super::ReportedError, id| (told.0, told.1, told.2, Some(id));
    assert_eq!(
        outcome.errors,
        [
            with_id(of(ColumnUnknown, 1, "nome"), 1),
            with_id(of(ColumnDuplicate, 2, "name"), 2),
            of(IdInvalid, 3, "id"),
            of(IdInvalid, 4, "id"),
        ]
    );
    assert_eq!(outcome.ids(), [4]);
}

#[test]
fn invalid_utf8_spoils_only_its_line() {
    let outcome =
        read_ndjson("sites", &b"{\"id\":1,\"name\":\"\xFF\"}\n{\"id\":2,\"name\":\"B\"}\n"[..]);
    assert_eq!(outcome.errors, [of(Utf8Invalid, 1, "")]);
    assert_eq!(outcome.ids(), [2]);
}

#[test]
fn deletions_need_only_the_id() {
    let text = "{\"id\":1}\n{\"name\":7,\"id\":2}\n{\"id\":3,\"nome\":1}\n";
    let outcome =
        read("sites", ImportMode::Delete, input(text, FileFormat::Ndjson, Compression::None));
    assert_eq!(outcome.ids(), [1, 2]);
    assert_eq!(outcome.errors.len(), 1);
    assert_eq!(outcome.errors[0].0, ColumnUnknown);
}

#[test]
fn a_line_past_the_bound_is_skipped_and_the_rest_is_read() {
    let long = std::io::repeat(b'x').take(3 * RECORD_BYTES_MAX as u64);
    let stream = b"{\"id\":1}\n".chain(long).chain(&b"\n{\"id\":2}\n"[..]);
    let input = ImportInput::new(
        InputSource::Stream(Box::new(stream)),
        FileFormat::Ndjson,
        Compression::None,
    );
    let customers = table("customers").unwrap();
    let outcome = super::ReadOutcome::of_open(read_table(customers, ImportMode::Upsert, input));
    assert_eq!(outcome.errors, [of(RowTooLong, 2, "")]);
    assert_eq!((outcome.ids(), lines(&outcome)), (vec![1, 2], vec![1, 3]));
}

#[test]
fn an_array_of_rows_reads_like_lines_and_counts_its_rows() {
    let text = r#"[{"id":1,"name":"a\nb"},
        {"id": "x"}, {"id":3,
        "name":"C"}]"#;
    let outcome =
        read("sites", ImportMode::Upsert, input(text, FileFormat::Json, Compression::None));
    assert_eq!(lines(&outcome), [1, 3]);
    assert_eq!(outcome.end, None);
    assert_eq!(outcome.errors, [of(IdInvalid, 2, "id")]);
    assert_eq!(cells(&outcome, 0, &["name"]), [Cell::text("a\nb")]);
}

#[test]
fn an_array_that_is_cut_off_is_refused() {
    for text in ["[{\"id\":1,\"name\":\"A\"}", "{\"id\":1,\"name\":\"A\"}", ""] {
        let outcome =
            read("sites", ImportMode::Upsert, input(text, FileFormat::Json, Compression::None));
        assert_eq!(outcome.end.map(|(code, ..)| code), Some(JsonInvalid), "{text}");
    }
}

#[test]
fn a_row_is_read_up_to_its_hundredth_error() {
    let unknown: String = (0..100_000).map(|n| format!(",\"x{n}\":1")).collect();
    let outcome =
        read_ndjson("sites", format!("{{\"id\":1{unknown}}}\n{{\"id\":2,\"name\":\"B\"}}"));
    assert_eq!(outcome.errors.len(), model::import::ERRORS_LISTED_MAX);
    assert_eq!((outcome.ids(), outcome.end), (vec![2], None));
}

#[test]
fn numbers_of_free_json_keep_their_digits_or_are_refused_with_their_key() {
    let kept = r#"{"card":89490200001234567890,"rate":0.12345678901234567890,"a":-0,"b":1.10}"#;
    let outcome = read_ndjson("customers", format!("{{\"id\":1,\"metadata\":{kept}}}"));
    assert_eq!(cells(&outcome, 0, &["metadata"]), [Cell::text(kept)]);
    let tables = format!("{{\"table\":\"customers\",\"row\":{{\"id\":1,\"metadata\":{kept}}}}}");
    let outcome =
        ReadOutcome::of(read_tables(input(tables, FileFormat::Ndjson, Compression::None)));
    assert_eq!(cells(&outcome, 0, &["metadata"]), [Cell::text(kept)]);
    for (metadata, code) in [
        (r#"{"a":1e400}"#.to_owned(), NumberOutOfRange),
        (r#"{"a\u0000":1}"#.to_owned(), TypeMismatch),
        (r#"{"a":["x\u0000"]}"#.to_owned(), TypeMismatch),
        (r#"{"a":1,"a":2}"#.to_owned(), TypeMismatch),
        (format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000)), TypeMismatch),
    ] {
        let outcome = read_ndjson("customers", format!("{{\"id\":1,\"metadata\":{metadata}}}"));
        let (code, line, column, _) = of(code, 1, "metadata");
        assert_eq!(outcome.errors, [(code, line, column, Some(1))], "{metadata}");
    }
}

#[test]
fn an_error_of_the_array_has_the_line_of_the_row_before_it_however_the_bytes_arrive() {
    let bytes = br#"[{"id":1},{"id":2}] x"#;
    let whole =
        read("sites", ImportMode::Upsert, input(&bytes[..], FileFormat::Json, Compression::None));
    for size in [1, 3, 7] {
        let pieces = chunked(&bytes[..], size, FileFormat::Json, Compression::None);
        assert_eq!(read("sites", ImportMode::Upsert, pieces), whole, "{size}");
    }
    assert_eq!(whole.changes.len(), 1, "the row beside the error is not whole");
}
