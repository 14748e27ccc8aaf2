//! The test vectors for authentication. Rule: spec/auth-and-errors.md §10.

use std::time::Duration;

use model::id::ProviderId;
use serde_json::json;
use store::token::TokenGrant;

use super::site::{NOW_S, Site, full_grant, request};
use testkit::jwt::hs256_token;

const CREDITS: &str = "/api/v2/reports/customer_credits/data";
const CUSTOMERS: &str = "/api/v2/reports/customers/data";
const INVOICES: &str = "/api/v2/reports/invoices/data";

#[tokio::test]
async fn a1_every_prefix_opens_in_any_case() {
    let site = Site::new();
    let token = site.token(full_grant());
    for prefix in ["Token", "bearer", "JWT"] {
        let reply = site.get(CREDITS, &[("authorization", &format!("{prefix} {token}"))]).await;
        assert_eq!(reply.outcome(), "200 -", "{prefix}");
    }
}

#[tokio::test]
async fn a2_every_bad_credential_gets_the_same_body() {
    let site = Site::new();
    let token = site.token(full_grant());
    let changed = format!("Bearer {}A", &token[..token.len() - 1]);
    let changed = if changed.ends_with(&token) { changed.replace('A', "B") } else { changed };
    let in_query = format!("{CREDITS}?token={token}");
    let mut bodies = Vec::new();
    for (path, header, challenge) in [
        (CREDITS, None, r#"Bearer realm="rollbook""#),
        (CREDITS, Some("Basic x"), r#"Bearer realm="rollbook", error="invalid_token""#),
        (CREDITS, Some(token.as_str()), r#"Bearer realm="rollbook", error="invalid_token""#),
        (CREDITS, Some(changed.as_str()), r#"Bearer realm="rollbook", error="invalid_token""#),
        (CREDITS, Some("Bearer a.b.c"), r#"Bearer realm="rollbook", error="invalid_token""#),
        (in_query.as_str(), None, r#"Bearer realm="rollbook""#),
    ] {
        let headers: Vec<_> = header.map(|value| ("authorization", value)).into_iter().collect();
        let reply = site.get(path, &headers).await;
        assert_eq!(reply.outcome(), "401 authentication_failed", "{header:?}");
        assert_eq!(reply.header("www-authenticate"), challenge, "{header:?}");
        bodies.push(reply.text().to_owned());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn a2_expired_and_revoked_tokens_are_refused_from_the_next_request_on() {
    let site = Site::new();
    let now = model::time::Instant::from_seconds(NOW_S).unwrap();
    let expired = site.token(TokenGrant { expires_at: Some(now), ..full_grant() });
    assert_eq!(site.get_as(&expired, CREDITS).await.outcome(), "401 authentication_failed");
    let token = site.token(full_grant());
    assert_eq!(site.get_as(&token, CREDITS).await.outcome(), "200 -");
    let id = site.store.tokens().unwrap().last().unwrap().id;
    site.store.revoke_token(id, now).unwrap();
    assert_eq!(site.get_as(&token, CREDITS).await.outcome(), "401 authentication_failed");
}

#[tokio::test]
async fn the_day_of_use_is_noted_behind_the_request() {
    let site = Site::new();
    let token = site.token(full_grant());
    assert_eq!(site.get_as(&token, CREDITS).await.outcome(), "200 -");
    let noted = async {
        while site.store.tokens().unwrap()[0].last_used_on.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noted).await.unwrap();
    let now = model::time::Instant::from_seconds(NOW_S).unwrap();
    let day = model::time::Zone::utc().date_of(now);
    assert_eq!(site.store.tokens().unwrap()[0].last_used_on, Some(day));
}

#[tokio::test]
async fn a3_the_provider_header_chooses_whose_rows_are_seen() {
    let site = Site::with_customers().await;
    let both = vec![ProviderId(1), ProviderId(2)];
    let token = format!("Bearer {}", site.token(TokenGrant { providers: both, ..full_grant() }));
    for (provider, expected) in [
        (None, "400 provider_header_missing"),
        (Some("abc"), "400 provider_header_invalid"),
        (Some("3"), "403 provider_invalid"),
        (Some("2"), "200 -"),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(provider.map(|id| ("TeamUp-Provider-ID", id)));
        let reply = site.get(&format!("{CUSTOMERS}?columns=id"), &headers).await;
        assert_eq!(reply.outcome(), expected, "{provider:?}");
        if provider == Some("2") {
            assert_eq!(reply.json()["rows"], json!([{"id": 8}]));
        }
    }
}

#[tokio::test]
async fn a3_a_provider_that_does_not_exist_is_not_told_apart() {
    let site = Site::new();
    let claims = json!({"sub": "u", "exp": NOW_S + 9, "scope": "read provider:9"});
    let reply = site.get_as(&hs256_token(&claims), CREDITS).await;
    assert_eq!(reply.outcome(), "403 provider_invalid");
}

#[tokio::test]
async fn a4_jwts_expire_a_minute_late() {
    let site = Site::new();
    for (age_s, expected) in [(61, "401 authentication_failed"), (59, "200 -")] {
        let claims = json!({
            "sub": "u", "exp": NOW_S - age_s, "scope": "read provider:1", "permissions": ["customers"],
        });
        assert_eq!(site.get_as(&hs256_token(&claims), CREDITS).await.outcome(), expected);
    }
}

#[tokio::test]
async fn a5_permissions_decide_per_report() {
    let site = Site::new();
    let claims = json!({
        "sub": "u", "exp": NOW_S + 9, "scope": "read provider:1", "permissions": ["customers"],
    });
    let token = hs256_token(&claims);
    assert_eq!(site.get_as(&token, CUSTOMERS).await.outcome(), "200 -");
    assert_eq!(site.get_as(&token, INVOICES).await.outcome(), "403 permission_denied");
}

#[tokio::test]
async fn a6_modes_must_be_named_and_offered() {
    let site = Site::new();
    let claims = json!({
        "sub": "u", "exp": NOW_S + 9, "scope": "read provider:1", "permissions": ["customers"],
        "mode": ["provider", "customer"], "customer_ids": {"1": 7},
    });
    let token = format!("JWT {}", hs256_token(&claims));
    for (mode, expected) in [
        (None, "400 mode_header_missing"),
        (Some("staff"), "400 mode_header_invalid"),
        (Some("customer"), "403 mode_not_allowed"),
        (Some("provider"), "200 -"),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(mode.map(|mode| ("teamup-request-mode", mode)));
        assert_eq!(site.get(CREDITS, &headers).await.outcome(), expected, "{mode:?}");
    }
}

#[tokio::test]
async fn a6_a_token_of_a_customer_opens_no_report() {
    let site = Site::new();
    let token = site.token(TokenGrant { customer_id: Some(7), ..full_grant() });
    assert_eq!(site.get_as(&token, CREDITS).await.outcome(), "403 mode_not_allowed");
}

#[tokio::test]
async fn a7_a_read_only_token_reads_and_does_not_import() {
    let site = Site::new();
    let token = site.token(TokenGrant { read_only: true, ..full_grant() });
    assert_eq!(site.get_as(&token, CREDITS).await.outcome(), "200 -");
    let reply = site.import(&token, "customers", "{\"id\":1}").await;
    assert_eq!(reply.outcome(), "403 permission_denied");
    let claims = json!({
        "sub": "u", "exp": NOW_S + 9, "scope": "read provider:1", "permissions": ["import"],
    });
    let reply = site.import(&hs256_token(&claims), "customers", "{\"id\":1}").await;
    assert_eq!(reply.outcome(), "403 permission_denied");
}

#[tokio::test]
async fn a8_the_251st_request_within_a_minute_is_refused() {
    let site = Site::new();
    let token = site.token(full_grant());
    let path = "/api/v2/reports?page_size=1";
    for number in 1..=250 {
        let reply = site.get_as(&token, path).await;
        assert_eq!(reply.outcome(), "200 -", "{number}");
        assert_eq!(reply.header("ratelimit-remaining"), (250 - number).to_string());
    }
    let refused = site.get_as(&token, path).await;
    assert_eq!(refused.outcome(), "429 throttled");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(refused.header("ratelimit-limit"), "250");
    let other = site.token(full_grant());
    assert_eq!(site.get_as(&other, path).await.outcome(), "200 -", "another token");
    site.ticks.advance_ms(60_000);
    assert_eq!(site.get_as(&token, path).await.outcome(), "200 -", "a minute later");
}

#[tokio::test]
async fn a9_slashes_do_not_count() {
    let site = Site::new();
    let token = site.token(full_grant());
    let plain = site.get_as(&token, CREDITS).await;
    let sloppy = site.get_as(&token, "/api/v2//reports/customer_credits/data/").await;
    assert_eq!(sloppy.outcome(), "200 -");
    assert_eq!(sloppy.text(), plain.text());
}

#[tokio::test]
async fn a10_ids_in_another_form_are_replaced() {
    let site = Site::new();
    let mut seen = Vec::new();
    for sent in [Some("a b"), None, Some(""), Some(&"x".repeat(129)), Some("é")] {
        let mut bare = request("GET", "/healthz", &[], axum::body::Body::empty());
        if let Some(sent) = sent {
            let value = http::HeaderValue::from_bytes(sent.as_bytes()).unwrap();
            bare.headers_mut().insert("x-request-id", value);
        }
        let reply = site.send(bare).await;
        let id: uuid::Uuid = reply.header("x-request-id").parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        seen.push(id);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let reply = site.get("/healthz", &[("x-request-id", "my-id_1.2")]).await;
    assert_eq!(reply.header("x-request-id"), "my-id_1.2");
}
