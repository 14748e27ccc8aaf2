//! Webhooks on the command line, and the doctor's findings about notices.

use std::process::Output;

use serde_json::{Value, json};

use super::mailbox::Mailbox;
use super::receiver::{ReceiverReply, WebhookReceiver};
use super::site::LOCAL;
use crate::server::{TestDataFolder, program, run};

fn webhook(data: &TestDataFolder, arguments: &[&str]) -> Output {
    let (action, rest) = arguments.split_first().unwrap();
    let whose = ["webhook", action, "--data", data.path(), "--provider", "1"];
    program().args(whose).args(rest).output().unwrap()
}

fn shown(data: &TestDataFolder, arguments: &[&str]) -> Value {
    let output = webhook(data, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn webhooks_are_managed_without_a_server() {
    let receiver = WebhookReceiver::start();
    let data = TestDataFolder::with_provider();
    data.configure(LOCAL);
    let url = receiver.url("/a");
    let made = shown(&data, &["create", "--url", &url, "--events", "export_failed"]);
    assert_eq!(made["events"], json!(["export_failed"]));
    let secret = made["secret"].as_str().unwrap();
    assert!(receiver.received()[0].is_signed_with(secret));
    let id = made["id"].to_string();
    let listed = shown(&data, &["list"]);
    assert_eq!((&listed[0]["url"], listed[0].get("secret")), (&json!(url), None));
    let table = webhook(&data, &["list", "--format", "table"]);
    assert!(said(&table).contains("export_failed"), "{}", said(&table));

    assert_eq!(shown(&data, &["test", &id])["status_code"], 200);
    receiver.reply("/a", &[ReceiverReply::Status(500)]);
    let failed = webhook(&data, &["test", &id]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(said(&failed).contains("ERR-5xx"), "{}", said(&failed));
    let rotated = shown(&data, &["rotate-secret", &id]);
    assert_ne!(rotated["secret"], secret);
    assert_eq!(shown(&data, &["test", &id])["state"], "OK");
    assert!(receiver.received()[3].is_signed_with(rotated["secret"].as_str().unwrap()));
    assert_eq!(shown(&data, &["deliveries", &id]), json!([]));

    let again = webhook(&data, &["create", "--url", &url]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("already been taken"), "{}", said(&again));
    shown(&data, &["delete", &id]);
    let gone = webhook(&data, &["test", &id]);
    assert!(said(&gone).contains("no such webhook"), "{}", said(&gone));
    assert_eq!(shown(&data, &["list"]), json!([]));
}

#[test]
fn the_doctor_looks_at_mail_and_webhooks_and_says_how_to_mend_them() {
    let (receiver, mailbox) = (WebhookReceiver::start(), Mailbox::start());
    let data = TestDataFolder::with_provider();
    let url = "[server]\npublic_url = \"https://rollbook.example\"\n";
    let healthy = format!("{LOCAL}{url}{}", mailbox.settings());
    let doctor = |settings: &str| {
        data.configure(settings);
        let output = program().args(["doctor", "--data", data.path()]).output().unwrap();
        let lines = said(&output);
        let about = |subject: &str| {
            lines.lines().any(|line| line.starts_with('W') && line.contains(subject))
        };
        (about(" mail "), about("links in mails"), about("webhooks"), lines.clone())
    };
    let is = |found: (bool, bool, bool, String), expected: (bool, bool, bool)| {
        assert_eq!((found.0, found.1, found.2), expected, "{}", found.3);
        found.3
    };
    assert!(is(doctor(""), (false, false, false)).contains("no mail is sent"));
    is(doctor(&healthy), (false, false, false));
    run(&[
        "webhook",
        "create",
        "--data",
        data.path(),
        "--provider",
        "1",
        "--url",
        &receiver.url("/a"),
    ]);
    assert!(is(doctor(&healthy), (false, false, false)).contains("1 enabled"));
    is(doctor(&format!("{LOCAL}{}", mailbox.settings())), (false, true, false));
    let strict = healthy.replace("allow_http = true", "allow_http = false");
    assert!(is(doctor(&strict), (false, false, true)).contains("webhooks.allow_http"));
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let nobody = healthy.replace(&format!("port = {}", mailbox.port), &format!("port = {closed}"));
    assert!(is(doctor(&nobody), (true, false, false)).contains("smtp.host"));
}
