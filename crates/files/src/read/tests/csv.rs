use model::cell::Cell;
use model::file_format::FileFormat;
use model::import::ImportCode::{self, *};

use super::{cells, input, lines, of, read, read_csv};
use crate::format::Compression;
use crate::read::csv_record::{CsvFields, RecordSplit, split_record};
use crate::read::{COLUMNS_MAX, Decoded, ImportMode, RECORD_BYTES_MAX, read_table};

#[test]
fn rows_are_read_by_column_name() {
    let text = "\u{FEFF}name,id,timezone\r\n\
        \"Ann \"\"A\"\" Lee, Jr\",1,\r\n\
        \"two\nlines\",2,Europe/London\r\n\
        \r\n\
        5\" pipe,3,UTC";
    let outcome = read_csv("sites", text);
    assert_eq!((&outcome.errors, &outcome.end), (&vec![], &None));
    assert_eq!((outcome.ids(), lines(&outcome)), (vec![1, 2, 3], vec![2, 3, 6]));
    let read = |number| cells(&outcome, number, &["name", "timezone", "created_at"]);
    assert_eq!(read(0), [Cell::text("Ann \"A\" Lee, Jr"), Cell::Null, Cell::Absent]);
    assert_eq!(read(1)[0], Cell::text("two\nlines"));
    assert_eq!(read(2)[0], Cell::text("5\" pipe"));
}

#[test]
fn a_bad_row_is_told_with_its_line_and_the_others_are_read() {
    for (row, code, column, id) in [
        ("1,A,UTC,x", CsvInvalid, "", None),
        ("1,A", CsvInvalid, "", None),
        (",A,UTC", IdInvalid, "id", None),
        ("x,A,UTC", IdInvalid, "id", None),
        ("9007199254740992,A,UTC", IdInvalid, "id", None),
        ("12345678901234567890,A,UTC", IdInvalid, "id", None),
        ("7,,UTC", RequiredMissing, "name", Some(7)),
    ] {
        let outcome = read_csv("sites", format!("id,name,timezone\n\"4\",\"B\n\",\n{row}\n5,C,\n"));
        let (code, line, column, _) = of(code, 4, column);
        assert_eq!(outcome.errors, [(code, line, column, id)], "{row}");
        assert_eq!(outcome.ids(), [4, 5], "{row}");
    }
}

#[test]
fn every_wrong_value_of_a_row_is_told() {
    let text = "id,customer_id,amount,currency,type,kind,date\n\
        1,2,12345678901234567890,USD,debt,adjustment,2024-02-30T00:00:00Z\n";
    let outcome = read_csv("balance_transactions", text);
    let told: Vec<(ImportCode, &str)> = outcome
        .errors
        .iter()
        .map(|(code, _, column, _)| (*code, column.as_deref().unwrap()))
        .collect();
    let expected = [
        (NumberOutOfRange, "amount"),
        (CurrencyInvalid, "currency"),
        (EnumInvalid, "type"),
        (TimestampInvalid, "date"),
    ];
    assert_eq!(told, expected);
    assert!(outcome.changes.is_empty());
}

#[test]
fn a_header_is_told_all_that_is_wrong_with_it() {
    let outcome = read_csv("sites", "id,nome,name,name\n1,x,A,B\n");
    assert_eq!(outcome.errors, [of(ColumnUnknown, 1, "nome"), of(ColumnDuplicate, 1, "name")]);
    assert_eq!(cells(&outcome, 0, &["name"]), [Cell::text("A")]);
    for (text, code, column) in
        [("", CsvInvalid, ""), ("name\nA\n", IdInvalid, "id"), ("\n1,A\n", IdInvalid, "id")]
    {
        assert_eq!(read_csv("sites", text).end, Some(of(code, 1, column)), "{text:?}");
    }
    assert_eq!(read_csv("sites", &b"id,n\xFFme\n"[..]).end, Some(of(Utf8Invalid, 1, "")));
}

#[test]
fn broken_quotes_and_long_records_end_reading_at_the_line_where_the_record_began() {
    let long = "x".repeat(RECORD_BYTES_MAX);
    for (record, code) in [
        ("2,\"B\n3,C\n".to_owned(), CsvQuoteUnclosed),
        ("2,\"B\"\"\n3,C\n".to_owned(), CsvQuoteUnclosed),
        ("2,\"B\"x\n3,C\n".to_owned(), CsvInvalid),
        ("2,\"B\n3,\"C\"\n".to_owned(), CsvInvalid),
        (format!("2,{long}\n3,C\n"), RowTooLong),
        (format!("2,\"{long}\n3,C\n"), CsvQuoteUnclosed),
    ] {
        let outcome = read_csv("sites", format!("id,name\n1,\"A\n\"\n{record}"));
        let shown = &record[..record.len().min(20)];
        assert_eq!(outcome.end, Some(of(code, 4, "")), "{shown}");
        assert_eq!(outcome.ids(), [1], "{shown}");
    }
}

#[test]
fn invalid_utf8_spoils_only_its_record() {
    let outcome = read_csv("sites", &b"id,name\n1,A\n2,\xFF\n3,\"\xC3\"\n4,D\n"[..]);
    assert_eq!(outcome.errors, [of(Utf8Invalid, 3, ""), of(Utf8Invalid, 4, "")]);
    assert_eq!((outcome.ids(), outcome.end), (vec![1, 4], None));
}

#[test]
fn deletions_need_only_the_id() {
    let delete = |text: &str| {
        read("sites", ImportMode::Delete, input(text, FileFormat::Csv, Compression::None))
    };
    let outcome = delete("name,id\n,5\n,6\n");
    assert_eq!((outcome.ids(), outcome.errors), (vec![5, 6], vec![]));
    assert_eq!(delete("id,nome\n5,\n").errors, [of(ColumnUnknown, 1, "nome")]);
    assert_eq!(delete("id\n0\n").errors, [of(IdInvalid, 2, "id")]);
    assert_eq!(delete("id,id\n5,6\n").errors, [of(ColumnDuplicate, 1, "id")]);
}

#[test]
fn nothing_is_lost_at_the_end_of_the_input() {
    for (text, expected) in [
        ("id\n1", vec![1]),
        ("id\n1\r", vec![1]),
        ("id\n1\n", vec![1]),
        ("id\r\n\"1\"", vec![1]),
        ("id\n\"1\"\r\n\"2\"\r", vec![1, 2]),
        ("id", vec![]),
    ] {
        let outcome =
            read("sites", ImportMode::Delete, input(text, FileFormat::Csv, Compression::None));
        assert_eq!(outcome.ids(), expected, "{text:?}");
        assert_eq!((outcome.errors, outcome.end), (vec![], None), "{text:?}");
    }
}

/// Returns all records of `text` but blank lines, or `None` if it is broken.
pub(super) fn fields_of(text: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut fields = CsvFields::default();
    let (mut rest, mut records) = (text, Vec::new());
    while !rest.is_empty() {
        let RecordSplit::Record { length, .. } = split_record(rest, true, &mut fields) else {
            return None;
        };
        if !fields.is_blank() {
            let text = fields.text(rest);
            records
                .push(fields.ranges().iter().map(|range| text[range.clone()].to_vec()).collect());
        }
        rest = &rest[length..];
    }
    Some(records)
}

#[test]
fn a_header_of_very_many_columns_is_one_error() {
    for header in [",".repeat(2_000_000), format!("id{}", ",\"x\"".repeat(COLUMNS_MAX))] {
        let outcome = read_csv("sites", format!("{header}\n1\n"));
        assert_eq!((outcome.errors, outcome.end), (vec![], Some(of(CsvInvalid, 1, ""))));
    }
    let header = format!("id{}", ",x".repeat(COLUMNS_MAX - 1));
    assert_eq!(read_csv("sites", header).errors.len(), COLUMNS_MAX - 1);
}

#[test]
fn fields_past_the_bound_are_counted_and_not_kept() {
    for (field, separator) in [("x", ","), ("\"x\"", ",")] {
        let record = vec![field; 100_000].join(separator);
        let mut fields = CsvFields::default();
        let step = split_record(record.as_bytes(), true, &mut fields);
        assert_eq!(step, RecordSplit::Record { length: record.len(), line_feeds: 0 });
        assert_eq!((fields.len(), fields.ranges().len()), (100_000, COLUMNS_MAX));
    }
    let outcome = read_csv("sites", format!("id,name\n1{}\n2,B\n", ",".repeat(100_000)));
    assert_eq!((outcome.ids(), outcome.errors), (vec![2], vec![of(CsvInvalid, 2, "")]));
}

/// Returns the messages of all errors. The one that ends reading is last.
fn messages(name: &str, bytes: &[u8]) -> Vec<String> {
    let table = model::catalogue::table(name).unwrap();
    let read =
        read_table(table, ImportMode::Upsert, input(bytes, FileFormat::Csv, Compression::None));
    let told = read.unwrap().filter_map(|decoded| match decoded {
        Ok(Decoded::Error(error)) => Some(error.message),
        Ok(Decoded::Changes { .. }) => None,
        Err(error) => Some(error.to_string()),
    });
    told.collect()
}

#[test]
fn messages_say_what_to_do_instead() {
    let semicolons = "the columns are separated by semicolons; save the file as CSV with commas";
    let utf8 = "the file is not UTF-8; in Excel, save it as \"CSV UTF-8\"";
    for (name, bytes, expected) in [
        ("customers", &b"Member ID;First Name\n1;Ann\n"[..], vec![semicolons]),
        ("customers", b"sep=;\nid;name\n", vec![semicolons]),
        ("customers", b"id,name\n1,Luc\xEDa\n", vec![utf8]),
        ("customers", b"id,n\xEDa\n", vec![utf8]),
        (
            "customers",
            b"id,First Name,loyalty\n",
            vec![
                "customers has no column \"First Name\"; did you mean \"first_name\"?",
                "customers has no column \"loyalty\"",
            ],
        ),
        (
            "customers",
            b"Member ID,name\n",
            vec![
                "customers has no column \"Member ID\"; did you mean \"id\"?",
                "the header has no column \"id\"",
            ],
        ),
        (
            "memberships",
            b"id,price,currency\n1,45.00,gbp\n2,45.00,jpy\n3,45.00,\n",
            vec![
                "amounts are in minor units: write 4500 for 45.00",
                "amounts are in minor units: write 45 for 45.00",
                "amounts are in minor units: write 4500 for 45.00, with two decimals",
                "currency is required",
            ],
        ),
    ] {
        assert_eq!(messages(name, bytes), expected, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn rows_of_nothing_but_commas_are_passed_over() {
    let outcome = read_csv("sites", "id,name,timezone\n1,A,UTC\n,,\n2,B,\n,,,,\n\n");
    assert_eq!((&outcome.errors, &outcome.end), (&vec![], &None));
    assert_eq!((outcome.ids(), lines(&outcome)), (vec![1, 2], vec![2, 4]));
}

#[test]
fn empty_text_is_told_from_null_where_not_every_value_is_quoted() {
    let text = "id,name,timezone,created_at\n1,\"\",,\"\"\n\"2\",\"B\",\"\",\"\"\n";
    let outcome = read_csv("sites", text);
    assert_eq!(outcome.errors, []);
    let read = |number| cells(&outcome, number, &["name", "timezone", "created_at"]);
    assert_eq!(read(0), [Cell::text(""), Cell::Null, Cell::Null]);
    assert_eq!(read(1), [Cell::text("B"), Cell::Null, Cell::Null]);
}

#[test]
fn guards_against_formulas_are_taken_off() {
    for (written, expected) in [
        ("'=1+1", "=1+1"),
        ("''=1", "'=1"),
        ("'@a", "@a"),
        ("'-5 applied", "-5 applied"),
        ("'-5", "'-5"),
        ("'t Hof", "'t Hof"),
        ("'", "'"),
    ] {
        let outcome = read_csv("sites", format!("id,name\n1,{written}\n"));
        assert_eq!(cells(&outcome, 0, &["name"]), [Cell::text(expected)], "{written}");
    }
}
