//! A second, slow implementation of the reports, written from spec/reports.md alone: one row at a
//! time, without Arrow or query plans, and without code of the `reports` crate. Tests compare both.
//!
//! | module | holds | spec/reports.md |
//! | --- | --- | --- |
//! | `data` | the tables of one provider | – |
//! | `usage_rows`, `usage_reference` | usage of memberships, day by day | spec/usage.md |
//! | `world` | the terms of the catalogue | §16 |
//! | `value` | values of cells, as JSON and CSV text | §3, §7.2, §13 |
//! | `column` | columns, their names, their order | §4, §5 |
//! | `filter` | filters, and the parsing of their values | §2.2 |
//! | `timeframe` | timeframes | §8 |
//! | `catalogue` | the reports | §17 |
//! | `request` | parameters of one request | §2, §6 |
//! | `plain`, `grouped`, `pivot` | rows of an answer | §5, §9, §10 |
//! | `answer` | envelope and CSV page | §3, §7.2 |
//! | `same` | comparison of an actual answer with the expected one | – |
//! | `sample` | random rows that satisfy the rules of an import | – |
//! | `generate`, `invalid` | random requests, good and bad | §2, §14 |

mod answer;
mod catalogue;
mod column;
mod data;
mod filter;
mod generate;
mod grouped;
mod invalid;
mod pivot;
mod plain;
mod request;
mod same;
mod sample;
mod timeframe;
#[path = "../../../../usage/tests/rules/reference.rs"]
mod usage_reference;
mod usage_rows;
mod value;
#[cfg(test)]
mod vectors;
mod world;

pub(crate) use data::{OracleRow, OracleTables};
pub(crate) use filter::{Bound, parse_instant};
pub(crate) use generate::{RequestGenerator, TestRandom};
pub(crate) use invalid::InvalidRequestGenerator;
pub(crate) use same::assert_same;
pub(crate) use sample::sample;
pub(crate) use value::guarded;

use model::provider::Provider;
use model::time::Instant;

/// Returns the envelope of `GET /api/v2/reports/{report}/data` for valid parameters.
/// \n Exact decimals are strings that begin with [`value::EXACT`]; [`assert_same`] understands
/// them.
pub(crate) fn answer(
    tables: &OracleTables,
    provider: &Provider,
    now: Instant,
    report: &str,
    params: &[(String, String)],
) -> serde_json::Value {
    page(tables, provider, now, report, params).envelope()
}

/// Returns the same page as CSV.
pub(crate) fn csv(
    tables: &OracleTables,
    provider: &Provider,
    now: Instant,
    report: &str,
    params: &[(String, String)],
) -> String {
    page(tables, provider, now, report, params).csv()
}

fn page(
    tables: &OracleTables,
    provider: &Provider,
    now: Instant,
    report: &str,
    params: &[(String, String)],
) -> answer::OraclePage {
    let params = request::RequestParameters::new(params);
    let now = params.as_of(provider).unwrap_or(now);
    let world = world::OracleContext::new(tables, provider, now);
    match report.strip_suffix(".grouped") {
        Some(name) => grouped::answer(&world, &catalogue::report(name), &params),
        None => plain::answer(&world, &catalogue::report(report), &params),
    }
}
