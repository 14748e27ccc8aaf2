//! `rollbook report` on a terminal, and CSV for Excel.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::jobs::{self, export, queued, succeeded};
use crate::server::{TestDataFolder, forget_variables, program, run};

const CUSTOMERS: &str = "id,name,email\n1,Lucía Ødegård,lucia@example.org\n2,Bob Kerr,\n";
/// A name that would colour and clear a terminal.
const LOUD: &str = "id,name\n3,\u{1b}[31mRed\u{1b}[2J\u{7}\n";
const INVOICES: &str = "id,customer_id,number,status,currency,subtotal,total,date,due_date\n\
    1,1,INV-0001,open,gbp,4500,4500,2026-01-05T10:00:00Z,2026-01-19\n\
    2,2,INV-0002,open,jpy,4500,4500,2026-01-06T10:00:00Z,2026-01-20\n\
    3,2,INV-0003,open,gbp,123456,123456,2026-01-07T10:00:00Z,2026-01-21\n";

fn filled() -> TestDataFolder {
    let data = TestDataFolder::with_provider();
    data.configure("[rate_limit]\nper_minute = 0\n");
    let folder = data.folder.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("customers.csv"), CUSTOMERS).unwrap();
    std::fs::write(folder.join("invoices.csv"), INVOICES).unwrap();
    run(&["import", "--data", data.path(), "--provider", "1", folder.to_str().unwrap()]);
    data
}

/// Returns the output of `rollbook report` on a terminal with `width` columns.
fn shown(data: &TestDataFolder, width: usize, arguments: &[&str]) -> String {
    let mut command = program();
    command.env("COLUMNS", width.to_string()).arg("report").args(arguments);
    let output = command.args(["--data", data.path(), "--provider", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or_default()
}

fn header(text: &str) -> Vec<&str> {
    let line = text.lines().nth(1).unwrap().trim();
    line.split("  ").map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_table_shows_what_matters_within_the_width() {
    let data = filled();
    let wide = shown(&data, 120, &["invoices", "--format", "table", "--sort", "id"]);
    let all = ["ID", "Number", "Customer Name", "Status", "Total Amount", "Due Date", "Paid At"];
    assert_eq!(header(&wide), all, "{wide}");
    assert!(wide.contains("45.00 GBP") && wide.contains("4500 JPY"), "{wide}");
    assert!(wide.contains("1234.56 GBP") && wide.contains("Lucía Ødegård"), "{wide}");
    assert!(wide.contains("\n3 rows\n"), "{wide}");
    assert!(wide.ends_with("+25 more columns: see --columns, --format records\n"), "{wide}");
    let narrow = shown(&data, 60, &["invoices", "--format", "table"]);
    assert!(widest(&narrow) <= 60 && header(&narrow) == all[..5], "{narrow}");
    assert!(narrow.contains("+27 more columns"), "{narrow}");
    let one = shown(&data, 120, &["invoices", "--format", "table", "--limit", "1"]);
    assert!(one.contains("1 of 3 rows: --limit and --offset show others"), "{one}");
}

#[test]
fn columns_that_are_asked_for_are_shown_alone_or_named() {
    let data = filled();
    let table = |width, columns: &str| {
        shown(&data, width, &["invoices", "--format", "table", "--columns", columns])
    };
    let id = table(80, "id");
    assert_eq!(header(&id), ["ID"], "{id}");
    assert!(id.ends_with("3 rows\n"), "{id}");
    let parent = table(120, "customer,number");
    let wanted = ["Customer ID", "Customer Name", "Customer Email", "Customer Venue ID"];
    assert!(header(&parent).starts_with(&wanted), "{parent}");
    let cut = table(30, "number,customer_name,status,due_date");
    assert_eq!(header(&cut), ["Number", "Customer Name"], "{cut}");
    let note = "Too narrow for Status, Due Date: --format records shows every column\n";
    assert!(cut.ends_with(note), "{cut}");
}

#[test]
fn records_show_every_column_that_has_a_value() {
    let data = filled();
    let text = shown(&data, 80, &["invoices", "--format", "records", "--limit", "1"]);
    let line = |name: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(name));
        found.map(|line| line.split("  ").last().unwrap().trim().to_owned())
    };
    assert_eq!(line("Customer Email").as_deref(), Some("lucia@example.org"), "{text}");
    assert_eq!(line("Total Amount").as_deref(), Some("45.00 GBP"), "{text}");
    assert_eq!(line("Discount Code Name"), None, "{text}");
    assert!(text.lines().count() > 10, "{text}");
}

#[test]
fn every_report_fits_terminals_of_80_and_120_columns() {
    let data = TestDataFolder::with_provider();
    let sample = data.folder.path().join("sample");
    let sample = sample.to_str().unwrap();
    run(&["demo", "--write", sample, "--rows", "3000"]);
    run(&["import", "--data", data.path(), "--provider", "1", sample]);
    for (report, least) in [
        ("attendances", 4),
        ("customer_credits", 4),
        ("customer_membership_holds", 3),
        ("customer_membership_usage", 4),
        ("customer_memberships", 4),
        ("customers", 3),
        ("invoice_line_items", 4),
        ("invoices", 4),
        ("invoice_line_items.grouped", 2),
    ] {
        for width in [80, 120] {
            let text = shown(&data, width, &[report, "--format", "table", "--limit", "20"]);
            assert!(widest(&text) <= width, "{report} at {width}:\n{text}");
            assert!(header(&text).len() >= least, "{report} at {width}:\n{text}");
        }
    }
}

#[test]
fn names_do_not_command_the_terminal() {
    let data = filled();
    let file = data.folder.path().join("customers.csv");
    std::fs::write(&file, LOUD).unwrap();
    run(&["import", "--data", data.path(), "--provider", "1", file.to_str().unwrap()]);
    for format in ["table", "records"] {
        let text = shown(&data, 80, &["customers", "--format", format]);
        assert!(text.contains("Red") && !text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }
}

/// The program runs in a real terminal, without `COLUMNS`.
#[test]
fn a_real_terminal_is_asked_for_its_width() {
    let data = filled();
    let path = data.path();
    for (width, columns) in [(60, 5), (80, 7), (120, 7)] {
        let report = env!("CARGO_BIN_EXE_rollbook");
        let command = format!(
            "stty cols {width} rows 40; exec {report} report invoices --data '{path}' --provider 1"
        );
        let mut script = Command::new("script");
        forget_variables(&mut script);
        script.env_remove("COLUMNS").env("ROLLBOOK_LOG", "warn").stdin(Stdio::null());
        let output = script.args(["-qec", &command, "/dev/null"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        assert!(output.status.success(), "{text}");
        assert!(widest(&text) <= width, "{text}");
        assert_eq!(header(&text).len(), columns, "{text}");
        assert!(text.contains("more columns: see --columns"), "{text}");
    }
}

const BOM: &str = "\u{feff}";

#[test]
fn one_word_asks_for_a_byte_order_mark_everywhere() {
    let data = filled();
    let of_data = ["--data", data.path(), "--provider", "1"];
    let report = ["report", "customers", "--columns", "full_name", "--format", "csv"];
    let plain = run(&[&report[..], &of_data].concat());
    let excel = run(&[&report[..], &of_data, &["--csv-dialect", "excel"]].concat());
    assert_eq!(excel, format!("{BOM}{plain}"));
    let page = run(&[&report[..], &of_data, &["--csv-dialect", "excel", "--limit", "1"]].concat());
    assert!(page.starts_with(&format!("{BOM}ID,")), "{page}");
    let export = ["export", "customers", "--from", "2026-01-01", "--to", "2027-12-31", "-o", "-"];
    let long = ["--set", "exports.max_range_months=0"];
    let plain = run(&[&export[..], &of_data, &long].concat());
    let excel = run(&[&export[..], &of_data, &long, &["--csv-dialect", "excel"]].concat());
    assert_eq!(excel, format!("{BOM}{plain}"));
    for (format, command) in [("json", &report[..4]), ("parquet", &export[..])] {
        let asked = ["--csv-dialect", "excel", "--format", format];
        let arguments = [command, &of_data[..], &asked[..]].concat();
        let output = program().args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("--csv-dialect is for csv"), "{said}");
    }
}

#[test]
fn pages_and_files_over_http_take_the_same_word() {
    let data = filled();
    let token = data.token(1);
    let server = data.serve();
    let page = "/api/v2/reports/customers/data?columns=full_name";
    let plain = server.get(&token, &format!("{page}&format=csv")).body;
    let excel = server.get(&token, &format!("{page}&format=csv&csv_dialect=excel")).body;
    assert_eq!(excel, [BOM.as_bytes(), &plain].concat());
    for wrong in ["csv_dialect=excel", "format=json&csv_dialect=excel", "format=csv&csv_dialect=x"]
    {
        let refused = server.get(&token, &format!("{page}&{wrong}"));
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.json()["field_errors"]["csv_dialect"].is_array(), "{wrong}");
    }
    for format in ["csv", "tsv"] {
        let file = |dialect: &str| {
            let body = json!({"format": format, "csv_dialect": dialect});
            let job = queued(&server, &token, "customers", &body);
            jobs::file(&server, &succeeded(&server, &token, job)).body
        };
        assert_eq!(file("excel"), [BOM.as_bytes(), &file("rfc4180")].concat(), "{format}");
    }
    for format in ["xlsx", "json", "ndjson", "parquet", "arrow"] {
        let body = json!({"format": format, "csv_dialect": "excel"});
        let refused = export(&server, &token, "customers", &body);
        assert_eq!(refused.status, 400, "{format}");
        assert!(refused.json()["field_errors"]["csv_dialect"].is_array(), "{format}");
    }
}

#[test]
fn the_setting_holds_where_a_request_says_nothing() {
    let data = filled();
    data.configure("[reports]\ncsv_bom = true\n");
    let of_data = ["--data", data.path(), "--provider", "1"];
    let report = ["report", "customers", "--columns", "full_name", "--format", "csv"];
    let set = run(&[&report[..], &of_data].concat());
    let plain = run(&[&report[..], &of_data, &["--csv-dialect", "rfc4180"]].concat());
    assert_eq!(set, format!("{BOM}{plain}"));
}
