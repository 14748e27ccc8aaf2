//! Usage as JSON, with keys in alphabetical order. Rule: spec/usage.md §3, §8.
//!
//! The structs have their fields in the order of the keys, because they are serialized in that
//! order.

use std::collections::BTreeMap;

use model::time::Date;
use serde::Serialize;
use serde_json::Value;

use crate::calculation::{OfferingTypeUsage, PeriodUsage, Usage};
use crate::hold::{Hold, ProrateAdjustment};

/// The names of offering types, by id.
pub type OfferingTypeNames = BTreeMap<i64, String>;

/// The JSON object `{"usage_periods": [...]}`.
#[derive(Debug, Serialize)]
pub struct UsageAnswer<'a> {
    usage_periods: UsagePeriods<'a>,
}

/// The list of entries without the outer object, as the answer for many memberships needs it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct UsagePeriods<'a>(Vec<PeriodEntry<'a>>);

#[derive(Debug, Serialize)]
struct PeriodEntry<'a> {
    bookable_count: Option<i64>,
    end_date: Option<Date>,
    max_uses: Option<i64>,
    offering_type_limits: Vec<OfferingTypeEntry<'a>>,
    period_type: &'static str,
    prorate_adjustment: Option<AdjustmentEntry<'a>>,
    remaining_count: Option<i64>,
    start_date: Option<Date>,
    r#type: &'static str,
    used_count: i64,
}

#[derive(Debug, Serialize)]
struct OfferingTypeEntry<'a> {
    bookable_count: Option<i64>,
    is_extra: bool,
    max_uses: Option<i64>,
    offering_type: NamedEntry<'a>,
    prorate_adjustment: Option<AdjustmentEntry<'a>>,
    remaining_count: Option<i64>,
    used_count: i64,
}

#[derive(Debug, Serialize)]
struct NamedEntry<'a> {
    id: i64,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct AdjustmentEntry<'a> {
    active_days: i64,
    #[serde(serialize_with = "hold_entries")]
    holds: &'a [Hold],
    original_max_uses: i64,
    prorated_max_uses: i64,
    total_days: i64,
}

#[derive(Debug, Serialize)]
struct HoldEntry {
    end_date: Option<Date>,
    start_date: Date,
}

/// Returns the JSON answer for one membership. An offering type missing in `names` has an empty
/// name.
pub fn usage_answer<'a>(usage: &'a Usage, names: &'a OfferingTypeNames) -> UsageAnswer<'a> {
    UsageAnswer { usage_periods: usage_periods(usage, names) }
}

/// Returns the list of entries for one membership.
pub fn usage_periods<'a>(usage: &'a Usage, names: &'a OfferingTypeNames) -> UsagePeriods<'a> {
    UsagePeriods(
        usage.periods.iter().map(|period| PeriodEntry::from_period(period, names)).collect(),
    )
}

/// Returns the answer as a JSON value. To write JSON text, serialize [`usage_answer`] directly: it is
/// faster.
pub fn to_json(usage: &Usage, names: &OfferingTypeNames) -> Value {
    let value = serde_json::to_value(usage_answer(usage, names));
    value.expect("all keys are text and no value's serialization fails")
}

impl<'a> PeriodEntry<'a> {
    fn from_period(period: &'a PeriodUsage, names: &'a OfferingTypeNames) -> Self {
        let own = period
            .offering_types
            .iter()
            .map(|own| OfferingTypeEntry::from_offering_type(own, names));
        let count = &period.count;
        Self {
            bookable_count: count.bookable_count,
            end_date: period.end_date,
            max_uses: count.max_uses,
            offering_type_limits: own.collect(),
            period_type: period.period.as_str(),
            prorate_adjustment: count
                .prorate_adjustment
                .as_ref()
                .map(AdjustmentEntry::from_adjustment),
            remaining_count: count.remaining_count,
            start_date: period.start_date,
            r#type: period.limit_type.as_str(),
            used_count: count.used_count,
        }
    }
}

impl<'a> OfferingTypeEntry<'a> {
    fn from_offering_type(own: &'a OfferingTypeUsage, names: &'a OfferingTypeNames) -> Self {
        let name = names.get(&own.offering_type).map_or("", String::as_str);
        let count = &own.count;
        Self {
            bookable_count: count.bookable_count,
            is_extra: own.is_extra,
            max_uses: count.max_uses,
            offering_type: NamedEntry { id: own.offering_type, name },
            prorate_adjustment: count
                .prorate_adjustment
                .as_ref()
                .map(AdjustmentEntry::from_adjustment),
            remaining_count: count.remaining_count,
            used_count: count.used_count,
        }
    }
}

impl<'a> AdjustmentEntry<'a> {
    fn from_adjustment(adjustment: &'a ProrateAdjustment) -> Self {
        Self {
            active_days: adjustment.active_days,
            holds: &adjustment.holds,
            original_max_uses: adjustment.original_max_uses,
            prorated_max_uses: adjustment.prorated_max_uses,
            total_days: adjustment.total_days,
        }
    }
}

fn hold_entries<S: serde::Serializer>(holds: &[Hold], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        holds.iter().map(|hold| HoldEntry { end_date: hold.end_date, start_date: hold.start_date }),
    )
}
