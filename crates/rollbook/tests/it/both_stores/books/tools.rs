//! hledger and Beancount read the journals and compute the same balances. Where they are not
//! installed, the test prints a note and passes, unless `ROLLBOOK_REQUIRE_LEDGER_TOOLS` is set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archive::{CATEGORIES, CsvRow, UnpackedPackage, cents};

/// Checks both journals of a full bundle with the tools.
pub(crate) fn accept(package: &UnpackedPackage, currency: &str) {
    let folder = tempfile::tempdir().unwrap();
    unpack(package, folder.path());
    let balance = package.trial_balance();
    if let Some(hledger) = tool("hledger") {
        let journal = folder.path().join("journal.hledger");
        let found = hledger_balances(&hledger, &[&journal], currency);
        check_balances(&balance, &balance, &found);
    }
    if let Some(check) = tool("bean-check") {
        // The journal itself asserts the closing balances.
        said(&check, &[folder.path().join("journal.beancount").to_str().unwrap()]);
    }
}

/// Checks that the transactions of consecutive months, applied to the opening balances of the
/// first, give the closing balances of the last.
pub(crate) fn accept_chain(packages: &[&UnpackedPackage], currency: &str) {
    let folder = tempfile::tempdir().unwrap();
    let months: Vec<PathBuf> =
        (1..=packages.len()).map(|number| folder.path().join(number.to_string())).collect();
    for (package, month) in packages.iter().zip(&months) {
        std::fs::create_dir(month).unwrap();
        unpack(package, month);
    }
    let files = |kind: &str| -> Vec<PathBuf> {
        let opening = months.iter().take(1).map(|month| month.join(format!("opening.{kind}")));
        opening.chain(months.iter().map(|m| m.join(format!("transactions.{kind}")))).collect()
    };
    let (first, last) = (packages[0].trial_balance(), packages[packages.len() - 1].trial_balance());
    if let Some(hledger) = tool("hledger") {
        let files = files("hledger");
        let found = hledger_balances(&hledger, &files.iter().collect::<Vec<_>>(), currency);
        check_balances(&first, &last, &found);
    }
    if let Some(check) = tool("bean-check") {
        let included = files("beancount").into_iter();
        let lines = included.map(|file| format!("include \"{}\"\n", file.to_str().unwrap()));
        let all = folder.path().join("all.beancount");
        std::fs::write(&all, lines.collect::<String>()).unwrap();
        said(&check, &[all.to_str().unwrap()]);
    }
}

fn unpack(package: &UnpackedPackage, folder: &Path) {
    for stem in ["journal", "opening", "transactions"] {
        for kind in ["hledger", "beancount"] {
            let name = format!("{stem}.{kind}");
            std::fs::write(folder.join(&name), package.member(&name)).unwrap();
        }
    }
}

/// Returns the path of a program on the search path; none if it is not installed.
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

/// Checks the files with hledger and returns the balances by account, in minor units.
fn hledger_balances(
    hledger: &PathBuf,
    files: &[&PathBuf],
    currency: &str,
) -> BTreeMap<String, i128> {
    let files: Vec<&str> = files.iter().flat_map(|file| ["-f", file.to_str().unwrap()]).collect();
    let ask = |arguments: &[&str]| said(hledger, &[&files[..], arguments].concat());
    ask(&["check", "accounts", "commodities", "balancednoautoconversion", "ordereddates"]);
    let csv = ask(&["balance", "--flat", "-N", "-E", "-O", "csv"]);
    let commodity = currency.to_uppercase();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| {
        let amount = row[1].replace(&commodity, "").replace([' ', '"'], "");
        let minor = if amount == "0" { 0 } else { cents(&amount) };
        (row[0].to_owned(), minor)
    })
    .collect()
}

/// Compares the balances with the trial balances of the first and the last month. Earlier earnings
/// are equity.
fn check_balances(
    first: &BTreeMap<String, CsvRow>,
    last: &BTreeMap<String, CsvRow>,
    found: &BTreeMap<String, i128>,
) {
    let of = |account: &str| found.get(account).copied().unwrap_or_default();
    let earned_before = cents(&first["recognized_revenue"]["opening"]);
    assert_eq!(of("Equity:OpeningBalances"), earned_before);
    for category in CATEGORIES {
        let (account, closing) = (&last[category]["account"], cents(&last[category]["closing"]));
        let before = if category == "recognized_revenue" { earned_before } else { 0 };
        assert_eq!(of(account), closing - before, "{account}");
    }
}
