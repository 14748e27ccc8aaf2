//! JWTs signed with a key that is made for tests alone.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// The `kid` of the key.
pub const HS256_KID: &str = "hs";

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Returns the secret as settings give it: in base64.
pub fn hs256_secret() -> String {
    STANDARD.encode(SECRET)
}

/// Returns a token with these claims.
pub fn hs256_token(claims: &Value) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": HS256_KID});
    sign(&header, claims, Algorithm::HS256, &EncodingKey::from_secret(SECRET))
}

/// Returns a token with this header and these claims, signed with a key of one's own.
pub fn sign(header: &Value, claims: &Value, algorithm: Algorithm, key: &EncodingKey) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}
