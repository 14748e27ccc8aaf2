//! Tests of providers, tokens and the secret.

use model::id::{ProviderId, Revision};
use model::permission::{Permission, Permissions};
use model::provider::{Provider, UsageAlignment, UsageRounding};
use model::time::{Date, Weekday, Zone};
use store::token::TokenGrant;

use crate::harness::{Backend, P, Q, at};

pub(crate) fn providers_are_kept_and_changed(backend: &impl Backend) {
    let store = backend.open();
    assert_eq!(store.revision().unwrap(), Revision(0));
    let mut provider = Provider::new(Q, "Studio");
    assert_eq!(store.create_provider(&provider).unwrap(), Revision(1));
    assert_eq!(store.create_provider(&provider).unwrap_err().code(), "exists");
    assert_eq!(store.create_provider(&Provider::new(P, "Other")).unwrap(), Revision(2));
    assert_eq!(store.update_provider(&provider).unwrap(), Revision(2));

    provider.name = "Studio Two".to_owned();
    provider.timezone = Zone::parse("America/New_York").unwrap();
    provider.currency = model::money::Currency::parse("jpy").unwrap();
    provider.week_starts_on = Weekday::Sunday;
    provider.usage_alignment = UsageAlignment::Billing;
    provider.usage_rounding = UsageRounding::Down;
    provider.exports_enabled = false;
    assert_eq!(store.update_provider(&provider).unwrap(), Revision(3));
    let absent = Provider::new(ProviderId(9), "Nobody");
    assert_eq!(store.update_provider(&absent).unwrap_err().code(), "not_found");

    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.providers().unwrap(), [Provider::new(P, "Other"), provider.clone()]);
    assert_eq!(snapshot.provider(Q).unwrap(), Some(provider));
    assert_eq!(snapshot.provider(ProviderId(9)).unwrap(), None);
}

fn grant() -> TokenGrant {
    TokenGrant {
        name: Some("Console".to_owned()),
        email: Some("ops@example.com".to_owned()),
        providers: vec![P, Q],
        permissions: [Permission::Revenue, Permission::Import].into_iter().collect(),
        read_only: true,
        customer_id: Some(7),
        expires_at: Some(at(500)),
    }
}

pub(crate) fn tokens_are_found_listed_and_revoked(backend: &impl Backend) {
    let store = backend.open();
    let first = store.create_token(&[1; 32], "rbk_aaaa", &grant(), at(5)).unwrap();
    let plain = TokenGrant {
        name: None,
        email: None,
        providers: vec![P],
        permissions: Permissions::default_for_new_token(),
        read_only: false,
        customer_id: None,
        expires_at: None,
    };
    let second = store.create_token(&[2; 32], "rbk_bbbb", &plain, at(6)).unwrap();
    let again = store.create_token(&[1; 32], "rbk_cccc", &plain, at(7));
    assert_eq!(again.unwrap_err().code(), "exists");

    assert_eq!((&first.grant, &second.grant), (&grant(), &plain));
    assert_eq!((first.prefix.as_str(), first.created_at), ("rbk_aaaa", at(5)));
    assert!(first.id < second.id);
    assert_eq!(store.token(&[1; 32]).unwrap(), Some(first.clone()));
    assert_eq!(store.token(&[3; 32]).unwrap(), None);
    assert_eq!(store.tokens().unwrap(), [first.clone(), second.clone()]);

    let revoked = store.revoke_token(first.id, at(9)).unwrap();
    assert_eq!(revoked.revoked_at, Some(at(9)));
    assert_eq!(store.revoke_token(first.id, at(10)).unwrap(), revoked);
    assert_eq!(store.token(&[1; 32]).unwrap(), Some(revoked.clone()));
    assert_eq!(store.tokens().unwrap(), [revoked, second]);
    assert_eq!(store.revoke_token(99, at(9)).unwrap_err().code(), "not_found");
    assert_eq!(store.revision().unwrap(), Revision(0), "tokens are no rows");
}

pub(crate) fn uses_of_tokens_are_noted_by_day(backend: &impl Backend) {
    let store = backend.open();
    let token = store.create_token(&[1; 32], "rbk_aaaa", &grant(), at(5)).unwrap();
    for (day, expected) in [(20, 20), (20, 20), (19, 20), (21, 21)] {
        store.mark_token_used(token.id, Date::from_days(day)).unwrap();
        let used = store.token(&[1; 32]).unwrap().unwrap().last_used_on;
        assert_eq!(used, Some(Date::from_days(expected)));
    }
    store.mark_token_used(99, Date::from_days(1)).unwrap();
}

pub(crate) fn the_secret_is_made_once(backend: &impl Backend) {
    let store = backend.open();
    let secret = store.secret().unwrap();
    assert_ne!(secret, [0; 32]);
    assert_eq!(store.secret().unwrap(), secret);
    assert_eq!(backend.open().secret().unwrap(), secret);
}
