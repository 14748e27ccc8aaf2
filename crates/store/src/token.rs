//! Opaque tokens in the form in which they are stored. Rule: spec/auth-and-errors.md §1.1.

use model::id::ProviderId;
use model::permission::Permissions;
use model::time::{Date, Instant};
use serde::{Deserialize, Serialize};

/// The SHA-256 of a token's text. Of the text itself, only the first characters are stored.
pub type TokenHash = [u8; 32];

/// The rights of a token, and the providers and customer that they apply to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// A name for people.
    pub name: Option<String>,
    /// The mail address that notices of its exports are sent to.
    pub email: Option<String>,
    /// The providers that it reaches, ascending.
    pub providers: Vec<ProviderId>,
    /// The permissions that it has in provider mode.
    pub permissions: Permissions,
    /// True if it may read only, and not write rows.
    pub read_only: bool,
    /// The customer it stands for, in customer mode only; it then has exactly one provider.
    pub customer_id: Option<i64>,
    /// The instant from which on it is refused.
    pub expires_at: Option<Instant>,
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The number of the token, for lists and for revocation.
    pub id: i64,
    /// The first 8 characters of its text, for display.
    pub prefix: String,
    /// The rights of the token.
    #[serde(flatten)]
    pub grant: TokenGrant,
    /// The instant at which it was created.
    pub created_at: Instant,
    /// The instant at which it was revoked; none if it was not.
    pub revoked_at: Option<Instant>,
    /// The last day (UTC) on which it was used.
    pub last_used_on: Option<Date>,
}

impl Token {
    /// Returns true if the token is neither revoked nor expired at `now`.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.grant.expires_at.is_none_or(|end| now < end)
    }
}
