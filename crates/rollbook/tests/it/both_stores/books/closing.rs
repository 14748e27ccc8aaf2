//! Closed months stay identical byte for byte; changes to their records are adjusted later. Rule:
//! spec/accounting.md §11.

use serde_json::Value;

use super::archive::{CATEGORIES, UnpackedPackage, cents};
use super::records::{AUTUMN, import, imported};
use crate::server::{TestDataFolder, program, run};

const FULL: [&str; 3] = ["--currency", "usd", "--full"];

fn close(data: &TestDataFolder, command: &[&str], further: &[&str]) -> Value {
    let arguments = [&["close"], command, &["--data", data.path(), "--provider", "1"], further];
    serde_json::from_str(&run(&arguments.concat())).unwrap()
}

fn refused(data: &TestDataFolder, command: &[&str], further: &[&str]) -> String {
    let arguments = [&["close"], command, &["--data", data.path(), "--provider", "1"], further];
    let output = program().args(arguments.concat()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_closed_month_stays_as_it_is_and_changes_land_in_the_open_one() {
    let data = imported(AUTUMN);
    let before = UnpackedPackage::made(data.path(), "1", "2024-10", &FULL);
    let said = refused(&data, &["month"], &["--month", "2024-10"]);
    assert!(said.contains("2024-09") && said.contains("--include-earlier"), "{said}");
    let closed = close(&data, &["month"], &["--month", "2024-10", "--include-earlier"]);
    assert_eq!((&closed["state"], &closed["version"]), (&"closed".into(), &1.into()));
    let again = close(&data, &["month"], &["--month", "2024-10"]);
    assert_eq!(closed, again);
    let frozen = UnpackedPackage::made(data.path(), "1", "2024-10", &FULL);
    frozen.check_control_totals();
    assert_eq!(frozen.manifest()["state"], "closed");
    for name in before.names.iter().filter(|name| *name != "manifest.json") {
        assert_eq!(before.member(name), frozen.member(name), "{name}");
    }
    let clean = close(&data, &["drift"], &["--month", "2024-10", "--currency", "usd"]);
    assert_eq!(clean["data"], Value::Array(vec![]));

    // Invoice 2 changes from 500.00 to 480.00, invoice 3 gets payment 3, customer 2 is renamed.
    import(
        &data,
        &[
            ("invoices", "id,subtotal,total\n2,48000,48000\n"),
            ("invoice_lines", "id,amount\n20,48000\n"),
            ("payments", "id,invoice_id\n3,3\n"),
            ("customers", "id,name\n2,Robert\n"),
        ],
    );
    let same = UnpackedPackage::made(data.path(), "1", "2024-10", &FULL);
    assert!(same.bytes == frozen.bytes, "the frozen package changed");
    let drift = close(&data, &["drift"], &["--month", "2024-10", "--currency", "usd"]);
    let rows: Vec<String> = drift["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {}", row["file"], row["id"], row["difference"]))
        .collect();
    assert_eq!(rows.len(), 4, "{rows:#?}");
    assert_eq!(drift["data"][0]["file"], "subscription_revenue");
    assert_eq!(drift["data"][0]["id"], 2);
    assert_eq!(drift["data"][0]["difference"]["accounts_receivable"], -2000);
    assert_eq!(drift["data"][0]["booked_in"], "2024-11");
    let changed = drift["data"][0]["changed_rows"].as_array().unwrap();
    let named =
        |table: &str, id: i64| changed.iter().any(|row| row["table"] == table && row["id"] == id);
    assert!(named("invoices", 2) && named("invoice_lines", 20), "{changed:?}");

    let november = UnpackedPackage::made(data.path(), "1", "2024-11", &FULL);
    november.check_control_totals();
    let (old, new) = (frozen.trial_balance(), november.trial_balance());
    for category in CATEGORIES {
        assert_eq!(old[category]["closing"], new[category]["opening"], "{category}");
    }
    let adjustments: Vec<_> = november
        .rows("subscription_revenue.csv")
        .into_iter()
        .filter(|row| !row["adjusts_month"].is_empty())
        .collect();
    assert_eq!(adjustments.len(), 1);
    let row = &adjustments[0];
    assert_eq!((row["id"].as_str(), row["date"].as_str()), ("2", "2024-11-01"));
    assert_eq!(
        (row["adjusts_month"].as_str(), row["accounts_receivable"].as_str()),
        ("2024-10", "-20.00")
    );
    assert_eq!(row["customer_name"], "Robert");
    assert_ne!(new["accounts_receivable"]["adjustments_included"], "0.00");

    // The frozen and the open months together equal a ledger computed from scratch.
    let scratch = imported(AUTUMN);
    import(
        &scratch,
        &[
            ("invoices", "id,subtotal,total\n2,48000,48000\n"),
            ("invoice_lines", "id,amount\n20,48000\n"),
            ("payments", "id,invoice_id\n3,3\n"),
        ],
    );
    let plain = UnpackedPackage::made(scratch.path(), "1", "2024-11", &FULL).trial_balance();
    for category in CATEGORIES {
        assert_eq!(
            cents(&new[category]["closing"]),
            cents(&plain[category]["closing"]),
            "{category}"
        );
    }

    // The adjustments are frozen with November, so December has none.
    close(&data, &["month"], &["--month", "2024-11"]);
    let november_frozen = UnpackedPackage::made(data.path(), "1", "2024-11", &FULL);
    assert_eq!(
        november_frozen.text("subscription_revenue.csv"),
        november.text("subscription_revenue.csv")
    );
    let clean = close(&data, &["drift"], &["--month", "2024-10", "--currency", "usd"]);
    assert_eq!(clean["data"], Value::Array(vec![]));
}

#[test]
fn the_latest_month_can_be_opened_again_and_its_old_package_stays() {
    let data = imported(AUTUMN);
    close(&data, &["month"], &["--month", "2024-11", "--include-earlier"]);
    let why = ["--reason", "a late invoice"];
    let said = refused(&data, &["reopen"], &[&["--month", "2024-10"][..], &why].concat());
    assert!(said.contains("later month"), "{said}");
    let first = UnpackedPackage::made(data.path(), "1", "2024-11", &FULL);
    let by = ["--by", "Eve", "--month", "2024-11"];
    let opened = close(&data, &["reopen"], &[&by[..], &why].concat());
    assert_eq!(opened["state"], "open");
    assert_eq!(opened["closed_at"], Value::Null, "it is not closed any more");
    assert_eq!((&opened["reopened_by"], &opened["reopen_reason"]), (&"Eve".into(), &why[1].into()));
    import(&data, &[("payments", "id,amount\n1,10900\n")]);
    let said = refused(&data, &["reopen"], &[&["--month", "2024-11"][..], &why].concat());
    assert!(said.contains("is open"), "{said}");
    let closed = close(&data, &["month"], &["--month", "2024-11"]);
    assert_eq!(closed["version"], 2);
    let versions = closed["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!((&versions[0]["version"], &versions[0]["reopened_by"]), (&1.into(), &"Eve".into()));
    assert_eq!((&versions[1]["version"], &versions[1]["reopened_by"]), (&2.into(), &Value::Null));
    let second = UnpackedPackage::made(data.path(), "1", "2024-11", &FULL);
    assert!(first.bytes != second.bytes, "the records have changed in between");
    for (version, package) in [("1", &first), ("2", &second)] {
        let file = data.folder.path().join("old.zip");
        let further = [&FULL[..], &["--month", "2024-11", "--version", version, "-o"]].concat();
        close(&data, &["package"], &[&further[..], &[file.to_str().unwrap()]].concat());
        assert!(UnpackedPackage::read(&file).bytes == package.bytes, "version {version}");
    }
    let said = refused(
        &data,
        &["package"],
        &["--month", "2024-11", "--currency", "usd", "--version", "3"],
    );
    assert!(said.contains("version 1, 2"), "{said}");
    let entries = close(&data, &["audit"], &[]);
    let told: Vec<String> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let of = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {} {} {}",
                of("action"),
                of("period"),
                entry["version"],
                of("who"),
                of("reason")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "close 2024-11 2 command line ",
            "reopen 2024-11 1 Eve a late invoice",
            "close 2024-11 1 command line ",
            "close 2024-10 1 command line ",
            "close 2024-09 1 command line ",
        ]
    );
    let only = close(&data, &["audit"], &["--action", "reopen"]);
    assert_eq!(only.as_array().unwrap().len(), 1);
    let months = close(&data, &["list"], &[]);
    let months = months.as_array().unwrap();
    let states: Vec<_> = months
        .iter()
        .take(4)
        .map(|month| {
            format!("{} {}", month["month"].as_str().unwrap(), month["state"].as_str().unwrap())
        })
        .collect();
    assert_eq!(states, ["2024-09 closed", "2024-10 closed", "2024-11 closed", "2024-12 open"]);
    assert_eq!(months[1]["packages"].as_array().unwrap().len(), 4, "two currencies, two bundles");
    for (month, part) in [("2024-08", "no such month"), ("9999-01", "no such month")] {
        let said = refused(&data, &["month"], &["--month", month]);
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_site_of_a_closed_month_is_what_was_frozen_of_it() {
    let data = imported(AUTUMN);
    let site = [&FULL[..], &["--site", "2"]].concat();
    let open = UnpackedPackage::made(data.path(), "1", "2024-10", &site);
    close(&data, &["month"], &["--month", "2024-10", "--include-earlier"]);
    import(&data, &[("invoice_lines", "id,amount\n20,48000\n")]);
    let closed = UnpackedPackage::made(data.path(), "1", "2024-10", &site);
    closed.check_control_totals();
    for name in ["subscription_revenue.csv", "recognized_revenue.csv", "trial_balance.csv"] {
        assert_eq!(open.text(name), closed.text(name), "{name}");
    }
}

#[test]
fn people_get_tables_with_amounts_in_their_currency() {
    let data = imported(AUTUMN);
    let table = |command: &str, further: &[&str]| {
        let arguments = ["close", command, "--data", data.path(), "--provider", "1"];
        let all = [&arguments[..], &["--format", "table"], further].concat();
        let output = program().args(all).env("COLUMNS", "200").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let closed = table("month", &["--month", "2024-10", "--include-earlier", "--note", "audited"]);
    assert!(closed.starts_with("2024-10 closed as version 1 by command line at 2"), "{closed}");
    assert!(closed.contains("SHA-256") && closed.contains("full"), "{closed}");
    let clean = table("drift", &["--month", "2024-10", "--currency", "usd"]);
    assert_eq!(clean, "2024-10 in usd: the records still say what was closed\n");
    import(&data, &[("payments", "id,amount\n1,10900\n")]);
    let drift = table("drift", &["--month", "2024-10", "--currency", "usd"]);
    for part in ["1 posting differs", "cash_online", "110.00", "109.00", "-1.00", "2024-11"] {
        assert!(drift.contains(part), "{part}: {drift}");
    }
    table("reopen", &["--month", "2024-10", "--reason", "a late invoice", "--by", "Eve"]);
    let months = table("list", &[]);
    assert!(months.contains("by Eve: a late invoice"), "{months}");
    let audit = table("audit", &[]);
    assert!(audit.contains("audited") && audit.contains("a late invoice"), "{audit}");
}
