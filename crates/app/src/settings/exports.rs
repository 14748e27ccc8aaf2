//! Settings of exports, common ones and those of single providers.

use model::id::ProviderId;
use serde::{Deserialize, Serialize};

use super::jobs::given_or_half_the_cores;

/// The longest range that the dialect allows, in calendar months.
const DIALECT_RANGE_MONTHS_MAX: u32 = 6;

/// `[exports]`: files of every kind of record. Rule: spec/exports.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportSettings {
    /// True if only the requests that the dialect documents are accepted. It overrides the next
    /// three settings. Default: false.
    pub strict: bool,
    /// True if a file is deleted after its first complete download. Default: false.
    pub download_once: bool,
    /// True if a second export of a type is refused while one is unfinished. Default: true.
    pub one_per_type: bool,
    /// The largest number of calendar months in a range. Default: 6; 0 = no limit.
    pub max_range_months: u32,
    /// The number of exports that this process runs at once. Default: 0 = half the cores, at least
    /// 1.
    pub max_running: usize,
    /// The number of exports that may wait per provider; the next is answered 429. Default: 50.
    pub max_queued: u64,
    /// Hours that a file is kept. Default: 168.
    pub retention_hours: i64,
    /// Days that an export is remembered. Default: 90.
    pub history_days: i64,
    /// The HTTP status for providers without exports: 401 (default) or 403.
    pub gate_status: u16,
    /// Minutes after which a running export fails. Default: 120.
    pub timeout_minutes: u64,
    /// Megabytes of free disk below which a running export fails. Default: 1024.
    pub min_free_disk_mb: u64,
    /// Settings of single providers. Default: none.
    pub providers: Vec<ExportOverrides>,
}

/// The export settings of one provider. A value that is not given is the common one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportOverrides {
    /// The provider.
    pub id: i64,
    /// The value for this provider of `exports.strict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// The value for this provider of `exports.download_once`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_once: Option<bool>,
    /// The value for this provider of `exports.one_per_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_per_type: Option<bool>,
    /// The value for this provider of `exports.max_range_months`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_range_months: Option<u32>,
    /// The value for this provider of `exports.max_queued`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_queued: Option<u64>,
    /// The value for this provider of `exports.retention_hours`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_hours: Option<i64>,
    /// The value for this provider of `exports.history_days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_days: Option<i64>,
    /// The value for this provider of `exports.gate_status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_status: Option<u16>,
    /// The value for this provider of `exports.timeout_minutes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<u64>,
}

/// The rules in force for the exports of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportRules {
    /// `exports.strict`
    pub is_strict: bool,
    /// `exports.download_once`
    pub download_once: bool,
    /// `exports.one_per_type`
    pub one_per_type: bool,
    /// `exports.max_range_months`
    pub max_range_months: u32,
    /// `exports.max_queued`
    pub max_queued: u64,
    /// `exports.retention_hours`
    pub retention_hours: i64,
    /// `exports.history_days`
    pub history_days: i64,
    /// `exports.gate_status`
    pub gate_status: u16,
    /// `exports.timeout_minutes`
    pub timeout_minutes: u64,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self {
            strict: false,
            download_once: false,
            one_per_type: true,
            max_range_months: DIALECT_RANGE_MONTHS_MAX,
            max_running: 0,
            max_queued: 50,
            retention_hours: 168,
            history_days: 90,
            gate_status: 401,
            timeout_minutes: 120,
            min_free_disk_mb: 1024,
            providers: Vec::new(),
        }
    }
}

impl ExportSettings {
    /// Returns the rules in force for a provider: its own settings, or else the common ones. Strict
    /// mode overrides both.
    pub fn rules(&self, provider: ProviderId) -> ExportRules {
        let none = ExportOverrides::default();
        let own = self.providers.iter().find(|own| own.id == provider.0).unwrap_or(&none);
        let is_strict = own.strict.unwrap_or(self.strict);
        let months = own.max_range_months.unwrap_or(self.max_range_months);
        ExportRules {
            is_strict,
            download_once: is_strict || own.download_once.unwrap_or(self.download_once),
            one_per_type: is_strict || own.one_per_type.unwrap_or(self.one_per_type),
            max_range_months: if is_strict { DIALECT_RANGE_MONTHS_MAX } else { months },
            max_queued: own.max_queued.unwrap_or(self.max_queued),
            retention_hours: own.retention_hours.unwrap_or(self.retention_hours),
            history_days: own.history_days.unwrap_or(self.history_days),
            gate_status: own.gate_status.unwrap_or(self.gate_status),
            timeout_minutes: own.timeout_minutes.unwrap_or(self.timeout_minutes),
        }
    }

    /// Returns the common rules, then those of each provider with its own settings.
    pub(super) fn all_rules(&self) -> impl Iterator<Item = ExportRules> {
        let ids = std::iter::once(i64::MIN).chain(self.providers.iter().map(|own| own.id));
        ids.map(|id| self.rules(ProviderId(id)))
    }

    /// Returns the largest number of days that an export of any provider is remembered.
    pub fn history_days_max(&self) -> i64 {
        self.all_rules().map(|rules| rules.history_days).max().unwrap_or(self.history_days)
    }

    /// Returns the number of exports that this process runs at once.
    pub fn running_used(&self) -> usize {
        given_or_half_the_cores(self.max_running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_exports_force_what_the_dialect_does_and_a_provider_may_differ() {
        let mut settings = ExportSettings { max_range_months: 0, ..Default::default() };
        settings.one_per_type = false;
        let own = ExportOverrides { id: 7, strict: Some(true), ..Default::default() };
        settings.providers = vec![own];
        let (all, strict) = (settings.rules(ProviderId(1)), settings.rules(ProviderId(7)));
        assert_eq!((all.max_range_months, all.one_per_type, all.download_once), (0, false, false));
        assert_eq!(
            (strict.max_range_months, strict.one_per_type, strict.download_once),
            (6, true, true)
        );
        assert_eq!(strict.retention_hours, all.retention_hours);
    }
}
