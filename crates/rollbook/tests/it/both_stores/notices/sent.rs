//! The content of deliveries, and their signatures.

use model::clock::{Clock, SystemClock};

use serde_json::{Value, json};

use super::mailbox::Mailbox;
use super::receiver::{ReceivedWebhook, WebhookReceiver};
use super::site::{LOCAL, NoticeServer, WEBHOOKS};
use crate::server::Worker;

fn check_form(letter: &ReceivedWebhook, secret: &str) {
    let event = letter.json();
    assert_eq!(
        event.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["type", "id", "created", "data"]
    );
    let id = event["id"].as_str().unwrap();
    let letters = id.strip_prefix("evt_").unwrap();
    assert!(letters.len() == 24 && letters.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    assert_eq!(letter.header("webhook-id"), id);
    assert_eq!(letter.header("content-type"), "application/json");
    let now = SystemClock.now().seconds();
    for at in [event["created"].as_i64(), letter.header("webhook-timestamp").parse().ok()] {
        assert!((now - at.unwrap()).abs() < 300, "{at:?}");
    }
    assert!(letter.is_signed_with(secret), "{letter:?}");
    assert!(!letter.is_signed_with(&secret.replace(&secret[..1], "?")));
}

/// Returns the link in a mail, as a path of this server.
pub(super) fn link(site: &NoticeServer, text: &str) -> String {
    let start = format!("{}/api/v1/core/exports/", site.server.address);
    let line = text.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("no link: {text}"));
    line.trim_end().strip_prefix(&site.server.address).unwrap().to_owned()
}

#[test]
fn an_export_is_told_signed_and_its_mail_opens_the_file_without_a_credential() {
    let (receiver, mailbox) = (WebhookReceiver::start(), Mailbox::start());
    let site = NoticeServer::new(&format!("{LOCAL}{}", mailbox.settings()));
    let body = json!({"url": receiver.url("/all"), "all_events_enabled": true});
    let all = site.send("POST", WEBHOOKS, &body).ok()["data"].clone();
    let some = site.hook(&receiver, "/some", &["export.completed", "export_failed"]);
    assert_eq!(some["events"], json!(["export_completed", "export_failed"]));
    let secret = all["secret"].as_str().unwrap();
    assert_ne!(some["secret"], secret);
    let tests: Vec<ReceivedWebhook> =
        receiver.received().into_iter().filter(|letter| letter.path == "/all").collect();
    assert_eq!((tests.len(), tests[0].kind().as_str()), (1, "webhook.test"));
    check_form(&tests[0], secret);

    let uuid = site.export();
    let export = site.ended(&uuid);
    assert_eq!(export["state"], "completed", "{export}");
    let file = site.file(&uuid);
    assert_eq!(file.status, 200);
    let told = receiver.wait_for("/all", 3);
    told.iter().for_each(|letter| check_form(letter, secret));
    let of = |kind: &str| {
        let found: Vec<Value> =
            told.iter().map(ReceivedWebhook::json).filter(|event| event["type"] == kind).collect();
        assert_eq!(found.len(), 1, "{kind}: {told:?}");
        found[0]["data"]["object"].clone()
    };
    let requested = of("export.requested");
    assert_eq!((&requested["uuid"], &requested["state"]), (&json!(uuid), &json!("queued")));
    assert!(requested.get("failed_reason").is_none(), "{requested}");
    let completed = of("export.completed");
    for (name, value) in export.as_object().unwrap() {
        match name.as_str() {
            "progress" => assert!(completed.get("progress").is_none(), "{completed}"),
            // The store sets these shortly after the event was written.
            "updated_at" | "finished_at" | "started_at" => {}
            _ => assert_eq!(&completed[name], value, "{name}: {completed}"),
        }
    }
    assert!(completed["finished_at"].is_i64() && completed["started_at"].is_i64(), "{completed}");
    assert_eq!(of("export.downloaded")["download_count"], 1);
    assert_eq!(receiver.wait_for("/some", 1).len(), 1);
    check_form(&receiver.events("/some")[0], some["secret"].as_str().unwrap());
    let same_event = told.iter().find(|letter| letter.kind() == "export.completed").unwrap();
    assert_eq!(receiver.events("/some")[0].body, same_event.body);

    let mail = mailbox.wait_for(1).remove(0);
    assert_eq!(mail.from, "no-reply@rollbook.example");
    assert_eq!(mail.to, ["ann@example.com"]);
    assert!(mail.text.contains("text/plain") && mail.text.contains("text/html"), "{}", mail.text);
    assert!(mail.text.contains("customers") && !mail.text.contains("Ann"), "{}", mail.text);
    let path = link(&site, &mail.plain());
    let opened = site.server.request("GET", &path).send();
    assert_eq!((opened.status, &opened.body), (200, &file.body));
    let other = site.server.request("GET", &format!("{path}A")).send();
    assert_eq!((other.status, &other.json()["code"]), (404, &json!("export_not_found")));
    assert_eq!(receiver.wait_for("/all", 4)[3].kind(), "export.downloaded");
    assert_eq!(site.log(&some, |rows| rows.iter().all(|row| row["state"] == "OK")).len(), 1);
}

#[test]
fn another_secret_signs_from_the_next_event_on() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let hook = site.hook(&receiver, "/a", &["export_requested"]);
    let path = format!("{WEBHOOKS}/{}/rotate_secret", hook["id"]);
    let rotated = site.send("POST", &path, &Value::Null).ok()["data"].clone();
    let (old, new) = (hook["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
    site.export();
    let letter = receiver.wait_for("/a", 1).remove(0);
    assert!(letter.is_signed_with(new) && !letter.is_signed_with(old));
}

#[test]
fn a_worker_sends_what_a_server_without_workers_only_stores() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(&format!("{LOCAL}[jobs]\nwork_in_server = false\n"));
    let hook = site.hook(&receiver, "/a", &["export_canceled"]);
    let uuid = site.export();
    let path = format!("/api/v1/core/exports/{uuid}/cancel");
    assert_eq!(site.send("POST", &path, &Value::Null).ok()["data"]["state"], "canceled");
    let waiting = site.log(&hook, |rows| rows.len() == 1);
    assert_eq!((&waiting[0]["state"], &waiting[0]["attempt"]), (&json!("PENDING"), &json!(0)));
    let worker = Worker::start(&site.data);
    let event = receiver.wait_for("/a", 1)[0].json();
    assert_eq!(event["id"], waiting[0]["event_id"]);
    assert_eq!(event["data"]["object"]["state"], "canceled");
    drop(worker);
}
