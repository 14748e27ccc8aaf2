//! Webhooks, mails, and what became of them. Rule: spec/exports.md §8.

use store::Store;
use store::port::jobs::NewJob;
use store::port::notices::{Delivery, DeliveryResult, NewWebhook, Receiver, Webhook, WebhookStart};

use crate::harness::{Backend, P, Q, at};
use crate::work::*;

fn result(state: &str, next: Option<i64>) -> DeliveryResult {
    DeliveryResult {
        state: state.to_owned(),
        status_code: Some(503),
        error: Some("try later".to_owned()),
        duration_ms: 12,
        next_attempt_at: next.map(at),
    }
}

fn say(store: &dyn Store, name: &str, notices: Vec<store::port::notices::NewNotice>, seconds: i64) {
    queue(store, &[NewJob { notices, ..job(name) }], seconds);
}

fn take(store: &dyn Store, worker: &str, seconds: i64) -> Option<Delivery> {
    store.claim_delivery(worker, at(seconds + 60), at(seconds)).unwrap()
}

pub(crate) fn webhooks_are_kept_and_changed(backend: &impl Backend) {
    let store = backend.open();
    let a = webhook(&*store, P, "https://a", &["export.failed", "export.completed"]);
    let expected = Webhook {
        id: a.id,
        provider: P,
        url: "https://a".to_owned(),
        description: Some("for tests".to_owned()),
        events: vec!["export.failed".to_owned(), "export.completed".to_owned()],
        has_all_events: false,
        is_enabled: true,
        secret: "secret of https://a".to_owned(),
        created_at: at(1),
        updated_at: at(1),
    };
    assert_eq!(a, expected);
    let again = store.create_webhook(&new_webhook(P, "https://a", &[]), at(2)).unwrap();
    assert_eq!(again, WebhookStart::UrlTaken);
    let b = webhook(&*store, P, "https://b", &[]);
    webhook(&*store, P, "https://c", &[]);
    let fourth = store.create_webhook(&new_webhook(P, "https://d", &[]), at(2)).unwrap();
    assert_eq!(fourth, WebhookStart::TooMany);
    let other = webhook(&*store, Q, "https://a", &[]);
    assert_eq!(store.webhooks(Q).unwrap(), std::slice::from_ref(&other));
    assert_eq!(store.webhooks(P).unwrap().len(), 3);
    assert_eq!(store.webhook(P, other.id).unwrap(), None);

    let changed = Webhook {
        url: "https://z".to_owned(),
        description: None,
        events: vec![],
        has_all_events: true,
        is_enabled: false,
        secret: "not taken".to_owned(),
        created_at: at(9),
        ..a.clone()
    };
    assert!(store.update_webhook(&changed, at(3)).unwrap());
    let expected =
        Webhook { secret: a.secret.clone(), created_at: at(1), updated_at: at(3), ..changed };
    assert_eq!(store.webhook(P, a.id).unwrap(), Some(expected.clone()));
    let taken = Webhook { url: "https://b".to_owned(), ..expected.clone() };
    assert_eq!(store.update_webhook(&taken, at(4)).unwrap_err().code(), "exists");
    assert!(!store.update_webhook(&Webhook { id: 99, ..expected.clone() }, at(4)).unwrap());
    assert!(!store.update_webhook(&Webhook { provider: Q, ..expected.clone() }, at(4)).unwrap());

    assert!(store.replace_webhook_secret(P, a.id, "new", at(5)).unwrap());
    assert!(!store.replace_webhook_secret(Q, a.id, "theirs", at(5)).unwrap());
    let expected = Webhook { secret: "new".to_owned(), updated_at: at(5), ..expected };
    assert_eq!(store.webhook(P, a.id).unwrap(), Some(expected));
    assert!(!store.delete_webhook(Q, b.id).unwrap());
    assert!(store.delete_webhook(P, b.id).unwrap());
    assert!(!store.delete_webhook(P, b.id).unwrap());
    assert_eq!(store.webhook(P, b.id).unwrap(), None);
    let room = NewWebhook { count_max: 3, ..new_webhook(P, "https://b", &[]) };
    assert!(matches!(store.create_webhook(&room, at(6)).unwrap(), WebhookStart::Created(_)));
}

pub(crate) fn an_event_goes_to_every_webhook_that_wants_it(backend: &impl Backend) {
    let store = backend.open();
    let all = webhook(&*store, P, "https://all", &[]);
    let some = webhook(&*store, P, "https://some", &["export.completed"]);
    let off = webhook(&*store, P, "https://off", &[]);
    webhook(&*store, Q, "https://other", &[]);
    store.update_webhook(&Webhook { is_enabled: false, ..off.clone() }, at(2)).unwrap();
    say(&*store, "a", vec![event("e1", "export.completed"), event("e2", "export.failed")], 5);
    say(&*store, "b", vec![mail("e1", "ann@example.com")], 6);
    let mut taken = Vec::new();
    while let Some(delivery) = take(&*store, "s", 10) {
        taken.push(delivery);
    }
    let told: Vec<_> = taken.iter().map(|d| (d.event_id.as_str(), d.receiver.clone())).collect();
    let to = |webhook: &Webhook| Receiver::Webhook(webhook.clone());
    let mailbox = Receiver::Mailbox("ann@example.com".to_owned());
    let expected = [("e1", to(&all)), ("e1", to(&some)), ("e2", to(&all)), ("e1", mailbox)];
    assert_eq!(told, expected);
    let expected = Delivery {
        id: taken[0].id,
        provider: P,
        receiver: to(&all),
        event_id: "e1".to_owned(),
        event_type: "export.completed".to_owned(),
        payload: "{\"id\":\"e1\"}".to_owned(),
        attempt: 1,
        state: "PENDING".to_owned(),
        status_code: None,
        error: None,
        duration_ms: None,
        created_at: at(5),
        next_attempt_at: Some(at(5)),
    };
    assert_eq!(taken[0], expected);
    assert_eq!(taken[3].payload, "{}");
    assert_eq!(store.deliveries(P, off.id, 0, 9).unwrap(), (0, vec![]));
}

pub(crate) fn deliveries_are_tried_until_they_end(backend: &impl Backend) {
    let store = backend.open();
    let hook = webhook(&*store, P, "https://a", &[]);
    assert_eq!(store.next_delivery_at().unwrap(), None);
    say(&*store, "a", vec![event("e", "t")], 5);
    assert_eq!(store.next_delivery_at().unwrap(), Some(at(5)));
    assert_eq!(take(&*store, "s", 4), None);
    let taken = take(&*store, "s1", 10).unwrap();
    assert_eq!(take(&*store, "s2", 11), None, "somebody works on it");
    assert_eq!(store.next_delivery_at().unwrap(), Some(at(70)), "unless it is dead then");
    let again = take(&*store, "s2", 70).unwrap();
    assert_eq!((again.id, again.attempt), (taken.id, 2));
    assert!(!store.finish_delivery("s1", taken.id, &result("OK", None), at(71)).unwrap());
    let failed = result("ERR-5xx", Some(100));
    assert!(store.finish_delivery("s2", taken.id, &failed, at(72)).unwrap());
    assert!(!store.finish_delivery("s2", taken.id, &result("OK", None), at(73)).unwrap());
    let waiting = store.delivery(P, hook.id, taken.id).unwrap().unwrap();
    let expected = Delivery {
        state: "ERR-5xx".to_owned(),
        status_code: Some(503),
        error: Some("try later".to_owned()),
        duration_ms: Some(12),
        next_attempt_at: Some(at(100)),
        ..again
    };
    assert_eq!(waiting, expected);
    assert_eq!(store.next_delivery_at().unwrap(), Some(at(100)));
    assert_eq!(take(&*store, "s", 99), None);
    assert_eq!(take(&*store, "s", 100).unwrap().attempt, 3);
    assert!(store.finish_delivery("s", taken.id, &result("OK", None), at(101)).unwrap());
    assert_eq!((take(&*store, "s", 999), store.next_delivery_at().unwrap()), (None, None));
    let done = store.delivery(P, hook.id, taken.id).unwrap().unwrap();
    assert_eq!((done.state.as_str(), done.next_attempt_at), ("OK", None));
    // The webhook as it is now.
    store.update_webhook(&Webhook { is_enabled: false, ..hook.clone() }, at(200)).unwrap();
    let done = store.delivery(P, hook.id, taken.id).unwrap().unwrap();
    assert!(matches!(done.receiver, Receiver::Webhook(webhook) if !webhook.is_enabled));
}

pub(crate) fn due_longest_comes_first(backend: &impl Backend) {
    let store = backend.open();
    say(&*store, "a", vec![mail("late", "x@example.com")], 20);
    say(&*store, "b", vec![mail("early", "x@example.com")], 10);
    let events: Vec<_> =
        std::iter::from_fn(|| take(&*store, "s", 30)).map(|delivery| delivery.event_id).collect();
    assert_eq!(events, ["early", "late"]);
}

pub(crate) fn deliveries_are_listed_repeated_and_swept(backend: &impl Backend) {
    let store = backend.open();
    let hook = webhook(&*store, P, "https://a", &[]);
    for n in 0..4 {
        say(&*store, &format!("j{n}"), vec![event(&format!("e{n}"), "t")], n);
    }
    let listed = |offset, limit| {
        let (count, page) = store.deliveries(P, hook.id, offset, limit).unwrap();
        (count, page.into_iter().map(|delivery| delivery.event_id).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(listed(0, 10), (4, "e3 e2 e1 e0".to_owned()));
    assert_eq!(listed(1, 2), (4, "e2 e1".to_owned()));
    assert_eq!(store.deliveries(Q, hook.id, 0, 10).unwrap(), (0, vec![]));

    let first = take(&*store, "s", 10).unwrap();
    assert!(store.finish_delivery("s", first.id, &result("OK", None), at(11)).unwrap());
    let again = store.redeliver(P, hook.id, first.id, at(20)).unwrap().unwrap();
    assert_ne!(again.id, first.id);
    assert_eq!((again.event_id.as_str(), again.payload), ("e0", first.payload.clone()));
    assert_eq!((again.attempt, again.state.as_str()), (0, "PENDING"));
    assert_eq!((again.created_at, again.next_attempt_at), (first.created_at, Some(at(20))));
    for (provider, webhook, id) in [(Q, hook.id, first.id), (P, 99, first.id), (P, hook.id, 99)] {
        assert_eq!(store.redeliver(provider, webhook, id, at(20)).unwrap(), None);
        assert_eq!(store.delivery(provider, webhook, id).unwrap(), None);
    }
    assert_eq!(listed(0, 10).0, 5);
    assert_eq!(store.sweep_deliveries(at(11)).unwrap(), 0);
    assert_eq!(store.sweep_deliveries(at(12)).unwrap(), 1);
    assert_eq!(store.delivery(P, hook.id, first.id).unwrap(), None);
    assert!(store.delete_webhook(P, hook.id).unwrap());
    assert_eq!(take(&*store, "s", 99), None, "nothing is sent to it any more");
    assert_eq!(listed(0, 10), (0, String::new()));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
