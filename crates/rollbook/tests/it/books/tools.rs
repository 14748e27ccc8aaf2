//! hledger and Beancount read our journals and find our balances. Where they are not installed the
//! test says so and goes on, unless `ROLLBOOK_REQUIRE_LEDGER_TOOLS` is set.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::archive::{CATEGORIES, Package, cents};

/// Checks both journals of a full bundle.
pub(crate) fn accept(package: &Package, currency: &str) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["journal.hledger", "journal.beancount"] {
        std::fs::write(folder.path().join(name), package.member(name)).unwrap();
    }
    let commodity = currency.to_uppercase();
    if let Some(hledger) = tool("hledger") {
        let journal = folder.path().join("journal.hledger");
        let file = journal.to_str().unwrap();
        said(
            &hledger,
            &["-f", file, "check", "accounts", "commodities", "balancednoautoconversion"],
        );
        let csv = said(&hledger, &["-f", file, "balance", "--flat", "-N", "-E", "-O", "csv"]);
        check_balances(package, &hledger_balances(&csv, &commodity));
    }
    if let Some(check) = tool("bean-check") {
        let journal = folder.path().join("journal.beancount");
        // The journal asserts every closing balance itself.
        said(&check, &[journal.to_str().unwrap()]);
    }
}

/// Where a program is, among the folders of the path.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let is_required = std::env::var_os("ROLLBOOK_REQUIRE_LEDGER_TOOLS").is_some();
    assert!(found.is_some() || !is_required, "{name} is required and not installed");
    if found.is_none() {
        eprintln!("{name} is not installed: the journals were not checked with it");
    }
    found
}

fn said(tool: &PathBuf, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{}: {out}{err}", tool.display());
    assert!(err.is_empty(), "{err}");
    out
}

/// Balances by account, in minor units.
fn hledger_balances(csv: &str, commodity: &str) -> BTreeMap<String, i128> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| {
        let amount = row[1].replace(commodity, "").replace([' ', '"'], "");
        let minor = if amount == "0" { 0 } else { cents(&amount) };
        (row[0].to_owned(), minor)
    })
    .collect()
}

fn check_balances(package: &Package, found: &BTreeMap<String, i128>) {
    let balance = package.trial_balance();
    for category in CATEGORIES {
        let (account, closing) = (&balance[category]["account"], &balance[category]["closing"]);
        let theirs = found.get(account).copied().unwrap_or_default();
        assert_eq!(theirs, cents(closing), "{account}");
    }
}
