//! kill -9 between any two steps of an export: requested, queued, claimed, written, moved into
//! place, published with its notices, notices sent, downloaded. Rule: spec/exports.md §5.1, §8.
//!
//! Each case names the point at which the server ends itself. Kills at random moments are in
//! `jobs`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{BASE, EXPORT_SECS_MAX, EXPORTS, IDLE, fill, finished, january, outcome, status};
use crate::notices::mailbox::Mailbox;
use crate::notices::receiver::{ReceivedWebhook, WebhookReceiver};
use crate::server::{HttpAnswer, Server, TestDataFolder, Worker};

/// Number of customers that makes a file larger than one write.
const CUSTOMERS: i64 = 6000;
/// Settings with a short lease, and with receivers on this machine.
const SETTINGS: &str = "[webhooks]\nallow_http = true\nallow_private = true\n\
    [jobs]\nlease_s = 5\nattempts_max = 1000\n";
const HOOK: &str = "/hook";

/// A provider with customers, a webhook receiver and a mailbox.
struct KillTestServer {
    data: TestDataFolder,
    /// Token whose owner has a mailbox.
    token: String,
    receiver: WebhookReceiver,
    mailbox: Mailbox,
    /// File of an undisturbed export.
    expected: Vec<u8>,
}

/// One case: the point of the kill, and what is checked beside the file.
#[derive(Debug, Clone, Copy)]
struct KillCase {
    /// Point at which the server ends.
    point: &'static str,
    /// Events of the webhook; empty = no webhook.
    events: &'static [&'static str],
    has_mail: bool,
    is_once: bool,
}

impl KillTestServer {
    fn new(case: KillCase) -> Self {
        let (data, receiver, mailbox) =
            (TestDataFolder::with_provider(), WebhookReceiver::start(), Mailbox::start());
        let once = format!("[exports]\ndownload_once = {}", case.is_once);
        let mail = if case.has_mail { mailbox.settings() } else { String::new() };
        data.configure(&format!("{}{SETTINGS}{mail}", BASE.replace("[exports]", &once)));
        let token = data.token_with(&["--provider", "1", "--email", "ann@example.com"]);
        let quiet = data.token(1);
        let server = data.serve();
        let row = |id: i64| {
            json!({"id": id, "name": format!("Customer no. {id} of many"),
                "email": format!("customer-{id}@example.com"), "created_at": "2024-01-05T10:00:00Z"})
        };
        let rows: String = (1..=CUSTOMERS).map(|id| format!("{}\n", row(id))).collect();
        server.import(&quiet, "customers", "application/x-ndjson", rows.as_bytes()).ok();
        let (_, file) = super::made(&server, &quiet, &body());
        if !case.events.is_empty() {
            let hook = json!({"url": receiver.url(HOOK), "events": case.events});
            super::ask_at(&server, &quiet, "/api/v1/core/webhooks", &hook).ok();
        }
        Self { data, token, receiver, mailbox, expected: file.body }
    }

    /// Requests the export with an idempotency key, so that a repeated request returns the same
    /// export.
    fn ask(&self, server: &Server) -> HttpAnswer {
        let request = server.request("POST", EXPORTS).token(&self.token);
        let request = request.header("Idempotency-Key", "the-one");
        request.body("application/json", body().to_string().as_bytes()).send()
    }

    /// Requests, awaits and downloads the export repeatedly until the server has ended.
    fn work_until_killed(&self, point: &str) -> Option<String> {
        let mut server = self.data.serve_until(point);
        let deadline = Instant::now() + Duration::from_secs(EXPORT_SECS_MAX);
        let asked = self.ask(&server);
        let uuid = (asked.status == 200).then(|| uuid_of(&asked));
        while !server.has_ended() {
            assert!(Instant::now() < deadline, "{point} is never reached");
            match &uuid {
                Some(uuid) => drop(self.peek(&server, uuid)),
                None => std::thread::yield_now(),
            }
        }
        uuid
    }

    /// Returns the file if it exists, and checks that it is complete and alone.
    fn peek(&self, server: &Server, uuid: &str) -> Option<HttpAnswer> {
        let file = server.get(&self.token, &format!("{EXPORTS}/{uuid}"));
        match file.status {
            // The server ended before or during the answer.
            0 => None,
            404 => {
                assert_eq!(outcome(&file), "404 export_not_ready");
                None
            }
            _ => {
                assert_eq!(file.status, 200, "{}", file.text());
                assert!(file.body == self.expected, "another file than the undisturbed one");
                Some(file)
            }
        }
    }

    /// Waits for the end of the export, and checks its file meanwhile.
    fn ended(&self, server: &Server, uuid: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(EXPORT_SECS_MAX);
        while self.peek(server, uuid).is_none() {
            assert!(Instant::now() < deadline, "{}", status(server, &self.token, uuid));
        }
        status(server, &self.token, uuid)
    }

    /// Returns the requests to the webhook, after events of all these types have arrived.
    fn received_webhooks(&self, types: &[&str]) -> Vec<ReceivedWebhook> {
        let wanted: BTreeSet<String> = types.iter().map(ToString::to_string).collect();
        let mut letters = self.receiver.wait_for(HOOK, wanted.len());
        while letters.iter().map(ReceivedWebhook::kind).collect::<BTreeSet<_>>() != wanted {
            letters = self.receiver.wait_for(HOOK, letters.len() + 1);
        }
        letters
    }
}

fn body() -> Value {
    january("customers", json!({"columns": ["id", "name", "email"]}))
}

fn uuid_of(answer: &HttpAnswer) -> String {
    answer.ok()["uuid"].as_str().unwrap().to_owned()
}

/// Returns the ids of the events of one type about an export.
fn ids(letters: &[ReceivedWebhook], kind: &str, uuid: &str) -> BTreeSet<String> {
    let is_of = |letter: &&ReceivedWebhook| letter.kind() == kind;
    let letters = letters.iter().filter(is_of);
    letters
        .inspect(|letter| assert_eq!(letter.json()["data"]["object"]["uuid"], uuid))
        .map(ReceivedWebhook::id)
        .collect()
}

fn at_once(cases: &[KillCase], check: impl Fn(KillCase) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            let check = &check;
            std::thread::Builder::new()
                .name(format!("{case:?}"))
                .spawn_scoped(scope, move || check(*case))
                .unwrap();
        }
    });
}

#[test]
fn an_export_outlives_a_kill_between_any_two_steps_of_its_making() {
    let points =
        ["asked", "queued", "claimed", "writing", "written", "moved", "published", "finished"];
    let events = &["export_requested", "export_completed", "export_failed"][..];
    let cases = points.map(|point| KillCase { point, events, has_mail: true, is_once: false });
    at_once(&cases, |case| {
        let site = KillTestServer::new(case);
        let known = site.work_until_killed(case.point);
        // Work may begin before the answer is sent, so it may be lost at later points, too.
        if ["asked", "queued"].contains(&case.point) {
            assert_eq!(known, None, "{case:?}");
        }
        let server = site.data.serve();
        let uuid = uuid_of(&site.ask(&server));
        assert!(known.is_none_or(|known| known == uuid), "{case:?}");
        let export = site.ended(&server, &uuid);
        assert_eq!(export["state"], "completed", "{case:?}: {export}");
        let history = server.get(&site.token, &format!("{EXPORTS}?history=1")).ok();
        assert_eq!(history["meta"]["total"], 2, "{case:?}: it, and the undisturbed one");

        let letters = site.received_webhooks(&["export.requested", "export.completed"]);
        assert_eq!(ids(&letters, "export.requested", &uuid).len(), 1, "{case:?}");
        let completed = ids(&letters, "export.completed", &uuid);
        assert_eq!(completed.len(), 1, "{case:?}");
        let mail = site.mailbox.wait_for(1).remove(0);
        let id = completed.first().unwrap();
        assert!(mail.text.contains(&format!("<{id}@")), "{case:?}: {}", mail.text);
        // The next export is not blocked.
        super::accepted(&server, &site.token, &body());
    });
}

#[test]
fn a_notice_outlives_a_kill_between_any_two_steps_of_its_sending() {
    let points = [("notice_taken", 1), ("notice_sent", 2), ("notice_noted", 1)];
    let events = &["export_completed"][..];
    let by_webhook =
        points.map(|(point, _)| KillCase { point, events, has_mail: false, is_once: false });
    let by_mail =
        points.map(|(point, _)| KillCase { point, events: &[], has_mail: true, is_once: false });
    at_once(&[by_webhook, by_mail].concat(), |case| {
        let site = KillTestServer::new(case);
        let uuid = site.work_until_killed(case.point).unwrap();
        let server = site.data.serve();
        let times = points.iter().find(|(point, _)| *point == case.point).unwrap().1;
        if case.has_mail {
            let mails = site.mailbox.wait_for(times);
            let id = |text: &str| {
                text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned()
            };
            let ids: BTreeSet<String> = mails.iter().map(|mail| id(&mail.text)).collect();
            assert_eq!((mails.len(), ids.len()), (times, 1), "{case:?}: {ids:?}");
        } else {
            let letters = site.receiver.wait_for(HOOK, times);
            let ids = ids(&letters, "export.completed", &uuid);
            assert_eq!((letters.len(), ids.len()), (times, 1), "{case:?}");
        }
        assert_eq!(site.ended(&server, &uuid)["state"], "completed", "{case:?}");
    });
}

#[test]
fn a_download_outlives_a_kill_before_and_after_it_is_counted() {
    let events = &["export_downloaded"][..];
    let case = |point, is_once| KillCase { point, events, has_mail: false, is_once };
    let cases =
        [("transferred", false), ("transferred", true), ("counted", false), ("counted", true)];
    at_once(&cases.map(|(point, is_once)| case(point, is_once)), |case| {
        let site = KillTestServer::new(case);
        let uuid = site.work_until_killed(case.point).unwrap();
        let server = site.data.serve();
        let is_counted = case.point == "counted";
        let before = status(&server, &site.token, &uuid);
        assert_eq!(before["download_count"], i64::from(is_counted), "{case:?}");
        if is_counted && case.is_once {
            let gone = server.get(&site.token, &format!("{EXPORTS}/{uuid}"));
            assert_eq!(
                (outcome(&gone), &before["state"]),
                ("400 export_gone".to_owned(), &json!("downloaded"))
            );
        } else {
            assert!(site.peek(&server, &uuid).is_some(), "{case:?}");
        }
        let letters = site.received_webhooks(&["export.downloaded"]);
        let count =
            |letter: &ReceivedWebhook| letter.json()["data"]["object"]["download_count"].as_i64();
        let first: Vec<_> = letters.iter().filter(|letter| count(letter) == Some(1)).collect();
        assert!(first.iter().all(|letter| letter.id() == first[0].id()), "{case:?}");
    });
}

/// Returns both files of a group and their common revision.
fn of_group(server: &Server, token: &str, uuids: &[String]) -> (Vec<String>, i64) {
    let exports: Vec<Value> = uuids.iter().map(|uuid| finished(server, token, uuid)).collect();
    assert!(exports.iter().all(|export| export["state"] == "completed"), "{exports:?}");
    let revisions: BTreeSet<i64> = exports.iter().map(|e| e["rev"].as_i64().unwrap()).collect();
    assert_eq!(revisions.len(), 1, "one revision: {exports:?}");
    let file = |uuid: &String| server.get(token, &format!("{EXPORTS}/{uuid}")).text();
    (uuids.iter().map(file).collect(), *revisions.first().unwrap())
}

/// The first worker dies while it works on the group; before another takes over, all its records
/// change.
#[test]
fn a_group_that_another_worker_takes_over_holds_one_revision() {
    for point in ["claimed", "written", "moved", "finished"] {
        let data = TestDataFolder::with_provider();
        data.configure(&IDLE.replace("[jobs]", "[jobs]\nlease_s = 5\nattempts_max = 1000"));
        let token = data.token(1);
        let server = data.serve();
        fill(&server, &token);
        let objects = json!({"object": null, "objects": ["customers", "invoices"],
            "columns": ["id"]});
        let body = january("", objects);
        let answer = super::ask(&server, &token, &body).ok();
        let uuid = |export: &Value| export["uuid"].as_str().unwrap().to_owned();
        let uuids: Vec<String> = answer["data"].as_array().unwrap().iter().map(uuid).collect();
        assert_eq!(uuids.len(), 2);
        Worker::start_until(&data, point).wait_for_end();
        let states: Vec<Value> =
            uuids.iter().map(|uuid| status(&server, &token, uuid)["state"].clone()).collect();
        let is_done = point == "finished";
        let expected = if is_done { "completed" } else { "processing" };
        assert_eq!(states, [expected, expected], "{point}: both or none");
        let at = "2024-01-20T00:00:00Z";
        let rows = [
            json!({"table": "customers", "row": {"id": 9, "name": "Cy", "created_at": at}}),
            json!({"table": "invoices", "row": {"id": 19, "customer_id": 9, "status": "open",
                "currency": "gbp", "subtotal": 1, "total": 1, "created_at": at}}),
        ];
        let lines = rows.map(|row| row.to_string()).join("\n");
        let import = server.request("POST", "/api/v1/import").token(&token);
        let revision =
            import.body("application/x-ndjson", lines.as_bytes()).send().ok()["revision"]
                .as_i64()
                .unwrap();
        let _second = Worker::start(&data);
        let (files, of_files) = of_group(&server, &token, &uuids);
        assert_eq!(of_files >= revision, !is_done, "{point}");
        let ends: Vec<&str> = files.iter().map(|file| file.lines().last().unwrap()).collect();
        assert_eq!(ends, if is_done { ["8", "18"] } else { ["9", "19"] }, "{point}");
    }
}

/// Returns the finished files of an export in the files folder, and the number of unfinished ones.
fn files_of(data: &TestDataFolder, uuid: &str) -> (Vec<Vec<u8>>, usize) {
    let root = data.folder.path().join("files");
    let entries = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let is_its =
        |path: &&std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(uuid);
    let making = entries(&root.join("making")).iter().filter(is_its).count();
    let months =
        entries(&root).into_iter().filter(|path| path.is_dir() && !path.ends_with("making"));
    let placed: Vec<_> = months.flat_map(|month| entries(&month)).collect();
    // Files may disappear between the listing and the reading.
    (placed.iter().filter(is_its).filter_map(|path| std::fs::read(path).ok()).collect(), making)
}

/// A worker that is held up beyond its lease continues after another one has made the file.
#[test]
fn a_worker_that_comes_back_too_late_does_no_harm() {
    for point in ["claimed", "written", "published"] {
        let data = TestDataFolder::with_provider();
        data.configure(&IDLE.replace("[jobs]", "[jobs]\nlease_s = 5\nattempts_max = 1000"));
        let token = data.token(1);
        let server = data.serve();
        fill(&server, &token);
        let uuid = super::accepted(&server, &token, &january("invoices", json!({})));
        let (_late, held_up) = Worker::held_up_at(&data, point);
        let _second = Worker::start(&data);
        assert_eq!(finished(&server, &token, &uuid)["state"], "completed", "{point}");
        let path = format!("{EXPORTS}/{uuid}");
        let file = server.get(&token, &path);
        assert_eq!((file.status, file.text().lines().count()), (200, 3), "{point}");
        std::fs::remove_file(held_up).unwrap();
        let deadline = Instant::now() + Duration::from_secs(EXPORT_SECS_MAX);
        while files_of(&data, &uuid) != (vec![file.body.clone()], 0) {
            assert!(Instant::now() < deadline, "{point}: {:?}", files_of(&data, &uuid));
            std::thread::yield_now();
        }
        let again = server.get(&token, &path);
        assert!(again.status == 200 && again.body == file.body, "{point}");
        assert_eq!(status(&server, &token, &uuid)["state"], "completed", "{point}");
    }
}

#[test]
fn a_package_that_was_half_in_its_place_is_made_again() {
    let data = TestDataFolder::with_provider();
    data.configure(&format!("{BASE}[jobs]\nlease_s = 5\nattempts_max = 1000\n"));
    let token = data.token(1);
    let server = data.serve();
    fill(&server, &token);
    let body = json!({"object": "accounting", "month": "2024-01", "currency": "usd"});
    let (_, expected) = super::made(&server, &token, &body);
    drop(server);
    let mut server = data.serve_until("moved");
    let uuid = super::accepted(&server, &token, &body);
    let deadline = Instant::now() + Duration::from_secs(EXPORT_SECS_MAX);
    while !server.has_ended() {
        assert!(Instant::now() < deadline, "it is never reached");
        std::thread::yield_now();
    }
    let server = data.serve();
    assert_eq!(finished(&server, &token, &uuid)["state"], "completed");
    let path = format!("{EXPORTS}/{uuid}");
    assert!(server.get(&token, &path).body == expected.body);
    assert_eq!(server.get(&token, &format!("{path}?bundle=full")).status, 200);
}
