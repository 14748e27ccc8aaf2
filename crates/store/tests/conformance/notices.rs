//! Tests of webhooks, mails and their deliveries. Rule: spec/exports.md §8.

use store::Store;
use store::port::jobs::NewJob;
use store::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryReceiver, DeliveryResult, NewWebhook,
    Redelivery, WAITING_MAX, Webhook, WebhookStart,
};

use crate::harness::{Backend, P, Q, at};
use crate::job_helpers::*;

fn say(store: &dyn Store, name: &str, notices: Vec<store::port::notices::NewNotice>, seconds: i64) {
    queue(store, &[NewJob { notices, ..job(name) }], seconds);
}

fn take(store: &dyn Store, worker: &str, seconds: i64) -> Option<Delivery> {
    take_delivery(store, DeliveryChannel::Webhook, worker, seconds)
}

/// Claims the next delivery that is due and returns the id of its event.
fn next(store: &dyn Store, lane: DeliveryChannel, seconds: i64) -> Option<String> {
    take_delivery(store, lane, "s", seconds).map(|delivery| delivery.event_id)
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
        failures: 0,
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
        assert!(store.finish_delivery("s", delivery.id, &result("OK", None), at(10)).unwrap());
        taken.push(delivery);
    }
    taken.extend(take_delivery(&*store, DeliveryChannel::Mail, "s", 10));
    let told: Vec<_> = taken.iter().map(|d| (d.event_id.as_str(), d.receiver.clone())).collect();
    let to = |webhook: &Webhook| DeliveryReceiver::Webhook(webhook.clone());
    let mailbox = DeliveryReceiver::Mailbox("ann@example.com".to_owned());
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
        receiver: DeliveryReceiver::Webhook(Webhook { failures: 1, ..hook.clone() }),
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
    // The delivery has the webhook in its present state.
    store.update_webhook(&Webhook { is_enabled: false, ..hook.clone() }, at(200)).unwrap();
    let done = store.delivery(P, hook.id, taken.id).unwrap().unwrap();
    assert!(matches!(done.receiver, DeliveryReceiver::Webhook(webhook) if !webhook.is_enabled));
}

pub(crate) fn due_longest_comes_first(backend: &impl Backend) {
    let store = backend.open();
    say(&*store, "a", vec![mail("late", "x@example.com")], 20);
    say(&*store, "b", vec![mail("early", "x@example.com")], 10);
    let events: Vec<_> = std::iter::from_fn(|| next(&*store, DeliveryChannel::Mail, 30)).collect();
    assert_eq!(events, ["early", "late"]);
}

pub(crate) fn one_delivery_at_a_time_is_under_way_to_a_webhook(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    say(&*store, "a", vec![event("e1", "t"), event("e2", "t")], 0);
    let first = take(&*store, "s", 10).unwrap();
    assert_eq!((first.event_id.as_str(), take(&*store, "s", 11)), ("e1", None));
    assert!(store.finish_delivery("s", first.id, &result("ERR-5xx", Some(40)), at(12)).unwrap());
    assert_eq!(next(&*store, DeliveryChannel::Webhook, 13).as_deref(), Some("e2"));
    assert_eq!(next(&*store, DeliveryChannel::Webhook, 50), None);
    assert_eq!(
        next(&*store, DeliveryChannel::Webhook, 73).as_deref(),
        Some("e2"),
        "its worker is dead"
    );
}

pub(crate) fn deliveries_of_providers_take_turns(backend: &impl Backend) {
    let store = backend.open();
    for (provider, urls) in
        [(P, ["https://a", "https://b", "https://c"].as_slice()), (Q, ["https://q"].as_slice())]
    {
        urls.iter().for_each(|url| drop(webhook(&*store, provider, url, &[])));
    }
    say(
        &*store,
        "p1",
        vec![event("p1", "t"), mail("pm1", "p@example.com"), mail("pm2", "p@example.com")],
        0,
    );
    let of_q =
        NewJob { notices: vec![event("q1", "t"), mail("qm1", "q@example.com")], ..job_of(Q, "q") };
    queue(&*store, &[of_q], 5);
    let take = |lane| {
        let claim =
            DeliveryClaim { under_way_per_provider_max: 2, ..delivery_claim(lane, "s", 10) };
        store.claim_delivery(&claim, at(10)).unwrap().map(|delivery| delivery.event_id)
    };
    let all = |lane| std::iter::from_fn(|| take(lane)).collect::<Vec<_>>();
    // P's third webhook is over the limit. The two lanes do not count against each other.
    assert_eq!(all(DeliveryChannel::Webhook), ["p1", "q1", "p1"]);
    assert_eq!(all(DeliveryChannel::Mail), ["pm1", "qm1", "pm2"]);
    assert_eq!(store.count_waiting_deliveries(DeliveryChannel::Webhook).unwrap(), 4);
    assert_eq!(store.count_waiting_deliveries(DeliveryChannel::Mail).unwrap(), 3);

    // With one delivery at a time, none is under way at a claim: the provider served longest ago
    // comes first.
    say(&*store, "p2", vec![mail("pm3", "p@example.com"), mail("pm4", "p@example.com")], 100);
    let of_q = NewJob { notices: vec![mail("qm2", "q@example.com")], ..job_of(Q, "q2") };
    queue(&*store, &[of_q], 101);
    let deliver = || {
        let taken = take_delivery(&*store, DeliveryChannel::Mail, "s", 200)?;
        assert!(store.finish_delivery("s", taken.id, &result("OK", None), at(200)).unwrap());
        Some(taken.event_id)
    };
    let delivered: Vec<_> = std::iter::from_fn(deliver).collect();
    assert_eq!(delivered, ["qm1", "pm1", "qm2", "pm2", "pm3", "pm4"]);
}

pub(crate) fn a_webhook_that_fails_rests(backend: &impl Backend) {
    let store = backend.open();
    let hook = webhook(&*store, P, "https://a", &[]);
    say(&*store, "a", vec![event("e1", "t"), event("e2", "t")], 0);
    let failures = || store.webhook(P, hook.id).unwrap().unwrap().failures;
    let rest = |until| DeliveryResult { rests_until: Some(at(until)), ..result("ERR-NET", None) };
    let first = take(&*store, "s", 10).unwrap();
    assert!(store.finish_delivery("s", first.id, &rest(30), at(12)).unwrap());
    assert_eq!((failures(), take(&*store, "s", 29)), (1, None));
    let second = take(&*store, "s", 30).unwrap();
    let DeliveryReceiver::Webhook(taken) = &second.receiver else { panic!("{second:?}") };
    assert_eq!(taken.failures, 1);
    assert!(store.finish_delivery("s", second.id, &rest(90), at(31)).unwrap());
    assert_eq!(failures(), 2);

    // A redelivery ends the pause: somebody wants to see whether the webhook works again.
    let again = store.redeliver(P, hook.id, first.id, at(40)).unwrap();
    assert!(matches!(again, Redelivery::Queued(_)));
    let again = take(&*store, "s", 40).unwrap();
    assert!(store.finish_delivery("s", again.id, &result("OK", None), at(41)).unwrap());
    assert_eq!(failures(), 0);

    // A change of the webhook ends the pause too.
    say(&*store, "b", vec![event("e3", "t"), event("e4", "t")], 50);
    let third = take(&*store, "s", 50).unwrap();
    assert!(store.finish_delivery("s", third.id, &rest(9999), at(51)).unwrap());
    assert_eq!(take(&*store, "s", 52), None);
    assert!(store.update_webhook(&Webhook { failures: 77, ..hook.clone() }, at(53)).unwrap());
    assert_eq!(
        (failures(), next(&*store, DeliveryChannel::Webhook, 53).as_deref()),
        (1, Some("e4"))
    );
}

pub(crate) fn only_so_many_deliveries_wait(backend: &impl Backend) {
    let store = backend.open();
    let hook = webhook(&*store, P, "https://a", &["t"]);
    let other = webhook(&*store, P, "https://b", &["u"]);
    let almost_all = 0..WAITING_MAX - 1;
    let events = almost_all.clone().map(|n| event(&format!("e{n}"), "t"));
    let mails = almost_all.map(|n| mail(&format!("m{n}"), "p@example.com"));
    say(&*store, "a", events.chain(mails).collect(), 0);
    let last = ["last", "late", "too late"];
    let mails = last.map(|id| mail(id, "p@example.com"));
    say(&*store, "b", last.iter().map(|id| event(id, "t")).chain(mails).collect(), 5);
    say(&*store, "c", vec![event("u", "u")], 6);
    let of_q = NewJob { notices: vec![mail("q", "q@example.com")], ..job_of(Q, "q") };
    queue(&*store, &[of_q], 6);
    // One more: the other webhook's delivery, and the other provider's mail.
    assert_eq!(store.count_waiting_deliveries(DeliveryChannel::Webhook).unwrap(), WAITING_MAX + 1);
    assert_eq!(store.count_waiting_deliveries(DeliveryChannel::Mail).unwrap(), WAITING_MAX + 1);
    assert_eq!(store.deliveries(P, other.id, 0, 9).unwrap().1[0].state, "PENDING");

    let (count, newest) = store.deliveries(P, hook.id, 0, 3).unwrap();
    assert_eq!(count, WAITING_MAX + 2, "what has no room is in the log");
    let told: Vec<_> =
        newest.iter().map(|d| (d.event_id.as_str(), d.state.as_str(), d.attempt)).collect();
    assert_eq!(told, [("too late", "ERR-NET", 0), ("late", "ERR-NET", 0), ("last", "PENDING", 0)]);
    assert_eq!((newest[0].next_attempt_at, newest[0].error.is_some()), (None, true));
    assert_eq!(store.redeliver(P, hook.id, newest[0].id, at(7)).unwrap(), Redelivery::TooManyWait);
    let done = take(&*store, "s", 8).unwrap();
    assert!(store.finish_delivery("s", done.id, &result("OK", None), at(8)).unwrap());
    let again = store.redeliver(P, hook.id, newest[0].id, at(9)).unwrap();
    assert!(matches!(again, Redelivery::Queued(again) if again.event_id == "too late"));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
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
    let again = store.redeliver(P, hook.id, first.id, at(20)).unwrap();
    let Redelivery::Queued(again) = again else { panic!("{again:?}") };
    assert_ne!(again.id, first.id);
    assert_eq!((again.event_id.as_str(), again.payload), ("e0", first.payload.clone()));
    assert_eq!((again.attempt, again.state.as_str()), (0, "PENDING"));
    assert_eq!((again.created_at, again.next_attempt_at), (first.created_at, Some(at(20))));
    for (provider, webhook, id) in [(Q, hook.id, first.id), (P, 99, first.id), (P, hook.id, 99)] {
        let again = store.redeliver(provider, webhook, id, at(20)).unwrap();
        assert_eq!(again, Redelivery::Unknown);
        assert_eq!(store.delivery(provider, webhook, id).unwrap(), None);
    }
    assert_eq!(listed(0, 10).0, 5);
    assert_eq!(store.clean_up_deliveries(at(11)).unwrap(), 0);
    assert_eq!(store.clean_up_deliveries(at(12)).unwrap(), 1);
    assert_eq!(store.delivery(P, hook.id, first.id).unwrap(), None);
    assert!(store.delete_webhook(P, hook.id).unwrap());
    assert_eq!(take(&*store, "s", 99), None, "nothing is sent to it any more");
    assert_eq!(listed(0, 10), (0, String::new()));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
