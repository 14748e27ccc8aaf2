//! The tenant: one business and its settings. Rule: spec/data-model.md §2.

use serde::{Deserialize, Serialize};

use crate::id::ProviderId;
use crate::money::Currency;
use crate::time::{Weekday, Zone};

/// One business. Every row belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Its id, given by whoever creates it.
    pub id: ProviderId,
    /// Display name.
    pub name: String,
    /// Time zone that decides on which civil day an instant falls.
    pub timezone: Zone,
    /// Currency of amounts that have none of their own.
    pub currency: Currency,
    /// First day of a week in reports and usage periods.
    pub week_starts_on: Weekday,
    /// Whether usage months follow the calendar or the billing day.
    pub usage_alignment: UsageAlignment,
    /// How prorated allowances are rounded.
    pub usage_rounding: UsageRounding,
    /// Whether the exports API is open to this provider.
    pub exports_enabled: bool,
}

/// What usage months and years are aligned to. Rule: spec/usage.md §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum UsageAlignment {
    /// Calendar months and years.
    #[default]
    Calendar,
    /// From one billing day to the day before the next.
    Billing,
}

/// How a prorated allowance becomes a whole number. Rule: spec/usage.md §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum UsageRounding {
    /// To the nearest, halves up.
    #[default]
    HalfUp,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Provider {
    /// A provider with every setting at its default (UTC, usd, weeks from Monday).
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
