//! Requests for exports that are accepted or refused. Rule: spec/exports.md §2, §4, vectors §13.

use serde_json::{Value, json};

use super::{BASE, EXPORTS, IDLE, accepted, ask, ask_at, business, fill, january, outcome};
use crate::server::TestDataFolder;

/// Each rule of the body is broken once. Status, code, field and message are right, and nothing is
/// queued.
#[test]
fn broken_rules_name_status_code_field_and_message_and_queue_nothing() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    let wrong = "The given data was invalid.";
    let accounting = |extra: Value| {
        let mut body = json!({"object": "accounting", "month": "2024-01-01", "currency": "usd"});
        let members = body.as_object_mut().unwrap();
        for (name, value) in extra.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        body
    };
    for (body, expected, message) in [
        (json!({}), "400 validation_failed object", wrong),
        (json!({"object": "invoices"}), "400 validation_failed date_from,date_to", wrong),
        (json!({"object": "accounting"}), "400 validation_failed currency,month", wrong),
        (january("invoices", json!({"status": "Paid"})), "400 validation_failed status", wrong),
        (january("invoices", json!({"status": "active"})), "400 validation_failed status", wrong),
        (january("invoices", json!({"plan": 5})), "400 validation_failed plan", wrong),
        (january("invoices", json!({"mode": "all"})), "400 validation_failed mode", wrong),
        (january("invoices", json!({"site_id": 1})), "400 validation_failed site_id", wrong),
        (january("invoices", json!({"format": "pdf"})), "400 validation_failed format", wrong),
        (january("invoices", json!({"columns": "x"})), "400 validation_failed columns", wrong),
        (january("invoices", json!({"layout": "long"})), "400 validation_failed layout", wrong),
        (january("payments", json!({"row_per": "line"})), "400 validation_failed row_per", wrong),
        (january("payments", json!({"category": "card"})), "400 validation_failed category", wrong),
        (january("payments", json!({"currency": "USD"})), "400 validation_failed currency", wrong),
        (
            january("invoices", json!({"date_from": 1_704_067_200_000_i64})),
            "400 validation_failed date_from",
            wrong,
        ),
        (accounting(json!({"currency": "USD"})), "400 validation_failed currency", wrong),
        (accounting(json!({"month": "2024-02-30"})), "400 validation_failed month", wrong),
        (accounting(json!({"month": "2999-01"})), "400 validation_failed month", wrong),
        (accounting(json!({"month": "2023-12"})), "400 validation_failed month", wrong),
        (
            accounting(json!({"currency": "kwd"})),
            "400 nothing_to_export currency",
            "Nothing to export",
        ),
        (
            january("invoices", json!({"date_to": 1})),
            "400 invalid_date_range date_to",
            "Invalid date range",
        ),
        (
            january("invoices", json!({"date_to": "2024-07-01T01:00:01Z"})),
            "400 invalid_date_range date_to",
            "Invalid date range",
        ),
        (january("refunds", json!({})), "400 nothing_to_export", "Nothing to export"),
        (
            january("", json!({"object": null, "objects": ["refunds", "orders"]})),
            "400 nothing_to_export",
            "Nothing to export",
        ),
        (
            january("", json!({"object": null, "objects": ["invoices", "accounting"]})),
            "400 validation_failed objects",
            wrong,
        ),
    ] {
        let answer = ask(&server, &token, &body);
        assert_eq!(outcome(&answer), expected, "{body}");
        assert_eq!(answer.json()["message"], message, "{body}");
    }
    let post = |content_type: &str, body: &[u8]| {
        outcome(&server.request("POST", EXPORTS).token(&token).body(content_type, body).send())
    };
    let large = format!("{{\"object\":\"{}\"}}", "x".repeat(1 << 20));
    for (content_type, body, expected) in [
        ("text/plain", &b"{}"[..], "415 unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"object=invoices", "415 unsupported_media_type"),
        ("application/json", b"", "400 invalid_json"),
        ("application/json", b"[]", "400 invalid_json"),
        ("application/json", b"{\"object\":", "400 invalid_json"),
        ("application/json", b"{\"mode\":\"x\",\"mode\":\"x\"}", "400 invalid_json"),
        ("application/json", b"\xff", "400 invalid_json"),
        ("application/json", large.as_bytes(), "413 request_too_large"),
    ] {
        assert_eq!(post(content_type, body), expected);
    }
    let key = server.request("POST", EXPORTS).token(&token).header("Idempotency-Key", "a b");
    let key = key.body("application/json", b"{}").send();
    assert_eq!(outcome(&key), "400 validation_failed Idempotency-Key");
    let history = server.get(&token, &format!("{EXPORTS}?history=1")).ok();
    assert_eq!(history["meta"]["total"], 0, "{history}");
}

#[test]
fn checks_before_the_body_answer_in_the_order_of_the_dialect() {
    let data = TestDataFolder::with_provider();
    data.configure(IDLE);
    data.add_provider(2, "UTC", "usd");
    data.add_provider(3, "UTC", "usd");
    let (token, other) = (data.token(1), data.token(2));
    let both = data.token_with(&["--provider", "1", "--provider", "2"]);
    let poor = data.token_with(&["--provider", "1", "--permissions", "revenue"]);
    let clerk = data.token_with(&["--provider", "1", "--permissions", "exports"]);
    let server = data.serve();
    fill(&server, &token);
    fill(&server, &other);
    let site = |token: &str, id: i64| {
        let row = json!({"id": id, "name": "S"}).to_string();
        server.import(token, "sites", "application/x-ndjson", row.as_bytes()).ok();
    };
    site(&token, 1);
    site(&other, 2);
    let body = january("invoices", json!({}));
    let wrong = json!({});
    let accounting = json!({"object": "accounting", "month": "2024-01", "currency": "usd"});
    let at = |query: &str| format!("{EXPORTS}{query}");
    for (token, path, body, expected) in [
        ("nobody", at(""), &wrong, "401 authentication_failed"),
        (poor.as_str(), at(""), &wrong, "403 permission_denied"),
        (&token, at(""), &wrong, "400 validation_failed site_id"),
        (&token, at("?site_id=x"), &wrong, "400 validation_failed site_id"),
        (&token, at("?site_id=2"), &wrong, "403 site_forbidden"),
        (&token, at("?site_id=9"), &wrong, "403 site_forbidden"),
        (&token, at("?site_id=1"), &wrong, "400 validation_failed object"),
        (&clerk, at("?site_id=1"), &accounting, "403 permission_denied"),
        (&both, at(""), &body, "400 provider_header_missing"),
        (&both, at("?site_id=9"), &body, "400 provider_header_missing"),
        (&both, at("?site_id=1"), &wrong, "400 validation_failed object"),
    ] {
        assert_eq!(outcome(&ask_at(&server, token, &path, body)), expected, "{path} {body}");
    }
    let unauthenticated = ask_at(&server, "nobody", EXPORTS, &wrong);
    assert_eq!(unauthenticated.json()["message"], "Unauthenticated.");
    // The site in the query selects the account; it is not a filter.
    let answer = ask_at(&server, &both, &at("/?site_id=2"), &body).ok();
    assert_eq!(answer["data"]["account_id"], 2);
    assert_eq!(answer["data"]["filters"]["site_id"], Value::Null);
    // Routes that only read check the site only if one is given.
    assert_eq!(server.get(&token, EXPORTS).status, 200);
    assert_eq!(outcome(&server.get(&token, &at("?site_id=2"))), "403 site_forbidden");
    for (method, path, allow) in [
        ("PUT", at(""), "GET, HEAD, POST, OPTIONS"),
        ("POST", at("/x"), "DELETE, GET, HEAD, OPTIONS"),
        ("POST", at("/x/status"), "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.request(method, &path).token(&token).send();
        assert_eq!(outcome(&answer), "405 method_not_allowed", "{path}");
        let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
        let mut expected: Vec<&str> = allow.split(", ").collect();
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected);
    }
    assert_eq!(outcome(&server.get(&token, "/api/v1/core/nothing")), "404 not_found");
}

#[test]
fn a_closed_account_is_answered_with_the_status_that_is_set() {
    for (status, configuration) in
        [(401, IDLE.to_owned()), (403, IDLE.replace("[exports]", "[exports]\ngate_status = 403"))]
    {
        let (data, token) = business(&configuration);
        let set =
            ["provider", "set", "--data", data.path(), "--id", "1", "--exports-enabled", "false"];
        crate::server::run(&set);
        let server = data.serve();
        let answer = ask(&server, &token, &json!({}));
        assert_eq!(outcome(&answer), format!("{status} exports_not_enabled"));
        assert_eq!(answer.json()["message"], "Exports are not enabled for this account.");
    }
}

#[test]
fn one_export_of_a_type_is_unfinished_at_a_time() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    accepted(&server, &token, &january("invoices", json!({})));
    let again = ask(&server, &token, &january("invoices", json!({"status": "paid"})));
    assert_eq!(outcome(&again), "400 export_in_progress object");
    assert_eq!(again.json()["message"], "Export in progress");
    accepted(&server, &token, &january("payments", json!({})));
    accepted(&server, &token, &january("credit_note", json!({})));
    let other_name = ask(&server, &token, &january("credit_notes", json!({})));
    assert_eq!(outcome(&other_name), "400 export_in_progress object");
    // A group that contains an unfinished type is refused as a whole.
    let group = january("", json!({"object": null, "objects": ["customers", "payments"]}));
    assert_eq!(outcome(&ask(&server, &token, &group)), "400 export_in_progress object");
    accepted(&server, &token, &january("customers", json!({})));

    let several = IDLE.replace("[exports]", "[exports]\none_per_type = false\nmax_queued = 2");
    let (data, token) = business(&several);
    let server = data.serve();
    let body = january("invoices", json!({}));
    accepted(&server, &token, &body);
    accepted(&server, &token, &body);
    let third = ask(&server, &token, &body);
    assert_eq!(outcome(&third), "429 too_many_exports");
    assert_eq!(third.header("retry-after"), Some("30"));
}

#[test]
fn of_requests_at_the_same_time_one_wins() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    let body = january("invoices", json!({}));
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ask(&server, &token, &body).status)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|status| **status == 200).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|status| **status == 400).count(), 7, "{outcomes:?}");
}

#[test]
fn a_key_is_answered_again_as_it_was() {
    let (data, token) = business(IDLE);
    let server = data.serve();
    let ask = |key: &str, body: &Value| {
        let request = server.request("POST", EXPORTS).token(&token).header("Idempotency-Key", key);
        request.body("application/json", body.to_string().as_bytes()).send()
    };
    let nothing = january("refunds", json!({}));
    assert_eq!(outcome(&ask("k", &nothing)), "400 nothing_to_export", "only 200 is remembered");
    let body = january("invoices", json!({}));
    let first = ask("k", &body).ok();
    assert_eq!(ask("k", &body).ok(), first);
    assert_eq!(outcome(&ask("k", &nothing)), "409 idempotency_conflict");
    assert_eq!(outcome(&ask("l", &body)), "400 export_in_progress object");
}

#[test]
fn strict_mode_takes_what_the_dialect_prints_and_nothing_else() {
    let (data, token) = business(&BASE.replace("[exports]", "[exports]\nstrict = true"));
    let server = data.serve();
    for (name, value) in [
        ("format", json!("csv")),
        ("columns", json!("id")),
        ("row_per", json!("record")),
        ("csv_dialect", json!("excel")),
        ("include_deleted", json!(true)),
        ("objects", json!(["invoices"])),
    ] {
        let answer = ask(&server, &token, &january("invoices", json!({name: value})));
        assert_eq!(outcome(&answer), format!("400 validation_failed {name}"));
    }
    let history = server.get(&token, &format!("{EXPORTS}?history=1"));
    assert_eq!(outcome(&history), "400 validation_failed history");
    accepted(&server, &token, &january("invoices", json!({})));
}

#[test]
fn the_answer_is_the_export_as_it_was_asked_for() {
    let (data, _) = business(IDLE);
    let token = data.token_with(&["--provider", "1", "--email", "ann@example.com"]);
    let server = data.serve();
    let body =
        january("invoices", json!({"status": "paid", "plan_id": 5, "columns": ["id", "total"]}));
    let export = ask(&server, &token, &body).ok()["data"].clone();
    assert_eq!(
        export["filters"],
        json!({"date_from": 1_704_067_200, "date_to": 1_706_745_599, "status": "paid"})
    );
    for (name, expected) in [
        ("account_id", json!(1)),
        ("object", json!("invoices")),
        ("user_email", json!("ann@example.com")),
        ("state", json!("queued")),
        ("mode", json!("full_data")),
        ("format", json!("csv")),
        ("columns", json!(["id", "total"])),
        ("ignored_filters", json!(["plan_id"])),
        ("started_at", Value::Null),
        ("finished_at", Value::Null),
        ("failed_reason", Value::Null),
        ("rows", Value::Null),
        ("download_count", json!(0)),
    ] {
        assert_eq!(export[name], expected, "{name}");
    }
    assert!(export["user_id"].is_i64() && export["created_at"].is_i64());
    let uuid = export["uuid"].as_str().unwrap();
    assert_eq!(&uuid[14..15], "7", "{uuid} is sorted by time");
    let later = super::status(&server, &token, uuid);
    assert_eq!(later, export);

    let catalogue = server.get(&token, EXPORTS).ok();
    let entries = catalogue["data"].as_array().unwrap();
    assert_eq!(entries.len(), 14);
    assert_eq!(
        (&entries[2]["object"], &entries[2]["exports"]),
        (&json!("invoices"), &json!([export]))
    );
    assert_eq!(entries[3]["exports"], json!([]));
    assert_eq!(server.get(&token, "/api/v1/core/export-attributes/").ok(), catalogue);
}

#[test]
fn the_history_comes_in_pages() {
    let (data, token) = business(&IDLE.replace("[exports]", "[exports]\none_per_type = false"));
    let server = data.serve();
    let mut uuids: Vec<String> = Vec::new();
    for object in ["invoices", "payments", "invoices"] {
        uuids.push(accepted(&server, &token, &january(object, json!({}))));
    }
    let history = |query: &str| server.get(&token, &format!("{EXPORTS}?history=1{query}"));
    let all = history("").ok();
    let found: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|e| e["uuid"].as_str().unwrap()).collect();
    assert_eq!(found, [&uuids[2], &uuids[1], &uuids[0]]);
    assert_eq!((&all["meta"]["per_page"], &all["meta"]["to"]), (&json!(10), &json!(3)));
    let page = history("&limit=2&page=2&object=credit_notes").ok();
    assert_eq!((&page["data"], &page["meta"]["from"]), (&json!([]), &Value::Null));
    let page = history("&limit=1&page=2&object=invoices&state=queued").ok();
    assert_eq!(page["data"][0]["uuid"], uuids[0].as_str());
    assert_eq!((&page["meta"]["total"], &page["meta"]["last_page"]), (&json!(2), &json!(2)));
    let previous = page["links"]["prev"].as_str().unwrap();
    let previous = server.get(&token, previous.trim_start_matches(&server.address)).ok();
    assert_eq!(previous["data"][0]["uuid"], uuids[2].as_str());
    for (query, field) in [
        ("&limit=101", "limit"),
        ("&page=0", "page"),
        ("&object=x", "object"),
        ("&state=x", "state"),
    ] {
        assert_eq!(outcome(&history(query)), format!("400 validation_failed {field}"));
    }
}
