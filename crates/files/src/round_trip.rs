//! Tests that written values read back unchanged: every type of column, in every format that is
//! both written and read. Amounts in CSV and Parquet are refused, not changed.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use model::catalogue::table;
use model::cell::Cell;
use model::file_format::FileFormat;
use model::import::{Change, ImportCode, ImportError};
use model::output::{OutputColumn, OutputKind};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::format::Compression;
use crate::read::{Decoded, ImportInput, ImportMode, InputSource, read_table};
use crate::write::{Dialect, WriteOptions, create_writer};

const FORMATS: [(FileFormat, FileFormat); 3] = [
    (FileFormat::Csv, FileFormat::Csv),
    (FileFormat::Ndjson, FileFormat::Ndjson),
    (FileFormat::Parquet, FileFormat::Parquet),
];

fn column(key: &str, kind: OutputKind) -> OutputColumn {
    OutputColumn { key: key.to_owned(), label: key.to_owned(), kind }
}

fn written(
    format: FileFormat,
    has_formula_guard: bool,
    columns: &[(OutputColumn, ArrayRef)],
) -> Vec<u8> {
    let options =
        WriteOptions { dialect: Dialect::Export, has_formula_guard, ..WriteOptions::default() };
    let arrays = columns.iter().map(|(column, array)| (&column.key, Arc::clone(array)));
    let batch = RecordBatch::try_from_iter(arrays).unwrap();
    let columns: Vec<_> = columns.iter().map(|(column, _)| column.clone()).collect();
    let mut writer = create_writer(format, &columns, &options).unwrap();
    let mut out = Vec::new();
    writer.start(&mut out).unwrap();
    writer.rows(&batch, &mut out).unwrap();
    writer.finish(&mut out).unwrap();
    out
}

fn read_back(
    name: &str,
    format: FileFormat,
    bytes: Vec<u8>,
) -> Result<Vec<Vec<Cell>>, Vec<ImportError>> {
    let source = InputSource::Stream(Box::new(std::io::Cursor::new(bytes)));
    let input = ImportInput::new(source, format, Compression::None);
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for decoded in read_table(table(name).unwrap(), ImportMode::Upsert, input).unwrap() {
        match decoded.unwrap() {
            Decoded::Error(error) => errors.push(error),
            Decoded::Changes { changes, .. } => rows.extend(changes.into_iter().map(|change| {
                let Change::Upsert(row) = change else { panic!("a deletion") };
                row.cells
            })),
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

/// Checks that a file of every format reads back as `expected`, one list of cells per row.
fn check(name: &str, columns: &[(OutputColumn, ArrayRef)], expected: &[Vec<Cell>]) {
    let positions = columns.iter().map(|(column, _)| {
        table(name).unwrap().position_of(&column.key).unwrap_or_else(|| panic!("{}", column.key))
    });
    let positions: Vec<_> = positions.collect();
    for (written_as, read_as) in FORMATS {
        for has_guard in [true, false] {
            let bytes = written(written_as, has_guard, columns);
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let rows = read_back(name, read_as, bytes);
            let rows = rows.unwrap_or_else(|errors| panic!("{shown}: {errors:?}"));
            for (row, cells) in rows.iter().zip(expected) {
                let found: Vec<_> = positions.iter().map(|at| row[*at].clone()).collect();
                assert_eq!(found, *cells, "{written_as:?}, guard {has_guard}: {shown}");
            }
            assert_eq!(rows.len(), expected.len());
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let parts = select(vec![
        "=", "'", "-", "+", "5", "@", "a", "é", ",", ";", "; ", "\"", "\n", "\r\n", "\r", "\t",
        " ", "[", "]", "\\", "{", "null", "\u{feff}",
    ]);
    vec(parts, 0..5).prop_map(|parts| parts.concat())
}

fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::Null, cell)
}

const JSON: [&str; 6] = [
    "{}",
    r#"{"card":89490200001234567890,"rate":0.12345678901234567890}"#,
    r#"{"a":-0,"b":1.10,"c":[1E5,{"d":1e-400}]}"#,
    r#"{"a, \"b\"":"x\ny; z"}"#,
    r#"{"é":"=1"}"#,
    r#"{"":null}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn scalars_and_json_read_back(
        rows in vec(
            (
                option::of(text()),
                option::of(any::<bool>()),
                option::of(-719_528_i32..2_932_896),
                option::of(-62_167_219_200_000_000_i64..253_370_764_800_000_000),
                option::of(1_i64..(1 << 53)),
                select(JSON.to_vec()),
            ),
            1..5,
        ),
    ) {
        let each = || rows.iter();
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((1..).zip(each()).map(|(id, _)| id)));
        let names: ArrayRef = Arc::new(each().map(|row| row.0.as_deref()).collect::<StringArray>());
        let leads: ArrayRef = Arc::new(each().map(|row| row.1).collect::<BooleanArray>());
        let births: ArrayRef = Arc::new(each().map(|row| row.2).collect::<Date32Array>());
        let logins = each().map(|row| row.3).collect::<TimestampMicrosecondArray>();
        let logins: ArrayRef = Arc::new(logins.with_timezone("UTC"));
        let sites: ArrayRef = Arc::new(each().map(|row| row.4).collect::<Int64Array>());
        let metadata: ArrayRef =
            Arc::new(StringArray::from_iter_values(each().map(|row| row.5)));
        let columns = [
            (column("id", OutputKind::Int), ids),
            (column("name", OutputKind::Text), names),
            (column("is_lead", OutputKind::Bool), leads),
            (column("date_of_birth", OutputKind::Date), births),
            (column("last_login_at", OutputKind::Instant), logins),
            (column("site_id", OutputKind::Int), sites),
            (column("metadata", OutputKind::Json), metadata),
        ];
        let expected: Vec<_> = (1..)
            .zip(each())
            .map(|(id, (name, lead, birth, login, site, json))| {
                vec![
                    Cell::Int(id),
                    maybe(name.clone(), Cell::text),
                    maybe(*lead, |lead| Cell::Int(lead.into())),
                    maybe(*birth, |days| Cell::Int(days.into())),
                    maybe(*login, Cell::Int),
                    maybe(*site, Cell::Int),
                    Cell::text(*json),
                ]
            })
            .collect();
        check("customers", &columns, &expected);
    }

    #[test]
    fn lists_read_back(lists in vec(vec(text(), 0..4), 1..4)) {
        let ids = (1..).zip(&lists).map(|(id, _)| id);
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
        let mut items = ListBuilder::new(StringBuilder::new());
        for list in &lists {
            items.append_value(list.iter().map(Some));
        }
        let kind = OutputKind::List(Box::new(OutputKind::Text));
        let columns = [
            (column("id", OutputKind::Int), ids),
            (column("lists", kind), Arc::new(items.finish()) as ArrayRef),
        ];
        // In CSV an empty list is an empty cell, which reads as the default, an empty list.
        let default = |cell: Cell| if cell == Cell::Null { Cell::text("[]") } else { cell };
        for (written_as, read_as) in FORMATS {
            let rows = read_back("newsletters", read_as, written(written_as, true, &columns));
            let rows = rows.unwrap();
            let position = table("newsletters").unwrap().position_of("lists").unwrap();
            for (row, list) in rows.iter().zip(&lists) {
                let expected = Cell::text(serde_json::Value::from(list.clone()).to_string());
                prop_assert_eq!(default(row[position].clone()), expected, "{:?}", written_as);
            }
        }
    }
}

#[test]
fn lists_are_joined_where_that_reads_back_and_json_elsewhere() {
    for (list, cell) in [
        (vec!["news", "offers"], "\"news,offers\""),
        (vec!["news"], "news"),
        (vec![], "\"\""),
        (vec!["a;b", "c"], "\"[\"\"a;b\"\",\"\"c\"\"]\""),
        (vec!["Lee, Jr"], "\"[\"\"Lee, Jr\"\"]\""),
        (vec!["a", ""], "\"[\"\"a\"\",\"\"\"\"]\""),
        (vec!["[a]"], "\"[\"\"[a]\"\"]\""),
        (vec!["=a", "b"], "\"'=a,b\""),
    ] {
        let mut items = ListBuilder::new(StringBuilder::new());
        items.append_value(list.iter().map(Some));
        let kind = OutputKind::List(Box::new(OutputKind::Text));
        let columns = [(column("lists", kind), Arc::new(items.finish()) as ArrayRef)];
        let bytes = written(FileFormat::Csv, true, &columns);
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("lists\r\n{cell}\r\n"));
    }
}

#[test]
fn amounts_read_back_or_are_refused_with_the_right_number() {
    let columns = |currency: &str| {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let amounts: ArrayRef = Arc::new(Int64Array::from(vec![4500]));
        let codes: ArrayRef = Arc::new(StringArray::from(vec![currency]));
        [
            (column("id", OutputKind::Int), ids),
            (column("unit_amount", OutputKind::Money { currency: 2 }), amounts),
            (column("currency", OutputKind::Text), codes),
        ]
    };
    let position = table("skus").unwrap().position_of("unit_amount").unwrap();
    let amount = |currency: &str, written_as, read_as| {
        let rows = read_back("skus", read_as, written(written_as, true, &columns(currency)));
        rows.map(|rows| rows[0][position].clone()).map_err(|mut errors| errors.remove(0))
    };
    for currency in ["usd", "jpy", "kwd"] {
        let read = amount(currency, FileFormat::Ndjson, FileFormat::Ndjson);
        assert_eq!(read, Ok(Cell::Int(4500)), "{currency}");
    }
    assert_eq!(amount("jpy", FileFormat::Csv, FileFormat::Csv), Ok(Cell::Int(4500)));
    for (currency, message) in [
        ("usd", "amounts are in minor units: write 4500 for 45.00"),
        ("kwd", "amounts are in minor units, without a point: \"4.500\" is not"),
    ] {
        let error = amount(currency, FileFormat::Csv, FileFormat::Csv).unwrap_err();
        assert_eq!(error.code, ImportCode::TypeMismatch);
        assert_eq!((error.column.as_deref(), &*error.message), (Some("unit_amount"), message));
    }
    let error = amount("usd", FileFormat::Parquet, FileFormat::Parquet).unwrap_err();
    assert!(error.message.contains("minor units"), "{}", error.message);
}
