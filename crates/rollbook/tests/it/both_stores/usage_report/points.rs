//! Usage of one membership, and of many at once, compared with the report's rows.

use serde_json::{Value, json};

use super::{REPORT, UsageTestServer};
use crate::server::HttpAnswer;

/// Dates to test: today, a day in a leap year, the last valid date.
const DATES: [&str; 3] = ["2026-02-14", "2024-02-29", "2999-12-31"];
/// Columns that the answer about one membership has as well.
const COLUMNS: &str = "customer_membership_id,period_type,limit_type,start_date,end_date,\
    offering_type,is_extra,max_uses,used_count,remaining_count,bookable_count,original_max_uses,\
    active_days,total_days";
const PAGE: usize = 100;

/// Checks that the answers about each membership, and about all, agree with the report.
pub(super) fn assert_points_agree(scene: &UsageTestServer) {
    for date in DATES {
        let ids: Vec<i64> = (1..=72).collect();
        let reported = report(scene, date);
        let body = json!({"ids": ids, "date": date}).to_string();
        let many = scene.server.request("POST", "/api/v2/customer_memberships/usage");
        let many = many.token(&scene.token).body("application/json", body.as_bytes()).send().ok();
        let mut results = many["results"].as_array().unwrap().iter();
        for id in ids {
            let rows: Vec<&Value> = reported.iter().filter(|row| owner(row) == id).collect();
            let one = usage(scene, id, date);
            if rows.is_empty() {
                assert_eq!(one.status, 404, "membership {id}");
                assert!(many["missing"].as_array().unwrap().contains(&json!(id)), "{id}");
                continue;
            }
            let one = one.ok();
            let expected = match flat(id, &one["usage_periods"]) {
                entries if entries.is_empty() => vec![unlimited(id, rows[0])],
                entries => entries,
            };
            assert_eq!(json!(rows), json!(expected), "membership {id} on {date}");
            let in_many = results.next().unwrap();
            assert_eq!(in_many["customer_membership"], json!(id));
            assert_eq!(in_many["usage_periods"], one["usage_periods"], "{id} on {date}");
        }
        assert_eq!(results.next(), None);
    }
}

fn usage(scene: &UsageTestServer, id: i64, date: &str) -> HttpAnswer {
    let path = format!("/api/v2/customer_memberships/{id}/usage?date={date}");
    scene.server.get(&scene.token, &path)
}

/// Returns all rows of the report.
fn report(scene: &UsageTestServer, date: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let path = format!(
            "/api/v2/reports/{REPORT}/data?columns={COLUMNS}&date={date}&limit={PAGE}&offset={}",
            rows.len()
        );
        let page = scene.server.get(&scene.token, &path).ok();
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        if rows.len() as u64 >= page["total"].as_u64().unwrap() {
            break;
        }
    }
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("customer");
    }
    rows
}

fn owner(row: &Value) -> i64 {
    row["customer_membership"]["id"].as_i64().unwrap()
}

/// Returns the answer about one membership in the form of rows of the report.
fn flat(id: i64, periods: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for period in periods.as_array().unwrap() {
        let own = period["offering_type_limits"].as_array().unwrap();
        for entry in std::iter::once(period).chain(own) {
            let adjusted = &entry["prorate_adjustment"];
            rows.push(json!({
                "customer_membership": {"id": id},
                "period_type": period["period_type"],
                "limit_type": period["type"],
                "start_date": period["start_date"],
                "end_date": period["end_date"],
                "offering_type": entry["offering_type"],
                "is_extra": entry["is_extra"],
                "max_uses": entry["max_uses"],
                "used_count": entry["used_count"],
                "remaining_count": entry["remaining_count"],
                "bookable_count": entry["bookable_count"],
                "original_max_uses": adjusted["original_max_uses"],
                "active_days": adjusted["active_days"],
                "total_days": adjusted["total_days"],
            }));
        }
    }
    rows
}

/// Returns the expected row of a membership without limits: only its uses are counted. The answer
/// about one membership has no entry for it.
fn unlimited(id: i64, row: &Value) -> Value {
    let mut expected = row.as_object().unwrap().clone();
    for (key, value) in &mut expected {
        match key.as_str() {
            "customer_membership" => *value = json!({"id": id}),
            "used_count" => assert!(value.is_u64(), "{row}"),
            _ => *value = Value::Null,
        }
    }
    Value::Object(expected)
}
