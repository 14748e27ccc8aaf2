//! The program with PostgreSQL: equal answers, several nodes, moving, outages.

mod files;
mod moving;
pub(crate) mod nodes;
mod outage;

use serde_json::json;

use crate::jobs::{file, queued, succeeded};
use crate::server::{HttpAnswer, Server, TestDataFolder, run};

const UNLIMITED: &str = "[rate_limit]\nper_minute = 0\n";
/// Pages over the records of the demo's studio.
const PAGES: [&str; 8] = [
    "/api/v2/reports/customers/data?limit=100",
    "/api/v2/reports/customer_memberships/data?limit=100",
    "/api/v2/reports/customer_credits/data?limit=100",
    "/api/v2/reports/invoices/data?limit=100&format=csv",
    "/api/v2/reports/invoice_line_items/data?limit=100",
    "/api/v2/reports/attendances/data?limit=100",
    "/api/v2/reports/customer_membership_holds/data?limit=100",
    "/api/v2/reports/customer_memberships/data?page=2&limit=7&sort=-id",
];

/// Returns an empty data folder whose records are in this database.
fn node(url: &str, further: &str) -> TestDataFolder {
    let data = TestDataFolder::over(url);
    data.configure(&format!("{UNLIMITED}{further}"));
    data
}

/// Generates the demo's studio and imports it.
pub(crate) fn fill(data: &TestDataFolder) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    run(&["demo", "--write", path, "--rows", "4000"]);
    data.add_provider(1, "Europe/London", "gbp");
    let rows = format!("{path}/provider-1");
    run(&["import", "--data", data.path(), "--provider", "1", &rows]);
}

pub(crate) fn pages(server: &Server, token: &str) -> Vec<String> {
    let page = |path: &&str| {
        let answer = server.get(token, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    };
    PAGES.iter().map(page).collect()
}

/// Returns the file of a job on this server.
fn made(server: &Server, token: &str, report: &str, format: &str) -> HttpAnswer {
    let id = queued(server, token, report, &json!({"format": format}));
    file(server, &succeeded(server, token, id))
}

#[test]
fn over_both_databases_the_answers_and_files_are_the_same() {
    let here = TestDataFolder::in_folder();
    here.configure(UNLIMITED);
    let there = node(&testkit::postgres::database(), "");
    let [in_sqlite, in_postgres] = [&here, &there].map(|data| {
        fill(data);
        let (token, server) = (data.token(1), data.serve());
        let formats = ["csv", "ndjson"];
        let reports = ["customers", "invoices", "customer_memberships"];
        let files = reports.iter().flat_map(|report| formats.map(|format| (*report, format)));
        let files: Vec<_> = files.map(|(r, f)| made(&server, &token, r, f).body).collect();
        (pages(&server, &token), files)
    });
    assert!(in_sqlite.0.iter().all(|page| page.len() > 100) && in_sqlite.1[0].len() > 1000);
    assert_eq!(in_sqlite.0, in_postgres.0);
    assert!(in_sqlite.1 == in_postgres.1, "files differ");
    let packages = tempfile::tempdir().unwrap();
    let package = packages.path().join("books.zip");
    let books = [&here, &there].map(|data| {
        let of = ["accounting", "--data", data.path(), "--provider", "1", "--month", "2026-05"];
        let to = ["--currency", "gbp", "--output", package.to_str().unwrap()];
        run(&[&of[..], &to].concat())
    });
    assert!(books[0].contains("SHA-256") && books[0].contains("closing"), "{}", books[0]);
    assert_eq!(books[0], books[1]);
    let found = run(&["doctor", "--data", there.path(), "--full"]);
    assert!(found.contains("ok      store") && found.contains("rows as in the store"), "{found}");
    assert!(!there.folder.path().join("rollbook.db").exists());
}

#[test]
fn the_password_of_the_database_is_not_shown() {
    let data = node(&testkit::postgres::database(), "");
    let shown = run(&["serve", "--print-config", "--data", data.path()]);
    assert!(shown.contains("postgres://rollbook:(hidden)@"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
