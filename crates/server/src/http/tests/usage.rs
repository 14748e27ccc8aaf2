//! Usage of memberships over HTTP. Rule: spec/usage.md.

use std::io::Write;

use axum::body::Body;
use model::id::ProviderId;
use model::permission::Permission;
use serde_json::{Value, json};
use store::token::TokenGrant;
use usage::xml::{ListStyle, json_to_xml};

use super::site::{NOW_S, Reply, Site, full_grant, request};
use testkit::jwt::hs256_token;

/// The membership of spec/usage.md §3: customer 7's, shared with customer 8.
const HELD: &str = "/api/v2/customer_memberships/70/usage";
const UPGRADE: &str = "/api/v2/customer_memberships/71/upgrade_preview";
const MANY: &str = "/api/v2/customer_memberships/usage";

/// The answer of spec/usage.md §3, as printed there but for the white space.
const PRINTED: &str = concat!(
    r#"{"usage_periods":[{"bookable_count":1,"end_date":"2025-11-30","max_uses":6,"#,
    r#""offering_type_limits":[{"bookable_count":0,"is_extra":false,"max_uses":2,"#,
    r#""offering_type":{"id":12,"name":"HIIT"},"#,
    r#""prorate_adjustment":{"active_days":23,"#,
    r#""holds":[{"end_date":"2025-11-16","start_date":"2025-11-10"}],"#,
    r#""original_max_uses":3,"prorated_max_uses":2,"total_days":30},"#,
    r#""remaining_count":0,"used_count":2}],"period_type":"month","#,
    r#""prorate_adjustment":{"active_days":23,"#,
    r#""holds":[{"end_date":"2025-11-16","start_date":"2025-11-10"}],"#,
    r#""original_max_uses":8,"prorated_max_uses":6,"total_days":30},"#,
    r#""remaining_count":1,"start_date":"2025-11-01","type":"event","used_count":5}]}"#,
);

/// A provider with the memberships of spec/usage.md §3 and §12: 70 of §3, 71 of the upgrade, 72
/// deleted, 73 a pack, 74 unlimited.
struct Studio {
    site: Site,
    token: String,
}

impl Studio {
    async fn new() -> Self {
        Self::of(Site::new()).await
    }

    async fn of(site: Site) -> Self {
        let studio = Self { token: site.token(full_grant()), site };
        let hiit = json!({"offering_type": 12, "max_uses": 3});
        let monthly = json!({"period_limits": [
            {"period": "month", "max_uses": 8, "offering_type_limits": [hiit]}]});
        let day = "2024-01-01T00:00:00Z";
        let held = |id: i64, plan: i64, more: Value| {
            let mut row = json!({"id": id, "customer_id": 7, "membership_id": plan,
                "status": "active", "purchased_at": day, "billed_price": 7900, "currency": "gbp"});
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ("customer_memberships", row)
        };
        let plan = |id: i64, kind: &str, price: i64, currency: &str, allotment: &Value| {
            let row = json!({"id": id, "name": "Gold", "type": kind, "price": price,
                "currency": currency, "allotment": allotment});
            ("memberships", row)
        };
        let mut rows = vec![
            ("offering_types", json!({"id": 12, "name": "HIIT"})),
            ("offering_types", json!({"id": 13, "name": "KB"})),
            plan(3, "recurring", 9900, "gbp", &monthly),
            plan(4, "recurring", 2000, "gbp", &json!({})),
            plan(5, "recurring", 2000, "eur", &json!({})),
            plan(6, "pack", 5000, "gbp", &json!({})),
            held(70, 3, json!({"shared_with": [8]})),
            held(
                71,
                4,
                json!({"start_date": "2026-03-02", "billing_interval_weeks": 4,
                "cancelled_at": "2026-06-10T12:00:00Z"}),
            ),
            held(72, 3, json!({"deleted_at": day})),
            held(73, 6, json!({})),
            held(74, 4, json!({})),
            (
                "customer_membership_holds",
                json!({"id": 1, "customer_membership_id": 70,
                "start_date": "2025-11-10", "end_date": "2025-11-16"}),
            ),
        ];
        rows.extend([7, 8, 9].map(|id| ("customers", json!({"id": id, "name": "C"}))));
        for id in 1..=5 {
            let starts = format!("2025-11-0{id}T10:00:00Z");
            rows.push((
                "events",
                json!({"id": id, "offering_type_id": if id < 3 { 12 } else { 13 },
                "name": "E", "starts_at": starts, "ends_at": starts}),
            ));
            rows.push((
                "attendances",
                json!({"id": id, "customer_id": 7, "event_id": id,
                "customer_membership_id": 70, "status": "attended"}),
            ));
        }
        studio.import(&rows).await;
        studio
    }

    async fn import(&self, rows: &[(&str, Value)]) -> String {
        let lines = rows.iter().map(|(table, row)| json!({"table": table, "row": row}));
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        let reply = self.post("/api/v1/import", "application/x-ndjson", lines).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["revision"].to_string()
    }

    async fn get(&self, path: &str) -> Reply {
        self.site.get_as(&self.token, path).await
    }

    async fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        let token = format!("Bearer {}", self.token);
        self.site.get(path, &[("authorization", &token), (name, value)]).await
    }

    async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Reply {
        let token = format!("Bearer {}", self.token);
        let headers = [("authorization", token.as_str()), ("content-type", content_type)];
        self.site.send(request("POST", path, &headers, body)).await
    }

    /// Creates a token that acts for one customer of provider 1.
    fn customer(&self, id: i64) -> String {
        let permissions = std::iter::empty().collect();
        self.site.token(TokenGrant { customer_id: Some(id), permissions, ..full_grant() })
    }
}

#[tokio::test]
async fn the_printed_answer_is_given_to_the_letter() {
    let studio = Studio::new().await;
    let reply = studio.get(&format!("{HELD}?date=2025-11-20")).await;
    assert_eq!(reply.text(), PRINTED);
    assert_eq!(reply.header("content-type"), "application/json");
    let slashed = "/api/v2//customer_memberships///70/usage/?date=2025-11-20";
    assert_eq!(studio.get(slashed).await.text(), PRINTED);
}

#[tokio::test]
async fn the_date_is_today_unless_given_and_every_day_within_bounds_is_answered() {
    let studio = Studio::new().await;
    for (date, start) in [
        ("", "2026-09-01"),
        ("?date=", "2026-09-01"),
        ("?date=1800-01-01", "1800-01-01"),
        ("?date=2999-12-31", "2999-12-01"),
    ] {
        let answer = studio.get(&format!("{HELD}{date}")).await.json();
        assert_eq!(answer["usage_periods"][0]["start_date"], start, "{date}");
    }
    // A plan without limits has no entries.
    let unlimited = studio.get("/api/v2/customer_memberships/74/usage").await;
    assert_eq!(unlimited.text(), r#"{"usage_periods":[]}"#);
}

#[tokio::test]
async fn xml_carries_the_values_of_the_json() {
    let studio = Studio::new().await;
    let answer: Value = serde_json::from_str(PRINTED).unwrap();
    let expected = json_to_xml(&answer, ListStyle::ListItem);
    let by_format = studio.get(&format!("{HELD}?date=2025-11-20&format=xml")).await;
    assert_eq!(by_format.text(), expected);
    assert_eq!(by_format.header("content-type"), "application/xml; charset=utf-8");
    let dated = format!("{HELD}?date=2025-11-20");
    for (accept, is_xml) in [
        ("application/xml", true),
        ("application/xml, application/json;q=0.5", true),
        ("*/*", false),
        ("application/json, application/xml", false),
    ] {
        let reply = studio.get_with(&dated, "accept", accept).await;
        assert_eq!(reply.text() == expected, is_xml, "{accept}: {}", reply.text());
    }
    let json = format!("{dated}&format=json");
    let reply = studio.get_with(&json, "accept", "application/xml").await;
    assert_eq!(reply.text(), PRINTED);
}

#[tokio::test]
async fn lists_repeat_their_tag_where_that_is_set() {
    let repeated = |settings: &mut app::ServerSettings| {
        settings.xml.list_style = ListStyle::Repeated;
    };
    let studio = Studio::of(Site::with(repeated)).await;
    let answer: Value = serde_json::from_str(PRINTED).unwrap();
    let reply = studio.get(&format!("{HELD}?date=2025-11-20&format=xml")).await;
    assert_eq!(reply.text(), json_to_xml(&answer, ListStyle::Repeated));
}

#[tokio::test]
async fn errors_are_xml_where_xml_is_asked_for() {
    let studio = Studio::new().await;
    for (path, status, code) in [
        ("/api/v2/customer_memberships/99/usage?format=xml", 404, "not_found"),
        ("/api/v2/customer_memberships/70/usage?format=xml&date=x", 400, "parameter_invalid"),
    ] {
        let reply = studio.get(path).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("content-type"), "application/xml; charset=utf-8", "{path}");
        let start = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><root><code>{code}</code>");
        assert!(reply.text().starts_with(&start), "{}", reply.text());
    }
    let reply = studio.site.get(&format!("{HELD}?format=xml"), &[]).await;
    assert_eq!(reply.status, 401);
    assert!(reply.text().contains("<code>authentication_failed</code><field_errors/>"));
    // Endpoints without XML answer in JSON.
    let reply = studio.get("/api/v2/reports/customers/data?format=xml").await;
    assert_eq!(reply.outcome(), "400 parameter_invalid");
}

#[tokio::test]
async fn every_error_of_the_table_is_answered() {
    let studio = Studio::new().await;
    for (path, expected, field) in [
        ("70/usage?date=2025-02-29", "400 parameter_invalid", "date"),
        ("70/usage?date=1799-12-31", "400 parameter_invalid", "date"),
        ("70/usage?date=3000-01-01", "400 parameter_invalid", "date"),
        ("70/usage?date=99999999999-01-01", "400 parameter_invalid", "date"),
        ("70/usage?date=2025-11-20&date=2025-11-21", "400 parameter_invalid", "date"),
        ("70/usage?format=csv", "400 parameter_invalid", "format"),
        ("70/usage?dat=2025-11-20", "400 parameter_invalid", "dat"),
        ("70/usage?limit=1", "400 parameter_invalid", "limit"),
        ("70/usage?q=%ff", "400 parameter_invalid", "non_field_errors"),
        ("70/usage?expand=x&fields=y&_=1", "200 -", ""),
        ("0/usage", "404 not_found", ""),
        ("-1/usage", "404 not_found", ""),
        ("x/usage", "404 not_found", ""),
        ("1.0/usage", "404 not_found", ""),
        ("%ff/usage", "404 not_found", ""),
        ("9007199254740992/usage", "404 not_found", ""),
        ("99999999999999999999/usage", "404 not_found", ""),
        ("99/usage", "404 not_found", ""),
        ("72/usage", "404 not_found", ""),
        // The membership is looked up before the parameters are checked.
        ("99/usage?date=x", "404 not_found", ""),
        ("99/upgrade_preview", "404 not_found", ""),
        ("70/usages", "404 not_found", ""),
        ("70", "404 not_found", ""),
    ] {
        let reply = studio.get(&format!("/api/v2/customer_memberships/{path}")).await;
        assert_eq!(reply.outcome(), expected, "{path}");
        if !field.is_empty() {
            let fields: Vec<_> =
                reply.json()["field_errors"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(fields, [field], "{path}");
        }
    }
    let refused = |path, accept| studio.get_with(path, "accept", accept);
    assert_eq!(refused(HELD, "text/html").await.outcome(), "406 not_acceptable");
    assert_eq!(refused(HELD, "application/json;q=0").await.outcome(), "406 not_acceptable");
    assert_eq!(refused(UPGRADE, "application/xml").await.outcome(), "406 not_acceptable");
    let missing = refused("/api/v2/customer_memberships/99/usage", "text/html").await;
    assert_eq!(missing.outcome(), "404 not_found");
    let reply = studio.post(HELD, "application/json", "{}").await;
    assert_eq!(reply.outcome(), "405 method_not_allowed");
    let weak = studio.site.token_with(&[Permission::Customers, Permission::Attendances]);
    let reply = studio.site.get_as(&weak, HELD).await;
    assert_eq!(reply.outcome(), "403 permission_denied");
}

/// Ids of another provider's memberships are answered like ids that do not exist.
#[tokio::test]
async fn memberships_of_other_providers_are_not_told_apart_from_none() {
    let studio = Studio::new().await;
    let both = TokenGrant { providers: vec![ProviderId(1), ProviderId(2)], ..full_grant() };
    let token = format!("Bearer {}", studio.site.token(both));
    let ask = |provider, path: &'static str| {
        let headers = [("authorization", token.as_str()), ("TeamUp-Provider-ID", provider)];
        let (site, headers) = (&studio.site, headers);
        async move { site.get(path, &headers).await }
    };
    assert_eq!(ask("1", HELD).await.status, 200);
    let other = ask("2", HELD).await;
    let unknown = ask("2", "/api/v2/customer_memberships/99/usage").await;
    assert_eq!((other.status, other.body), (unknown.status, unknown.body));
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn customers_see_what_is_theirs_or_shared_with_them() {
    let studio = Studio::new().await;
    for (customer, expected) in [(7, "200 -"), (8, "200 -"), (9, "404 not_found")] {
        let token = studio.customer(customer);
        assert_eq!(studio.site.get_as(&token, HELD).await.outcome(), expected, "{customer}");
        let token = format!("Bearer {token}");
        for (path, method) in [(MANY, "POST"), (UPGRADE, "GET")] {
            let reply = request(method, path, &[("authorization", &token)], "");
            assert_eq!(studio.site.send(reply).await.outcome(), "403 mode_not_allowed");
        }
    }
    let claims = json!({"sub": "u", "exp": NOW_S + 60, "scope": "read provider:1",
        "mode": ["provider", "customer"], "customer_ids": {"1": 8},
        "permissions": ["super_admin"]});
    let token = format!("Bearer {}", hs256_token(&claims));
    for (path, mode, expected) in [
        (HELD, None, "400 mode_header_missing"),
        (HELD, Some("staff"), "400 mode_header_invalid"),
        (HELD, Some("customer"), "200 -"),
        ("/api/v2/customer_memberships/71/usage", Some("customer"), "404 not_found"),
        ("/api/v2/customer_memberships/71/usage", Some("provider"), "200 -"),
        (MANY, Some("customer"), "405 method_not_allowed"),
    ] {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(mode.map(|mode| ("teamup-request-mode", mode)));
        assert_eq!(studio.site.get(path, &headers).await.outcome(), expected, "{path} {mode:?}");
    }
}

#[tokio::test]
async fn a_booking_counts_from_the_moment_it_is_acknowledged() {
    let studio = Studio::new().await;
    let path = format!("{HELD}?date=2025-11-20");
    for (id, used) in [(20, 6), (21, 7)] {
        let row = json!({"id": id, "customer_id": 8, "event_id": 3, "status": "registered",
            "customer_membership_id": 70});
        let revision = studio.import(&[("attendances", row)]).await;
        let reply = studio.get(&path).await;
        assert_eq!(reply.json()["usage_periods"][0]["used_count"], used);
        assert_eq!(reply.json()["usage_periods"][0]["remaining_count"], 0);
        assert_eq!(reply.header("rollbook-revision"), revision);
    }
    let path = "/api/v1/import/attendances?mode=delete";
    let reply = studio.post(path, "application/x-ndjson", "{\"id\":20}\n{\"id\":21}\n").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = studio.get(&format!("{HELD}?date=2025-11-20")).await;
    assert_eq!(reply.text(), PRINTED);
}

#[tokio::test]
async fn many_memberships_are_answered_in_the_order_asked() {
    let studio = Studio::new().await;
    let one: Value = serde_json::from_str(PRINTED).unwrap();
    let results = json!([
        {"customer_membership": 74, "usage_periods": []},
        {"customer_membership": 70, "usage_periods": one["usage_periods"]},
    ]);
    let expected = json!({"results": results, "missing": [99, 72]});
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"ids\"\r\n\r\n74,70,99,72\r\n\
        --b\r\nContent-Disposition: form-data; name=\"date\"\r\n\r\n2025-11-20\r\n--b--\r\n";
    for (content_type, body) in [
        ("application/json", r#"{"ids": [74, 70, 99, 72, 70], "date": "2025-11-20"}"#),
        ("application/json; charset=utf-8", r#"{"ids": "74,70,99,72", "date": "2025-11-20"}"#),
        ("application/x-www-form-urlencoded", "ids=74&ids=70,99&ids=72&date=2025-11-20"),
        ("application/x-www-form-urlencoded", "ids%5B%5D=74,70,99,72&date=2025-11-20"),
        ("multipart/form-data; boundary=b", multipart),
    ] {
        let reply = studio.post(MANY, content_type, body).await;
        assert_eq!(reply.json(), expected, "{body}");
        assert!(!reply.header("rollbook-revision").is_empty());
    }
}

#[tokio::test]
async fn wrong_questions_about_many_are_refused() {
    let studio = Studio::new().await;
    let too_many: Vec<i64> = (1..=1001).collect();
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (content_type, body, expected, field) in [
        (json, "{}".to_owned(), "400 parameter_invalid", "ids"),
        (json, r#"{"ids": []}"#.to_owned(), "400 parameter_invalid", "ids"),
        (json, r#"{"ids": [1, "x"]}"#.to_owned(), "400 parameter_invalid", "ids"),
        (json, r#"{"ids": [1.5]}"#.to_owned(), "400 parameter_invalid", "ids"),
        (json, r#"{"ids": {"a": 1}}"#.to_owned(), "400 parameter_invalid", "ids"),
        (json, json!({"ids": too_many}).to_string(), "400 parameter_invalid", "ids"),
        (json, r#"{"ids": [70], "date": "x"}"#.to_owned(), "400 parameter_invalid", "date"),
        (json, r#"{"ids": [70], "x": 1}"#.to_owned(), "400 parameter_invalid", "x"),
        (json, "[70]".to_owned(), "400 parameter_invalid", "non_field_errors"),
        (json, "{\"ids\": [70]".to_owned(), "400 parameter_invalid", "non_field_errors"),
        (json, String::new(), "400 parameter_invalid", "non_field_errors"),
        (form, "ids=%ff".to_owned(), "400 parameter_invalid", "non_field_errors"),
        ("text/csv", "ids\n70\n".to_owned(), "415 unsupported_media_type", ""),
        ("multipart/form-data", "x".to_owned(), "400 parameter_invalid", "non_field_errors"),
        (json, format!("{{\"ids\": \"{}\"}}", "1".repeat(1 << 20)), "413 request_too_large", ""),
    ] {
        let reply = studio.post(MANY, content_type, body.clone()).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!(reply.outcome(), expected, "{content_type} {shown}");
        let fields = reply.json()["field_errors"].as_object().unwrap().clone();
        let fields: Vec<_> = fields.keys().collect();
        assert_eq!(fields.first().map_or("", |name| name), field, "{shown}");
        assert!(fields.len() <= 1, "{shown}: {fields:?}");
    }
    let reply = studio.post(&format!("{MANY}?date=2025-11-20"), json, r#"{"ids":[70]}"#).await;
    assert_eq!(reply.outcome(), "400 parameter_invalid");
}

#[tokio::test]
async fn bodies_may_be_packed_and_are_bounded_after_unpacking() {
    let studio = Studio::new().await;
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let token = format!("Bearer {}", studio.token);
    let good = packed(r#"{"ids": [74]}"#);
    let large = packed(&format!("{{\"ids\": [74]{}}}", " ".repeat(1 << 20)));
    for (packing, body, expected) in [
        ("gzip", good.clone(), "200 -"),
        ("gzip", large, "413 request_too_large"),
        ("gzip", good[..good.len() / 2].to_vec(), "400 parameter_invalid"),
        ("br", good, "415 unsupported_media_type"),
    ] {
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("content-encoding", packing),
        ];
        let reply = studio.site.send(request("POST", MANY, &headers, body)).await;
        assert_eq!(reply.outcome(), expected);
    }
}

#[tokio::test]
async fn an_upgrade_is_previewed_by_days() {
    let studio = Studio::new().await;
    let reply = studio.get(&format!("{UPGRADE}?membership=3&date=2026-03-16")).await;
    let money = |minor: i64| {
        let currency = model::money::Currency::parse("gbp").unwrap();
        serde_json::from_str::<Value>(&files::write::money_object(minor.into(), currency)).unwrap()
    };
    let expected = json!({
        "date": "2026-03-16",
        "period": {"start_date": "2026-03-02", "end_date": "2026-03-29"},
        "total_days": 28, "unused_days": 14, "credit": money(3950), "new_price": money(9900),
        "first_payment": money(5950), "credit_left": money(0),
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(money(3950)["decimal"].to_string(), "39.5");
    assert!(reply.text().contains(r#""credit":{"decimal":39.50,"string":"£39.50""#));
    assert!(!reply.header("rollbook-revision").is_empty());
    // On a cheaper plan, the rest of the credit remains.
    let reply = studio.get(&format!("{UPGRADE}?membership=4&date=2026-03-16")).await;
    assert_eq!(reply.json()["first_payment"], money(0));
    assert_eq!(reply.json()["credit_left"], money(1950));
}

#[tokio::test]
async fn upgrades_that_cannot_be_previewed_say_why() {
    let studio = Studio::new().await;
    for (path, expected) in [
        ("71/upgrade_preview?date=2026-03-16", &["membership"][..]),
        ("71/upgrade_preview?membership=x&date=x", &["date", "membership"]),
        ("71/upgrade_preview?membership=99&date=2026-03-16", &["membership"]),
        ("71/upgrade_preview?membership=5&date=2026-03-16", &["membership"]),
        ("71/upgrade_preview?membership=3&date=2026-03-01", &["date"]),
        ("71/upgrade_preview?membership=3&date=2026-06-10", &["date"]),
        ("71/upgrade_preview?membership=5&date=1800-01-01", &["date", "membership"]),
        ("71/upgrade_preview?membership=3&date=2026-03-16&x=1", &["x"]),
        ("73/upgrade_preview?membership=3", &["non_field_errors"]),
    ] {
        let reply = studio.get(&format!("/api/v2/customer_memberships/{path}")).await;
        assert_eq!(reply.outcome(), "400 parameter_invalid", "{path}");
        let fields = reply.json()["field_errors"].as_object().unwrap().clone();
        assert_eq!(fields.keys().collect::<Vec<_>>(), expected, "{path}");
    }
    let last_day = studio.get(&format!("{UPGRADE}?membership=3&date=2026-06-09")).await;
    assert_eq!(last_day.status, 200);
}
