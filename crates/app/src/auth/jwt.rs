//! JWTs and the keys that verify them. Rule: spec/auth-and-errors.md §1.2.
//!
//! The library only checks signatures. The choice of the key, the algorithm and the claims is made
//! here, so that each rule can be read.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use model::id::{MAX_ID, ProviderId};
use model::permission::Permission;
use model::time::Instant;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::caller::{Caller, CallerId, Modes};
use crate::settings::{JwtKeySettings, SettingsError};

mod key;

/// The tolerated difference between clocks, in seconds.
const LEEWAY_S: i64 = 60;
const BYTES_MAX: usize = 8 * 1024;

/// The keys that JWTs are verified with.
#[derive(Default)]
pub struct JwtKeys(Vec<JwtKey>);

struct JwtKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    issuer: Option<String>,
    audience: Option<String>,
}

#[derive(Deserialize)]
struct JwtHeader {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood. None is, so a token that has any is refused.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct JwtClaims {
    sub: String,
    exp: serde_json::Number,
    nbf: Option<serde_json::Number>,
    iat: Option<serde_json::Number>,
    iss: Option<String>,
    aud: Option<OneOrMany>,
    scope: String,
    permissions: Option<Vec<String>>,
    mode: Option<OneOrMany>,
    customer_ids: Option<BTreeMap<String, i64>>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl JwtKeys {
    /// Loads the keys of the settings, reading key files.
    pub fn load(settings: &[JwtKeySettings]) -> Result<Self, SettingsError> {
        let mut names = BTreeSet::new();
        let repeated = settings.iter().find(|key| !names.insert(&key.kid));
        if let Some(key) = repeated {
            let problem = "is given twice: each key needs a name of its own".to_owned();
            return Err(SettingsError::JwtKey { kid: key.kid.clone(), problem });
        }
        settings.iter().map(JwtKey::load).collect::<Result<_, _>>().map(Self)
    }

    /// Verifies a JWT and returns its caller, or `None` if anything about it is wrong.
    pub fn verify(&self, text: &str, now: Instant) -> Option<Caller> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        if text.len() > BYTES_MAX {
            return None;
        }
        let header: Option<JwtHeader> = decode(header);
        let key = header.and_then(|header| self.signer(&header, message, signature));
        let Some(key) = key else {
            // A refusal always costs one signature check, so that its time does not tell the
            // reason.
            let first = self.0.first()?;
            let _ = crypto::verify(signature, message.as_bytes(), &first.key, first.algorithm);
            return None;
        };
        let claims: JwtClaims = decode(claims)?;
        let is_good = claims.is_in_time(now) && claims.is_meant_for(key);
        if is_good { claims.principal() } else { None }
    }

    /// Returns the key that signed the message.
    fn signer(&self, header: &JwtHeader, message: &str, signature: &str) -> Option<&JwtKey> {
        if header.crit.is_some() {
            return None;
        }
        let algorithm = key::algorithm(&header.alg)?;
        let may_have_signed = |key: &&JwtKey| {
            key.algorithm == algorithm && header.kid.as_ref().is_none_or(|kid| *kid == key.kid)
        };
        let has_signed = |key: &&JwtKey| {
            let checked = crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm);
            checked.unwrap_or(false)
        };
        self.0.iter().filter(may_have_signed).find(has_signed)
    }
}

impl JwtClaims {
    fn is_in_time(&self, now: Instant) -> bool {
        let now_s = now.seconds();
        let is_past =
            |at: &serde_json::Number| seconds(at).is_some_and(|at| at <= now_s + LEEWAY_S);
        let is_fresh = seconds(&self.exp).is_some_and(|end| now_s - LEEWAY_S <= end);
        let has_begun = self.nbf.as_ref().is_none_or(is_past);
        is_fresh && has_begun && self.iat.as_ref().is_none_or(is_past)
    }

    fn is_meant_for(&self, key: &JwtKey) -> bool {
        let issuer = key.issuer.as_ref();
        let audience = key.audience.as_ref();
        let named = self.aud.as_ref().map_or(&[][..], OneOrMany::as_slice);
        issuer.is_none_or(|issuer| self.iss.as_ref() == Some(issuer))
            && audience.is_none_or(|audience| named.contains(audience))
    }

    fn principal(self) -> Option<Caller> {
        let texts = [Some(&self.sub), self.name.as_ref(), self.email.as_ref()];
        // PostgreSQL cannot store a zero byte, and no name has one.
        if self.sub.is_empty() || texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return None;
        }
        let words: BTreeSet<&str> = self.scope.split_ascii_whitespace().collect();
        let may_write = words.contains("read_write");
        if !may_write && !words.contains("read") {
            return None;
        }
        let providers = words.iter().filter_map(|word| word.strip_prefix("provider:"));
        let providers: BTreeSet<ProviderId> = providers.map(provider_id).collect::<Option<_>>()?;
        let customers = self.customer_ids.unwrap_or_default().into_iter();
        let customers = customers.map(|(provider, id)| Some((provider_id(&provider)?, id)));
        let flags = self.permissions.unwrap_or_default();
        Some(Caller {
            identity: CallerId::from_subject(&self.sub),
            name: self.name,
            email: self.email,
            providers: providers.into_iter().collect(),
            permissions: flags.iter().filter_map(|flag| Permission::parse(flag)).collect(),
            read_only: !may_write,
            modes: modes(self.mode.as_ref())?,
            customers: customers.collect::<Option<_>>()?,
        })
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    // From bytes, JSON that is not UTF-8 would pass in fields that nobody reads.
    serde_json::from_str(str::from_utf8(&bytes).ok()?).ok()
}

/// Returns the whole seconds of a NumericDate, or `None` if it is out of range.
fn seconds(number: &serde_json::Number) -> Option<i64> {
    let whole = number.as_i64();
    let bound = 1e15;
    whole
        .filter(|at| at.unsigned_abs() < 1 << 50)
        .or_else(|| number.as_f64().filter(|at| at.abs() < bound).map(|at| at.floor() as i64))
}

fn provider_id(text: &str) -> Option<ProviderId> {
    let id = text.parse().ok().filter(|id| (1..=MAX_ID).contains(id))?;
    Some(ProviderId(id))
}

fn modes(claim: Option<&OneOrMany>) -> Option<Modes> {
    let Some(claim) = claim else { return Some(Modes::PROVIDER) };
    let mut modes = Modes { provider: false, customer: false };
    for mode in claim.as_slice() {
        match mode.as_str() {
            "provider" => modes.provider = true,
            "customer" => modes.customer = true,
            _ => return None,
        }
    }
    (modes.provider || modes.customer).then_some(modes)
}

#[cfg(test)]
pub(crate) mod tests;
