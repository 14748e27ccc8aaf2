//! Requests that are refused, and the fields that errors name. Rule: spec/reports.md §2.2, §14, V4,
//! V9.

use model::file_format::FileFormat;
use reports::{RawParameters, RawValue};

use crate::answers::{parse, query};
use testkit::literal_tables::session;

fn fields(report: &str, parameters: &RawParameters) -> Vec<String> {
    match parse(&session(""), report, parameters) {
        Ok(_) => vec![],
        Err(errors) => {
            assert!(errors.0.values().flatten().all(|message| message.len() > 10), "{errors:?}");
            errors.0.into_keys().collect()
        }
    }
}

#[test]
fn bad_values_are_refused_under_their_name() {
    for (report, text, field) in [
        ("customer_credits", "columns=foo", "columns"),
        ("customer_credits", "columns=customer,,amount", "columns"),
        ("customer_credits", "columns=Amount", "columns"),
        ("customer_credits", "sort=foo", "sort"),
        ("customer_credits", "sort=-", "sort"),
        ("customer_credits", "sort=id,,memo", "sort"),
        ("invoices", "sort=charges", "sort"),
        ("invoices", "sort=adjustment_amount", "sort"),
        ("customers", "sort=registration_blocked", "sort"),
        (
            "invoices",
            "sort=id,number,status,paid_at,due_date,currency,tax_amount,total_amount,\
          subtotal_amount",
            "sort",
        ),
        ("customer_credits", "as_of=soon", "as_of"),
        ("customer_credits", "format=xml", "format"),
        ("customer_credits", "format=ndjson", "format"),
        ("customer_credits", "customers=0", "customers"),
        ("customer_credits", "customers=1,x", "customers"),
        ("customer_credits", "customers=none", "customers"),
        ("customer_credits", "created_at_gte=2026-02-30", "created_at_gte"),
        ("customer_credits", "created_at_timeframe=lately", "created_at_timeframe"),
        ("customer_memberships", "payment_processors=abc", "payment_processors"),
        ("customer_memberships", "status=paused", "status"),
        ("customer_memberships", "has_active_hold=maybe", "has_active_hold"),
        ("customer_memberships", "start_date_gte=2026-01-01T00:00:00Z", "start_date_gte"),
        ("customers", "is_any=old", "is_any"),
        ("customers", "extra_customer_fields=a.b", "extra_customer_fields"),
        ("customers", "statuses=active", "statuses"),
        ("customers", "is_active[]=true", "is_active[]"),
        ("customer_credits", "pivot=all", "pivot"),
        ("customer_credits", "max_pivot_columns=3", "max_pivot_columns"),
        ("customer_credits", "limit=5&limit=6", "limit"),
    ] {
        assert_eq!(fields(report, &query(text)), [field], "{report} {text}");
    }
}

#[test]
fn all_errors_come_together() {
    let found =
        fields("invoices", &query("columns=foo&sort=bar&limit=x&status=y&nope=1&due_date_gte=z"));
    assert_eq!(found, ["columns", "due_date_gte", "limit", "nope", "sort", "status"]);
}

#[test]
fn good_values_are_taken() {
    for (report, text) in [
        ("customer_credits", "expand=customer&fields=id&_=123&_cache"),
        ("customer_credits", "columns=&sort=&customers=&limit=&created_at_gte=&format="),
        ("customer_credits", "columns[]=amount&columns[]=memo&customers[]=1&customers=2"),
        ("customer_credits", "format=CSV&as_of=2026-01-01"),
        ("customer_credits", "limit=5&limit=5"),
        ("customer_memberships", "payment_processors=12,none"),
        ("customer_memberships", "status=ACTIVE,Hold&types=prepaid_plan,recurring_plan,pack"),
        ("invoices", "payment_processors=none,3&status=open,skipped&customer_memberships=5"),
        ("customers", "columns=referrering_member_name,referring_member_name,referring_member"),
        ("customers", "extra_customer_fields=shirt_size,x-1"),
    ] {
        assert_eq!(fields(report, &query(text)), [""; 0], "{report} {text}");
    }
}

#[test]
fn json_bodies_give_typed_values() {
    let text = |text: &str| RawValue::Text(text.to_owned());
    let number = |text: &str| RawValue::Number(text.to_owned());
    for (name, value, is_good) in [
        ("columns", RawValue::List(vec![text("id"), text("status")]), true),
        ("columns", text("id,status"), true),
        ("columns", RawValue::Object, false),
        ("columns", RawValue::Null, true),
        ("ids", RawValue::List(vec![number("7"), text("8")]), true),
        ("ids", number("7"), true),
        ("ids", number("7.5"), false),
        ("ids", RawValue::Bool(true), false),
        ("has_active_hold", RawValue::Bool(true), true),
        ("has_active_hold", number("1"), true),
        ("has_active_hold", number("2"), false),
        ("limit", number("5"), true),
        ("limit", RawValue::List(vec![number("5")]), false),
        ("limit", RawValue::Bool(true), false),
        ("expand", RawValue::Object, true),
    ] {
        let found = fields("customer_memberships", &vec![(name.to_owned(), value.clone())]);
        assert_eq!(found.is_empty(), is_good, "{name} {value:?}");
    }
}

#[test]
fn long_lists_are_refused() {
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    for (count, expected) in [(10_000, vec![]), (10_001, vec!["customers"])] {
        let found = fields("customer_credits", &query(&format!("customers={}", ids(count))));
        assert_eq!(found, expected);
    }
    let keys = (0..21).map(|n| format!("k{n}")).collect::<Vec<_>>().join(",");
    let found = fields("customers", &query(&format!("extra_customer_fields={keys}")));
    assert_eq!(found, ["extra_customer_fields"]);
}

#[test]
fn the_format_is_what_the_parameter_says() {
    for (text, expected) in
        [("", None), ("format=json", Some(FileFormat::Json)), ("format=csv", Some(FileFormat::Csv))]
    {
        let request = parse(&session(""), "customer_credits", &query(text)).unwrap();
        assert_eq!(request.format(), expected);
    }
}
