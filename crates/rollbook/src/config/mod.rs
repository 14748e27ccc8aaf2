//! Settings: `rollbook.toml` in the data folder, then the environment, then flags; flags win.
//! The only place that reads the environment. Rule: spec/product.md, "Command line".
//!
//! | module | holds |
//! | --- | --- |
//! | `layers` | merging of the sources, and the origin of each value |
//! | `sections` | the sections that only this program reads |
//! | `size` | sizes such as `512MiB` and `50%` |
//! | `store_url` | the address of a database, which hides its password |

mod layers;
mod sections;
mod size;
mod store_url;

use app::ServerSettings;
use app::settings::{
    AccountingSettings, AuthSettings, ExportSettings, FileSettings, ImportSettings, JobSettings,
    ListenSettings, RateLimitSettings, ReportSettings, SmtpSettings, WebhookSettings, XmlSettings,
};
use serde::{Deserialize, Serialize};

pub use layers::{EffectiveSettings, SettingFlag, SettingOrigin, SettingSources};
pub use sections::{EngineSettings, LogFormat, LogSettings, MirrorSettings, StoreSettings};
pub use store_url::StoreUrl;

use crate::failure::Failure;

/// Every setting of the program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramSettings {
    /// `[accounting]`
    pub accounting: AccountingSettings,
    /// `[auth]`
    pub auth: AuthSettings,
    /// `[engine]`
    pub engine: EngineSettings,
    /// `[exports]`
    pub exports: ExportSettings,
    /// `[files]`
    pub files: FileSettings,
    /// `[import]`
    pub import: ImportSettings,
    /// `[jobs]`
    pub jobs: JobSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[mirror]`
    pub mirror: MirrorSettings,
    /// `[rate_limit]`
    pub rate_limit: RateLimitSettings,
    /// `[reports]`
    pub reports: ReportSettings,
    /// `[server]`
    pub server: ListenSettings,
    /// `[smtp]`
    pub smtp: SmtpSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[webhooks]`
    pub webhooks: WebhookSettings,
    /// `[xml]`
    pub xml: XmlSettings,
}

impl ProgramSettings {
    /// Returns the settings of the server.
    pub fn server_settings(&self) -> ServerSettings {
        ServerSettings {
            auth: self.auth.clone(),
            server: self.server.clone(),
            rate_limit: self.rate_limit.clone(),
            reports: self.reports.clone(),
            import: self.import.clone(),
            files: self.files.clone(),
            xml: self.xml.clone(),
            accounting: self.accounting.clone(),
            jobs: self.jobs.clone(),
            exports: self.exports.clone(),
            smtp: self.smtp.clone(),
            webhooks: self.webhooks.clone(),
        }
    }

    /// Checks rules that types do not express.
    pub fn check(&self) -> Result<(), Failure> {
        self.store.check()?;
        self.engine.memory_bytes()?;
        let checked = self.server_settings().check();
        checked.map_err(|error| Failure::new(format!("the configuration is wrong: {error}")))
    }
}
