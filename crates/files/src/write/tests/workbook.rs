//! Tests of workbooks, which are unzipped and read as XML.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use arrow::array::{BooleanArray, Date32Array, Decimal128Array, Int64Array};
use model::output::OutputKind;
use model::time::{Instant, Zone};
use quick_xml::events::Event;

use super::export::{instants, with_items};
use super::{ResultRows, export, minor, money};
use crate::write::xlsx::{XlsxRows, sheet_name};
use crate::write::{RowWriter, WriteError, WriteOptions, create_writer};
use model::file_format::FileFormat;

struct Workbook {
    members: BTreeMap<String, String>,
}

/// A cell as it is stored: type, style number, text.
#[derive(Debug, Clone, PartialEq, Default)]
struct WorkbookCell {
    kind: String,
    style: String,
    text: String,
}

impl Workbook {
    fn open(file: Vec<u8>) -> Self {
        let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
        let mut members = BTreeMap::new();
        for index in 0..archive.len() {
            let mut member = archive.by_index(index).unwrap();
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            members.insert(member.name().unwrap().to_string(), text);
        }
        Self { members }
    }

    fn sheet(&self, number: usize) -> &str {
        &self.members[&format!("xl/worksheets/sheet{number}.xml")]
    }

    /// Returns the cells of a sheet by their references, such as `A1`.
    fn cells(&self, number: usize) -> BTreeMap<String, WorkbookCell> {
        let mut reader = quick_xml::Reader::from_str(self.sheet(number));
        let (mut cells, mut name, mut cell) =
            (BTreeMap::new(), String::new(), WorkbookCell::default());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) | Event::Empty(start) if start.name().as_ref() == "c" => {
                    cell = WorkbookCell::default();
                    for attribute in start.attributes().map(Result::unwrap) {
                        let value = attribute.value.into_owned();
                        match attribute.key.as_ref() {
                            "r" => name = value,
                            "t" => cell.kind = value,
                            "s" => cell.style = value,
                            _ => {}
                        }
                    }
                    cells.insert(name.clone(), cell.clone());
                }
                Event::Text(text) => cell.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    cell.text.push(match &*entity {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        other => panic!("{other:?}"),
                    });
                }
                Event::End(end) if end.name().as_ref() == "c" => {
                    cells.insert(name.clone(), cell.clone());
                }
                Event::Eof => return cells,
                _ => {}
            }
        }
    }
}

fn open(answer: &ResultRows, options: &WriteOptions) -> Workbook {
    Workbook::open(answer.bytes(FileFormat::Xlsx, options))
}

fn texts_of(cells: &BTreeMap<String, WorkbookCell>, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| cells[*name].text.clone()).collect()
}

#[test]
fn cells_are_numbers_bools_dates_and_texts() {
    let rates = Decimal128Array::from(vec![2513, -1]).with_precision_and_scale(18, 4).unwrap();
    let answer = ResultRows::default()
        .ints("id", "ID", vec![Some(17), Some(1_000_000_000_000_000)])
        .column("total", "Total", money(6), Int64Array::from(vec![11_010, -500]))
        .column("ok", "OK", OutputKind::Bool, BooleanArray::from(vec![true, false]))
        .column("day", "Day", OutputKind::Date, Date32Array::from(vec![19_724, -40_000]))
        .column("rate", "Rate", OutputKind::Dec4, rates)
        .texts("text", "Text", vec![Some("=1+1"), Some("<a & b>")])
        .texts("currency", "Currency", vec![Some("usd"), Some("jpy")]);
    let workbook = open(&answer, &export());
    let cells = workbook.cells(1);
    let row = ["A2", "B2", "C2", "D2", "E2", "F2", "G2"];
    assert_eq!(texts_of(&cells, &row), ["17", "110.1", "1", "45293", "0.2513", "=1+1", "usd"]);
    let kinds = row.map(|name| cells[name].kind.as_str());
    assert_eq!(kinds, ["", "", "b", "", "", "inlineStr", "inlineStr"]);
    let row = ["A3", "B3", "C3", "D3", "E3", "F3"];
    assert_eq!(
        texts_of(&cells, &row),
        ["1000000000000000", "-500", "0", "1860-06-26", "-0.0001", "<a & b>"]
    );
    let kinds = row.map(|name| cells[name].kind.as_str());
    assert_eq!(kinds, ["inlineStr", "", "b", "inlineStr", "", "inlineStr"]);
    assert_ne!(cells["B2"].style, cells["B3"].style, "digits are those of the currency");
    let styles = &workbook.members["xl/styles.xml"];
    assert!(styles.contains("yyyy\\-mm\\-dd") || styles.contains("yyyy-mm-dd"), "{styles}");
    assert!(!workbook.sheet(1).contains("<f>"));
}

#[test]
fn the_header_is_that_of_csv_in_bold_and_stays_in_view() {
    let answer = ResultRows::default().ints("customer.id", "Customer ID", vec![Some(1)]);
    for (options, heading) in [(WriteOptions::default(), "Customer ID"), (export(), "customer.id")]
    {
        let workbook = open(&answer, &options);
        let cells = workbook.cells(1);
        assert_eq!(cells["A1"].text, heading);
        assert_ne!(cells["A1"].style, "");
        let sheet = workbook.sheet(1);
        assert!(sheet.contains("<pane ySplit=\"1\""), "{sheet}");
        assert!(sheet.contains("<cols>"), "{sheet}");
        assert!(workbook.members["xl/styles.xml"].contains("<b/>"));
    }
}

#[test]
fn every_sheet_has_a_filter_over_its_rows() {
    let answer = ResultRows::default().ints("id", "ID", (1..=4).map(Some).collect()).texts(
        "name",
        "Name",
        vec![Some("a"); 4],
    );
    let mut writer = XlsxRows::new(&answer.columns, &WriteOptions::default()).unwrap();
    writer.sheet_rows_max = 4;
    let mut out = Vec::new();
    writer.start(&mut out).unwrap();
    writer.rows(&answer.batch(), &mut out).unwrap();
    writer.finish(&mut out).unwrap();
    let workbook = Workbook::open(out);
    assert!(workbook.sheet(1).contains(r#"<autoFilter ref="A1:B4"/>"#), "{}", workbook.sheet(1));
    assert!(workbook.sheet(2).contains(r#"<autoFilter ref="A1:B2"/>"#), "{}", workbook.sheet(2));
    let mut nothing = XlsxRows::new(&answer.columns, &WriteOptions::default()).unwrap();
    let mut out = Vec::new();
    nothing.start(&mut out).unwrap();
    nothing.finish(&mut out).unwrap();
    assert!(Workbook::open(out).sheet(1).contains(r#"<autoFilter ref="A1:B1"/>"#));
}

/// 2026-01-29 is day 46,051 of Excel, 2026-06-30 day 46,203, 2026-03-29 day 46,110.
#[test]
fn instants_are_date_times_on_the_clocks_of_the_zone() {
    for (instant, zone, expected) in [
        ("2026-01-29T12:00:00Z", "UTC", "46051.5"),
        ("2026-01-29T12:00:00Z", "Europe/London", "46051.5"),
        ("2026-06-30T23:00:00Z", "Europe/London", "46204"),
        ("2026-03-29T00:30:00Z", "Europe/London", "46110.020833333336"),
        ("2026-03-29T01:00:00Z", "Europe/London", "46110.083333333336"),
        ("2026-01-29T17:00:00Z", "America/New_York", "46051.5"),
        ("2026-01-29T12:00:00.500Z", "UTC", "46051.500005787035"),
        ("1900-02-28T23:59:59Z", "UTC", "1900-02-28T23:59:59Z"),
        ("1900-03-01T00:00:00Z", "UTC", "61"),
        ("9999-12-30T15:00:00Z", "Asia/Tokyo", "2958465"),
    ] {
        let micros = Instant::parse(instant).unwrap().micros();
        let answer = ResultRows::default().column(
            "at",
            "At",
            OutputKind::Instant,
            instants(vec![Some(micros)]),
        );
        let options = WriteOptions { zone: Zone::parse(zone).unwrap(), ..export() };
        let workbook = open(&answer, &options);
        assert_eq!(workbook.cells(1)["A2"].text, expected, "{instant} in {zone}");
        let note = workbook.members.iter().find(|(name, _)| name.contains("comments"));
        assert!(note.unwrap().1.contains(&format!("Times in {zone}.")));
        let styles = &workbook.members["xl/styles.xml"];
        assert_eq!(styles.contains("hh:mm:ss.000"), instant.contains(".5"), "{styles}");
    }
}

#[test]
fn reports_add_their_currencies_and_join_lists() {
    let cells = open(&with_items(), &WriteOptions::default()).cells(1);
    assert_eq!(cells["A2"].text, "1 a \"b\" 11.00 usd; 2 -5 jpy");
    assert_eq!(cells["B2"].text, "KWD");
    let cells = open(&with_items(), &export()).cells(1);
    assert!(cells["A2"].text.contains(r#""amount":"11.00""#), "{cells:?}");
    assert_eq!(cells["B2"].text, "kwd");
}

#[test]
fn amounts_past_15_digits_are_texts() {
    let answer = ResultRows::default()
        .column("a", "", money(1), minor(vec![Some(999_999_999_999_999), Some(10_i128.pow(15))]))
        .texts("currency", "", vec![Some("usd"), Some("usd")]);
    let cells = open(&answer, &export()).cells(1);
    assert_eq!((cells["A2"].kind.as_str(), cells["A2"].text.as_str()), ("", "9999999999999.99"));
    assert_eq!(
        (cells["A3"].kind.as_str(), cells["A3"].text.as_str()),
        ("inlineStr", "10000000000000.00")
    );
}

#[test]
fn nothing_and_empty_text_are_empty_cells_and_every_row_is_a_row() {
    let answer = ResultRows::default().texts("a", "A", vec![Some("x"), None, Some("")]);
    let workbook = open(&answer, &export());
    assert_eq!(workbook.cells(1)["A2"].text, "x");
    assert_eq!(workbook.sheet(1).matches("<row ").count(), 4);
}

#[test]
fn a_text_longer_than_a_cell_is_an_error_that_names_row_and_column() {
    let answer = |length| {
        ResultRows::default().ints("id", "ID", vec![Some(1), Some(42)]).texts(
            "memo",
            "Memo",
            vec![Some("a"), Some(&"é".repeat(length))],
        )
    };
    assert!(answer(32_767).write(FileFormat::Xlsx).is_ok());
    let error = answer(32_768).write(FileFormat::Xlsx).unwrap_err();
    assert_eq!(error.code(), "cell_too_long");
    let WriteError::CellTooLong { row, column } = error else { panic!("{error}") };
    assert_eq!((row.as_str(), column.as_str()), ("42", "memo"));
}

#[test]
fn rows_past_the_end_of_a_sheet_go_to_the_next() {
    let answer = ResultRows::default().ints("id", "ID", (1..=7).map(Some).collect());
    let options = WriteOptions { sheet_name: "invoices".to_owned(), ..export() };
    let mut writer = XlsxRows::new(&answer.columns, &options).unwrap();
    writer.sheet_rows_max = 4;
    let mut out = Vec::new();
    writer.start(&mut out).unwrap();
    writer.rows(&answer.batch(), &mut out).unwrap();
    writer.finish(&mut out).unwrap();
    let workbook = Workbook::open(out);
    let book = &workbook.members["xl/workbook.xml"];
    for name in ["\"invoices\"", "\"invoices_2\"", "\"invoices_3\""] {
        assert!(book.contains(name), "{book}");
    }
    assert_eq!(texts_of(&workbook.cells(1), &["A1", "A2", "A4"]), ["id", "1", "3"]);
    assert_eq!(texts_of(&workbook.cells(2), &["A1", "A2", "A4"]), ["id", "4", "6"]);
    assert_eq!(texts_of(&workbook.cells(3), &["A1", "A2"]), ["id", "7"]);
}

#[test]
fn sheet_names_keep_what_excel_asks_for() {
    for (name, number, expected) in [
        ("invoices", 1, "invoices"),
        ("invoices", 12, "invoices_12"),
        ("a/b:c", 1, "a_b_c"),
        ("a_name_of_more_than_thirty_one_characters", 2, "a_name_of_more_than_thirty_on_2"),
    ] {
        assert_eq!(sheet_name(name, number), expected);
    }
}

#[test]
fn no_file_is_left_behind_and_a_folder_that_is_gone_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let options = WriteOptions { folder: folder.path().to_path_buf(), ..export() };
    let answer = ResultRows::default().ints("id", "ID", vec![Some(1)]);
    answer.write_by(1, FileFormat::Xlsx, &options).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let gone = WriteOptions { folder: folder.path().join("gone"), ..export() };
    let Err(error) = create_writer(FileFormat::Xlsx, &answer.columns, &gone) else { panic!() };
    assert_eq!(error.code(), "output_failed");
}
