//! Usage of many customer memberships at one revision. Rule: spec/usage.md §10.

use serde::Serialize;
use store::Store;
use usage::json::{UsagePeriods, usage_periods};

use super::one::json;
use super::question::Many;
use super::records::Records;
use super::{Asker, Written};
use crate::error::ApiError;

#[derive(Serialize)]
struct Answer<'a> {
    results: Vec<Entry<'a>>,
    missing: Vec<i64>,
}

#[derive(Serialize)]
struct Entry<'a> {
    customer_membership: i64,
    usage_periods: UsagePeriods<'a>,
}

/// Returns the usage of each customer membership in the requested order, and the unknown ids.
pub fn of_many(store: &dyn Store, asker: Asker, asked: &Many) -> Result<Written, ApiError> {
    let (snapshot, provider) = asker.look(store)?;
    let mut records = Records::new(snapshot.as_ref(), &provider);
    let date = asker.date(asked.date, &provider);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in &asked.ids {
        match records.membership(*id, asker.mode).map_err(ApiError::of_store)? {
            Some(held) => found.push((*id, held.facts().usage_on(date))),
            None => missing.push(*id),
        }
    }
    let results = found.iter().map(|(id, usage)| Entry {
        customer_membership: *id,
        usage_periods: usage_periods(usage, records.names()),
    });
    let text = json(&Answer { results: results.collect(), missing })?;
    Ok(Written { text, revision: snapshot.revision() })
}
