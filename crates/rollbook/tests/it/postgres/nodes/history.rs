//! The content of each revision, and so the expected result of each read.
//!
//! Every import sets the label of all shared customers and of one invoice, and adds customers of
//! its own. So at each revision, the shared customers have the label of the last import, and the
//! number of customers follows from the number of imports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::fleet::FinishedFile;
use crate::server::Server;

/// Number of customers that every import rewrites; they fit on one page.
pub(crate) const SHARED: i64 = 100;
/// Number of customers that an import adds.
pub(crate) const ADDED: i64 = 25;

/// Page that shows the shared customers and the total.
pub(crate) const PAGE: &str =
    "/api/v2/reports/customers/data?columns=id,full_name&sort=id&page_size=100";
/// Page that joins the shared invoice with the name of its customer.
pub(crate) const JOINED: &str =
    "/api/v2/reports/invoices/data?columns=number,customer.name&page_size=100";

/// Returns the rows of one import; `first` is the id of the first customer that it adds.
pub(crate) fn body(label: &str, first: i64) -> Vec<u8> {
    let customer = |id: i64| json!({"table": "customers", "row": {"id": id, "name": label}});
    let invoice = json!({"table": "invoices", "row": {"id": 1, "number": label, "customer_id": 1,
        "status": "open", "currency": "gbp", "subtotal": 1, "total": 1}});
    let rows = (1..=SHARED).chain(first..first + ADDED).map(customer).chain([invoice]);
    rows.map(|row| format!("{row}\n")).collect::<String>().into_bytes()
}

/// The result of reading one page.
#[derive(Debug)]
pub(crate) struct PageRead {
    pub(crate) revision: i64,
    /// Last revision that was acknowledged before the request.
    pub(crate) acknowledged: i64,
    pub(crate) labels: BTreeSet<String>,
    /// Number of all customers; none if the page does not show customers.
    pub(crate) total: Option<i64>,
}

/// The labels of the imports, by the revision that each created.
pub(crate) struct ImportHistory(BTreeMap<i64, String>);

impl ImportHistory {
    pub(crate) fn new(commits: Vec<(i64, String)>) -> Self {
        let count = commits.len();
        let history: BTreeMap<_, _> = commits.into_iter().collect();
        assert_eq!(history.len(), count, "two imports were told the same revision");
        Self(history)
    }

    /// Returns the last revision.
    pub(crate) fn last(&self) -> i64 {
        *self.0.last_key_value().unwrap().0
    }

    pub(crate) fn commits(&self) -> usize {
        self.0.len()
    }

    /// Returns the label of the shared rows at a revision, and the number of customers.
    fn at(&self, revision: i64) -> (&str, i64) {
        let until = self.0.range(..=revision);
        let brought = i64::try_from(until.clone().count()).unwrap() * ADDED;
        let (_, label) = until.last().expect("the first import was before every read");
        (label, SHARED + brought)
    }

    /// Checks that each read shows exactly its revision. Returns the number of reads.
    pub(crate) fn check_reads(&self, reads: &[PageRead]) -> usize {
        for read in reads {
            assert!(
                read.revision >= read.acknowledged,
                "an acknowledged write is not read: {read:?}"
            );
            let (label, total) = self.at(read.revision);
            let is_whole = read.labels.len() == 1 && read.labels.contains(label);
            assert!(is_whole, "torn: all of {label} was expected: {read:?}");
            assert!(read.total.is_none_or(|seen| seen == total), "not {total}: {read:?}");
        }
        reads.len()
    }

    /// Checks that a file has every row of every import up to its revision, and no other.
    pub(crate) fn check_file(&self, made: &FinishedFile) {
        let revision = made.manifest["rev"].as_i64().unwrap();
        let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
        for label in self.0.range(..=revision).map(|(_, label)| label) {
            expected.insert(label, ADDED);
        }
        *expected.entry(self.at(revision).0).or_default() += SHARED;
        let mut found: BTreeMap<&str, i64> = BTreeMap::new();
        for line in made.text.lines().skip(1) {
            *found.entry(line.split_once(',').unwrap().1).or_default() += 1;
        }
        assert_eq!(found, expected, "job {} at revision {revision}", made.job);
        assert_eq!(made.manifest["rows"], self.at(revision).1, "job {}", made.job);
    }

    /// Checks that a server shows the last revision in the end.
    pub(crate) fn check_end(&self, server: &Server, token: &str) {
        assert_eq!(server.get(token, PAGE).ok()["total"], self.at(self.last()).1);
    }
}
