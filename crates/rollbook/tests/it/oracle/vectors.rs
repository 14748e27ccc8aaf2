//! The vectors of spec/reports.md §18, against the oracle itself.

use model::catalogue::{Column, ColumnDefault, ColumnType, Presence, table};
use model::cell::Cell;
use model::id::ProviderId;
use model::money::Currency;
use model::provider::Provider;
use model::time::{Date, Instant};
use serde_json::{Value as Json, json};

use super::{
    InvalidRequestGenerator, OracleTables, RequestGenerator, answer, assert_same, csv, sample,
};

/// Returns the tables with these rows, given as JSON objects, with defaults filled in.
fn tables(rows: &[(&'static str, Json)]) -> OracleTables {
    let rows = rows.iter().map(|(name, row)| {
        let table = table(name).expect("a table");
        for key in row.as_object().expect("an object").keys() {
            assert!(table.position_of(key).is_some(), "{name}.{key}");
        }
        (*name, table.columns.iter().map(|column| cell(column, row)).collect())
    });
    OracleTables::from_rows(rows.collect::<Vec<_>>())
}

fn cell(column: &Column, row: &Json) -> Cell {
    match (&row[column.name], column.kind, column.presence) {
        (Json::Null, ColumnType::Instant, Presence::Default(_)) => Cell::Int(1_767_225_600_000_000),
        (Json::Null, _, Presence::Default(ColumnDefault::Int(value))) => Cell::Int(value),
        (Json::Null, _, Presence::Default(ColumnDefault::Text(value))) => Cell::text(value),
        (Json::Null, ..) => Cell::Null,
        (Json::Bool(value), ..) => Cell::Int((*value).into()),
        (Json::String(text), ColumnType::Date, _) => {
            Cell::Int(Date::parse(text).expect("a date").days().into())
        }
        (Json::String(text), ColumnType::Instant, _) => {
            Cell::Int(Instant::parse(text).expect("an instant").micros())
        }
        (Json::String(text), ..) => Cell::text(text.as_str()),
        (Json::Number(number), ..) => Cell::Int(number.as_i64().expect("an integer")),
        (value, ..) => Cell::text(value.to_string()),
    }
}

fn params(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (name.to_owned(), value.to_owned())
    };
    pairs.map(pair).collect()
}

/// Returns the provider and the current time of all vectors.
fn scene() -> (Provider, Instant) {
    let mut provider = Provider::new(ProviderId(1), "Studio");
    provider.currency = Currency::parse("gbp").expect("a currency");
    (provider, Instant::parse("2026-02-14T12:00:00Z").expect("an instant"))
}

fn ask(tables: &OracleTables, request: &str) -> Json {
    let (provider, now) = scene();
    let (report, query) = request.split_once('?').unwrap_or((request, ""));
    answer(tables, &provider, now, report, &params(query))
}

fn ask_csv(tables: &OracleTables, request: &str) -> String {
    let (provider, now) = scene();
    let (report, query) = request.split_once('?').unwrap_or((request, ""));
    csv(tables, &provider, now, report, &params(query))
}

fn keys(answer: &Json) -> Vec<&str> {
    let headers = answer["column_headers"].as_array().unwrap();
    headers.iter().map(|header| header["key"].as_str().unwrap()).collect()
}

fn labels(answer: &Json) -> Vec<&str> {
    let headers = answer["column_headers"].as_array().unwrap();
    headers.iter().map(|header| header["label"].as_str().unwrap()).collect()
}

fn ids(answer: &Json) -> Vec<i64> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

fn credits() -> OracleTables {
    tables(&[
        ("customers", json!({"id": 7, "name": "Ann", "email": "ann@example.org"})),
        (
            "balance_transactions",
            json!({"id": 1, "customer_id": 7, "type": "credit", "amount": -5000,
                "currency": "gbp", "date": "2026-01-05T00:00:00Z", "description": "Refund as credit"}),
        ),
        (
            "balance_transactions",
            json!({"id": 2, "customer_id": 7, "type": "debit", "amount": 2000, "currency": "gbp",
                "date": "2026-01-20T00:00:00Z", "description": "Applied to INV-9"}),
        ),
    ])
}

fn many_credits() -> OracleTables {
    let row = |id: i64| {
        json!({"id": id, "customer_id": 7, "type": "credit", "amount": -id, "currency": "gbp",
            "date": "2026-01-05T00:00:00Z"})
    };
    let rows = (1..=60).map(|id| ("balance_transactions", row(id)));
    tables(&rows.chain([("customers", json!({"id": 7}))]).collect::<Vec<_>>())
}

#[test]
fn v1_a_parent_selects_its_leaves_and_an_unselected_sort_shows_nowhere() {
    let answer =
        ask(&credits(), "customer_credits?columns=customer,amount&sort=-created_at&limit=1");
    let money = r#"{"decimal": -20.00, "string": "-£20", "iso_currency_code": "gbp",
        "currency_symbol": "£", "currency_symbol_position": "before"}"#;
    let expected = format!(
        r#"{{"total": 2, "column_headers": [
            {{"label": "Customer ID", "key": "customer.id", "sortable": true,
              "holds_customer_id": true, "required": true}},
            {{"label": "Customer Name", "key": "customer.name", "sortable": true, "required": false}},
            {{"label": "Customer Email", "key": "customer.email", "sortable": true, "required": false}},
            {{"label": "Amount", "key": "amount", "sortable": true, "required": false}}],
         "rows": [{{"customer": {{"id": 7, "name": "Ann", "email": "ann@example.org"}},
                    "amount": {money}}}]}}"#
    );
    assert_same(&expected, &answer);
}

#[test]
fn v2_the_same_leaf_comes_once() {
    assert_eq!(
        keys(&ask(&credits(), "customer_credits?columns=customer_id,customer.id")),
        ["customer.id"]
    );
}

#[test]
fn v3_page_and_page_size_win_over_offset() {
    let request = "customer_credits?columns=id&sort=id&page=2&page_size=25&offset=3";
    let answer = ask(&many_credits(), request);
    assert_eq!(ids(&answer), (26..=50).collect::<Vec<_>>());
}

#[test]
fn v6_size_zero_counts() {
    let answer = ask(&many_credits(), "customer_credits?page_size=0");
    assert_eq!((&answer["total"], &answer["rows"]), (&json!(60), &json!([])));
}

#[test]
fn v9_none_is_an_alternative_among_ids() {
    let cm = |id: i64, processor: Json| {
        json!({"id": id, "customer_id": 7, "membership_id": 7, "type": "pack", "status": "active",
            "payment_processor_id": processor, "purchased_at": "2026-01-01T00:00:00Z",
            "billed_price": 1, "currency": "gbp"})
    };
    let tables = tables(&[
        ("customer_memberships", cm(1, json!(12))),
        ("customer_memberships", cm(2, json!(13))),
        ("customer_memberships", cm(3, Json::Null)),
    ]);
    assert_eq!(ids(&ask(&tables, "customer_memberships?payment_processors=12,none")), [1, 3]);
}

#[test]
fn v10_credit_is_shown_positive() {
    let answer = ask(&credits(), "customer_credits");
    let row = |position: usize, key: &str| answer["rows"][position][key]["string"].clone();
    assert_eq!((row(0, "amount"), row(0, "balance")), (json!("-£20"), json!("£30")));
    assert_eq!((row(1, "amount"), row(1, "balance")), (json!("£50"), json!("£30")));
    assert_eq!(answer["rows"][0]["memo"], "Applied to INV-9");
    let created_at = &answer["column_headers"][3];
    assert_eq!(created_at["sorted"], json!({"order": "desc", "priority": 0}));
}

fn gold(prices: &[(i64, &str)]) -> OracleTables {
    let mut rows = vec![(
        "memberships",
        json!({"id": 7, "name": "Gold", "type": "recurring", "price": 1, "currency": "gbp"}),
    )];
    for (number, (price, currency)) in (1_i64..).zip(prices) {
        let cm = json!({"id": number, "customer_id": 7, "membership_id": 7, "type": "recurring",
            "status": "active", "purchased_at": "2026-01-01T00:00:00Z", "billed_price": price,
            "currency": currency});
        rows.push(("customer_memberships", cm));
    }
    tables(&rows)
}

#[test]
fn v11_currencies_are_never_added() {
    let request = "customer_memberships.grouped?columns=membership,count,billed_price";
    let mixed = gold(&[(4500, "gbp"), (4500, "gbp"), (6000, "eur")]);
    let answer = ask(&mixed, request);
    assert_eq!(answer["total"], 2);
    assert_eq!(keys(&answer).last(), Some(&"currency"));
    let row = |position: usize| {
        let row = &answer["rows"][position];
        (row["currency"].clone(), row["count"].clone(), row["billed_price"]["string"].clone())
    };
    assert_eq!(row(0), (json!("eur"), json!(1), json!("€60")));
    assert_eq!(row(1), (json!("gbp"), json!(2), json!("£90")));
    assert_eq!(
        ask_csv(&mixed, request),
        "Membership ID,Membership Name,Count,Billed Price,Currency\r\n7,Gold,1,60.00,EUR\r\n\
         7,Gold,2,90.00,GBP\r\n"
    );
    let single = ask(&gold(&[(4500, "gbp"), (4500, "gbp"), (6000, "gbp")]), request);
    assert_eq!((&single["total"], &single["rows"][0]["count"]), (&json!(1), &json!(3)));
    assert!(!keys(&single).contains(&"currency"));
}

#[test]
fn v12_memberships_count_in_every_period_in_which_they_were_active() {
    let cm = |id: i64, start: &str, cancelled: Json| {
        let status = if cancelled.is_null() { "active" } else { "cancelled" };
        json!({"id": id, "customer_id": 7, "membership_id": 7, "type": "recurring",
            "status": status, "start_date": start, "cancelled_at": cancelled, "billed_price": 1,
            "purchased_at": "2026-01-01T00:00:00Z", "currency": "gbp"})
    };
    let tables = tables(&[
        (
            "memberships",
            json!({"id": 7, "name": "Gold", "type": "recurring", "price": 1, "currency": "gbp"}),
        ),
        ("customer_memberships", cm(1, "2025-12-10", Json::Null)),
        ("customer_memberships", cm(2, "2026-01-20", json!("2026-02-01T00:00:00Z"))),
        ("customer_memberships", cm(3, "2025-01-01", Json::Null)),
        (
            "customer_membership_holds",
            json!({"id": 1, "customer_membership_id": 3, "start_date": "2026-01-01",
                "end_date": "2026-01-31"}),
        ),
    ]);
    let request = "customer_memberships.grouped?columns=membership,count&pivot=active_by_month";
    let answer = ask(&tables, &format!("{request}&max_pivot_columns=2"));
    assert_eq!(
        labels(&answer),
        ["Membership ID", "Membership Name", "Count", "Jan 2026", "Feb 2026"]
    );
    assert_eq!(
        answer["rows"],
        json!([{"membership": {"id": 7, "name": "Gold"}, "count": 3,
            "pivot": {"2026-01": {"count": 2}, "2026-02": {"count": 2}}}])
    );
    assert_eq!(answer["pivot_truncated"], true);
    let one = ask(&tables, &format!("{request}&max_pivot_columns=1"));
    assert_eq!(one["rows"][0]["pivot"], json!({"2026-02": {"count": 2}}));
    let year = ask(&tables, &format!("{request}&max_pivot_columns=12"));
    assert_eq!((keys(&year)[3], keys(&year)[14]), ("pivot.2025-03.count", "pivot.2026-02.count"));
    assert_eq!(year["pivot_truncated"], true);
}

#[test]
fn v13_a_current_hold_and_the_reason_make_the_status() {
    let cases = [
        ("active", Json::Null, Json::Null, Some(("2026-02-14", json!("2026-02-14"))), "hold"),
        ("active", Json::Null, Json::Null, Some(("2026-02-01", json!("2026-02-13"))), "active"),
        ("active", Json::Null, Json::Null, Some(("2026-02-10", Json::Null)), "hold"),
        ("cancelled", json!("upgraded"), Json::Null, None, "upgraded"),
        ("cancelled", json!("mistake"), Json::Null, None, "cancelled"),
        ("hold", Json::Null, Json::Null, None, "hold"),
        ("active", Json::Null, json!("2026-01-31"), None, "active"),
    ];
    let mut rows = Vec::new();
    for (id, (status, reason, expiration, hold, _)) in (1_i64..).zip(&cases) {
        let cm = json!({"id": id, "customer_id": 7, "membership_id": 7, "type": "recurring",
            "status": status, "cancellation_reason": reason, "expiration_date": expiration,
            "billed_price": 1, "purchased_at": "2026-01-01T00:00:00Z", "currency": "gbp"});
        rows.push(("customer_memberships", cm));
        if let Some((start, end)) = hold {
            let hold = json!({"id": id, "customer_membership_id": id, "start_date": start,
                "end_date": end});
            rows.push(("customer_membership_holds", hold));
        }
    }
    let tables = tables(&rows);
    let answer = ask(&tables, "customer_memberships?columns=status");
    for (position, (.., expected)) in cases.iter().enumerate() {
        assert_eq!(answer["rows"][position]["status"], *expected, "row {position}");
    }
    assert_eq!(ids(&ask(&tables, "customer_memberships?status=cancelled")), [5]);
}

#[test]
fn v14_cells_that_a_spreadsheet_would_run_are_guarded() {
    for (name, cell) in [
        ("=SUM(A1)", "'=SUM(A1)"),
        ("-5", "-5"),
        ("-5 applied", "'-5 applied"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("Ann \"A\" Lee, Jr", "\"Ann \"\"A\"\" Lee, Jr\""),
        (" x", "\" x\""),
    ] {
        let tables = tables(&[("customers", json!({"id": 7, "name": name}))]);
        let csv = ask_csv(&tables, "customers?columns=full_name");
        assert_eq!(csv, format!("ID,Full Name\r\n7,{cell}\r\n"));
    }
}

#[test]
fn a_parent_without_values_is_null_and_credit_and_payment_have_their_own_currencies() {
    let tables = tables(&[("customers", json!({"id": 7, "metadata": {"a": "x", "b": [1]}}))]);
    let answer = ask(&tables, "customers?columns=venue,family_id&extra_customer_fields=a,b,c");
    let row = json!({"id": 7, "venue": null, "family": null,
        "custom_fields": {"a": "x", "b": "[1]", "c": null}});
    assert_eq!(answer["rows"], json!([row]));
    let csv = ask_csv(&tables, "customers?columns=last_payment_amount,account_credit_balance");
    assert_eq!(
        csv,
        "ID,Last Payment Amount,Account Credit Balance,Last Payment Amount Currency,\
         Account Credit Balance Currency\r\n7,,0.00,,GBP\r\n"
    );
}

#[test]
fn a_misspelt_key_has_a_right_label() {
    let tables = tables(&[]);
    let answer = ask(&tables, "attendances?columns=checkin_occurred_at");
    assert_eq!(keys(&answer), ["id", "customer.id", "checkin.ocurred_at"]);
    assert_eq!(labels(&answer)[2], "Checkin Occurred At");
}

#[test]
fn generated_requests_are_answered_in_both_formats() {
    let (provider, now) = scene();
    let tables = OracleTables::from_rows(sample(1, now, 60, &[]));
    let resources = RequestGenerator::all_resources();
    assert_eq!(resources.len(), 15);
    let mut rows = 0;
    for (report, params) in RequestGenerator::new(1, &tables, &provider, now, resources).take(300) {
        let envelope = answer(&tables, &provider, now, &report, &params);
        let shown = envelope["rows"].as_array().unwrap().len();
        assert!(envelope["total"].as_u64().unwrap() >= shown as u64, "{report} {params:?}");
        rows += shown;
        assert!(csv(&tables, &provider, now, &report, &params).ends_with("\r\n"));
    }
    assert!(rows > 1000, "the requests must find something, found {rows} rows");
}

#[test]
fn bad_requests_name_their_fields() {
    let resources = RequestGenerator::all_resources();
    for (report, params, fields) in InvalidRequestGenerator::new(1, resources).take(400) {
        assert!(!fields.is_empty(), "{report} {params:?}");
        let named = |field: &String| params.iter().any(|(name, _)| name == field);
        assert!(fields.iter().all(named), "{report} {params:?} {fields:?}");
    }
}
