//! The report customer_membership_usage, and the usage of one and of many memberships, compared
//! with a slow, simple reference over the same rows, through a real server with rows in segments
//! and delta. `USAGE_SEEDS` sets the number of businesses.
//!
//! | module | holds |
//! | --- | --- |
//! | `studio` | random rows that exercise every rule of usage |
//! | `points` | usage of single memberships compared with the report |

mod points;
mod studio;

use model::provider::Provider;

use self::points::assert_points_agree;
use self::studio::Studio;
use crate::differential::{ask, assert_same_text, checked, now, with_now};
use crate::oracle::{
    InvalidRequestGenerator, OracleTables, RequestGenerator, answer, assert_same, csv,
};
use crate::server::Server;

const REPORT: &str = "customer_membership_usage";
const PAGES: usize = 45;
const PAGES_LATER: usize = 10;
const CSV_PAGES: usize = 8;
const BAD_REQUESTS: usize = 40;

/// Returns the reports to test; the plain report more often than its grouped form.
fn reports() -> Vec<String> {
    [REPORT, REPORT, "customer_membership_usage.grouped"].map(str::to_owned).to_vec()
}

fn seeds() -> u64 {
    let asked = std::env::var("USAGE_SEEDS").ok();
    asked.map_or(1, |seeds| seeds.parse().unwrap())
}

/// A server under test, and the content of its store.
struct UsageTestServer {
    server: Server,
    token: String,
    tables: OracleTables,
    provider: Provider,
}

impl UsageTestServer {
    fn of(studio: &Studio, server: Server, token: &str) -> Self {
        let (tables, provider) = studio.world.tables();
        Self { server, token: token.to_owned(), tables, provider }
    }

    fn requests(&self, seed: u64) -> RequestGenerator<'_> {
        RequestGenerator::new(seed, &self.tables, &self.provider, now(), reports())
    }

    fn assert_pages_agree(&self, seed: u64, pages: usize) {
        for (report, parameters) in self.requests(seed).take(pages) {
            let parameters = with_now(parameters);
            checked(&report, &parameters, || {
                let actual = ask(&self.server, &self.token, &report, &parameters);
                assert_eq!(actual.status, 200, "{}", actual.text());
                let expected = answer(&self.tables, &self.provider, now(), &report, &parameters);
                assert_same(&actual.text(), &expected);
            });
        }
    }

    fn assert_files_agree(&self, seed: u64) {
        for (report, parameters) in self.requests(seed).take(CSV_PAGES) {
            let mut parameters = with_now(parameters);
            let expected = csv(&self.tables, &self.provider, now(), &report, &parameters);
            parameters.push(("format".into(), "csv".into()));
            checked(&report, &parameters, || {
                let actual = ask(&self.server, &self.token, &report, &parameters);
                assert_eq!(actual.status, 200, "{}", actual.text());
                assert_same_text(&actual.text(), &expected);
            });
        }
    }
}

/// Checks everything under some settings of a business.
fn assert_usage_agrees(seed: u64, settings: &[&str]) {
    for further in 0..seeds() {
        let seed = seed + 1000 * further;
        let studio = Studio::new(seed, settings);
        let token = studio.token();
        let server = studio.serve_with_delta(&token);
        let scene = UsageTestServer::of(&studio, server, &token);
        scene.assert_pages_agree(seed + 1, PAGES);
        scene.assert_files_agree(seed + 2);
        assert_points_agree(&scene);

        studio.change_once_more();
        let scene = UsageTestServer::of(&studio, scene.server, &token);
        scene.assert_pages_agree(seed + 3, PAGES_LATER);
        assert_points_agree(&scene);
    }
}

#[test]
fn usage_is_what_the_day_by_day_reference_says() {
    assert_usage_agrees(
        21,
        &["--timezone", "Europe/London", "--usage-alignment", "billing", "--usage-rounding", "up"],
    );
}

#[test]
fn usage_of_a_business_ahead_of_utc_whose_weeks_begin_on_sunday() {
    let settings = ["--timezone", "Pacific/Auckland", "--week-starts-on", "sunday"];
    assert_usage_agrees(22, &settings);
}

#[test]
fn usage_of_a_business_behind_utc_that_rounds_down() {
    let settings = [
        "--timezone",
        "America/New_York",
        "--usage-alignment",
        "billing",
        "--usage-rounding",
        "down",
    ];
    assert_usage_agrees(23, &settings);
}

#[test]
fn bad_requests_for_usage_name_their_fields() {
    let studio = Studio::new(24, &[]);
    let token = studio.token();
    let server = studio.world.data.serve();
    let requests = InvalidRequestGenerator::new(5, reports()).take(BAD_REQUESTS);
    for (report, parameters, fields) in requests {
        checked(&report, &parameters, || {
            let actual = ask(&server, &token, &report, &parameters);
            assert_eq!(actual.status, 400, "{}", actual.text());
            let body = actual.json();
            let named = body["field_errors"].as_object().unwrap();
            let mut named: Vec<_> = named.keys().cloned().collect();
            named.sort();
            assert_eq!(named, fields);
        });
    }
}
