//! Creation, change, validation and removal of webhooks.

use serde_json::{Value, json};

use super::receiver::{ReceiverReply, WebhookReceiver};
use super::site::{LOCAL, NoticeServer, WEBHOOKS, blamed};

#[test]
fn a_webhook_is_shown_without_its_secret_changed_and_removed() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let body =
        json!({"url": receiver.url("/a"), "events": ["export.completed"], "description": "ours"});
    let mut made = site.send("POST", WEBHOOKS, &body).ok()["data"].clone();
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert_eq!(secret.as_str().unwrap().len(), 44);
    let names: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "id",
        "url",
        "description",
        "events",
        "all_events_enabled",
        "status",
        "created_at",
        "updated_at",
    ];
    assert_eq!(names, expected);
    assert_eq!((&made["description"], &made["status"]), (&json!("ours"), &json!("enabled")));
    let path = format!("{WEBHOOKS}/{}", made["id"]);
    assert_eq!(site.get(&path)["data"], made);
    assert_eq!(site.get(WEBHOOKS)["data"], json!([made]));

    let change = json!({"description": null, "events": ["export_failed", "export_requested"]});
    let changed = site.send("PUT", &path, &change).ok()["data"].clone();
    assert_eq!(changed["events"], json!(["export_requested", "export_failed"]));
    assert_eq!((&changed["description"], &changed["url"]), (&Value::Null, &made["url"]));
    assert_eq!(receiver.received().len(), 1, "only another URL is tried");
    site.send("PUT", &path, &json!({"url": receiver.url("/b")})).ok();
    assert_eq!(receiver.received()[1].path, "/b");
    assert!(receiver.received()[1].is_signed_with(secret.as_str().unwrap()));
    receiver.reply("/c", &[ReceiverReply::Status(204)]);
    let refused = site.send("PUT", &path, &json!({"url": receiver.url("/c")}));
    assert_eq!(blamed(&refused), ["url"]);
    assert_eq!(site.get(&path)["data"]["url"], receiver.url("/b"));

    assert_eq!(site.send("DELETE", &path, &Value::Null).status, 200);
    assert_eq!(site.get(WEBHOOKS)["data"], json!([]));
    for (method, path) in [
        ("GET", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/rotate_secret")),
        ("GET", format!("{path}/deliveries")),
        ("GET", format!("{path}/deliveries/1")),
        ("POST", format!("{path}/deliveries/1/redeliver")),
        ("GET", format!("{WEBHOOKS}/x")),
    ] {
        let body = if method == "PUT" { json!({}) } else { Value::Null };
        let answer = site.send(method, &path, &body);
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{path}");
    }
    let wrong = site.send("POST", &format!("{path}/deliveries"), &Value::Null);
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn wrong_fields_are_named_and_nothing_is_sent() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let url = receiver.url("/a");
    for (body, fields) in [
        (json!({}), "events url"),
        (json!({"url": url}), "events"),
        (json!({"url": url, "events": []}), "events"),
        (json!({"url": url, "events": ["invoice_paid"]}), "events"),
        (json!({"url": "nowhere", "all_events_enabled": true}), "url"),
        (json!({"url": "http://example.com/", "all_events_enabled": true}), "url"),
        (json!({"url": url, "all_events_enabled": true, "status": "on"}), "status"),
        (
            json!({"url": url, "all_events_enabled": 1, "secret": "x"}),
            "all_events_enabled events secret",
        ),
    ] {
        let found = blamed(&site.send("POST", WEBHOOKS, &body));
        assert_eq!(found.join(" "), fields, "{body}");
    }
    assert_eq!(receiver.received().len(), 0);
    let raw = |kind: &str, body: &str| {
        let request = site.server.request("POST", WEBHOOKS).token(&site.token);
        request.body(kind, body.as_bytes()).send()
    };
    assert_eq!(raw("text/plain", "{}").status, 415);
    assert_eq!(raw("application/json", "[").json()["code"], "invalid_json");
    assert_eq!(raw("application/json", r#"{"url": "a", "url": "b"}"#).status, 400);
}

#[test]
fn a_url_stands_once_and_ten_are_enough() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    let hooks: Vec<Value> =
        (0..10).map(|n| site.hook(&receiver, &format!("/{n}"), &["export_failed"])).collect();
    let body = |path: &str| json!({"url": receiver.url(path), "events": ["export_failed"]});
    assert_eq!(blamed(&site.send("POST", WEBHOOKS, &body("/3"))), ["url"]);
    assert_eq!(blamed(&site.send("POST", WEBHOOKS, &body("/10"))), [""; 0]);
    let path = format!("{WEBHOOKS}/{}", hooks[4]["id"]);
    assert_eq!(blamed(&site.send("PUT", &path, &body("/3"))), ["url"]);
    site.send("PUT", &path, &body("/4")).ok();
    assert_eq!(receiver.received().len(), 10, "what is refused is not tried");
    site.send("DELETE", &path, &Value::Null).ok();
    site.send("POST", WEBHOOKS, &body("/10")).ok();
}

#[test]
fn webhooks_are_their_providers_and_want_the_permission() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new(LOCAL);
    site.data.add_provider(2, "UTC", "eur");
    let hook = site.hook(&receiver, "/a", &["export_requested"]);
    site.export();
    receiver.wait_for("/a", 1);
    let delivery = site.log(&hook, |rows| !rows.is_empty()).remove(0);
    let of = |arguments: &[&str]| site.data.token_with(arguments);
    let stranger = of(&["--provider", "2"]);
    let clerk = of(&["--provider", "1", "--permissions", "customers"]);
    let reader = of(&["--provider", "1", "--read-only"]);
    let path = format!("{WEBHOOKS}/{}", hook["id"]);
    let log = format!("{path}/deliveries");
    for (token, method, path, status) in [
        (&stranger, "GET", &path, 404),
        (&stranger, "DELETE", &path, 404),
        (&stranger, "GET", &log, 404),
        (&stranger, "GET", &format!("{log}/{}", delivery["id"]), 404),
        (&stranger, "POST", &format!("{log}/{}/redeliver", delivery["id"]), 404),
        (&stranger, "POST", &format!("{path}/rotate_secret"), 404),
        (&clerk, "GET", &path, 403),
        (&reader, "GET", &path, 200),
        (&reader, "GET", &log, 200),
        (&reader, "DELETE", &path, 403),
        (&reader, "POST", &format!("{path}/rotate_secret"), 403),
        (&"nobody".to_owned(), "GET", &path, 401),
    ] {
        let answer = site.server.request(method, path).token(token).send();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.json().get("message").is_some() || status == 200, "{}", answer.text());
    }
    let listed = site.server.get(&stranger, WEBHOOKS).ok();
    assert_eq!(listed["data"], json!([]));
    assert_eq!(site.get(&path)["data"]["id"], hook["id"]);
}

#[test]
fn this_machine_and_private_networks_are_out_of_reach_unless_allowed() {
    let receiver = WebhookReceiver::start();
    let port = receiver.url("").rsplit(':').next().unwrap().to_owned();
    let local = [
        format!("https://127.0.0.1:{port}/a"),
        format!("https://localhost:{port}/a"),
        format!("https://[::1]:{port}/a"),
        "https://10.0.0.1/a".to_owned(),
        "https://192.88.99.1/a".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
    ];
    for settings in ["", "[webhooks]\nallow_http = true\n"] {
        let site = NoticeServer::new(settings);
        let refused = |url: &str, setting: &str| {
            let answer =
                site.send("POST", WEBHOOKS, &json!({"url": url, "all_events_enabled": true}));
            assert_eq!(blamed(&answer), ["url"], "{url}");
            assert!(answer.text().contains(setting), "{url}: {}", answer.text());
        };
        local.iter().for_each(|url| refused(url, "webhooks.allow_private"));
        if settings.is_empty() {
            refused(&receiver.url("/a"), "webhooks.allow_http");
            refused(&format!("http://localhost:{port}/a"), "webhooks.allow_http");
        }
        refused("http://10.0.0.1/a", "https://");
        assert_eq!(site.get(WEBHOOKS)["data"], json!([]));
    }
    assert_eq!(receiver.received().len(), 0);
}

#[test]
fn this_machine_is_told_without_encryption_where_that_is_allowed_alone() {
    let receiver = WebhookReceiver::start();
    let site = NoticeServer::new("[webhooks]\nallow_http = true\n");
    site.hook(&receiver, "/a", &["export_requested"]);
    site.export();
    assert_eq!(receiver.wait_for("/a", 1)[0].kind(), "export.requested");
}

/// Callers cannot use webhooks to find out which names an internal network knows.
#[test]
fn an_unknown_name_and_one_that_leads_inside_are_refused_alike() {
    let site = NoticeServer::new("");
    let refused = |host: &str| {
        let body = json!({"url": format!("https://{host}/a"), "all_events_enabled": true});
        let answer = site.send("POST", WEBHOOKS, &body);
        assert_eq!(blamed(&answer), ["url"]);
        answer.json()["errors"]["url"].clone()
    };
    let unknown = refused("no-such-name.invalid");
    // A name of the test machine that leads to itself, on any machine.
    let inside = refused("localhost.");
    assert_eq!(unknown, inside);
    assert!(unknown.to_string().contains("webhooks.allow_private"), "{unknown}");
}
