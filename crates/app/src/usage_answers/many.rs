//! Usage of many customer memberships at one revision. Rule: spec/usage.md §10.

use serde::Serialize;
use store::Store;
use usage::json::{UsagePeriods, usage_periods};

use super::one::json;
use super::parameters::ManyUsageParameters;
use super::records::MembershipRecordReader;
use super::{UsageCaller, UsageText};
use crate::error::ApiError;

#[derive(Serialize)]
struct ManyUsageAnswer<'a> {
    results: Vec<MembershipUsageEntry<'a>>,
    missing: Vec<i64>,
}

#[derive(Serialize)]
struct MembershipUsageEntry<'a> {
    customer_membership: i64,
    usage_periods: UsagePeriods<'a>,
}

/// Returns the usage of each customer membership in the requested order, and the unknown ids.
pub fn usage_of_many(
    store: &dyn Store,
    asker: UsageCaller,
    asked: &ManyUsageParameters,
) -> Result<UsageText, ApiError> {
    let (snapshot, provider) = asker.open_snapshot(store)?;
    let mut records = MembershipRecordReader::new(snapshot.as_ref(), &provider);
    let date = asker.date(asked.date, &provider);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in &asked.ids {
        match records.membership(*id, asker.mode).map_err(ApiError::from_store_error)? {
            Some(held) => found.push((*id, held.facts().usage_on(date))),
            None => missing.push(*id),
        }
    }
    let results = found.iter().map(|(id, usage)| MembershipUsageEntry {
        customer_membership: *id,
        usage_periods: usage_periods(usage, records.names()),
    });
    let text = json(&ManyUsageAnswer { results: results.collect(), missing })?;
    Ok(UsageText { text, revision: snapshot.revision() })
}
