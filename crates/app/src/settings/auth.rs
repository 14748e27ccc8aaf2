//! Settings of the keys that JWTs are verified with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[auth]`: the keys that JWTs are verified with. Rule: spec/auth-and-errors.md §1.2.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// Keys that JWTs may be signed with. Default: none, so every JWT is refused.
    pub jwt_keys: Vec<JwtKeySettings>,
}

/// One key. Exactly one of `pem`, `pem_file` and `secret` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtKeySettings {
    /// The key's id, as in the header of a JWT.
    pub kid: String,
    /// The only algorithm of the key: HS256, RS256, ES256 or EdDSA.
    pub alg: String,
    /// Public key in PEM (RS256, ES256, EdDSA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// File with the public key in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem_file: Option<PathBuf>,
    /// Secret of at least 32 bytes, in base64 (HS256).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The required value of `iss`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The value that `aud` must equal or contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// Secret text, which is hidden in debug output and serialization.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}
