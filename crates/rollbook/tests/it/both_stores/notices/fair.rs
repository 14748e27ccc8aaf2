//! One provider's receivers, or the readers of one link, do not delay the notices of others.

use serde_json::{Value, json};

use super::mailbox::Mailbox;
use super::receiver::{ReceiverReply, WebhookReceiver};
use super::sent::link;
use super::site::{LOCAL, NoticeServer};

const TARPITS: usize = 10;
const EXPORTS: usize = 3;

/// Every receiver of provider 1 accepts connections and never answers.
#[test]
fn receivers_that_say_nothing_do_not_stop_the_notices_of_others() {
    let receiver = WebhookReceiver::start();
    let mut site = NoticeServer::new(LOCAL);
    site.data.add_provider(2, "UTC", "usd");
    let tarpits: Vec<String> = (0..TARPITS).map(|n| format!("/tarpit-{n}")).collect();
    for path in &tarpits {
        site.hook(&receiver, path, &["export_completed"]);
        receiver.reply(path, &vec![ReceiverReply::Silence; 100]);
    }
    for _ in 0..EXPORTS {
        let uuid = site.export();
        assert_eq!(site.ended(&uuid)["state"], "completed");
    }
    // All notices of provider 1 wait before the one of provider 2.
    site.token = site.data.token(2);
    let row = json!({"id": 1, "name": "Bo", "created_at": "2026-01-05T10:00:00Z"}).to_string();
    site.server.import(&site.token, "customers", "application/x-ndjson", row.as_bytes()).ok();
    site.hook(&receiver, "/good", &["export_completed"]);
    let uuid = site.export();
    let told = receiver.wait_for("/good", 1).remove(0).json();
    let waited_for: usize = tarpits.iter().map(|path| receiver.events(path).len()).sum();
    assert_eq!(told["data"]["object"]["uuid"], json!(uuid));
    assert!(waited_for < TARPITS * EXPORTS, "{waited_for} attempts came before");
}

/// Holders of a link need no credential, so their downloads are grouped into few notices.
#[test]
fn downloads_by_a_link_are_counted_one_by_one_and_told_together() {
    const READ: usize = 200;
    let (receiver, mailbox) = (WebhookReceiver::start(), Mailbox::start());
    let site = NoticeServer::new(&format!("{LOCAL}{}", mailbox.settings()));
    let hook = site.hook(&receiver, "/a", &["export_downloaded"]);
    let uuid = site.export();
    let path = link(&site, &mailbox.wait_for(1).remove(0).plain());
    assert_eq!(site.server.request("GET", &path).send().status, 200);
    let first = receiver.wait_for("/a", 1).remove(0).json();
    assert_eq!(first["data"]["object"]["download_count"], 1);
    for _ in 1..READ {
        assert_eq!(site.server.request("GET", &path).send().status, 200);
    }
    let status = format!("/api/v1/core/exports/{uuid}/status");
    site.wait(&status, |shown| shown["data"]["download_count"] == json!(READ));
    let rows = site.log(&hook, |rows| !rows.is_empty());
    assert!(rows.len() < READ / 4, "{} notices", rows.len());
    // Downloads with a credential are reported one by one.
    let before = rows.len();
    assert_eq!(site.file(&uuid).status, 200);
    let with_key = receiver.wait_for("/a", before + 1);
    let count = |letter: &Value| letter["data"]["object"]["download_count"].as_u64();
    let counts: Vec<_> = with_key.iter().map(|letter| count(&letter.json())).collect();
    assert!(counts.contains(&Some(READ as u64 + 1)), "{counts:?}");
}

#[test]
fn notices_are_counted_for_prometheus_from_the_start() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let figures = || site.server.request("GET", "/metrics").send().text();
    let before = figures();
    for to in ["webhook", "mail"] {
        for outcome in ["delivered", "failed"] {
            let line = |text: &str| {
                text.lines().any(|line| {
                    line.starts_with("rollbook_notices_total{")
                        && line.contains(&format!("to=\"{to}\""))
                        && line.contains(&format!("outcome=\"{outcome}\""))
                        && line.ends_with(" 0")
                })
            };
            assert!(line(&before), "{to} {outcome}: {before}");
        }
        assert!(before.contains(&format!("rollbook_notices_waiting{{to=\"{to}\"}} 0")), "{before}");
    }
    let hook = site.hook(&receiver, "/a", &["export_completed"]);
    receiver.reply("/a", &vec![ReceiverReply::Status(500); 100]);
    site.export();
    site.log(&hook, |rows| rows.len() == 1 && rows[0]["state"] == "ERR-5xx");
    let after = figures();
    let failed = after.lines().find(|line| {
        line.starts_with("rollbook_notices_total{")
            && line.contains("to=\"webhook\"")
            && line.contains("outcome=\"failed\"")
    });
    assert!(failed.is_some_and(|line| !line.ends_with(" 0")), "{after}");
    assert!(after.contains("rollbook_notices_waiting{to=\"webhook\"} 1"), "{after}");
}
