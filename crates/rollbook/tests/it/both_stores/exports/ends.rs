//! Exports that are not ready, have ended, or belong to others. Rule: spec/exports.md §5, §6, §7.2.

use serde_json::json;

use super::{BASE, EXPORTS, IDLE, accepted, business, fill, january, made, outcome, status};
use crate::notices::receiver::WebhookReceiver;
use crate::server::{TestDataFolder, Worker, program};

#[test]
fn a_file_is_not_there_until_a_worker_has_made_it() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    let uuid = accepted(&server, &token, &january("invoices", json!({})));
    let path = format!("{EXPORTS}/{uuid}");
    let early = server.get(&token, &path);
    assert_eq!(outcome(&early), "404 export_not_ready");
    assert_eq!(early.json()["message"], "The export is not yet ready to be downloaded.");
    assert_eq!(early.header("retry-after"), Some("2"));
    let asked = server.get(&token, &format!("{path}/status"));
    assert_eq!((asked.status, asked.header("retry-after")), (200, Some("2")));
    assert_eq!(outcome(&server.get(&token, &format!("{path}/manifest"))), "404 export_not_found");
    let removed = server.request("DELETE", &path).token(&token).send();
    assert_eq!(outcome(&removed), "409 export_not_finished");
    let _worker = Worker::start(&data);
    let export = super::finished(&server, &token, &uuid);
    assert_eq!((&export["state"], &export["rows"]), (&json!("completed"), &json!(2)));
    assert!(export["finished_at"].is_i64() && export["expires_at"].is_i64());
    assert_eq!(export["progress"]["percent"], 100);
}

#[test]
fn a_canceled_export_leaves_nothing_and_makes_room_for_another() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    let body = january("invoices", json!({}));
    let uuid = accepted(&server, &token, &body);
    let cancel =
        || server.request("POST", &format!("{EXPORTS}/{uuid}/cancel")).token(&token).send();
    let canceled = cancel().ok();
    assert_eq!(canceled["data"]["state"], "canceled");
    assert_eq!(canceled["data"]["failed_reason"], json!(null));
    assert_eq!(cancel().ok()["data"]["state"], "canceled");
    let file = server.get(&token, &format!("{EXPORTS}/{uuid}"));
    assert_eq!(outcome(&file), "404 export_failed");
    assert_eq!(
        file.json()["message"],
        "The requested file was not found, please try to export again."
    );
    let removed = server.request("DELETE", &format!("{EXPORTS}/{uuid}")).token(&token).send();
    assert_eq!(removed.ok()["data"]["state"], "canceled");
    accepted(&server, &token, &body);
}

#[test]
fn a_removed_file_is_gone() {
    let (data, token) = business(BASE);
    let server = data.serve();
    let (export, _) = made(&server, &token, &january("invoices", json!({})));
    let path = format!("{EXPORTS}/{}", export["uuid"].as_str().unwrap());
    let cancel = server.request("POST", &format!("{path}/cancel")).token(&token).send();
    assert_eq!(outcome(&cancel), "409 export_finished");
    for _ in 0..2 {
        let removed = server.request("DELETE", &path).token(&token).send().ok();
        assert_eq!(removed["data"]["state"], "expired");
    }
    assert_eq!(outcome(&server.get(&token, &path)), "400 export_gone");
    let manifest = server.get(&token, &format!("{path}/manifest")).ok();
    assert_eq!(manifest["rows"], 2, "what the file was is known still");
}

#[test]
fn a_lost_file_fails_its_export() {
    let local = "[webhooks]\nallow_http = true\nallow_private = true\n";
    let (data, token) = business(&format!("{BASE}{local}"));
    let server = data.serve();
    let receiver = WebhookReceiver::start();
    let hook = json!({"url": receiver.url("/failed"), "events": ["export_failed"]});
    super::ask_at(&server, &token, "/api/v1/core/webhooks", &hook).ok();
    let (export, _) = made(&server, &token, &january("invoices", json!({})));
    let uuid = export["uuid"].as_str().unwrap();
    let doctor = || {
        let output = program().args(["doctor", "--data", data.path()]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().find(|line| line.contains(" files ")).unwrap().to_owned()
    };
    assert!(doctor().starts_with("ok "), "{}", doctor());
    let files = data.folder.path().join("files");
    let months = std::fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path());
    for month in months.filter(|path| path.is_dir() && !path.ends_with("making")) {
        std::fs::remove_dir_all(month).unwrap();
    }
    let found = doctor();
    assert!(found.starts_with("WRONG ") && found.contains(uuid), "{found}");
    let path = format!("{EXPORTS}/{uuid}");
    assert_eq!(outcome(&server.get(&token, &path)), "500 file_missing");
    let lost = server.get(&token, &path);
    assert_eq!(outcome(&lost), "404 export_failed");
    assert_eq!(lost.json()["failed_reason"], "file_missing");
    assert_eq!(status(&server, &token, uuid)["failed_reason"], "file_missing");
    let told = receiver.wait_for("/failed", 1).remove(0).json();
    let told = &told["data"]["object"];
    assert_eq!((&told["uuid"], &told["failed_reason"]), (&json!(uuid), &json!("file_missing")));
    assert!(doctor().starts_with("ok "), "{}", doctor());
}

#[test]
fn a_damaged_file_is_not_sent() {
    use std::os::unix::fs::FileExt;
    let (data, token) = business(BASE);
    let server = data.serve();
    let (export, file) = made(&server, &token, &january("invoices", json!({})));
    let path = format!("{EXPORTS}/{}", export["uuid"].as_str().unwrap());
    assert_eq!(server.get(&token, &path).status, 200);
    let folders = std::fs::read_dir(data.folder.path().join("files")).unwrap();
    let files: Vec<_> = folders
        .map(|folder| folder.unwrap().path())
        .filter(|folder| folder.is_dir() && !folder.ends_with("making"))
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    let [stored] = &files[..] else { panic!("{files:?}") };
    let mut bytes = std::fs::read(stored).unwrap();
    assert_eq!(bytes, file.body);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let opened = std::fs::File::options().write(true).open(stored).unwrap();
    opened.write_all_at(&bytes[middle..=middle], middle as u64).unwrap();
    let whole = server.get(&token, &path);
    assert_eq!(outcome(&whole), "500 file_missing");
    assert_eq!(outcome(&server.get(&token, &path)), "404 export_failed");
}

#[test]
fn nobody_sees_the_exports_of_another_provider() {
    let data = TestDataFolder::with_provider();
    data.configure(BASE);
    data.add_provider(2, "UTC", "usd");
    let (token, other) = (data.token(1), data.token(2));
    let server = data.serve();
    fill(&server, &token);
    let (export, _) = made(&server, &token, &january("invoices", json!({})));
    let uuid = export["uuid"].as_str().unwrap();
    for uuid in [uuid, "01970000-0000-7000-8000-000000000000", "x", "%00", "1"] {
        for end in ["", "/status", "/manifest"] {
            let answer = server.get(&other, &format!("{EXPORTS}/{uuid}{end}"));
            assert_eq!(outcome(&answer), "404 export_not_found", "{uuid}{end}");
        }
    }
    let cancel = server.request("POST", &format!("{EXPORTS}/{uuid}/cancel")).token(&other).send();
    assert_eq!(outcome(&cancel), "404 export_not_found");
    assert_eq!(server.get(&other, &format!("{EXPORTS}?history=1")).ok()["meta"]["total"], 0);
    let upper = server.get(&token, &format!("{EXPORTS}/{}", uuid.to_uppercase()));
    assert_eq!(upper.status, 200);
}

#[test]
fn a_full_disk_fails_an_export_and_leaves_no_part() {
    let configuration = BASE.replace("min_free_disk_mb = 0", "min_free_disk_mb = 100000000000");
    let (data, token) = business(&configuration);
    let server = data.serve();
    let uuid = accepted(&server, &token, &january("invoices", json!({})));
    let export = super::finished(&server, &token, &uuid);
    assert_eq!(
        (&export["state"], &export["failed_reason"]),
        (&json!("failed"), &json!("disk_full"))
    );
    let making = data.folder.path().join("files/making");
    assert_eq!(std::fs::read_dir(making).unwrap().count(), 0);
}
