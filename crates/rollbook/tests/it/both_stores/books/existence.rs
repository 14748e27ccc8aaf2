//! Every month with a posting or a balance has a package, before and after its close. Rule:
//! spec/accounting.md §10.4, §11.2.

use serde_json::json;

use super::archive::{UnpackedPackage, sha256};
use super::records::imported;
use crate::server::{TestDataFolder, program, run};

/// A gym that sells only drop-in classes, with no sales in February.
const DROP_INS: &[(&str, &str)] = &[
    ("customers", "id,name\n1,Ann\n"),
    (
        "invoices",
        "id,customer_id,status,currency,subtotal,tax,total,date\n\
         1,1,open,gbp,1000,200,1200,2024-01-05T00:00:00Z\n\
         2,1,open,gbp,1000,200,1200,2024-03-05T00:00:00Z\n",
    ),
    (
        "invoice_lines",
        "id,invoice_id,description,amount,tax,currency\n\
         1,1,Drop-in class,1000,200,gbp\n2,2,Drop-in class,1000,200,gbp\n",
    ),
];

fn closing_receivable(package: &UnpackedPackage) -> String {
    package.trial_balance()["accounts_receivable"]["closing"].clone()
}

/// Exports a package over HTTP. Returns its status, and the full bundle if there is one.
fn exported(data: &TestDataFolder, month: &str, currency: &str) -> (u16, Vec<u8>) {
    data.configure(crate::exports::BASE);
    let token = data.token(1);
    let server = data.serve();
    let body = json!({"object": "accounting", "month": month, "currency": currency});
    let asked = crate::exports::ask(&server, &token, &body);
    if asked.status != 200 {
        return (asked.status, asked.body);
    }
    let uuid = asked.json()["uuid"].as_str().unwrap().to_owned();
    crate::exports::fetched(&server, &token, &uuid);
    let file = server.get(&token, &format!("/api/v1/core/exports/{uuid}?bundle=full"));
    (file.status, file.body)
}

#[test]
fn months_of_manual_invoices_and_quiet_months_have_a_package() {
    let data = imported(DROP_INS);
    let full = ["--currency", "gbp", "--full"];
    for (month, receivable) in [("2024-01", "12.00"), ("2024-02", "12.00"), ("2024-03", "24.00")] {
        let package = UnpackedPackage::made(data.path(), "1", month, &full);
        package.check_control_totals();
        assert_eq!(closing_receivable(&package), receivable, "{month}");
        // Without the full bundle, the package consists of eleven files without rows.
        let eleven = UnpackedPackage::made(data.path(), "1", month, &["--currency", "gbp"]);
        assert_eq!(eleven.names.len(), 11, "{month}");
    }
    let quiet = UnpackedPackage::made(data.path(), "1", "2024-02", &full);
    assert_eq!(quiet.trial_balance()["accounts_receivable"]["movement"], "0.00");
    let (status, over_http) = exported(&data, "2024-02", "gbp");
    assert_eq!(status, 200);
    let over_http = UnpackedPackage::of(over_http);
    for name in over_http.names.iter().filter(|name| *name != "manifest.json") {
        assert_eq!(over_http.member(name), quiet.member(name), "{name}");
    }
    let close = ["close", "month", "--data", data.path(), "--provider", "1"];
    run(&[&close[..], &["--month", "2024-02", "--include-earlier"]].concat());
    let frozen = UnpackedPackage::made(data.path(), "1", "2024-02", &full);
    for name in frozen.names.iter().filter(|name| *name != "manifest.json") {
        assert_eq!(frozen.member(name), quiet.member(name), "{name}");
    }
}

#[test]
fn a_refusal_names_what_there_is() {
    let data = imported(DROP_INS);
    let arguments = ["accounting", "--data", data.path(), "--provider", "1", "--month", "2024-02"];
    let output = program().args(arguments).args(["--currency", "eur"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for part in
        ["nothing to export for 2024-02 in eur", "there are postings in gbp from 2024-01 on"]
    {
        assert!(said.contains(part), "{said}");
    }
    let (status, body) = exported(&data, "2024-02", "eur");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &body["code"]), (400, &json!("nothing_to_export")));
    assert_eq!(body["message"], "Nothing to export");
    let said = "Nothing is posted in eur up to 2024-02. There is gbp from 2024-01 on.";
    assert_eq!(body["errors"]["currency"], json!([said]));
}

#[test]
fn a_site_has_a_package_once_anything_was_posted_there() {
    let data = imported(super::records::AUTUMN);
    for site in ["1", "2"] {
        let further = ["--currency", "usd", "--full", "--site", site];
        // Site 2 has no postings of its own in November, only balances from October.
        UnpackedPackage::made(data.path(), "1", "2024-12", &further).check_control_totals();
    }
    let arguments = ["accounting", "--data", data.path(), "--provider", "1", "--month", "2024-12"];
    let output = program().args(arguments).args(["--currency", "usd", "--site", "9"]).output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("at site 9"), "{said}");
}

#[test]
fn a_package_for_excel_has_a_byte_order_mark_in_each_csv_and_says_so_in_its_manifest() {
    let data = imported(DROP_INS);
    let full = ["--currency", "gbp", "--full"];
    let plain = UnpackedPackage::made(data.path(), "1", "2024-01", &full);
    let excel = [&full[..], &["--csv-dialect", "excel"]].concat();
    let excel = UnpackedPackage::made(data.path(), "1", "2024-01", &excel);
    for file in excel.manifest()["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let (with, without) = (excel.member(name), plain.member(name));
        if name.ends_with(".csv") {
            assert_eq!(with, [b"\xEF\xBB\xBF", without].concat(), "{name}")
        } else {
            assert_eq!(with, without, "{name}")
        }
        assert_eq!(file["sha256"], sha256(with), "{name}");
    }
}
