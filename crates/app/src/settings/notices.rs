//! Settings of mails and webhooks.

use serde::{Deserialize, Serialize};

use super::auth::Secret;

/// `[smtp]`: how mails are sent. Rule: spec/exports.md §8.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpSettings {
    /// The host name of the mail server. Default: none; no mail is sent.
    pub host: Option<String>,
    /// The port of the mail server. Default: the usual one for `tls`.
    pub port: Option<u16>,
    /// Name to log in with.
    pub username: Option<String>,
    /// Password to log in with.
    pub password: Option<Secret>,
    /// `starttls` (default), `implicit` or `none`.
    pub tls: SmtpTls,
    /// The sender of mails. Default: `Rollbook <rollbook@localhost>`.
    pub from: String,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            username: None,
            password: None,
            tls: SmtpTls::Starttls,
            from: "Rollbook <rollbook@localhost>".to_owned(),
        }
    }
}

/// The encryption of the connection to the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// The connection begins unencrypted and switches to TLS before anything else is sent.
    #[default]
    Starttls,
    /// The connection uses TLS from the start.
    Implicit,
    /// The connection is not encrypted. Meant for a server on the same machine.
    None,
}

/// `[webhooks]`: the URLs that webhooks may have. Rule: spec/exports.md §8.1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// True if webhooks may use plain HTTP to this machine. Default: false.
    pub allow_http: bool,
    /// True if webhooks may call private addresses. Default: false.
    pub allow_private: bool,
}
