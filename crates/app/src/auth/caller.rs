//! The caller that a credential belongs to.

use std::collections::BTreeMap;
use std::fmt;

use model::id::ProviderId;
use model::permission::Permissions;
use sha2::{Digest, Sha256};
use store::token::Token;

use crate::rate_limit;

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's or subject's identity.
    pub identity: CallerId,
    /// The caller's name, for people.
    pub name: Option<String>,
    /// The address for mails about the caller's exports.
    pub email: Option<String>,
    /// The providers that the caller has access to, ascending.
    pub providers: Vec<ProviderId>,
    /// The permissions in provider mode.
    pub permissions: Permissions,
    /// True if the caller may not write rows.
    pub read_only: bool,
    /// The modes that the caller may use.
    pub modes: Modes,
    /// The customer that the caller acts for in customer mode, by provider.
    pub customers: BTreeMap<ProviderId, i64>,
}

/// The identity of a caller, as logs show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerId {
    /// The id of an opaque token.
    Token(i64),
    /// The hash of a JWT's subject.
    Subject([u8; 16]),
}

/// A set of modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// True if the set contains provider mode.
    pub provider: bool,
    /// True if the set contains customer mode.
    pub customer: bool,
}

impl Modes {
    /// Provider mode only.
    pub const PROVIDER: Self = Self { provider: true, customer: false };
    /// Customer mode only.
    pub const CUSTOMER: Self = Self { provider: false, customer: true };
    /// Both modes.
    pub const BOTH: Self = Self { provider: true, customer: true };
}

impl CallerId {
    /// Creates the identity of a JWT's subject.
    pub fn from_subject(subject: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(subject.as_bytes()).into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self::Subject(short)
    }

    /// Returns the key under which requests of this identity are counted.
    /// Rule: spec/auth-and-errors.md §7.
    pub fn rate_key(self, provider: Option<ProviderId>) -> rate_limit::RateKey {
        match self {
            Self::Token(id) => rate_limit::RateKey::Token(id),
            Self::Subject(hash) => rate_limit::RateKey::Subject(hash, provider),
        }
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Subject(hash) => {
                f.write_str("sub:")?;
                hash.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl From<Token> for Caller {
    fn from(token: Token) -> Self {
        let grant = token.grant;
        let customer = grant.customer_id;
        let customers =
            customer.into_iter().flat_map(|id| grant.providers.iter().map(move |p| (*p, id)));
        Self {
            identity: CallerId::Token(token.id),
            name: grant.name,
            email: grant.email,
            customers: customers.collect(),
            modes: if customer.is_some() { Modes::CUSTOMER } else { Modes::PROVIDER },
            providers: grant.providers,
            permissions: grant.permissions,
            read_only: grant.read_only,
        }
    }
}
