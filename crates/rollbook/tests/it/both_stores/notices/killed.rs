//! kill -9 between the end of an export and its notices. Notices are stored with the change that
//! they report, so a crash loses none. Rule: spec/exports.md §8.1.

use std::collections::BTreeSet;

use serde_json::json;

use super::receiver::{ReceiverReply, WebhookReceiver};
use super::site::{LOCAL, NoticeServer};

/// One path for each delivery that can run at once: while these hang, another one waits.
const HANGING: [&str; 4] = ["/1", "/2", "/3", "/4"];

#[test]
fn notices_outlive_a_killed_server_under_the_same_id() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    for path in HANGING {
        site.hook(&receiver, path, &["export_completed"]);
        receiver.reply(path, &[ReceiverReply::Silence]);
    }
    let last = site.hook(&receiver, "/last", &["export_completed"]);
    let uuid = site.export();
    let hung: BTreeSet<String> =
        HANGING.iter().map(|path| receiver.wait_for(path, 1)[0].id()).collect();
    assert_eq!(hung.len(), 1, "one event, one id: {hung:?}");
    assert_eq!(receiver.events("/last").len(), 0);
    let site = site.restarted();

    let letter = receiver.wait_for("/last", 1).remove(0);
    assert!(hung.contains(&letter.id()));
    assert!(letter.is_signed_with(last["secret"].as_str().unwrap()));
    let export = site.ended(&uuid);
    assert_eq!((&export["state"], site.file(&uuid).status), (&json!("completed"), 200));
    // Interrupted deliveries are sent again when their lease has expired.
    for path in HANGING {
        let letters = receiver.wait_for(path, 2);
        assert!(letters.iter().all(|letter| hung.contains(&letter.id())), "{path}");
    }
    assert_eq!(site.log(&last, |rows| rows[0]["state"] == "OK").len(), 1);
}
