//! Tests with keys that were created only for them.

use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use testkit::jwt::{hs256_secret, hs256_token, sign};

use super::*;
use crate::settings::Secret;

const NOW_S: i64 = 1_790_000_000;
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
const RSA_SHORT: &str = include_str!("keys/rsa_short.pub.pem");
const EC: &str = include_str!("keys/ec.pem");
const EC_PUBLIC: &str = include_str!("keys/ec.pub.pem");
const EC_384_PUBLIC: &str = include_str!("keys/ec384.pub.pem");
const ED: &str = include_str!("keys/ed.pem");
const ED_PUBLIC: &str = include_str!("keys/ed.pub.pem");

fn key_settings(kid: &str, alg: &str, material: &str) -> JwtKeySettings {
    let is_secret = alg == "HS256";
    JwtKeySettings {
        kid: kid.to_owned(),
        alg: alg.to_owned(),
        pem: (!is_secret).then(|| material.to_owned()),
        pem_file: None,
        secret: is_secret.then(|| Secret(material.to_owned())),
        issuer: None,
        audience: None,
    }
}

fn hs256_settings() -> JwtKeySettings {
    key_settings("hs", "HS256", &hs256_secret())
}

fn claims() -> Value {
    json!({"sub": "u1", "exp": NOW_S + 600, "scope": "read_write provider:2 provider:1 profile"})
}

fn all_keys() -> JwtKeys {
    JwtKeys::load(&[
        hs256_settings(),
        key_settings("rs", "RS256", RSA_PUBLIC),
        key_settings("es", "ES256", EC_PUBLIC),
        key_settings("ed", "EdDSA", ED_PUBLIC),
    ])
    .unwrap()
}

fn now() -> Instant {
    Instant::from_seconds(NOW_S).unwrap()
}

#[test]
fn each_algorithm_is_verified_with_and_without_kid() {
    let keys = all_keys();
    for (alg, algorithm, kid, key) in [
        ("HS256", Algorithm::HS256, "hs", EncodingKey::from_secret(SECRET)),
        ("RS256", Algorithm::RS256, "rs", EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap()),
        ("ES256", Algorithm::ES256, "es", EncodingKey::from_ec_pem(EC.as_bytes()).unwrap()),
        ("EdDSA", Algorithm::EdDSA, "ed", EncodingKey::from_ed_pem(ED.as_bytes()).unwrap()),
    ] {
        for header in [json!({"alg": alg}), json!({"alg": alg, "kid": kid})] {
            let token = sign(&header, &claims(), algorithm, &key);
            let principal = keys.verify(&token, now()).unwrap_or_else(|| panic!("{header}"));
            assert_eq!(principal.providers, [ProviderId(1), ProviderId(2)]);
            assert_eq!(principal.identity, CallerId::from_subject("u1"));
            assert_eq!(JwtKeys::default().verify(&token, now()), None, "without keys");
        }
        for header in [
            json!({"alg": alg, "kid": "other"}),
            json!({"alg": alg, "kid": 1}),
            json!({"alg": alg, "crit": ["b64"], "b64": false}),
            json!({"alg": "none"}),
            json!({"alg": "HS512"}),
            json!({"kid": kid}),
        ] {
            let token = sign(&header, &claims(), algorithm, &key);
            assert_eq!(keys.verify(&token, now()), None, "{header}");
        }
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let forged = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
    for header in [json!({"alg": "HS256"}), json!({"alg": "HS256", "kid": "rs"})] {
        let token = sign(&header, &claims(), Algorithm::HS256, &forged);
        assert_eq!(all_keys().verify(&token, now()), None, "{header}");
    }
}

#[test]
fn a_changed_or_cut_token_is_refused() {
    let keys = all_keys();
    let token = hs256_token(&claims());
    assert!(keys.verify(&token, now()).is_some());
    let unsigned = token.rsplit_once('.').unwrap().0;
    let (header, rest) = token.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(json!({"sub": "u2", "exp": 1, "scope": "read"}).to_string());
    for spoilt in [
        format!("{unsigned}."),
        format!("{unsigned}.AAAA"),
        format!("{header}.{other}.{}", rest.split_once('.').unwrap().1),
        format!("{token}=="),
        "..".to_owned(),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(keys.verify(&spoilt, now()), None, "{spoilt}");
    }
    let long = json!({"sub": "u1", "exp": NOW_S + 1, "scope": "read", "name": "n".repeat(8192)});
    assert_eq!(keys.verify(&hs256_token(&long), now()), None, "above 8 KiB");
}

#[test]
fn claims_are_checked() {
    let keys = all_keys();
    for (claim, value, is_good) in [
        ("exp", json!(NOW_S - 59), true),
        ("exp", json!(NOW_S - 61), false),
        ("exp", json!(NOW_S as f64 + 0.5), true),
        ("exp", json!("tomorrow"), false),
        ("exp", json!(1e300), false),
        ("exp", Value::Null, false),
        ("nbf", json!(NOW_S + 59), true),
        ("nbf", json!(NOW_S + 61), false),
        ("iat", json!(NOW_S + 59), true),
        ("iat", json!(NOW_S + 61), false),
        ("sub", json!(""), false),
        ("sub", json!(7), false),
        ("sub", Value::Null, false),
        ("scope", json!("read provider:1"), true),
        ("scope", json!("provider:1"), false),
        ("scope", json!("read provider:x"), false),
        ("scope", json!("read provider:0"), false),
        ("scope", Value::Null, false),
        ("permissions", json!(["customers", "unheard_of"]), true),
        ("permissions", json!("customers"), false),
        ("mode", json!("customer"), true),
        ("mode", json!(["customer", "provider"]), true),
        ("mode", json!("staff"), false),
        ("mode", json!([]), false),
        ("customer_ids", json!({"1": 7}), true),
        ("customer_ids", json!({"x": 7}), false),
        ("customer_ids", json!({"1": "7"}), false),
    ] {
        let mut claims = claims();
        claims[claim] = value.clone();
        let found = keys.verify(&hs256_token(&claims), now());
        assert_eq!(found.is_some(), is_good, "{claim} = {value}");
    }
}

#[test]
fn scope_permissions_and_modes_become_the_principal() {
    let claims = json!({
        "sub": "u1", "exp": NOW_S + 1, "scope": "read provider:1", "permissions": ["customers"],
        "mode": ["provider", "customer"], "customer_ids": {"1": 7}, "name": "Ada",
    });
    let principal = all_keys().verify(&hs256_token(&claims), now()).unwrap();
    assert_eq!(principal.name.as_deref(), Some("Ada"));
    assert!(principal.read_only);
    assert_eq!(principal.modes, Modes::BOTH);
    assert_eq!(principal.customers, [(ProviderId(1), 7)].into());
    assert_eq!(principal.permissions, [Permission::Customers].into_iter().collect());
    let silent = all_keys().verify(&hs256_token(&self::claims()), now()).unwrap();
    assert_eq!(silent.modes, Modes::PROVIDER);
    assert_eq!(silent.permissions.iter().count(), 0);
    assert!(!silent.read_only);
}

#[test]
fn issuer_and_audience_count_when_the_key_names_them() {
    let mut key = hs256_settings();
    key.issuer = Some("https://id".to_owned());
    key.audience = Some("rollbook".to_owned());
    let keys = JwtKeys::load(&[key]).unwrap();
    for (issuer, audience, is_good) in [
        (json!("https://id"), json!("rollbook"), true),
        (json!("https://id"), json!(["other", "rollbook"]), true),
        (json!("https://id"), json!("other"), false),
        (json!("https://id"), Value::Null, false),
        (json!("https://evil"), json!("rollbook"), false),
        (Value::Null, json!("rollbook"), false),
    ] {
        let mut claims = claims();
        claims["iss"] = issuer.clone();
        claims["aud"] = audience.clone();
        let found = keys.verify(&hs256_token(&claims), now());
        assert_eq!(found.is_some(), is_good, "{issuer} {audience}");
    }
}

#[test]
fn weak_and_unfitting_keys_are_refused_at_start() {
    let short_secret = STANDARD.encode(&SECRET[..31]);
    for (alg, material) in [
        ("HS256", short_secret.as_str()),
        ("HS256", "not base64!"),
        ("RS256", RSA_SHORT),
        ("RS256", EC_PUBLIC),
        ("RS256", RSA),
        ("ES256", RSA_PUBLIC),
        ("ES256", EC_384_PUBLIC),
        ("EdDSA", EC_PUBLIC),
        ("EdDSA", "nonsense"),
        ("HS512", RSA_PUBLIC),
        ("none", RSA_PUBLIC),
    ] {
        let settings = key_settings("k", alg, material);
        let error = JwtKeys::load(&[settings]).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{alg} was taken: {material}"));
        assert!(error.contains(r#"key "k""#) && !error.contains(material), "{error}");
    }
    let twice = [hs256_settings(), hs256_settings()];
    assert!(JwtKeys::load(&twice).is_err(), "one name for two keys");
}

#[test]
fn claims_that_are_not_utf_8_are_refused_even_where_nobody_reads_them() {
    let keys = all_keys();
    let verify = |extra: &[u8]| {
        let exp = NOW_S + 600;
        let mut claims =
            format!("{{\"sub\":\"a\",\"exp\":{exp},\"scope\":\"read_write provider:1\",\"x\":\"")
                .into_bytes();
        claims.extend_from_slice(extra);
        claims.extend_from_slice(b"\"}");
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256"}"#);
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let key = EncodingKey::from_secret(SECRET);
        let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        keys.verify(&format!("{message}.{signature}"), now())
    };
    assert!(verify("é".as_bytes()).is_some());
    assert!(verify(b"\xe9").is_none());
}
