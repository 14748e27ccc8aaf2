//! No combination of parameters reaches another provider's rows. Rule: spec/product.md no. 7.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::server::TestDataFolder;

const REPORTS: [&str; 4] = ["customer_credits", "customer_memberships", "customers", "invoices"];

/// Returns rows in which every text names their provider; ids are the same for both providers.
fn rows_of(provider: i64) -> String {
    let mark = format!("of-provider-{provider}");
    let mut lines = Vec::new();
    let mut add = |table: &str, row: Value| lines.push(json!({"table": table, "row": row}));
    for id in 1..=30 {
        add("customers", json!({"id": id, "name": mark, "email": mark, "metadata": {"m": mark}}));
        add(
            "memberships",
            json!({"id": id, "name": mark, "type": "pack", "price": 100,
            "currency": "gbp"}),
        );
        add(
            "customer_memberships",
            json!({"id": id, "customer_id": id, "membership_id": id,
            "status": "active", "purchased_at": 1_700_000_000 + id, "billed_price": 100 + id,
            "currency": "gbp"}),
        );
        add(
            "invoices",
            json!({"id": id, "number": mark, "customer_id": id, "status": "open",
            "currency": "gbp", "subtotal": 5, "total": 5, "discount_code": mark}),
        );
        add(
            "balance_transactions",
            json!({"id": id, "customer_id": id, "type": "credit",
            "amount": -id, "currency": "gbp", "description": mark}),
        );
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn parameter() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "customers",
        "ids",
        "memberships",
        "provider_id",
        "provider",
        "id_gt",
        "limit",
        "offset",
        "page",
        "page_size",
        "sort",
        "columns",
        "status",
        "include_deleted",
        "as_of",
        "format",
        "extra_customer_fields",
        "TeamUp-Provider-ID",
        "expand",
        "_provider",
    ]);
    let values = prop_oneof![
        Just("1".to_owned()),
        Just("2".to_owned()),
        Just("1,2,3".to_owned()),
        Just("2%27%20OR%201%3D1--".to_owned()),
        Just("true".to_owned()),
        Just("m".to_owned()),
        Just("id".to_owned()),
        Just("-id".to_owned()),
        Just("customer".to_owned()),
        Just("active".to_owned()),
        Just("csv".to_owned()),
        "[a-z0-9,%-]{0,8}",
    ];
    (names, values).prop_map(|(name, value)| format!("{name}={value}"))
}

#[test]
fn a_token_reads_its_own_providers_rows_only() {
    let data = TestDataFolder::with_provider();
    data.add_provider(2, "UTC", "gbp");
    let tokens = [data.token(1), data.token(2)];
    let server = data.serve();
    for (provider, token) in [(1, &tokens[0]), (2, &tokens[1])] {
        let request = server.request("POST", "/api/v1/import").token(token);
        request.body("application/x-ndjson", rows_of(provider).as_bytes()).send().ok();
    }
    let strategy = (
        prop::sample::select(REPORTS.to_vec()),
        prop::collection::vec(parameter(), 0..4),
        prop::option::of(prop::sample::select(vec!["1", "2", "3", "x"])),
        0..2_usize,
    );
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let outcome = runner.run(&strategy, |(report, parameters, header, reader)| {
        let path = format!("/api/v2/reports/{report}/data?{}", parameters.join("&"));
        let mut request = server.request("GET", &path).token(&tokens[reader]);
        if let Some(provider) = header {
            request = request.header("TeamUp-Provider-ID", provider);
        }
        let answer = request.send();
        prop_assert!(answer.status != 0 && answer.status < 500, "{path}: {}", answer.text());
        let other = format!("of-provider-{}", 2 - reader);
        prop_assert!(!answer.text().contains(&other), "{path}: {}", answer.text());
        if header.is_some_and(|provider| provider != (reader + 1).to_string()) {
            prop_assert!(matches!(answer.status, 400 | 403), "{path}: {}", answer.status);
        }
        Ok(())
    });
    outcome.unwrap();
}
