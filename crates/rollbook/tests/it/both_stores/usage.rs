//! The vectors of spec/usage.md §14 through a real server, and the usage command.

use serde_json::{Value, json};

use crate::server::{HttpAnswer, Server, TestDataFolder, program, run};

const OFFERING_TYPES: [(&str, i64); 4] = [("HIIT", 12), ("KB", 13), ("Fitness", 14), ("Zumba", 15)];

/// Records of one provider, collected as lines of an import.
#[derive(Default)]
struct UsageRecords {
    lines: String,
    attendances: i64,
}

impl UsageRecords {
    fn new() -> Self {
        let mut records = Self::default();
        records.add("customers", json!({"id": 1, "name": "Ann"}));
        for (name, id) in OFFERING_TYPES {
            records.add("offering_types", json!({"id": id, "name": name}));
            let starts = "2026-03-10T10:00:00Z";
            records.add(
                "events",
                json!({"id": id, "offering_type_id": id, "name": name,
                "starts_at": starts, "ends_at": starts}),
            );
        }
        records
    }

    fn add(&mut self, table: &str, row: Value) {
        self.lines.push_str(&format!("{}\n", json!({"table": table, "row": row})));
    }

    /// Adds a plan with this allotment and a membership of it, both with this id.
    fn hold_membership(&mut self, id: i64, kind: &str, allotment: &Value, more: Value) {
        self.add(
            "memberships",
            json!({"id": id, "name": "Gold", "type": kind, "price": 1,
            "currency": "gbp", "allotment": allotment}),
        );
        let mut row = json!({"id": id, "customer_id": 1, "membership_id": id, "status": "active",
            "purchased_at": "2020-01-15T12:00:00Z", "billed_price": 1, "currency": "gbp"});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.add("customer_memberships", row);
    }

    /// Adds bookings such as `8 HIIT, 2 KB`, all on 10 March 2026.
    fn book(&mut self, membership: i64, notation: &str) {
        for part in notation.split(", ") {
            let (count, name) = part.split_once(' ').unwrap();
            let event = OFFERING_TYPES.iter().find(|(known, _)| *known == name).unwrap().1;
            for _ in 0..count.parse().unwrap() {
                self.attendances += 1;
                self.add(
                    "attendances",
                    json!({"id": self.attendances, "customer_id": 1,
                    "event_id": event, "customer_membership_id": membership,
                    "status": "registered"}),
                );
            }
        }
    }

    fn import(&self, server: &Server, token: &str) {
        let request = server.request("POST", "/api/v1/import").token(token);
        request.body("application/x-ndjson", self.lines.as_bytes()).send().ok();
    }
}

fn limit(period: &str, max_uses: i64, own: &[(i64, i64, bool)]) -> Value {
    let own = own.iter().map(|(offering_type, max_uses, is_extra)| {
        json!({"offering_type": offering_type, "max_uses": max_uses, "is_extra": is_extra})
    });
    json!({"period_limits": [{"period": period, "max_uses": max_uses,
        "offering_type_limits": own.collect::<Vec<_>>()}]})
}

fn ask(server: &Server, token: &str, id: i64, date: &str) -> HttpAnswer {
    server.get(token, &format!("/api/v2/customer_memberships/{id}/usage?date={date}"))
}

/// Returns an answer as `period used/max left book`, followed by each offering type.
fn shown(answer: &Value) -> String {
    let counts = |of: &Value| {
        let number = |name: &str| of[name].to_string();
        format!(
            "{}/{} left {} book {}",
            number("used_count"),
            number("max_uses"),
            number("remaining_count"),
            number("bookable_count")
        )
    };
    let mut text = Vec::new();
    for period in answer["usage_periods"].as_array().unwrap() {
        text.push(format!("{} {}", period["period_type"].as_str().unwrap(), counts(period)));
        for own in period["offering_type_limits"].as_array().unwrap() {
            text.push(format!(
                "{} {}",
                own["offering_type"]["name"].as_str().unwrap(),
                counts(own)
            ));
        }
    }
    text.join("; ")
}

#[test]
fn vectors_of_uses_used_left_and_bookable() {
    let data = TestDataFolder::with_provider();
    data.add_provider(2, "UTC", "gbp");
    let token = data.token(2);
    let server = data.serve();
    let completed = json!({"status": "completed"});
    let lifetime = limit("lifetime", 10, &[]);
    let vectors = [
        (1, "recurring", json!({}), json!({}), "9 HIIT", ""),
        (
            2,
            "recurring",
            limit("month", 8, &[]),
            json!({}),
            "7 HIIT, 1 KB",
            "month 8/8 left 0 book 0",
        ),
        (
            3,
            "recurring",
            limit("month", 8, &[(12, 3, false), (13, 5, false)]),
            json!({}),
            "3 HIIT",
            "month 3/8 left 5 book 5; HIIT 3/3 left 0 book 0; KB 0/5 left 5 book 5",
        ),
        (
            4,
            "recurring",
            limit("month", 8, &[(13, 3, true)]),
            json!({}),
            "8 HIIT, 2 KB",
            "month 8/8 left 0 book 0; KB 2/3 left 1 book 1",
        ),
        (5, "pack", lifetime, completed, "10 HIIT", "lifetime 10/10 left 0 book 0"),
        (
            6,
            "pack",
            limit("lifetime", 10, &[(14, 5, false), (15, 5, false)]),
            json!({}),
            "5 Fitness",
            "lifetime 5/10 left 5 book 5; Fitness 5/5 left 0 book 0; Zumba 0/5 left 5 book 5",
        ),
    ];
    let mut records = UsageRecords::new();
    for (id, kind, allotment, more, bookings, _) in &vectors {
        records.hold_membership(*id, kind, allotment, more.clone());
        records.book(*id, bookings);
    }
    records.import(&server, &token);
    for (id, _, _, _, _, expected) in &vectors {
        let answer = ask(&server, &token, *id, "2026-03-20");
        assert_eq!(shown(&answer.ok()), *expected, "U{id}");
    }
    let ids: Vec<i64> = vectors.iter().map(|vector| vector.0).collect();
    let request = server.request("POST", "/api/v2/customer_memberships/usage").token(&token);
    let body = json!({"ids": ids, "date": "2026-03-20"}).to_string();
    let many = request.body("application/json", body.as_bytes()).send().ok();
    for (result, (id, _, _, _, _, expected)) in
        many["results"].as_array().unwrap().iter().zip(&vectors)
    {
        assert_eq!(
            (result["customer_membership"].as_i64(), shown(result).as_str()),
            (Some(*id), *expected)
        );
    }
    // Another provider with the same limits sees nothing of this membership.
    let other = data.token(1);
    assert_eq!(ask(&server, &other, 2, "2026-03-20").status, 404);
}

/// Id, original allowance, requested days and period, holds, days and active days, and the
/// remaining allowance when rounded down, half up, up.
type Proration = (
    i64,
    i64,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    [i64; 2],
    [i64; 3],
);

const PRORATIONS: [Proration; 6] = [
    (1, 8, "weeks", "2026-03-02..2026-03-29", &[("2026-03-09", "2026-03-22")], [28, 14], [4, 4, 4]),
    (2, 8, "month", "2025-11-01..2025-11-30", &[("2025-11-10", "2025-11-16")], [30, 23], [6, 6, 7]),
    (3, 2, "week", "2026-03-02..2026-03-08", &[("2026-03-02", "2026-03-05")], [7, 3], [0, 1, 1]),
    (5, 8, "month", "2026-01-01..2026-01-31", &[("2026-01-25", "2026-02-07")], [31, 24], [6, 6, 7]),
    (
        6,
        10,
        "month",
        "2026-04-01..2026-04-30",
        &[("2026-04-01", "2026-04-03"), ("2026-04-20", "2026-04-24")],
        [30, 22],
        [7, 7, 8],
    ),
    (8, 5, "weeks", "2026-03-02..2026-03-29", &[("2026-03-09", "2026-03-22")], [28, 14], [2, 3, 3]),
];

#[test]
fn vectors_of_proration_under_each_rounding() {
    let data = TestDataFolder::with_provider();
    let roundings = [(2, "down"), (3, "half_up"), (4, "up")];
    for (provider, rounding) in roundings {
        data.add_provider(provider, "UTC", "gbp");
        run(&[
            "provider",
            "set",
            "--data",
            data.path(),
            "--id",
            &provider.to_string(),
            "--usage-alignment",
            "billing",
            "--usage-rounding",
            rounding,
        ]);
    }
    let mut records = UsageRecords::new();
    let mut hold_id = 0;
    let mut hold = |records: &mut UsageRecords, membership: i64, mut row: Value| {
        hold_id += 1;
        row["id"] = hold_id.into();
        row["customer_membership_id"] = membership.into();
        records.add("customer_membership_holds", row);
    };
    for (id, max, kind, _, holds, ..) in PRORATIONS {
        let period = if kind == "week" { "week" } else { "month" };
        let more = match kind {
            "weeks" => json!({"start_date": "2026-03-02", "billing_interval_weeks": 4}),
            _ => json!({"billing_anchor_day": 1}),
        };
        records.hold_membership(id, "recurring", &limit(period, max, &[(12, max, true)]), more);
        for (start, end) in holds {
            hold(&mut records, id, json!({"start_date": start, "end_date": end}));
        }
    }
    // P10, P11: nothing to prorate.
    for (id, allotment) in [
        (10, limit("month", 8, &[])),
        (
            11,
            json!({"period_limits": [
        {"period": "month", "max_uses": null}]}),
        ),
    ] {
        records.hold_membership(id, "recurring", &allotment, json!({"billing_anchor_day": 1}));
    }
    hold(&mut records, 10, json!({"start_date": "2026-03-05"}));
    hold(
        &mut records,
        10,
        json!({"start_date": "2026-03-01", "end_date": "2026-03-04",
        "prorate_usage": false}),
    );
    hold(&mut records, 11, json!({"start_date": "2026-03-02", "end_date": "2026-03-10"}));

    let server = data.serve();
    for (position, (provider, rounding)) in roundings.into_iter().enumerate() {
        let token = data.token(provider);
        records.import(&server, &token);
        for (id, max, _, period, holds, [total, active], expected) in PRORATIONS {
            let answer = ask(&server, &token, id, &period[..10]).ok();
            let entry = &answer["usage_periods"][0];
            let days = format!(
                "{}..{}",
                entry["start_date"].as_str().unwrap(),
                entry["end_date"].as_str().unwrap()
            );
            assert_eq!(days, period, "P{id}");
            let holds: Vec<Value> = holds
                .iter()
                .map(|(start, end)| json!({"end_date": end, "start_date": start}))
                .collect();
            let adjustment = json!({"active_days": active, "holds": holds,
                "original_max_uses": max, "prorated_max_uses": expected[position],
                "total_days": total});
            for of in [entry, &entry["offering_type_limits"][0]] {
                assert_eq!(of["max_uses"], expected[position], "P{id} {rounding}");
                assert_eq!(of["prorate_adjustment"], adjustment, "P{id} {rounding}");
            }
        }
        let unchanged = ask(&server, &token, 10, "2026-03-20").ok();
        assert_eq!(shown(&unchanged), "month 0/8 left 8 book 0", "P10");
        let unlimited = ask(&server, &token, 11, "2026-03-20").ok();
        assert_eq!(shown(&unlimited), "month 0/null left null book null", "P11");
        for answer in [unchanged, unlimited] {
            assert_eq!(answer["usage_periods"][0]["prorate_adjustment"], Value::Null);
        }
    }
}

#[test]
fn periods_follow_the_settings_of_the_business() {
    let data = TestDataFolder::with_provider();
    for (provider, week, alignment) in [(2, "monday", "billing"), (3, "sunday", "calendar")] {
        data.add_provider(provider, "UTC", "gbp");
        run(&[
            "provider",
            "set",
            "--data",
            data.path(),
            "--id",
            &provider.to_string(),
            "--week-starts-on",
            week,
            "--usage-alignment",
            alignment,
        ]);
    }
    let mut records = UsageRecords::new();
    let both = json!({"period_limits": [
        {"period": "week", "max_uses": 2}, {"period": "month", "max_uses": 8}]});
    records.hold_membership(1, "recurring", &both, json!({"billing_anchor_day": 16}));
    let server = data.serve();
    for (provider, date, month, week) in [
        (2, "2026-01-20", "2026-01-16..2026-02-15", "2026-01-19..2026-01-25"),
        (2, "2026-03-04", "2026-02-16..2026-03-15", "2026-03-02..2026-03-08"),
        (3, "2026-03-04", "2026-03-01..2026-03-31", "2026-03-01..2026-03-07"),
    ] {
        let token = data.token(provider);
        records.import(&server, &token);
        let answer = ask(&server, &token, 1, date).ok();
        let periods = answer["usage_periods"].as_array().unwrap();
        let days: Vec<String> = periods
            .iter()
            .map(|p| {
                format!(
                    "{}..{}",
                    p["start_date"].as_str().unwrap(),
                    p["end_date"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(days, [month, week], "{provider} {date}");
    }
}

#[test]
fn allotments_that_cannot_be_counted_by_are_refused_with_their_path() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    UsageRecords::new().import(&server, &token);
    let month =
        |more: &str| format!(r#"{{"period_limits":[{{"period":"month","max_uses":1{more}}}]}}"#);
    let own = |own: &str| month(&format!(r#","offering_type_limits":[{own}]"#));
    for (allotment, code, path) in [
        (r#"{"typs":[]}"#.to_owned(), "allotment_unknown_key", "typs"),
        (month(r#","max":1"#), "allotment_unknown_key", "period_limits.0.max"),
        (r#"{"types":[]}"#.to_owned(), "allotment_bad_value", "types"),
        (
            r#"{"period_limits":[{"period":"month"}]}"#.to_owned(),
            "allotment_bad_value",
            "period_limits.0.max_uses",
        ),
        (
            r#"{"period_limits":[{"period":"month","max_uses":-1}]}"#.to_owned(),
            "allotment_bad_value",
            "period_limits.0.max_uses",
        ),
        (
            r#"{"period_limits":[{"period":"month","max_uses":1000001}]}"#.to_owned(),
            "allotment_bad_value",
            "period_limits.0.max_uses",
        ),
        (
            r#"{"period_limits":[{"period":"decade","max_uses":1}]}"#.to_owned(),
            "allotment_bad_value",
            "period_limits.0.period",
        ),
        (
            r#"{"period_limits":[{"period":"day","max_uses":1},{"period":"day","max_uses":2}]}"#
                .to_owned(),
            "allotment_duplicate",
            "period_limits.1",
        ),
        (
            own(r#"{"offering_type":12,"max_uses":1},{"offering_type":12,"max_uses":2}"#),
            "allotment_duplicate",
            "period_limits.0.offering_type_limits.1",
        ),
        (
            own(r#"{"offering_type":99,"max_uses":1}"#),
            "allotment_unknown_offering_type",
            "period_limits.0.offering_type_limits.0.offering_type",
        ),
        ("[]".to_owned(), "allotment_bad_value", ""),
    ] {
        let row = format!(
            "{{\"id\":1,\"name\":\"G\",\"type\":\"pack\",\"price\":1,\
            \"currency\":\"gbp\",\"allotment\":{allotment}}}\n"
        );
        let answer = server.import(&token, "memberships", "application/x-ndjson", row.as_bytes());
        assert_eq!(answer.status, 400, "{allotment}");
        let error = answer.json()["errors"][0].clone();
        assert_eq!(
            (&error["code"], &error["column"]),
            (&json!(code), &json!("allotment")),
            "{allotment}"
        );
        assert!(error["message"].as_str().unwrap().starts_with(path), "{allotment}: {error}");
    }
}

#[test]
fn the_command_line_says_what_is_used_and_why() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let mut records = UsageRecords::new();
    records.hold_membership(70, "recurring", &limit("month", 8, &[(12, 3, false)]), json!({}));
    records.add(
        "customer_membership_holds",
        json!({"id": 5, "customer_membership_id": 70,
        "start_date": "2026-03-16", "end_date": "2026-03-22"}),
    );
    records.book(70, "2 HIIT, 1 KB");
    records.add(
        "attendances",
        json!({"id": 40, "customer_id": 1, "event_id": 13, "comped": true,
        "customer_membership_id": 70, "status": "attended"}),
    );
    records.import(&server, &token);
    let arguments =
        ["usage", "--data", data.path(), "--provider", "1", "70", "--date", "2026-03-20"];
    let with = |format| run(&[&arguments[..], &["--format", format]].concat());
    let table = with("table");
    for part in [
        "Membership 70 of customer 1, plan 70 with the plan's limits, on 2026-03-20: cannot be \
         used: hold 5 covers the day",
        "2026-03-01 to 2026-03-31",
        "8 for 24 of 31 days; hold 5",
        "HIIT (event)",
        "month, month HIIT",
        "it was comped",
    ] {
        let flat = table.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part} is not in\n{table}");
    }
    let asked = "/api/v2/customer_memberships/70/usage?date=2026-03-20";
    assert_eq!(with("json").trim_end(), server.get(&token, asked).text());
    let xml = server.get(&token, &format!("{asked}&format=xml")).text();
    assert_eq!(with("xml").trim_end(), xml);
    for (arguments, code, said) in [
        (
            &["usage", "--data", data.path(), "--provider", "1", "99"][..],
            1,
            "no customer membership 99",
        ),
        (
            &["usage", "--data", data.path(), "--provider", "9", "70"],
            1,
            "provider 9 does not exist",
        ),
        (&["usage", "--data", data.path(), "--provider", "1", "0"], 2, "integer from 1"),
        (
            &["usage", "--data", data.path(), "--provider", "1", "70", "--date", "2026-02-30"],
            2,
            "a real day",
        ),
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(said), "{errors}");
    }
}
