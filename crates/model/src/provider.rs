//! The provider (tenant): one business and its settings. Rule: spec/data-model.md §2.

use serde::{Deserialize, Serialize};

use crate::id::ProviderId;
use crate::money::Currency;
use crate::time::{Weekday, Zone};

/// One business. Every row belongs to exactly one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The provider's id, chosen by the caller that creates it.
    pub id: ProviderId,
    /// Display name.
    pub name: String,
    /// The time zone that decides the civil date of an instant.
    pub timezone: Zone,
    /// The currency of amounts that have no currency of their own.
    pub currency: Currency,
    /// The first day of a week in reports and usage periods.
    pub week_starts_on: Weekday,
    /// The alignment of usage months and years: to the calendar or to the billing day.
    pub usage_alignment: UsageAlignment,
    /// The rounding of prorated allowances.
    pub usage_rounding: UsageRounding,
    /// True if this provider may use the exports API.
    pub exports_enabled: bool,
}

/// The alignment of usage months and years. Rule: spec/usage.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum UsageAlignment {
    /// Calendar months and years.
    #[default]
    Calendar,
    /// Billing periods: each runs from one billing day to the day before the next.
    Billing,
}

/// The rounding of a prorated allowance to a whole number. Rule: spec/usage.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum UsageRounding {
    /// To the nearest whole number; halves go up.
    #[default]
    HalfUp,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Provider {
    /// Returns a provider with every other setting at its default (UTC, usd, weeks from Monday).
    pub fn new(id: ProviderId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            timezone: Zone::utc(),
            currency: Currency::USD,
            week_starts_on: Weekday::Monday,
            usage_alignment: UsageAlignment::default(),
            usage_rounding: UsageRounding::default(),
            exports_enabled: true,
        }
    }
}
