//! Stores that an earlier version made: they are migrated at the first start, and nothing in them
//! changes. What the files hold is described in `tests/upgrade/README.md`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::postgres;

use crate::jobs::{sha256, succeeded};
use crate::server::{TestDataFolder, run};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upgrade");
const SQLITE_TOKEN: &str = "rbk_i0ZSvJ82K3UsrP1s2HgUChPx9ZxWl8xK867gNkJXXWY";
const POSTGRES_TOKEN: &str = "rbk_4TLT5RteNLhHnQU-F-urf_bQ7JrKd5g1k0TGkIsZo5Q";
/// The export that was finished before the upgrade, and the hash of its file.
const EXPORT_FILE: (&str, &str) = (
    "01a22e05-97b3-7079-933e-800181ec48ef",
    "b7fa64cf13ff0bdfca4e2f718fa6af9fb18fc39d5164aadfef4f6ff256c1e939",
);
const EXPORT_FILE_OVER_POSTGRES: (&str, &str) = (
    "01a22e06-14f8-7bc3-abd2-f53d733c22a2",
    "b7fa64cf13ff0bdfca4e2f718fa6af9fb18fc39d5164aadfef4f6ff256c1e939",
);
/// The tests ask more often than a client may.
const UNLIMITED: &str = "[rate_limit]\nper_minute = 0\n";
/// The job that waited.
const QUEUED_JOB: i64 = 2;

fn unpack(name: &str, folder: &Path) {
    let archive = format!("{FIXTURES}/{name}.tar.gz");
    let status = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(folder).status();
    assert!(status.unwrap().success(), "{name}");
}

/// Compares everything that the earlier version had shown.
fn check(data: &TestDataFolder, token: &str, export: (&str, &str)) {
    let folder = ["--data", data.path()];
    let usage =
        run(&[&["usage"], &folder[..], &["--provider", "1", "1", "--date", "2026-03-01"]].concat());
    let before = fs::read_to_string(format!("{FIXTURES}/usage.json")).unwrap();
    let [usage, before] = [usage, before].map(|text| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(usage, before);

    let packages = fs::read_to_string(format!("{FIXTURES}/packages.txt")).unwrap();
    let file = data.folder.path().join("package.zip");
    for line in packages.lines() {
        let [month, _, currency, bundle, hash] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let mut command = vec!["accounting", "--data", data.path(), "--provider", "2"];
        command.extend(["--month", month, "--currency", currency]);
        command.extend(["-o", file.to_str().unwrap()]);
        if bundle == "full" {
            command.push("--full");
        }
        run(&command);
        assert_eq!(sha256(&fs::read(&file).unwrap()), hash, "{line}");
    }
    let audit =
        run(&[&["close", "audit"], &folder[..], &["--provider", "2", "--format", "json"]].concat());
    assert_eq!(
        serde_json::from_str::<Value>(&audit).unwrap().as_array().unwrap().len(),
        5,
        "{audit}"
    );
    let webhooks = run(&[
        &["webhook", "list"],
        &folder[..],
        &["--provider", "2", "--format", "json"],
    ]
    .concat());
    assert_eq!(serde_json::from_str::<Value>(&webhooks).unwrap().as_array().unwrap().len(), 1);

    let server = data.serve();
    let (uuid, hash) = export;
    let file = server.get(token, &format!("/api/v1/core/exports/{uuid}?site_id=2"));
    assert_eq!((file.status, sha256(&file.body).as_str()), (200, hash), "{}", file.text());
    let invoices = server.get(token, "/api/v2/reports/invoices/data?limit=1").ok();
    assert_eq!(invoices["total"], 267);
    // The queued job is made after all.
    succeeded(&server, token, QUEUED_JOB);
    drop(server);
    let found = run(&["doctor", "--data", data.path()]);
    assert!(found.contains("ok      store"), "{found}");
}

#[test]
fn a_data_folder_of_an_earlier_version_is_taken_over_whole() {
    let data = TestDataFolder::in_folder();
    unpack("sqlite", data.folder.path());
    data.configure(UNLIMITED);
    check(&data, SQLITE_TOKEN, EXPORT_FILE);
}

#[test]
fn a_database_of_an_earlier_version_is_taken_over_whole() {
    let database = postgres::Database::create();
    let data = TestDataFolder::over(database.url());
    unpack("postgres", data.folder.path());
    data.configure(UNLIMITED);
    postgres::psql_file(database.url(), &data.folder.path().join("database.sql"));
    check(&data, POSTGRES_TOKEN, EXPORT_FILE_OVER_POSTGRES);
}
