//! Files of exports. Vectors: spec/exports.md §13; cells: §11.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListArray, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use model::output::{ObjectText, OutputKind};

use super::{ResultRows, export, list, money, object, texts};
use crate::write::{ControlTotals, HashingWriter, WriteOptions};
use model::file_format::FileFormat;

pub(super) fn instants(micros: Vec<Option<i64>>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from(micros).with_timezone("UTC")
}

/// The one invoice of §13.
fn invoice() -> ResultRows {
    ResultRows::default()
        .ints("id", "ID", vec![Some(17)])
        .texts("number", "Number", vec![Some("A,1")])
        .column("total", "Total", money(3), Int64Array::from(vec![11_000]))
        .texts("currency", "Currency", vec![Some("usd")])
        .column(
            "created_at",
            "Created At",
            OutputKind::Instant,
            instants(vec![Some(1_704_164_645_000_000)]),
        )
}

#[test]
fn the_invoice_of_the_spec_has_its_bytes_hash_and_totals() {
    let csv = invoice().export(FileFormat::Csv);
    assert_eq!(
        csv,
        "id,number,total,currency,created_at\r\n17,\"A,1\",110.00,usd,2024-01-02T03:04:05Z\r\n"
    );
    let mut out = HashingWriter::new(Vec::new());
    out.write_all(csv.as_bytes()).unwrap();
    assert_eq!(out.bytes(), 79);
    let (passed, digest) = out.finish();
    assert_eq!(passed, csv.as_bytes());
    assert_eq!(digest.bytes, 79);
    assert_eq!(
        digest.sha256_hex(),
        "028f322550e2c25cdddf54a5b67562638d929584c99bd4407173d1f4703d6a7d"
    );
    assert_eq!(
        invoice().export(FileFormat::Ndjson),
        concat!(
            r#"{"id":17,"number":"A,1","total":11000,"currency":"usd","#,
            "\"created_at\":\"2024-01-02T03:04:05Z\"}\n"
        )
    );
    let mut totals = ControlTotals::new(&invoice().columns);
    totals.add_batch(&invoice().batch()).unwrap();
    assert_eq!(totals.rows(), 1);
    assert_eq!(totals.to_json().to_string(), r#"{"usd":{"total":{"sum":"11000","count":1}}}"#);
}

#[test]
fn amounts_have_the_digits_of_their_currency_in_csv_and_none_in_ndjson() {
    let answer = ResultRows::default()
        .column("amount", "Amount", money(1), Int64Array::from(vec![-500, 500, 1250, i64::MIN]))
        .texts("currency", "Currency", ["usd", "jpy", "kwd", "usd"].map(Some).to_vec());
    assert_eq!(
        answer.export(FileFormat::Csv),
        "amount,currency\r\n-5.00,usd\r\n500,jpy\r\n1.250,kwd\r\n-92233720368547758.08,usd\r\n"
    );
    let lines = answer.export(FileFormat::Ndjson);
    assert_eq!(lines.lines().last(), Some(r#"{"amount":-9223372036854775808,"currency":"usd"}"#));
}

#[test]
fn no_currency_column_is_added() {
    let answer = ResultRows::default()
        .column("plan_amount", "Plan Amount", money(1), Int64Array::from(vec![100]))
        .hidden(StringArray::from(vec!["gbp"]));
    assert_eq!(answer.export(FileFormat::Csv), "plan_amount\r\n1.00\r\n");
}

#[test]
fn empty_text_is_not_null() {
    let answer = ResultRows::default()
        .texts("a", "A", vec![Some(""), None, Some(" x"), Some("0012")])
        .texts("b", "B", vec![None, Some(""), Some("=1+1"), Some("+44 20")]);
    assert_eq!(
        answer.export(FileFormat::Csv),
        "a,b\r\n\"\",\r\n,\"\"\r\n\" x\",'=1+1\r\n0012,+44 20\r\n"
    );
    let first = answer.export(FileFormat::Ndjson).lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some(r#"{"a":"","b":null}"#));
    let excel = WriteOptions { has_bom: true, has_formula_guard: false, ..export() };
    assert_eq!(
        answer.text(FileFormat::Csv, &excel),
        "\u{FEFF}a,b\r\n\"\",\r\n,\"\"\r\n\" x\",=1+1\r\n0012,+44 20\r\n"
    );
}

#[test]
fn keys_are_headings_and_do_not_nest() {
    let answer = ResultRows::default().texts("metadata.plan, old", "X", vec![Some("a")]);
    assert_eq!(answer.export(FileFormat::Csv), "\"metadata.plan, old\"\r\na\r\n");
    assert_eq!(answer.export(FileFormat::Ndjson), "{\"metadata.plan, old\":\"a\"}\n");
}

#[test]
fn rates_dates_bools_and_fractions_are_written_by_kind() {
    let rates = Decimal128Array::from(vec![Some(2513), Some(-1), None]);
    let answer = ResultRows::default()
        .column("rate", "", OutputKind::Dec4, rates.with_precision_and_scale(18, 4).unwrap())
        .column("day", "", OutputKind::Date, Date32Array::from(vec![Some(19_724), None, None]))
        .column("ok", "", OutputKind::Bool, BooleanArray::from(vec![Some(true), None, None]))
        .column("at", "", OutputKind::Instant, instants(vec![Some(1_500), Some(500_000), None]));
    assert_eq!(
        answer.export(FileFormat::Csv),
        "rate,day,ok,at\r\n0.2513,2024-01-02,true,1970-01-01T00:00:00.001500Z\r\n\
         -0.0001,,,1970-01-01T00:00:00.500Z\r\n,,,\r\n"
    );
    assert_eq!(
        answer.export(FileFormat::Ndjson),
        concat!(
            r#"{"rate":"0.2513","day":"2024-01-02","ok":true,"at":"1970-01-01T00:00:00.001500Z"}"#,
            "\n",
            r#"{"rate":"-0.0001","day":null,"ok":null,"at":"1970-01-01T00:00:00.500Z"}"#,
            "\n",
            r#"{"rate":null,"day":null,"ok":null,"at":null}"#,
            "\n"
        )
    );
}

/// Two rows: a line of two items in two currencies, and none.
pub(super) fn with_items() -> ResultRows {
    let items = object(
        ObjectText::Joined(" "),
        vec![
            ("id", OutputKind::Int, Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
            ("description", OutputKind::Text, texts(vec![Some("a \"b\""), None])),
            ("amount", money(1), Arc::new(Int64Array::from(vec![1100, -5]))),
            ("currency", OutputKind::Text, texts(vec![Some("usd"), Some("jpy")])),
        ],
    );
    let items = list(items, &[2, 0]);
    ResultRows::default().column("line_items", "Line Items", items.0, items.1).texts(
        "currency",
        "Currency",
        vec![Some("kwd"), Some("usd")],
    )
}

#[test]
fn lists_of_objects_are_compact_json_with_amounts_as_the_format_wants_them() {
    assert_eq!(
        with_items().export(FileFormat::Csv),
        concat!(
            "line_items,currency\r\n",
            r#""[{""id"":1,""description"":""a \""b\"""",""amount"":""11.00"",""currency"":""usd""},"#,
            r#"{""id"":2,""description"":null,""amount"":""-5"",""currency"":""jpy""}]",kwd"#,
            "\r\n[],usd\r\n"
        )
    );
    assert_eq!(
        with_items().export(FileFormat::Ndjson),
        concat!(
            r#"{"line_items":[{"id":1,"description":"a \"b\"","amount":1100,"currency":"usd"},"#,
            r#"{"id":2,"description":null,"amount":-5,"currency":"jpy"}],"currency":"kwd"}"#,
            "\n",
            r#"{"line_items":[],"currency":"usd"}"#,
            "\n"
        )
    );
}

#[test]
fn ready_json_keeps_its_keys_and_loses_its_spaces() {
    let stored = "{ \"b\" : [1, 2.50],\n \"a \\\" \\\\\": \"x  \\n\", \"c\": {} }";
    let answer = ResultRows::default().column(
        "metadata",
        "",
        OutputKind::Json,
        StringArray::from(vec![stored]),
    );
    let compact = r#"{"b":[1,2.50],"a \" \\":"x  \n","c":{}}"#;
    assert_eq!(answer.export(FileFormat::Ndjson), format!("{{\"metadata\":{compact}}}\n"));
    let csv = answer.export(FileFormat::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(&reader.records().next().unwrap().unwrap()[0], compact);
}

#[test]
fn lists_of_texts_are_joined_in_csv() {
    let lists = ListArray::from_nested_iter::<StringBuilder, _, _, _>(vec![
        Some(vec![Some("a"), Some("b c")]),
        Some(vec![]),
        None,
    ]);
    let answer = ResultRows::default()
        .column("lists", "", OutputKind::List(Box::new(OutputKind::Text)), lists)
        .ints("n", "", vec![Some(1), Some(2), Some(3)]);
    assert_eq!(answer.export(FileFormat::Csv), "lists,n\r\n\"a,b c\",1\r\n\"\",2\r\n,3\r\n");
    assert_eq!(
        answer.export(FileFormat::Ndjson),
        "{\"lists\":[\"a\",\"b c\"],\"n\":1}\n{\"lists\":[],\"n\":2}\n{\"lists\":null,\"n\":3}\n"
    );
}
