//! Receivers that fail, and the retries that follow.

use model::clock::{Clock, SystemClock};

use serde_json::{Value, json};

use super::mailbox::Mailbox;
use super::receiver::{ReceiverReply, WebhookReceiver};
use super::site::{LOCAL, NoticeServer, WEBHOOKS};

fn has_ended(rows: &[Value]) -> bool {
    !rows.is_empty() && rows.iter().all(|row| row["state"] != "PENDING")
}

#[test]
fn a_failure_is_logged_tried_again_later_and_redelivered_under_the_same_id() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let hook = site.hook(&receiver, "/a", &["export_completed"]);
    receiver.reply("/a", &[ReceiverReply::Status(500)]);
    let uuid = site.export();
    let first = site.log(&hook, has_ended).remove(0);
    assert_eq!((&first["state"], &first["status_code"]), (&json!("ERR-5xx"), &json!(500)));
    assert_eq!((&first["attempt"], &first["type"]), (&json!(1), &json!("export.completed")));
    assert!(first["error"].is_string() && first["duration_ms"].is_i64(), "{first}");
    let now = SystemClock.now().seconds();
    let wait_s = first["next_attempt_at"].as_i64().unwrap() - now;
    assert!((0..=34).contains(&wait_s), "{wait_s}");
    assert_eq!(site.ended(&uuid)["state"], "completed");
    assert_eq!(site.file(&uuid).status, 200);

    let path = format!("{WEBHOOKS}/{}/deliveries/{}", hook["id"], first["id"]);
    let whole = site.get(&path)["data"].clone();
    assert_eq!(whole["payload"], receiver.events("/a")[0].json());
    let again = site.send("POST", &format!("{path}/redeliver"), &Value::Null).ok()["data"].clone();
    assert_eq!(again["event_id"], first["event_id"]);
    assert_ne!(again["id"], first["id"]);
    let letters = receiver.wait_for("/a", 2);
    assert_eq!((letters[0].id(), &letters[0].body), (letters[1].id(), &letters[1].body));
    assert!(letters[1].is_signed_with(hook["secret"].as_str().unwrap()));
    let rows = site.log(&hook, |rows| rows[0]["state"] == "OK");
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [&again["id"], &first["id"]]);
    assert_eq!(rows[0]["next_attempt_at"], Value::Null);

    let paged = site.get(&format!("{WEBHOOKS}/{}/deliveries?limit=1&page=2", hook["id"]));
    assert_eq!((&paged["data"][0]["id"], &paged["meta"]["total"]), (&first["id"], &json!(2)));
    assert_eq!((&paged["meta"]["last_page"], &paged["links"]["next"]), (&json!(2), &Value::Null));
    // The automatic retry also comes, after its delay.
    assert_eq!(receiver.wait_for("/a", 3)[2].id(), letters[0].id());
    let rows = site.log(&hook, |rows| rows[1]["state"] == "OK");
    assert_eq!(rows[1]["attempt"], 2);
}

#[test]
fn redirects_are_failures_and_nobody_follows_them() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let away = [ReceiverReply::Redirect(receiver.url("/elsewhere"))];
    receiver.reply("/a", &away);
    let body = json!({"url": receiver.url("/a"), "all_events_enabled": true});
    assert_eq!(super::site::blamed(&site.send("POST", WEBHOOKS, &body)), ["url"]);
    let hook = site.hook(&receiver, "/a", &["export_completed"]);
    receiver.reply("/a", &away);
    site.export();
    let row = site.log(&hook, has_ended).remove(0);
    assert_eq!((&row["state"], &row["status_code"]), (&json!("ERR-3xx"), &json!(302)));
    assert!(receiver.received().iter().all(|letter| letter.path == "/a"));
}

#[test]
fn whatever_fails_outside_the_export_stands() {
    let (receiver, mailbox) = (WebhookReceiver::start(), Mailbox::refusing());
    let site = NoticeServer::new(&format!("{LOCAL}{}", mailbox.settings()));
    let hooks =
        [("/gone", 410, "ERR-4xx"), ("/busy", 503, "ERR-5xx")].map(|(path, status, state)| {
            let hook = site.hook(&receiver, path, &["export_completed"]);
            receiver.reply(path, &[ReceiverReply::Status(status)]);
            (hook, state)
        });
    let uuid = site.export();
    mailbox.wait_for_refused(1);
    for (hook, state) in &hooks {
        let row = site.log(hook, has_ended).remove(0);
        assert_eq!(row["state"], *state, "{row}");
        assert!(row["next_attempt_at"].is_i64(), "{row}");
    }
    let export = site.ended(&uuid);
    assert_eq!((&export["state"], &export["rows"]), (&json!("completed"), &json!(20)));
    assert_eq!(site.file(&uuid).status, 200);
}

#[test]
fn a_failed_export_is_told_with_its_reason() {
    let (receiver, mailbox) = (WebhookReceiver::start(), Mailbox::start());
    let no_room = "[exports]\nmin_free_disk_mb = 1000000000000\n";
    let site = NoticeServer::new(&format!("{LOCAL}{no_room}{}", mailbox.settings()));
    site.hook(&receiver, "/a", &["export_failed", "export_completed"]);
    let uuid = site.export();
    assert_eq!(site.ended(&uuid)["failed_reason"], "disk_full");
    let event = receiver.wait_for("/a", 1)[0].json();
    assert_eq!(event["type"], "export.failed");
    let export = &event["data"]["object"];
    assert_eq!((&export["state"], &export["uuid"]), (&json!("failed"), &json!(uuid)));
    assert_eq!(export["failed_reason"], "disk_full");
    let mail = mailbox.wait_for(1).remove(0);
    assert!(mail.text.contains("disk_full") && !mail.text.contains("signature"), "{}", mail.text);
}

#[test]
fn a_disabled_webhook_is_left_alone() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let [off, on] = ["/off", "/on"].map(|path| site.hook(&receiver, path, &["export_completed"]));
    let uuid = site.export();
    receiver.wait_for("/off", 1);
    site.ended(&uuid);
    let path = format!("{WEBHOOKS}/{}", off["id"]);
    let changed = site.send("PUT", &path, &json!({"status": "disabled"})).ok()["data"].clone();
    assert_eq!((&changed["status"], &changed["events"]), (&json!("disabled"), &off["events"]));
    site.export();
    receiver.wait_for("/on", 2);
    let rows = site.log(&off, |rows| !rows.is_empty());
    assert_eq!(rows.len(), 1);
    let again = format!("{path}/deliveries/{}/redeliver", rows[0]["id"]);
    let refused = site.send("POST", &again, &Value::Null);
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("conflict")));
    assert_eq!(receiver.events("/off").len(), 1);
    assert_eq!(on["status"], "enabled");
}
