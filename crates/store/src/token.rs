//! Opaque credentials as they are stored. Rule: spec/auth-and-errors.md §1.1.

use model::id::ProviderId;
use model::permission::Permissions;
use model::time::{Date, Instant};
use serde::{Deserialize, Serialize};

/// SHA-256 of a token's text: all that is kept of it beside its first characters.
pub type TokenHash = [u8; 32];

/// What a token may do and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// Name for people.
    pub name: Option<String>,
    /// Where notices of its exports go.
    pub email: Option<String>,
    /// Providers that it reaches, ascending.
    pub providers: Vec<ProviderId>,
    /// What it may do in provider mode.
    pub permissions: Permissions,
    /// Whether it may write rows.
    pub read_only: bool,
    /// The customer it stands for: customer mode only, one provider.
    pub customer_id: Option<i64>,
    /// From when on it is refused.
    pub expires_at: Option<Instant>,
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Number, for lists and revocation.
    pub id: i64,
    /// First 8 characters of its text, for display.
    pub prefix: String,
    /// What it may do.
    #[serde(flatten)]
    pub grant: TokenGrant,
    /// When it was made.
    pub created_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// Last day (UTC) on which it was used.
    pub last_used_on: Option<Date>,
}

impl Token {
    /// Whether it opens anything at `now`.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.grant.expires_at.is_none_or(|end| now < end)
    }
}
