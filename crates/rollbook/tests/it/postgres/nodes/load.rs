//! Clients that import, read and export while nodes are killed. An interrupted request is sent
//! again to the other server, with the same key.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use serde_json::{Value, json};

use super::fleet::Addresses;
use super::history::{ADDED, ImportHistory, JOINED, PAGE, PageRead, SHARED, body};
use crate::server::{HttpAnswer, HttpRequest};

/// Distance between the first customer ids of two importers.
const IDS_OF_AN_IMPORTER: i64 = 1_000_000;

pub(crate) struct Load {
    token: String,
    addresses: Addresses,
    is_over: AtomicBool,
    /// Last revision that was acknowledged to an importer.
    acknowledged: AtomicI64,
    commits: Mutex<Vec<(i64, String)>>,
    reads: Mutex<Vec<PageRead>>,
}

/// Ends the load when dropped, also if the test fails.
pub(crate) struct StopLoadOnDrop<'l>(&'l AtomicBool);

impl Drop for StopLoadOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Load {
    /// Starts with one import, so that every read finds one.
    pub(crate) fn new(token: String, addresses: Addresses) -> Self {
        let load = Self::without_imports(token, addresses);
        load.begin();
        load
    }

    /// Creates a load that does not import.
    pub(crate) fn without_imports(token: String, addresses: Addresses) -> Self {
        Self {
            token,
            addresses,
            is_over: AtomicBool::new(false),
            acknowledged: AtomicI64::new(0),
            commits: Mutex::default(),
            reads: Mutex::default(),
        }
    }

    /// Sends the first import, before any read.
    pub(crate) fn begin(&self) {
        self.import_one("first", SHARED + 1, 0);
    }

    pub(crate) fn stop_when_dropped(&self) -> StopLoadOnDrop<'_> {
        StopLoadOnDrop(&self.is_over)
    }

    /// Imports one batch after the other until the load ends.
    pub(crate) fn import(&self, by: i64) {
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let first = (by + 1) * IDS_OF_AN_IMPORTER + number * ADDED;
            self.import_one(&format!("{by}-{number}"), first, usize::try_from(by).unwrap());
        }
    }

    fn import_one(&self, label: &str, first: i64, by: usize) {
        let rows = body(label, first);
        let answer = self.insist(by, &|address| {
            HttpRequest::new("POST", &format!("{address}/api/v1/import"))
                .header("Idempotency-Key", label)
                .body("application/x-ndjson", &rows)
        });
        let revision = answer.ok()["revision"].as_i64().unwrap();
        self.acknowledged.fetch_max(revision, Ordering::AcqRel);
        self.commits.lock().unwrap().push((revision, label.to_owned()));
    }

    /// Reads pages until the load ends.
    pub(super) fn read(&self, by: usize) {
        while !self.is_over() {
            self.look(by);
        }
    }

    /// Reads each page once.
    pub(crate) fn look(&self, by: usize) {
        for (path, names) in [(PAGE, &["/full_name"][..]), (JOINED, &["/number", "/customer/name"])]
        {
            let acknowledged = self.acknowledged.load(Ordering::Acquire);
            let get = |address: &str| HttpRequest::new("GET", &format!("{address}{path}"));
            let answer = self.insist(by, &get);
            let revision = answer.header("Rollbook-Revision").unwrap().parse().unwrap();
            let page = answer.ok();
            let labels = labels(&page, names);
            let total = (path == PAGE).then(|| page["total"].as_i64().unwrap());
            let read = PageRead { revision, acknowledged, labels, total };
            self.reads.lock().unwrap().push(read);
        }
    }

    /// Returns the number of acknowledged imports.
    pub(crate) fn commits(&self) -> usize {
        self.commits.lock().unwrap().len()
    }

    /// Requests as many files as may wait, until the load ends. Returns the jobs.
    pub(super) fn export(&self) -> Vec<i64> {
        let mut jobs = Vec::new();
        while !self.is_over() {
            let wanted = json!({"columns": "id,full_name"}).to_string();
            let key = format!("export-{}", jobs.len());
            let answer = self.insist(jobs.len(), &|address| {
                HttpRequest::new("POST", &format!("{address}/api/v2/reports/customers/export"))
                    .header("Idempotency-Key", &key)
                    .body("application/json", wanted.as_bytes())
            });
            match answer.status {
                // The queue is full.
                409 | 429 => std::thread::yield_now(),
                _ => jobs.push(answer.ok()["job"].as_i64().unwrap()),
            }
        }
        jobs
    }

    /// Sends a request to the servers in turn until one answers.
    fn insist(&self, by: usize, request: &dyn Fn(&str) -> HttpRequest) -> HttpAnswer {
        for attempt in by.. {
            let address = self.addresses.lock().unwrap()[attempt % 2].clone();
            let answer = request(&address).token(&self.token).send();
            match answer.status {
                // The server was killed, or is too busy.
                0 | 503 => std::thread::yield_now(),
                _ => return answer,
            }
        }
        unreachable!("there is always a further attempt")
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn history(&self) -> ImportHistory {
        ImportHistory::new(std::mem::take(&mut *self.commits.lock().unwrap()))
    }

    pub(crate) fn reads(&self) -> Vec<PageRead> {
        std::mem::take(&mut *self.reads.lock().unwrap())
    }
}

fn labels(page: &Value, names: &[&str]) -> BTreeSet<String> {
    let rows = page["rows"].as_array().unwrap().iter();
    let cells = rows.flat_map(|row| names.iter().map(move |name| (row, row.pointer(name))));
    let text = |(row, cell): (&Value, Option<&Value>)| match cell.and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => panic!("{row} lacks one of {names:?}"),
    };
    cells.map(text).collect()
}
