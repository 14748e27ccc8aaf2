//! Any bytes as a JWT, and as the claims of one that is signed well: no panic, and nobody is let in
//! without a subject.
#![no_main]

use std::sync::LazyLock;

use app::auth::jwt::JwtKeys;
use app::settings::JwtKeySettings;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;
use model::time::Instant;

const SECRET: [u8; 32] = [7; 32];

static KEYS: LazyLock<JwtKeys> = LazyLock::new(|| {
    let secret = STANDARD.encode(SECRET);
    let settings: JwtKeySettings =
        serde_json::from_value(serde_json::json!({"kid": "a", "alg": "HS256", "secret": secret}))
            .expect("the settings are right");
    JwtKeys::load(&[settings]).expect("the key is right")
});

fuzz_target!(|bytes: &[u8]| {
    let now = Instant::from_micros(1_700_000_000_000_000);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(KEYS.verify(text, now).is_none(), "nobody has signed it");
    }
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","kid":"a"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let key = EncodingKey::from_secret(&SECRET);
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("it signs");
    if KEYS.verify(&format!("{message}.{signature}"), now).is_some() {
        let claims: serde_json::Value = serde_json::from_slice(bytes).expect("claims are JSON");
        assert!(claims["sub"].as_str().is_some_and(|subject| !subject.is_empty()));
    }
});
