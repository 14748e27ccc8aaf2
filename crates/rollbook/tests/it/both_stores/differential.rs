//! Every report is compared with a slow, simple reference over the same rows, through a real
//! server.
//!
//! Half of the rows are in the mirror's segments. The rest, with updates, deletions and
//! re-insertions, is imported later and is in the delta.

use std::sync::Arc;

use model::catalogue::{self, Table};
use model::cell::Cell;
use model::id::ProviderId;
use model::import::{Change, InputRow};
use model::provider::Provider;
use model::time::Instant;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store::Store;
use store::port::{ImportStart, KeyRange};
use store::postgres::PostgresStore;
use store::sqlite::SqliteStore;

use crate::oracle::{
    InvalidRequestGenerator, OracleTables, RequestGenerator, answer, assert_same, csv, sample,
};
use crate::server::{HttpAnswer, Server, TestDataFolder};

/// Reports of the catalogue that another test compares with the oracle.
const COMPARED_IN_USAGE_REPORT: [&str; 2] =
    ["customer_membership_usage", "customer_membership_usage.grouped"];
pub(crate) const PROVIDER: ProviderId = ProviderId(1);
const PAGES: usize = 400;
const CSV_PAGES: usize = 120;
const BAD_REQUESTS: usize = 150;

/// Returns the current time of all requests.
pub(crate) fn now() -> Instant {
    Instant::parse("2026-02-14T10:30:00Z").unwrap()
}

/// A data folder whose later rows stay in the delta.
pub(crate) struct DifferentialData {
    pub(crate) data: TestDataFolder,
    store: Arc<dyn Store>,
}

impl DifferentialData {
    /// Creates a folder with a provider that has no settings of its own.
    pub(crate) fn new() -> Self {
        Self::configured("")
    }

    /// Creates a folder with additional settings.
    pub(crate) fn configured(settings: &str) -> Self {
        let data = TestDataFolder::with_provider();
        data.configure(&format!(
            "[rate_limit]\nper_minute = 0\n[mirror]\nrefresh_after_rows = 1000000\n\
             delta_rows_max = 1000000\n{settings}",
        ));
        let file = data.folder.path().join("rollbook.db");
        let store: Arc<dyn Store> = match data.url() {
            None => Arc::new(SqliteStore::open(&file, Default::default()).unwrap()),
            Some(url) => Arc::new(PostgresStore::open(url, &Default::default()).unwrap()),
        };
        Self { data, store }
    }

    pub(crate) fn import(&self, changes: Vec<(&'static Table, Change)>) {
        let start = self.store.begin_import(PROVIDER, now(), None).unwrap();
        let ImportStart::Started(mut transaction) = start else { panic!("no key was given") };
        for (table, change) in changes {
            transaction.apply(table, vec![change]).unwrap();
        }
        let committed = transaction.commit().unwrap().into_result();
        assert_eq!(committed.err().map(|errors| errors.errors.into_iter().next()), None);
    }

    /// Returns the rows of the store, read without the mirror.
    pub(crate) fn tables(&self) -> (OracleTables, Provider) {
        let snapshot = self.store.snapshot().unwrap();
        let mut rows = Vec::new();
        for table in catalogue::tables() {
            let read = snapshot.rows(table, KeyRange::for_provider(PROVIDER), &mut |row| {
                let cells = (0..table.columns.len()).map(|at| row.cell(at).to_cell()).collect();
                rows.push((table.name, cells));
                Ok(())
            });
            read.unwrap();
        }
        let provider = snapshot.provider(PROVIDER).unwrap().unwrap();
        (OracleTables::from_rows(rows), provider)
    }
}

pub(crate) fn upsert(table: &'static Table, cells: &[Cell]) -> (&'static Table, Change) {
    let id = cells[catalogue::ID].as_int().unwrap();
    (table, Change::Upsert(InputRow { id, line: 1, cells: cells.to_vec() }))
}

pub(crate) fn delete(table: &'static Table, id: i64) -> (&'static Table, Change) {
    (table, Change::Delete { id, line: 1 })
}

/// Imports rows into the segments, then a delta with every kind of change.
fn populate(world: &DifferentialData, seed: u64) -> (Server, String) {
    let rows = sample(seed, now(), 150, &[("sites", 6), ("payment_processors", 4)]);
    let other = sample(seed + 1, now(), 150, &[("sites", 6), ("payment_processors", 4)]);
    let table = |name: &str| catalogue::table(name).unwrap();
    let id = |cells: &[Cell]| cells[catalogue::ID].as_int().unwrap();
    // Rows that no other row refers to can be missing at first, disappear and come back.
    let leaf =
        |name: &str| matches!(name, "attendances" | "invoice_lines" | "customer_membership_holds");
    let is_late = |name: &str, cells: &[Cell]| leaf(name) && id(cells) % 3 == 0;
    let early = rows.iter().filter(|(name, cells)| !is_late(name, cells));
    world.import(early.map(|(name, cells)| upsert(table(name), cells)).collect());

    let token = world.data.token(PROVIDER.0);
    let server = world.data.serve();
    server.get(&token, "/api/v2/reports/customers/data?page_size=0").ok();

    let late = rows.iter().filter(|(name, cells)| is_late(name, cells));
    world.import(late.map(|(name, cells)| upsert(table(name), cells)).collect());
    // Some rows are replaced by those of another sample. Rows with money keep their currency.
    let changed = other.iter().filter(|(name, cells)| {
        matches!(*name, "customers" | "attendances" | "customer_memberships") && id(cells) % 5 == 0
    });
    world.import(changed.map(|(name, cells)| upsert(table(name), cells)).collect());
    let gone: Vec<_> =
        rows.iter().filter(|(name, cells)| leaf(name) && id(cells) % 7 == 0).collect();
    world.import(gone.iter().map(|(name, cells)| delete(table(name), id(cells))).collect());
    let back = gone.iter().filter(|(_, cells)| id(cells) % 2 == 0);
    world.import(back.map(|(name, cells)| upsert(table(name), cells)).collect());
    (server, token)
}

pub(crate) fn ask(
    server: &Server,
    token: &str,
    report: &str,
    parameters: &[(String, String)],
) -> HttpAnswer {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    server.get(token, &format!("/api/v2/reports/{report}/data?{query}"))
}

/// Adds the current time to a request, so that both sides use the same one.
pub(crate) fn with_now(mut parameters: Vec<(String, String)>) -> Vec<(String, String)> {
    if !parameters.iter().any(|(name, _)| name == "as_of") {
        parameters.push(("as_of".into(), now().to_string()));
    }
    parameters
}

/// Returns the names of all reports: one that the oracle lacks fails the tests.
fn reports() -> Vec<String> {
    let names = ::reports::report_catalogue().iter().map(|report| report.name());
    let names = names.filter(|name| !COMPARED_IN_USAGE_REPORT.contains(name));
    names.map(str::to_owned).collect()
}

/// Runs `check` and names the request if it fails.
pub(crate) fn checked(report: &str, parameters: &[(String, String)], check: impl FnOnce()) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    if let Err(panic) = outcome {
        eprintln!("request: {report} {parameters:?}");
        std::panic::resume_unwind(panic);
    }
}

/// Compares long texts, and shows only where they differ.
pub(crate) fn assert_same_text(actual: &str, expected: &str) {
    let same = actual.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[same.saturating_sub(80)..])
            .chars()
            .take(200)
            .collect::<String>()
    };
    assert!(actual == expected, "\nactual:   …{}\nexpected: …{}", from(actual), from(expected));
}

#[test]
fn pages_equal_the_reference() {
    let world = DifferentialData::new();
    let (server, token) = populate(&world, 7);
    let (tables, provider) = world.tables();
    let requests = RequestGenerator::new(11, &tables, &provider, now(), reports());
    for (report, parameters) in requests.take(PAGES) {
        let parameters = with_now(parameters);
        checked(&report, &parameters, || {
            let actual = ask(&server, &token, &report, &parameters);
            assert_eq!(actual.status, 200, "{}", actual.text());
            let expected = answer(&tables, &provider, now(), &report, &parameters);
            assert_same(&actual.text(), &expected);
        });
    }
    let requests = RequestGenerator::new(12, &tables, &provider, now(), reports());
    for (report, parameters) in requests.take(CSV_PAGES) {
        let mut parameters = with_now(parameters);
        let expected = csv(&tables, &provider, now(), &report, &parameters);
        parameters.push(("format".into(), "csv".into()));
        checked(&report, &parameters, || {
            let actual = ask(&server, &token, &report, &parameters);
            assert_eq!(actual.status, 200, "{}", actual.text());
            assert_same_text(&actual.text(), &expected);
        });
    }
    drop(server);
    let verified = crate::server::run(&["mirror", "verify", "--data", world.data.path()]);
    assert!(!verified.is_empty());
}

#[test]
fn bad_requests_name_their_fields() {
    let world = DifferentialData::new();
    let token = world.data.token(PROVIDER.0);
    let server = world.data.serve();
    for (report, parameters, fields) in
        InvalidRequestGenerator::new(5, reports()).take(BAD_REQUESTS)
    {
        checked(&report, &parameters, || {
            let actual = ask(&server, &token, &report, &parameters);
            assert_eq!(actual.status, 400, "{}", actual.text());
            let body = actual.json();
            assert_eq!(body["code"], "parameter_invalid");
            let mut named: Vec<_> =
                body["field_errors"].as_object().unwrap().keys().cloned().collect();
            named.sort();
            assert_eq!(named, fields);
        });
    }
}
