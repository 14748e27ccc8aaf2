//! The order of the checks of a request, and what each request counts against. Rule:
//! spec/auth-and-errors.md §4, §7.

use axum::body::Body;
use serde_json::json;
use store::token::TokenGrant;

use super::site::{NOW_S, Site, full_grant, request};
use testkit::jwt::hs256_token;

const DATA: &str = "/api/v2/reports/invoices/data";

/// Each request breaks every rule from its step on; the first that fails must answer.
#[tokio::test]
async fn the_first_failing_check_answers() {
    let site = Site::new();
    let many = vec![model::id::ProviderId(1), model::id::ProviderId(2)];
    let grant = TokenGrant { providers: many, permissions: Default::default(), ..full_grant() };
    let bare = format!("Bearer {}", site.token(grant));
    let claims = json!({
        "sub": "u", "exp": NOW_S + 9, "scope": "read provider:1", "mode": ["provider", "customer"],
    });
    let both_modes = format!("Bearer {}", hs256_token(&claims));
    let full = format!("Bearer {}", site.token(full_grant()));
    let xml = ("accept", "application/xml");
    let ndjson = ("content-type", "application/x-ndjson");
    let wrong = format!("{DATA}?limit=x");
    for (method, path, headers, expected) in [
        ("DELETE", "/api/v2/reports/nonsense/data", &[][..], "404 not_found"),
        ("DELETE", &wrong, &[xml], "405 method_not_allowed"),
        ("GET", &wrong, &[("teamup-provider-id", "x"), xml], "401 authentication_failed"),
        (
            "GET",
            &wrong,
            &[("authorization", &bare), ("teamup-request-mode", "x"), xml],
            "400 provider_header_missing",
        ),
        ("GET", &wrong, &[("authorization", &both_modes), xml], "400 mode_header_missing"),
        (
            "GET",
            &wrong,
            &[("authorization", &bare), ("teamup-provider-id", "1"), xml],
            "403 permission_denied",
        ),
        (
            "POST",
            "/api/v1/import/sites?mode=x",
            &[("authorization", &full), xml, ("content-length", "9999999999")],
            "415 unsupported_media_type",
        ),
        (
            "POST",
            "/api/v1/import/sites?mode=x",
            &[("authorization", &full), xml, ndjson, ("content-length", "9999999999")],
            "406 not_acceptable",
        ),
        (
            "POST",
            "/api/v1/import/sites?mode=x",
            &[("authorization", &full), ndjson, ("content-length", "9999999999")],
            "413 request_too_large",
        ),
        (
            "POST",
            "/api/v1/import/sites?mode=x",
            &[("authorization", &full), ndjson],
            "400 parameter_invalid",
        ),
        ("GET", &wrong, &[("authorization", &full), xml], "406 not_acceptable"),
        ("GET", &wrong, &[("authorization", &full)], "400 parameter_invalid"),
    ] {
        let reply = site.send(request(method, path, headers, Body::empty())).await;
        assert_eq!(reply.outcome(), expected, "{method} {path} {headers:?}");
    }
}

#[tokio::test]
async fn failed_credentials_count_against_the_address_and_are_then_cut_off() {
    let site = Site::with(|settings| settings.rate_limit.per_minute = 3);
    let good = site.token(full_grant());
    for remaining in ["2", "1", "0"] {
        let reply = site.get_as("rbk_wrong", DATA).await;
        assert_eq!(reply.outcome(), "401 authentication_failed");
        assert_eq!(reply.header("ratelimit-remaining"), remaining);
    }
    let refused = site.get_as("rbk_wrong", DATA).await;
    assert_eq!(refused.outcome(), "429 throttled");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(site.get_as(&good, DATA).await.outcome(), "429 throttled", "same address");
    let elsewhere = format!("Bearer {good}");
    let elsewhere = request("GET", DATA, &[("authorization", &elsewhere)], Body::empty());
    assert_eq!(site.send_from("192.0.2.9:1", elsewhere).await.outcome(), "200 -");
}

#[tokio::test]
async fn good_requests_do_not_count_against_the_address() {
    let site = Site::with(|settings| settings.rate_limit.per_minute = 2);
    for _ in 0..3 {
        let token = site.token(full_grant());
        for remaining in ["1", "0"] {
            let reply = site.get_as(&token, DATA).await;
            assert_eq!(
                (reply.outcome().as_str(), reply.header("ratelimit-remaining")),
                ("200 -", remaining)
            );
        }
        assert_eq!(site.get_as(&token, DATA).await.outcome(), "429 throttled");
    }
}

#[tokio::test]
async fn a_subject_has_one_window_per_provider() {
    let site = Site::with(|settings| settings.rate_limit.per_minute = 1);
    let claims = |sub: &str| {
        json!({
            "sub": sub, "exp": NOW_S + 9, "scope": "read provider:1 provider:2",
            "permissions": ["revenue"],
        })
    };
    for (sub, provider, expected) in [
        ("ada", "1", "200 -"),
        ("ada", "1", "429 throttled"),
        ("ada", "2", "200 -"),
        ("ada", "2", "429 throttled"),
        ("bob", "1", "200 -"),
        // Providers that cannot be reached share one window; otherwise each new name would get a
        // fresh one.
        ("bob", "3", "403 provider_invalid"),
        ("bob", "4", "429 throttled"),
    ] {
        let authorization = format!("Bearer {}", hs256_token(&claims(sub)));
        let headers = [("authorization", authorization.as_str()), ("teamup-provider-id", provider)];
        assert_eq!(site.get(DATA, &headers).await.outcome(), expected, "{sub} {provider}");
    }
}

#[tokio::test]
async fn refusals_before_the_credential_count_for_nobody() {
    let site = Site::with(|settings| settings.rate_limit.per_minute = 1);
    for _ in 0..3 {
        assert_eq!(site.get("/nonsense", &[]).await.outcome(), "404 not_found");
        let put = request("PUT", DATA, &[], Body::empty());
        assert_eq!(site.send(put).await.outcome(), "405 method_not_allowed");
        let reply = site.get("/healthz", &[]).await;
        assert_eq!((reply.outcome().as_str(), reply.header("ratelimit-remaining")), ("200 -", "1"));
    }
    assert_eq!(site.get("/docs", &[]).await.status, 200);
    assert_eq!(site.get("/docs", &[]).await.outcome(), "429 throttled");
}

#[tokio::test]
async fn without_a_limit_nothing_is_said_about_one() {
    let site = Site::with(|settings| settings.rate_limit.per_minute = 0);
    let token = site.token(full_grant());
    for _ in 0..300 {
        let reply = site.get_as(&token, "/api/v2/reports").await;
        assert_eq!((reply.outcome().as_str(), reply.header("ratelimit-limit")), ("200 -", ""));
    }
}

#[tokio::test]
async fn addresses_behind_a_trusted_proxy_have_windows_of_their_own() {
    let site = Site::with(|settings| {
        settings.rate_limit.per_minute = 1;
        settings.server.trusted_proxies = vec!["192.0.2.1".parse().unwrap()];
    });
    for (client, expected) in [
        ("198.51.100.1", "401 authentication_failed"),
        ("198.51.100.1", "429 throttled"),
        ("198.51.100.2", "401 authentication_failed"),
    ] {
        let reply = site.get(DATA, &[("x-forwarded-for", client)]).await;
        assert_eq!(reply.outcome(), expected, "{client}");
    }
    let spoofed = request("GET", DATA, &[("x-forwarded-for", "198.51.100.3")], Body::empty());
    let direct = site.send_from("203.0.113.5:1", spoofed).await;
    assert_eq!(direct.outcome(), "401 authentication_failed");
    let spoofed = request("GET", DATA, &[("x-forwarded-for", "198.51.100.4")], Body::empty());
    assert_eq!(site.send_from("203.0.113.5:1", spoofed).await.outcome(), "429 throttled");
}

#[tokio::test]
async fn new_keys_are_believed_at_once_and_bad_ones_leave_the_old() {
    let site = Site::new();
    let claims = json!({
        "sub": "u", "exp": NOW_S + 9, "scope": "read provider:1", "permissions": ["revenue"],
    });
    let token = hs256_token(&claims);
    assert_eq!(site.get_as(&token, DATA).await.outcome(), "200 -");
    let mut weak = super::site::hs256_settings();
    weak.alg = "none".to_owned();
    assert!(site.app.set_jwt_keys(&[weak]).is_err());
    assert_eq!(site.get_as(&token, DATA).await.outcome(), "200 -");
    site.app.set_jwt_keys(&[]).unwrap();
    assert_eq!(site.get_as(&token, DATA).await.outcome(), "401 authentication_failed");
}
