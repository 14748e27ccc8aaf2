//! Answers of reports. Vectors: spec/reports.md §18.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Int64Array, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use model::output::{ObjectText, OutputKind};
use proptest::prelude::*;

use super::{ResultRows, list, minor, money, object, texts};
use crate::formula_guard::without_guard;
use crate::write::{JsonEnvelope, WriteError, WriteOptions};
use model::file_format::FileFormat;

#[test]
fn rows_nest_under_their_parents_which_are_null_when_all_below_is() {
    let answer = ResultRows::default()
        .ints("customer.id", "Customer ID", vec![Some(7), None])
        .texts("memo", "Memo", vec![Some("a \"b\"\\\n\u{1}é"), None])
        .texts("customer.name", "Customer Name", vec![None, None])
        .ints("customer.venue.id", "Venue ID", vec![None, None])
        .texts("pivot.2026-01.name", "Jan", vec![None, Some("")]);
    let expected = [
        r#"{"customer":{"id":7,"name":null,"venue":null},"memo":"a \"b\"\\\n\u0001é","pivot":null}"#,
        r#"{"customer":null,"memo":null,"pivot":{"2026-01":{"name":""}}}"#,
    ];
    assert_eq!(answer.json(), expected.join(","));
}

#[test]
fn keys_that_take_the_same_place_are_refused() {
    for (first, second) in [("a", "a"), ("a", "a.b"), ("a.b", "a"), ("a.b.c", "a.b")] {
        let answer = ResultRows::default().ints(first, "", vec![]).ints(second, "", vec![]);
        assert!(
            matches!(answer.write(FileFormat::Json), Err(WriteError::KeyTaken { key }) if key == second),
            "{first} {second}"
        );
    }
}

#[test]
fn scalars_are_written_by_kind() {
    let micros = vec![Some(1_767_607_200_000_000), Some(1_767_607_200_500_000), Some(1), None];
    let answer = ResultRows::default()
        .column(
            "b",
            "B",
            OutputKind::Bool,
            BooleanArray::from(vec![Some(true), Some(false), None, None]),
        )
        .column(
            "d",
            "D",
            OutputKind::Date,
            Date32Array::from(vec![Some(0), Some(-1), Some(19_782), None]),
        )
        .column(
            "t",
            "T",
            OutputKind::Instant,
            TimestampMicrosecondArray::from(micros).with_timezone("UTC"),
        )
        .column(
            "o",
            "O",
            OutputKind::TimeOfDay,
            Int64Array::from(vec![Some(0), Some(36_061_000_000), Some(86_399_999_999), None]),
        );
    let expected = [
        r#"{"b":true,"d":"1970-01-01","t":"2026-01-05T10:00:00Z","o":"00:00:00"}"#,
        r#"{"b":false,"d":"1969-12-31","t":"2026-01-05T10:00:00.500Z","o":"10:01:01"}"#,
        r#"{"b":null,"d":"2024-02-29","t":"1970-01-01T00:00:00.000001Z","o":"23:59:59"}"#,
        r#"{"b":null,"d":null,"t":null,"o":null}"#,
    ];
    assert_eq!(answer.json(), expected.join(","));
    let expected = [
        "B,D,T,O",
        "true,1970-01-01,2026-01-05T10:00:00Z,00:00:00",
        "false,1969-12-31,2026-01-05T10:00:00.500Z,10:01:01",
        ",2024-02-29,1970-01-01T00:00:00.000001Z,23:59:59",
        ",,,",
        "",
    ];
    assert_eq!(answer.csv(), expected.join("\r\n"));
}

#[test]
fn money_is_an_object_in_json_and_a_plain_decimal_in_csv() {
    let codes = ["gbp", "gbp", "jpy", "kwd", "sek", "usd"];
    let units = [4500, -500, 4500, 1250, 123_450, 0].map(Some).to_vec();
    let answer = ResultRows::default()
        .column("amount", "Amount", money(2), minor(units.clone()))
        .column("plain", "Plain", OutputKind::Decimal { currency: 2 }, minor(units))
        .hidden(StringViewArray::from(codes.to_vec()));
    let object = |decimal: &str, string: &str, code: &str, symbol: &str, position: &str| {
        format!(
            "{{\"amount\":{{\"decimal\":{decimal},\"string\":\"{string}\",\
             \"iso_currency_code\":\"{code}\",\"currency_symbol\":\"{symbol}\",\
             \"currency_symbol_position\":\"{position}\"}},\"plain\":{decimal}}}"
        )
    };
    let expected = [
        object("45.00", "£45", "gbp", "£", "before"),
        object("-5.00", "-£5", "gbp", "£", "before"),
        object("4500", "¥4,500", "jpy", "¥", "before"),
        object("1.250", "KWD 1.250", "kwd", "KWD", "before"),
        object("1234.50", "1,234.50 kr", "sek", "kr", "after"),
        object("0.00", "$0", "usd", "$", "before"),
    ];
    assert_eq!(answer.json(), expected.join(","));
    let expected = [
        "Amount,Plain,Currency",
        "45.00,45.00,GBP",
        "-5.00,-5.00,GBP",
        "4500,4500,JPY",
        "1.250,1.250,KWD",
        "1234.50,1234.50,SEK",
        "0.00,0.00,USD",
        "",
    ];
    assert_eq!(answer.csv(), expected.join("\r\n"));
}

#[test]
fn amounts_past_64_bits_are_written_exactly() {
    let answer = ResultRows::default()
        .column(
            "amount",
            "Amount",
            OutputKind::Decimal { currency: 1 },
            minor(vec![Some(10_i128.pow(30) + 1)]),
        )
        .hidden(StringArray::from(vec!["usd"]));
    assert_eq!(answer.json(), "{\"amount\":10000000000000000000000000000.01}");
}

#[test]
fn no_amount_is_null_and_an_amount_without_currency_is_an_error() {
    let answer = |amount, code| {
        ResultRows::default()
            .column("amount", "Amount", money(1), Int64Array::from(vec![amount]))
            .hidden(StringArray::from(vec![code]))
    };
    assert_eq!(answer(None, None).json(), "{\"amount\":null}");
    assert_eq!(answer(None, Some("gbp")).csv(), "Amount,Currency\r\n,GBP\r\n");
    for code in [None, Some("xyz"), Some("GBP")] {
        let answer = answer(Some(1), code);
        let error = answer.write(FileFormat::Json).unwrap_err();
        assert!(matches!(error, WriteError::CurrencyUnknown { .. }), "{code:?}");
    }
}

#[test]
fn amounts_of_different_tables_get_a_currency_column_each() {
    let answer = ResultRows::default()
        .column("credit", "Credit", money(2), Int64Array::from(vec![100]))
        .column("paid", "Paid", money(3), Int64Array::from(vec![Some(200)]))
        .hidden(StringArray::from(vec!["gbp"]))
        .hidden(StringArray::from(vec![Some("eur")]));
    assert_eq!(answer.csv(), "Credit,Paid,Credit Currency,Paid Currency\r\n1.00,2.00,GBP,EUR\r\n");
}

#[test]
fn a_currency_column_that_shows_anyway_is_the_only_one() {
    let answer = ResultRows::default()
        .ints("membership.id", "Membership ID", vec![Some(7), Some(7)])
        .texts("membership.name", "Membership Name", vec![Some("Gold"), Some("Gold")])
        .ints("count", "Count", vec![Some(1), Some(2)])
        .column("billed_price", "Billed Price", money(4), minor(vec![Some(6000), Some(9000)]))
        .texts("currency", "Currency", vec![Some("eur"), Some("gbp")]);
    // V11
    let expected = [
        "Membership ID,Membership Name,Count,Billed Price,Currency",
        "7,Gold,1,60.00,EUR",
        "7,Gold,2,90.00,GBP",
        "",
    ];
    assert_eq!(answer.csv(), expected.join("\r\n"));
    assert!(answer.json().ends_with("\"currency\":\"gbp\"}"));
}

#[test]
fn text_cells_are_guarded_and_quoted_where_needed() {
    for (text, expected) in [
        // V14
        ("=SUM(A1)", "'=SUM(A1)"),
        ("-5", "-5"),
        ("-5 applied", "'-5 applied"),
        ("Ann \"A\" Lee, Jr", "\"Ann \"\"A\"\" Lee, Jr\""),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("-12.50", "-12.50"),
        ("+1 (2) 3/4", "+1 (2) 3/4"),
        ("+1x", "'+1x"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ("\ra", "\"'\ra\""),
        ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        (" a", "\" a\""),
        ("a ", "\"a \""),
        ("a b", "a b"),
        ("a\nb", "\"a\nb\""),
        ("a;b", "a;b"),
        ("'", "'"),
        ("'=1", "''=1"),
        ("'a", "'a"),
        ("", "\"\""),
    ] {
        let answer = ResultRows::default().texts("a", "=A", vec![Some(text)]);
        assert_eq!(answer.csv(), format!("'=A\r\n{expected}\r\n"), "{text:?}");
    }
    let answer = ResultRows::default().texts("a", "A", vec![Some("=1")]).texts(
        "b",
        "B",
        vec![Some("x\ty,")],
    );
    let tabs = WriteOptions { has_bom: true, has_formula_guard: false, ..WriteOptions::default() };
    assert_eq!(answer.text(FileFormat::Tsv, &tabs), "\u{FEFF}A\tB\r\n=1\t\"x\ty,\"\r\n");
}

#[test]
fn lists_and_objects_are_whole_in_json_and_one_cell_in_csv() {
    let names = vec![("id", OutputKind::Int, Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)];
    let membership = object(
        ObjectText::Field("name"),
        vec![("name", OutputKind::Text, texts(vec![Some("Gold"), Some("Pack, of 5")]))],
    );
    let short =
        names.into_iter().chain([("membership", membership.0, Arc::new(membership.1) as ArrayRef)]);
    let others = list(object(ObjectText::Field("membership"), short.collect()), &[2, 0]);
    let decimal = object(
        ObjectText::Field("decimal"),
        vec![(
            "decimal",
            OutputKind::Decimal { currency: 4 },
            Arc::new(Int64Array::from(vec![100, -250])),
        )],
    );
    let credit =
        object(ObjectText::Field("amount"), vec![("amount", decimal.0, Arc::new(decimal.1))]);
    let credits = list(credit, &[0, 2]);
    let address = object(
        ObjectText::Joined(", "),
        vec![
            ("line1", OutputKind::Text, texts(vec![Some("1 High St"), Some("2")])),
            ("line2", OutputKind::Text, texts(vec![None, Some("")])),
            ("city", OutputKind::Text, texts(vec![Some("Leeds"), None])),
        ],
    );
    let latest = object(
        ObjectText::Pair("starts_at", "name"),
        vec![
            ("name", OutputKind::Text, texts(vec![Some("Yoga"), None])),
            (
                "starts_at",
                OutputKind::Instant,
                Arc::new(TimestampMicrosecondArray::from(vec![0, 0]).with_timezone("UTC")),
            ),
        ],
    );
    let answer = ResultRows::default()
        .column("others", "Others", others.0, others.1)
        .column("credits", "Credits", credits.0, credits.1)
        .column("address", "Address", address.0, address.1)
        .column("latest", "Latest", latest.0, latest.1)
        .hidden(StringArray::from(vec!["gbp", "jpy"]));
    let expected = [
        concat!(
            r#"{"others":[{"id":1,"membership":{"name":"Gold"}},{"id":2,"membership":{"name":"Pack, of 5"}}],"#,
            r#""credits":[],"address":{"line1":"1 High St","line2":null,"city":"Leeds"},"#,
            r#""latest":{"name":"Yoga","starts_at":"1970-01-01T00:00:00Z"}}"#
        ),
        concat!(
            r#"{"others":[],"credits":[{"amount":{"decimal":100}},{"amount":{"decimal":-250}}],"#,
            r#""address":{"line1":"2","line2":"","city":null},"#,
            r#""latest":{"name":null,"starts_at":"1970-01-01T00:00:00Z"}}"#
        ),
    ];
    assert_eq!(answer.json(), expected.join(","));
    let expected = [
        "Others,Credits,Address,Latest",
        "\"Gold; Pack, of 5\",,\"1 High St, Leeds\",1970-01-01T00:00:00Z Yoga",
        ",100; -250,2,1970-01-01T00:00:00Z",
        "",
    ];
    assert_eq!(answer.csv(), expected.join("\r\n"));
}

#[test]
fn text_is_read_from_every_layout() {
    let dictionary: DictionaryArray<Int32Type> = vec!["a", "b"].into_iter().collect();
    let answer = ResultRows::default()
        .column("a", "A", OutputKind::Text, StringViewArray::from(vec!["x", "y"]))
        .column("b", "B", OutputKind::Text, dictionary);
    assert_eq!(answer.csv(), "A,B\r\nx,a\r\ny,b\r\n");
}

#[test]
fn a_batch_of_another_shape_is_an_error_that_names_the_column() {
    let answer =
        ResultRows::default().column("a.b", "A", OutputKind::Text, Int64Array::from(vec![1]));
    let error = answer.write(FileFormat::Csv).unwrap_err();
    assert_eq!(error.to_string(), "column a.b of a batch should be text, and is Int64");
    let answer = ResultRows::default().column("a", "A", money(9), Int64Array::from(vec![1]));
    let error = answer.write(FileFormat::Json).unwrap_err();
    assert!(matches!(error, WriteError::ColumnMismatch { .. }));
}

#[test]
fn an_object_that_names_its_currency_does_not_take_that_of_its_row() {
    let amount = object(
        ObjectText::Field("decimal"),
        vec![
            (
                "decimal",
                OutputKind::Decimal { currency: 1 },
                Arc::new(Int64Array::from(vec![500, 500])) as ArrayRef,
            ),
            ("currency", OutputKind::Text, texts(vec![Some("jpy"), Some("usd")])),
        ],
    );
    let amounts = list(amount, &[2]);
    let answer = ResultRows::default()
        .column("charges", "Charges", amounts.0, amounts.1)
        .hidden(StringArray::from(vec!["kwd"]));
    assert_eq!(answer.csv(), "Charges\r\n500; 5.00\r\n");
}

#[test]
fn json_stands_in_its_envelope_and_ndjson_in_lines() {
    let answer = ResultRows::default().ints("a.b", "A", vec![Some(1), Some(2)]);
    let envelope = JsonEnvelope {
        prefix: r#"{"total":2,"rows":["#.to_owned(),
        suffix: r#"],"pivot_truncated":true}"#.to_owned(),
    };
    let options = WriteOptions { envelope, ..WriteOptions::default() };
    assert_eq!(
        answer.text(FileFormat::Json, &options),
        r#"{"total":2,"rows":[{"a":{"b":1}},{"a":{"b":2}}],"pivot_truncated":true}"#
    );
    assert_eq!(answer.text(FileFormat::Ndjson, &options), "{\"a\":{\"b\":1}}\n{\"a\":{\"b\":2}}\n");
}

proptest! {
    #[test]
    fn csv_reads_back_as_it_was_given(
        rows in prop::collection::vec((any::<String>(), ".*[,\" \n\r=+-]*.*"), 1..5),
    ) {
        let answer = ResultRows::default()
            .texts("a", "A", rows.iter().map(|row| Some(row.0.as_str())).collect())
            .texts("b", "B", rows.iter().map(|row| Some(row.1.as_str())).collect());
        let options = WriteOptions { has_formula_guard: false, ..WriteOptions::default() };
        let written = answer.text(FileFormat::Csv, &options);
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(written.as_bytes());
        let read = reader.records().map(|record| {
            let record = record.unwrap();
            // Text that looks guarded gets a guard whatever the setting.
            (without_guard(&record[0]).to_owned(), without_guard(&record[1]).to_owned())
        });
        prop_assert_eq!(read.collect::<Vec<_>>(), rows);
    }

    #[test]
    fn json_reads_back_as_it_was_given(text in any::<String>(), number in any::<i64>()) {
        let answer = ResultRows::default()
            .texts("a.text", "A", vec![Some(&text)])
            .ints("a.number", "B", vec![Some(number)]);
        let read: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
        prop_assert_eq!(read, serde_json::json!({"a": {"text": text, "number": number}}));
    }
}
