//! Every type, filter and mode compared with the reference, over random rows, through a real
//! server.
//!
//! `EXPORT_SEEDS=20` runs that many businesses instead of one.
//!
//! | module | holds |
//! | --- | --- |
//! | `business` | random rows, half of them in the mirror's delta |
//! | `generate` | random bodies |

mod business;
mod generate;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::business::RandomBusiness;
use self::generate::BodyGenerator;
use super::reference::{
    BusinessRows, ExpectedFile, csv, expected, ignored, kind, kinds, ndjson, second, totals,
};
use super::{EXPORTS, ask_at, fetched, outcome};

/// Number of bodies per business for one type; `GROUPS` is that for several types.
const BODIES: usize = 169;
const GROUPS: usize = 10;
/// Number of exports that are queued before the first is fetched.
const QUEUED: usize = 26;
/// At least one in this many bodies of each type selects rows.
const WITH_ROWS_IN: usize = 3;
const SHOWN_CHARS: usize = 120;

fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("EXPORT_SEEDS").ok();
    0..given.map_or(1, |count| count.parse().expect("a number of businesses"))
}

impl RandomBusiness {
    fn books(&self) -> BusinessRows<'_> {
        BusinessRows { tables: &self.tables, provider: &self.provider }
    }

    /// Stops the server and compares the mirror with the store.
    fn verify(self) {
        drop(self.server);
        let said = crate::server::run(&["mirror", "verify", "--data", self.world.data.path()]);
        assert!(!said.is_empty());
    }

    /// Returns the accepted exports of a body; none if there is nothing to export.
    fn asked(&self, body: &Value, is_empty: bool) -> Option<Value> {
        let answer = ask_at(&self.server, &self.token, &format!("{EXPORTS}?site_id=1"), body);
        if is_empty {
            assert_eq!(outcome(&answer), "400 nothing_to_export");
            return None;
        }
        Some(answer.ok())
    }

    /// Checks an accepted export, its file and its manifest. Returns its revision.
    fn check(&self, body: &Value, accepted: &Value, expected: &ExpectedFile) -> Value {
        let uuid = accepted["uuid"].as_str().unwrap();
        let mut named: Vec<&str> = strings(&accepted["ignored_filters"]);
        named.sort_unstable();
        let kind = kind(accepted["object"].as_str().unwrap());
        assert_eq!(named, ignored(kind, body).into_iter().collect::<Vec<_>>(), "ignored_filters");
        let (export, file) = fetched(&self.server, &self.token, uuid);
        let text = match body["format"].as_str() {
            Some("ndjson") => ndjson(expected),
            _ => csv(expected, body["csv_dialect"] == "excel"),
        };
        assert_same_text(&file.text(), &text);
        let manifest = self.server.get(&self.token, &format!("{EXPORTS}/{uuid}/manifest")).ok();
        let range = ["date_from", "date_to"].map(|name| second(body, name, &self.provider));
        assert_eq!(manifest["filters"]["date_from"], range[0]);
        assert_eq!(manifest["filters"]["date_to"], range[1]);
        assert_eq!(manifest["totals"], totals(expected));
        assert_eq!(manifest["rows"], expected.rows.len());
        assert_eq!(export["rows"], expected.rows.len());
        export["rev"].clone()
    }

    /// Checks the exports of one body for several types.
    fn check_group(&self, body: &Value) {
        let books = self.books();
        let tables = strings(&body["objects"]).into_iter();
        let tables = tables.map(|object| (object, expected(&books, kind(object), body)));
        let (made, skipped): (Vec<_>, Vec<_>) =
            tables.partition(|(_, table)| !table.rows.is_empty());
        let Some(answer) = self.asked(body, made.is_empty()) else { return };
        let skipped: Vec<&str> = skipped.into_iter().map(|(object, _)| object).collect();
        assert_eq!(strings(&answer["skipped"]), skipped, "skipped");
        let exports = answer["data"].as_array().unwrap();
        assert_eq!(exports.len(), made.len());
        let pairs = exports.iter().zip(&made);
        let revisions: Vec<Value> = pairs
            .map(|(export, (object, table))| {
                assert_eq!(export["object"], *object);
                self.check(body, export, table)
            })
            .collect();
        assert!(revisions.iter().all(|revision| *revision == revisions[0]), "{revisions:?}");
    }
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

/// Runs `check` and names the body if it fails.
fn checked<T>(seed: u64, body: &Value, check: impl FnOnce() -> T) -> T {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    outcome.unwrap_or_else(|panic| {
        eprintln!("business {seed}, body: {body}");
        std::panic::resume_unwind(panic)
    })
}

/// Compares long texts, and shows only where they differ.
fn assert_same_text(actual: &str, expected: &str) {
    let same = actual.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
    let line = 1 + actual.as_bytes()[..same].iter().filter(|byte| **byte == b'\n').count();
    let around = |text: &str| {
        let bytes = &text.as_bytes()[same.saturating_sub(SHOWN_CHARS)..];
        let text = String::from_utf8_lossy(bytes);
        text.chars().take(2 * SHOWN_CHARS).collect::<String>()
    };
    assert!(
        actual == expected,
        "line {line}\nactual:   …{}\nexpected: …{}",
        around(actual),
        around(expected)
    );
}

/// Counts of the cases that occurred. At the end, each must have occurred at least once.
#[derive(Default)]
struct CaseCoverage {
    by_type: BTreeMap<String, [usize; 2]>,
    filters: BTreeMap<String, usize>,
    others: BTreeMap<&'static str, usize>,
}

impl CaseCoverage {
    fn note(&mut self, body: &Value, expected: &ExpectedFile) {
        let kind = kind(body["object"].as_str().unwrap());
        let counts = self.by_type.entry(kind.object.to_owned()).or_default();
        counts[0] += 1;
        if expected.rows.is_empty() {
            return;
        }
        counts[1] += 1;
        for (name, _) in kind.filters {
            if body.get(*name).is_some_and(|value| *value != "" && *value != "all") {
                *self.filters.entry(format!("{} {name}", kind.object)).or_default() += 1;
            }
        }
        for name in ["mode", "site_id", "include_deleted", "row_per", "layout", "columns", "format"]
        {
            *self.others.entry(name).or_default() += usize::from(body.get(name).is_some());
        }
    }

    fn check(&self) {
        for kind in kinds() {
            let [all, with_rows] = self.by_type[kind.object];
            assert!(with_rows * WITH_ROWS_IN >= all, "{}: {with_rows} of {all}", kind.object);
            for (name, _) in kind.filters {
                let filter = format!("{} {name}", kind.object);
                assert!(self.filters.contains_key(&filter), "{filter} never kept a row");
            }
        }
        assert!(self.others.values().all(|count| *count > 0), "{:?}", self.others);
    }
}

#[test]
fn files_equal_the_reference() {
    let mut met = CaseCoverage::default();
    for seed in seeds() {
        let business = RandomBusiness::new(seed);
        let books = business.books();
        let mut generator = BodyGenerator::new(seed, books);
        let bodies: Vec<Value> = generator.by_ref().take(BODIES).collect();
        for bodies in bodies.chunks(QUEUED) {
            let mut queued = Vec::new();
            for body in bodies {
                let kind = kind(body["object"].as_str().unwrap());
                let expected = expected(&books, kind, body);
                met.note(body, &expected);
                let ask = || business.asked(body, expected.rows.is_empty());
                if let Some(answer) = checked(seed, body, ask) {
                    queued.push((body, answer, expected));
                }
            }
            for (body, answer, expected) in queued {
                checked(seed, body, || business.check(body, &answer["data"], &expected));
            }
        }
        for _ in 0..GROUPS {
            let body = generator.group();
            checked(seed, &body, || business.check_group(&body));
        }
        business.verify();
    }
    met.check();
}

/// Returns the ids in the first column.
fn ids(table: &ExpectedFile) -> BTreeSet<String> {
    table.rows.iter().map(|row| format!("{:?}", row[0])).collect()
}

#[test]
fn modes_test_the_creation_or_the_last_change_of_every_type() {
    let business = RandomBusiness::new(seeds().end);
    let books = business.books();
    for kind in kinds() {
        for by_line in [false, true] {
            if by_line && kind.lines.is_none() {
                continue;
            }
            let body = |mode: &str| {
                json!({
                    "object": kind.object,
                    "date_from": "2025-06-30T23:00:00Z",
                    "date_to": "2025-12-31T23:59:59Z",
                    "mode": mode,
                    "row_per": by_line.then_some("line"),
                })
            };
            let [full, modified] = ["full_data", "modified_data"].map(|mode| {
                let body = body(mode);
                let expected = expected(&books, kind, &body);
                checked(0, &body, || {
                    let answer = business.asked(&body, false).unwrap();
                    business.check(&body, &answer["data"], &expected);
                });
                ids(&expected)
            });
            let parts = [&full - &modified, &modified - &full, &full & &modified];
            assert!(parts.iter().all(|part| !part.is_empty()), "{}: {parts:?}", kind.object);
        }
    }
}
