//! Settings of the server. The program fills them from a file, the environment and flags.
//!
//! Plain data with defaults. Unknown keys are refused, so that a misspelt key is noticed.

mod auth;
mod books;
mod exports;
mod jobs;
mod notices;

use std::path::PathBuf;

use model::id::ProviderId;
use reports::CsvDialect;
use serde::{Deserialize, Serialize};
use store::port::jobs::JobKind;
use usage::xml::ListStyle;

use crate::address::Network;
pub use auth::{AuthSettings, JwtKeySettings, Secret};
pub use books::{AccountingSettings, ProviderAccountingSettings};
pub use exports::{ExportOverrides, ExportRules, ExportSettings};
pub use jobs::{EmptyUrl, JobSettings};
pub use notices::{SmtpSettings, SmtpTls, WebhookSettings};

/// All settings of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// `[auth]`
    pub auth: AuthSettings,
    /// `[server]`
    pub server: ListenSettings,
    /// `[rate_limit]`
    pub rate_limit: RateLimitSettings,
    /// `[reports]`
    pub reports: ReportSettings,
    /// `[import]`
    pub import: ImportSettings,
    /// `[files]`
    pub files: FileSettings,
    /// `[xml]`
    pub xml: XmlSettings,
    /// `[accounting]`
    pub accounting: AccountingSettings,
    /// `[jobs]`
    pub jobs: JobSettings,
    /// `[exports]`
    pub exports: ExportSettings,
    /// `[smtp]`
    pub smtp: SmtpSettings,
    /// `[webhooks]`
    pub webhooks: WebhookSettings,
}

/// `[server]`: how the server listens and answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenSettings {
    /// Address to listen on. Default: `127.0.0.1:8080`.
    pub listen: String,
    /// The base of every URL that is sent, without a trailing slash. Default: none; URLs are sent
    /// as paths.
    pub public_url: Option<String>,
    /// Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For` is trusted. Default: none.
    pub trusted_proxies: Vec<Network>,
    /// Exact origins that browsers may call from. Default: none.
    pub cors_origins: Vec<String>,
    /// The number of connections open at once; further ones wait. Default: 1024.
    pub connections_max: usize,
    /// The number of connections open at once for one address (of IPv6, for one network of 64
    /// bits); further ones are closed. An address never gets more than are free. Trusted proxies
    /// are not counted. Default: 256; 0 = as many as are free.
    pub connections_per_address_max: usize,
    /// The number of requests processed at once, and of bodies received at once; further ones are
    /// answered 503. A provider never gets more than are free. Default: 512.
    pub requests_max: usize,
    /// Seconds within which the head of a request must arrive, the first of a connection included.
    /// Default: 30.
    pub head_timeout_s: u64,
    /// Seconds after which a client that stops reading its answer is disconnected. Default: 60.
    pub answer_timeout_s: u64,
    /// The lowest average speed of a body in bytes per second, measured after
    /// `import.idle_timeout_s` seconds. Default: 4096; 0 = no limit.
    pub body_bytes_per_s_min: u64,
    /// Seconds that running requests have to finish when the server stops. Default: 30.
    pub shutdown_grace_s: u64,
}

impl Default for ListenSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            connections_max: 1024,
            connections_per_address_max: 256,
            requests_max: 512,
            head_timeout_s: 30,
            answer_timeout_s: 60,
            body_bytes_per_s_min: 4096,
            shutdown_grace_s: 30,
        }
    }
}

/// `[rate_limit]`. Rule: spec/auth-and-errors.md §7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSettings {
    /// The number of requests within any 60 seconds, per caller. Default: 250; 0 = no limit.
    pub per_minute: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { per_minute: 250 }
    }
}

/// `[reports]`. Rule: spec/reports.md §2.1, §7.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportSettings {
    /// The time limit of one page, in seconds. Default: 30.
    pub timeout_s: u64,
    /// The largest number of rows of one page. Default: 100; at most 10,000.
    pub max_page_size: u32,
    /// True if CSV begins with a byte-order mark unless a request says otherwise. Default: false.
    pub csv_bom: bool,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self { timeout_s: 30, max_page_size: 100, csv_bom: false }
    }
}

impl ReportSettings {
    /// Returns true if CSV begins with a byte-order mark: as the request says, or else as set.
    pub fn has_bom(&self, asked: Option<CsvDialect>) -> bool {
        asked.map_or(self.csv_bom, CsvDialect::has_bom)
    }
}

/// `[import]`. Rule: spec/data-model.md §3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportSettings {
    /// The largest size of one body as sent, in bytes. Default: 1 GiB.
    pub max_body_bytes: u64,
    /// The largest size of one body after decompression, in bytes. Default: 16 GiB.
    pub max_unpacked_bytes: u64,
    /// The largest ratio of a body's decompressed size to its size as sent. It applies above 16
    /// MiB. Default: 200.
    pub max_unpacked_ratio: u64,
    /// The time limit for reading and storing one body in seconds, including the wait for other
    /// imports. Default: 600.
    pub timeout_s: u64,
    /// The number of imports that run at once; further ones wait. A provider never gets more than
    /// are free. Default: 4.
    pub concurrent_max: usize,
    /// Seconds that a received import waits for a free slot before it is answered 503. Default: 30.
    pub wait_s: u64,
    /// The number of import bodies on disk at once, whether they arrive, wait or are processed;
    /// further ones are answered 503. A provider never gets more than are free. Default: 16.
    pub bodies_max: usize,
    /// Seconds without a byte after which a body counts as aborted. Default: 60.
    pub idle_timeout_s: u64,
}

impl Default for ImportSettings {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 30,
            max_unpacked_bytes: 16 << 30,
            max_unpacked_ratio: 200,
            timeout_s: 600,
            concurrent_max: 4,
            wait_s: 30,
            bodies_max: 16,
            idle_timeout_s: 60,
        }
    }
}

/// `[xml]`: how answers in XML are written. Rule: spec/usage.md §8.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XmlSettings {
    /// The form of lists: one `list-item` per element, or the list's own tag `repeated` per
    /// element. Default: `list-item`.
    pub list_style: ListStyle,
}

/// `[files]`: how files are written, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSettings {
    /// True if text cells that a spreadsheet would take for a formula are guarded. Default: true.
    pub csv_formula_guard: bool,
    /// The folder of the files that jobs make. All nodes with the same database share it. Default:
    /// none; `files` in the data folder.
    pub dir: Option<PathBuf>,
}

impl Default for FileSettings {
    fn default() -> Self {
        Self { csv_formula_guard: true, dir: None }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value outside its limits.
    #[error("{setting} must be {expected}")]
    OutOfBounds {
        /// The setting, with its section.
        setting: &'static str,
        /// The expected values.
        expected: &'static str,
    },
    /// An unusable JWT key.
    #[error("auth.jwt_keys: key {kid:?} {problem}")]
    JwtKey {
        /// The key's id.
        kid: String,
        /// The problem, and what is expected instead.
        problem: String,
    },
}

impl SettingsError {
    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfBounds { .. } => "setting_out_of_bounds",
            Self::JwtKey { .. } => "jwt_key_invalid",
        }
    }
}

impl ServerSettings {
    /// Returns the seconds that files of jobs of this kind are kept for a provider.
    pub fn kept_seconds(&self, kind: JobKind, provider: ProviderId) -> i64 {
        match kind {
            JobKind::Report => self.jobs.keep_days * 86_400,
            JobKind::Export => self.exports.rules(provider).retention_hours * 3600,
        }
    }

    /// Returns the time limit of a job of this provider, in minutes.
    pub fn timeout_minutes(&self, provider: ProviderId) -> u64 {
        self.exports.rules(provider).timeout_minutes
    }

    /// Checks every limit. JWT keys are checked where they are read: [`crate::App::set_jwt_keys`].
    pub fn check(&self) -> Result<(), SettingsError> {
        let origins = &self.server.cors_origins;
        let public_url = self.server.public_url.as_deref();
        let bounds = [
            (
                (1..=10_000).contains(&self.reports.max_page_size),
                "reports.max_page_size",
                "between 1 and 10000",
            ),
            (self.reports.timeout_s >= 1, "reports.timeout_s", "at least 1"),
            (self.rate_limit.per_minute <= 1_000_000, "rate_limit.per_minute", "at most 1000000"),
            (self.import.max_body_bytes >= 1, "import.max_body_bytes", "at least 1"),
            (self.import.max_unpacked_ratio >= 1, "import.max_unpacked_ratio", "at least 1"),
            (self.import.timeout_s >= 1, "import.timeout_s", "at least 1"),
            (self.import.concurrent_max >= 1, "import.concurrent_max", "at least 1"),
            (self.import.bodies_max >= 1, "import.bodies_max", "at least 1"),
            (self.import.idle_timeout_s >= 1, "import.idle_timeout_s", "at least 1"),
            (
                self.accounting.has_usable_accounts(),
                "accounting.accounts",
                "names such as Assets:Cash:Online, whose first word is Assets, Liabilities, \
                 Equity, Income or Expenses",
            ),
            (self.accounting.names_providers(), "accounting.providers", "tables by provider id"),
            (self.jobs.parallel_per_provider >= 1, "jobs.parallel_per_provider", "at least 1"),
            (self.jobs.keep_days >= 1, "jobs.keep_days", "at least 1"),
            (
                self.jobs.history_days >= self.jobs.keep_days,
                "jobs.history_days",
                "at least jobs.keep_days",
            ),
            (self.jobs.attempts_max >= 1, "jobs.attempts_max", "at least 1"),
            (self.jobs.lease_s >= 5, "jobs.lease_s", "at least 5"),
            (
                self.exports.all_rules().all(|rules| rules.timeout_minutes >= 1),
                "exports.timeout_minutes",
                "at least 1",
            ),
            (
                self.exports.all_rules().all(|rules| rules.retention_hours >= 1),
                "exports.retention_hours",
                "at least 1",
            ),
            (
                self.exports.all_rules().all(|rules| rules.max_range_months <= 1200),
                "exports.max_range_months",
                "at most 1200; 0 = no limit",
            ),
            (
                self.exports.all_rules().all(|rules| rules.max_queued >= 1),
                "exports.max_queued",
                "at least 1",
            ),
            (
                self.exports.all_rules().all(|rules| {
                    (1..=36_500).contains(&rules.history_days)
                        && rules.history_days * 24 >= rules.retention_hours
                }),
                "exports.history_days",
                "between 1 and 36500, and not shorter than exports.retention_hours",
            ),
            (
                self.exports.all_rules().all(|rules| [401, 403].contains(&rules.gate_status)),
                "exports.gate_status",
                "401 or 403",
            ),
            (self.server.connections_max >= 1, "server.connections_max", "at least 1"),
            (self.server.requests_max >= 1, "server.requests_max", "at least 1"),
            (self.server.head_timeout_s >= 1, "server.head_timeout_s", "at least 1"),
            (self.server.answer_timeout_s >= 1, "server.answer_timeout_s", "at least 1"),
            (
                origins.iter().all(|origin| is_origin(origin)),
                "server.cors_origins",
                "a list of origins such as https://app.example.com",
            ),
            (
                public_url
                    .is_none_or(|url| url.starts_with("http://") || url.starts_with("https://")),
                "server.public_url",
                "a URL such as https://records.example.com",
            ),
        ];
        match bounds.into_iter().find(|(is_good, ..)| !is_good) {
            Some((_, setting, expected)) => Err(SettingsError::OutOfBounds { setting, expected }),
            None => Ok(()),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && !b"/*?#@".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_bounds() {
        ServerSettings::default().check().unwrap();
    }

    #[test]
    fn values_out_of_bounds_are_named() {
        type Spoil = fn(&mut ServerSettings);
        let cases: [(&str, Spoil); 12] = [
            ("import.max_unpacked_ratio", |s| s.import.max_unpacked_ratio = 0),
            ("import.timeout_s", |s| s.import.timeout_s = 0),
            ("reports.max_page_size", |s| s.reports.max_page_size = 10_001),
            ("reports.timeout_s", |s| s.reports.timeout_s = 0),
            ("import.max_body_bytes", |s| s.import.max_body_bytes = 0),
            ("exports.gate_status", |s| s.exports.gate_status = 404),
            ("exports.max_range_months", |s| s.exports.max_range_months = 1201),
            ("exports.history_days", |s| s.exports.history_days = 6),
            ("exports.max_queued", |s| s.exports.max_queued = 0),
            ("exports.retention_hours", |s| {
                let own = ExportOverrides { retention_hours: Some(0), ..Default::default() };
                s.exports.providers = vec![own];
            }),
            ("server.cors_origins", |s| s.server.cors_origins = vec!["*".to_owned()]),
            ("server.public_url", |s| s.server.public_url = Some("example.com".to_owned())),
        ];
        for (setting, spoil) in cases {
            let mut settings = ServerSettings::default();
            spoil(&mut settings);
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with(setting), "{error}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_and_secrets_are_hidden() {
        let misspelt = r#"{"rate_limit": {"per_minutes": 10}}"#;
        assert!(serde_json::from_str::<ServerSettings>(misspelt).is_err());
        let text =
            r#"{"auth": {"jwt_keys": [{"kid": "a", "alg": "HS256", "secret": "c2VjcmV0"}]}}"#;
        let settings: ServerSettings = serde_json::from_str(text).unwrap();
        assert!(!format!("{settings:?}").contains("c2VjcmV0"));
        assert!(!serde_json::to_string(&settings).unwrap().contains("c2VjcmV0"));
    }
}
