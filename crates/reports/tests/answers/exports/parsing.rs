//! Valid and invalid bodies. Rule: spec/exports.md §4, vectors §13.

use std::collections::BTreeSet;

use model::file_format::FileFormat;
use reports::CsvDialect;
use reports::exports::{DateMode, ExportContext, ExportErrors};
use serde_json::{Value, json};

use super::{january, object, parse_with};
use testkit::literal_tables::provider;

fn refused(body: &Value) -> Vec<(String, Vec<String>)> {
    match parse_with(&provider(), body, |_| {}) {
        Err(ExportErrors::Fields(errors)) => errors.0.into_iter().collect(),
        other => panic!("{body}: {other:?}"),
    }
}

fn fields(body: &Value) -> String {
    let errors = refused(body);
    errors.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(" ")
}

fn accounting(extra: Value) -> Value {
    let mut body = json!({"object": "accounting", "month": "2024-01-01", "currency": "usd"});
    body.as_object_mut().unwrap().extend(object(extra));
    body
}

#[test]
fn each_broken_rule_names_its_field() {
    for (body, expected) in [
        (json!({}), "object"),
        (json!({"object": null}), "object"),
        (json!({"object": ""}), "object"),
        (json!({"object": "Invoices"}), "object"),
        (json!({"object": 5}), "object"),
        (json!({"object": ["invoices"]}), "object"),
        (json!({"object": "invoices"}), "date_from date_to"),
        (json!({"object": "invoices", "date_from": null, "date_to": ""}), "date_from date_to"),
        (json!({"object": "accounting"}), "currency month"),
        (json!({"object": "nothing", "mode": "x", "date_from": -1}), "date_from mode object"),
        (
            january(
                "invoices",
                json!({"date_from": 1_704_067_200_000_i64, "date_to": 1_711_929_600_000_i64}),
            ),
            "date_from date_to",
        ),
        (january("invoices", json!({"date_from": "2024-02-30"})), "date_from"),
        (january("invoices", json!({"date_to": {}})), "date_to"),
        (january("invoices", json!({"date_to": 1.5})), "date_to"),
        (january("invoices", json!({"status": "Paid"})), "status"),
        (january("invoices", json!({"status": "active"})), "status"),
        (january("invoices", json!({"status": 5})), "status"),
        (january("invoices", json!({"status": ["paid"]})), "status"),
        (january("invoices", json!({"plan": 5})), "plan"),
        (january("invoices", json!({"plan": null})), "plan"),
        (january("invoices", json!({"mode": "full"})), "mode"),
        (january("invoices", json!({"site_id": 3})), "site_id"),
        (january("invoices", json!({"site_id": "one"})), "site_id"),
        (january("invoices", json!({"format": "pdf"})), "format"),
        (january("invoices", json!({"format": "CSV"})), "format"),
        (january("invoices", json!({"columns": "id,id"})), "columns"),
        (january("invoices", json!({"columns": ["id", "nope"]})), "columns"),
        (january("invoices", json!({"columns": "id,"})), "columns"),
        (january("invoices", json!({"columns": []})), "columns"),
        (january("invoices", json!({"columns": 5})), "columns"),
        (january("invoices", json!({"columns": "line_id"})), "columns"),
        (january("invoices", json!({"row_per": "item"})), "row_per"),
        (january("invoices", json!({"layout": "wide"})), "layout"),
        (january("invoices", json!({"csv_dialect": "rfc"})), "csv_dialect"),
        (january("invoices", json!({"include_deleted": 1})), "include_deleted"),
        (january("invoices", json!({"as_of": "2024-01-05"})), "as_of"),
        (january("invoices", json!({"objects": ["payments"]})), "objects"),
        (january("payments", json!({"row_per": "line"})), "row_per"),
        (january("payments", json!({"category": "card"})), "category"),
        (january("payments", json!({"currency": "USD"})), "currency"),
        (january("payments", json!({"currency": "xyz"})), "currency"),
        (january("payments", json!({"type": "Online", "destination": 5})), "destination type"),
        (january("payments", json!({"destination": "x".repeat(501)})), "destination"),
        (january("refunds", json!({"status": "void"})), "status"),
        (january("addresses", json!({"country": "GBR", "type": "home"})), "country type"),
        (january("addresses", json!({"country": "G1"})), "country"),
        (january("newsletters", json!({"email": true})), "email"),
        (january("balance_transactions", json!({"type": "Credit"})), "type"),
        (january("credit_note", json!({"reason": []})), "reason"),
        (january("orders", json!({"product_id": 0, "sku_id": "x"})), "product_id sku_id"),
        (january("orders", json!({"status": "created"})), "status"),
        (january("subscriptions", json!({"plan_id": 9_007_199_254_740_992_i64})), "plan_id"),
        (
            january("subscriptions", json!({"plan_id": 1.0, "collection_method": "x"})),
            "collection_method plan_id",
        ),
        (january("campaign_reports", json!({"id": -1, "campaign_key": 1})), "campaign_key id"),
        (january("customers_metadata", json!({"columns": "name"})), "columns"),
        (january("customers_metadata", json!({"columns": "metadata"})), "columns"),
        (january("customers_metadata", json!({"columns": "metadata."})), "columns"),
        (
            january("customers_metadata", json!({"layout": "long", "columns": "metadata.a"})),
            "columns",
        ),
        (january("customers_metadata", json!({"layout": "tall"})), "layout"),
        (accounting(json!({"currency": "USD"})), "currency"),
        (accounting(json!({"month": "2024-06-01"})), "month"),
        (accounting(json!({"month": "2024-02-30"})), "month"),
        (accounting(json!({"month": 202_401})), "month"),
        (accounting(json!({"format": "ndjson"})), "format"),
        (accounting(json!({"columns": "id"})), "columns"),
        (accounting(json!({"row_per": "line"})), "row_per"),
        (accounting(json!({"as_of": "2024-02-01T00:00:00Z"})), "as_of"),
        (accounting(json!({"month": "2024-05", "as_of": "2024-05-20T00:00:00Z"})), "as_of"),
        (json!({"objects": []}), "objects"),
        (january("", json!({"objects": ["invoices", "accounting"]})), "objects"),
        (january("", json!({"objects": ["credit_note", "credit_notes"]})), "objects"),
        (january("", json!({"objects": ["invoices", "nope"]})), "objects"),
        (january("", json!({"objects": "invoices"})), "objects"),
        (
            january("", json!({"objects": ["invoices", "payments"], "columns": "id,number"})),
            "columns",
        ),
        (january("", json!({"objects": ["customers", "payments"], "row_per": "line"})), "row_per"),
    ] {
        assert_eq!(fields(&body), expected, "{body}");
    }
}

#[test]
fn messages_speak_the_words_of_the_dialect() {
    for (body, field, expected) in [
        (json!({}), "object", "The object field is required."),
        (json!({"object": "invoices"}), "date_from", "The date_from field is required."),
        (
            january("invoices", json!({"status": "Paid"})),
            "status",
            "The selected status is invalid. Allowed values: all, draft, open, paid, past_due, \
             void, uncollectible.",
        ),
        (
            january("invoices", json!({"date_to": 1_711_929_600_000_i64})),
            "date_to",
            "The date_to must be Unix seconds up to 253402300799; milliseconds?",
        ),
        (
            accounting(json!({"currency": "USD"})),
            "currency",
            "The currency must be lower case: usd.",
        ),
        (
            january("invoices", json!({"columns": "id,nope"})),
            "columns",
            "The columns name \"nope\", which invoices lacks.",
        ),
    ] {
        let errors = refused(&body);
        let found = errors.iter().find(|(name, _)| name == field).map(|(_, messages)| messages);
        assert_eq!(found.unwrap(), &[expected], "{body}");
    }
}

#[test]
fn months_lie_between_the_first_invoice_and_now() {
    let first = model::time::Date::parse("2023-11-20");
    let with_first = |context: &mut ExportContext<'static>| context.first_month = first;
    for (month, is_allowed) in [
        ("2023-10-31", false),
        ("2023-11-01", true),
        ("2023-11", true),
        ("2024-05-31", true),
        ("2024-06", false),
    ] {
        let found = parse_with(&provider(), &accounting(json!({"month": month})), with_first);
        assert_eq!(found.is_ok(), is_allowed, "{month}");
        if let Err(ExportErrors::Fields(errors)) = found {
            assert_eq!(errors.0["month"], ["The month must be from 2023-11 to 2024-05."]);
        }
    }
    let body = accounting(json!({"month": "2024-05", "as_of": "2024-05-10", "mode": "x"}));
    let package = parse_with(&provider(), &body, with_first).unwrap().requests.remove(0);
    assert_eq!(package.package().unwrap().month.to_string(), "2024-05-01");
    // The end of 10 May in London.
    assert_eq!(package.package().unwrap().as_of.unwrap().to_string(), "2024-05-10T22:59:59Z");
    assert_eq!(package.ignored_filters(), ["mode"]);
    assert_eq!(
        serde_json::to_string(&package.filters()).unwrap(),
        r#"{"date_from":null,"date_to":null,"month":"2024-05-01","currency":"usd","as_of":1715381999}"#
    );
    assert_eq!(package.file_name(&provider().timezone), "accounting_2024-05_usd.zip");
}

#[test]
fn ranges_are_in_order_and_at_most_six_months() {
    let result = |from: Value, to: Value, months: u32| {
        let body = json!({"object": "invoices", "date_from": from, "date_to": to});
        match parse_with(&provider(), &body, |context| context.range_months_max = months) {
            Ok(_) => "accepted",
            Err(ExportErrors::Range) => "range",
            Err(ExportErrors::Fields(_)) => "fields",
        }
    };
    for (from, to, months, expected) in [
        (json!(1_704_067_200), json!(1_711_929_600), 6, "accepted"),
        (json!("1704067200"), json!("1711929600"), 6, "accepted"),
        (json!("2024-01-01T00:00:00Z"), json!("2024-07-01T00:00:00Z"), 6, "accepted"),
        (json!("2024-08-31T12:00:00Z"), json!("2025-02-28T13:00:01Z"), 6, "range"),
        (json!(1_711_929_600), json!(1_704_067_200), 6, "range"),
        (json!(1_711_929_600), json!(1_711_929_600), 6, "accepted"),
        (json!(1_704_067_200_000_i64), json!(1_711_929_600_000_i64), 6, "fields"),
        (json!(0), json!(1_735_689_600), 6, "range"),
        (json!(0), json!(1_735_689_600), 0, "accepted"),
        (json!("2040-01-01"), json!("2040-02-01"), 6, "accepted"),
    ] {
        assert_eq!(result(from.clone(), to.clone(), months), expected, "{from} {to}");
    }
}

#[test]
fn strict_mode_refuses_every_addition() {
    let strict = |context: &mut ExportContext<'static>| context.is_strict = true;
    assert!(parse_with(&provider(), &january("invoices", json!({})), strict).is_ok());
    for (name, value) in [
        ("format", json!("csv")),
        ("columns", json!("id")),
        ("row_per", json!("record")),
        ("layout", json!("wide")),
        ("csv_dialect", json!("rfc4180")),
        ("include_deleted", json!(false)),
        ("objects", json!(["invoices"])),
        ("as_of", Value::Null),
    ] {
        let body = january("invoices", json!({name: value}));
        match parse_with(&provider(), &body, strict) {
            Err(ExportErrors::Fields(errors)) => {
                assert_eq!(errors.0.keys().collect::<Vec<_>>(), [name]);
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_given_is_kept_and_echoed() {
    let body = january(
        "credit_notes",
        json!({
            "reason": "duplicate", "currency": "usd", "status": "", "plan_id": "x", "mode": "modified_data",
            "site_id": "2", "format": "xlsx", "columns": "id, total", "include_deleted": true, "month": 5,
        }),
    );
    let request = parse_with(&provider(), &body, |_| {}).unwrap().requests.remove(0);
    assert_eq!(request.object(), "credit_notes");
    assert_eq!(request.export_type().object(), "credit_note");
    assert_eq!(request.ignored_filters(), ["status", "plan_id", "month"]);
    assert_eq!(request.mode(), DateMode::ModifiedData);
    assert_eq!(request.format(), FileFormat::Xlsx);
    assert_eq!(request.site_id(), Some(2));
    assert_eq!(request.columns().unwrap(), ["id", "total"]);
    assert_eq!(
        serde_json::to_string(&request.filters()).unwrap(),
        r#"{"date_from":1704067200,"date_to":1706745599,"currency":"usd","reason":"duplicate","site_id":2,"include_deleted":true}"#
    );
    let zone = &provider().timezone;
    assert_eq!(request.file_name(zone), "credit_notes_2024-01-01_2024-01-31.xlsx");
}

#[test]
fn bare_days_are_whole_days_of_the_provider() {
    let body = january("invoices", json!({"date_from": "2024-04-01", "date_to": "2024-04-30"}));
    let request = parse_with(&provider(), &body, |_| {}).unwrap().requests.remove(0);
    let range = request.range().unwrap();
    assert_eq!((range.from, range.to), (1_711_926_000, 1_714_517_999));
}

#[test]
fn several_types_share_their_filters() {
    let body = json!({
        "objects": ["invoices", "payments", "customers"], "status": "paid", "row_per": "line",
        "date_from": "2024-01-01", "date_to": "2024-01-31",
    });
    assert_eq!(fields(&body), "status", "payments know no status paid");
    let body = json!({
        "objects": ["invoices", "payments"], "type": "online", "row_per": "line", "format": "ndjson",
        "date_from": "2024-01-01", "date_to": "2024-01-31",
    });
    let found = parse_with(&provider(), &body, |_| {}).unwrap();
    assert!(found.is_group);
    let [invoices, payments] = found.requests.as_slice() else { panic!() };
    assert_eq!(invoices.row_per().word(), "line");
    assert_eq!(payments.row_per().word(), "record");
    assert_eq!(invoices.ignored_filters(), ["type"]);
    assert_eq!(payments.ignored_filters(), ["row_per"]);
    assert!(payments.filters().contains_key("type"));
}

/// Gives every known field to every type; the field must be read, refused or listed.
#[test]
fn no_field_of_a_body_is_dropped() {
    let fields: BTreeSet<String> = reports::exports::export_types()
        .iter()
        .flat_map(|kind| {
            let described = reports::exports::describe_export_type(kind);
            let names = described["filters"].as_array().unwrap().iter();
            names.map(|filter| filter["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .chain(ADDITIONS.map(str::to_owned))
        .collect();
    assert!(fields.len() > 20, "{fields:?}");
    for kind in reports::exports::export_types() {
        let base = if kind.is_package() {
            accounting(json!({}))
        } else {
            january(kind.object(), json!({}))
        };
        for field in &fields {
            let mut body = base.clone();
            body[field] = json!({"no": "value"});
            match parse_with(&provider(), &body, |_| {}) {
                Ok(parsed) => {
                    let ignored = parsed.requests[0].ignored_filters();
                    assert_eq!(ignored, [field.as_str()], "{} {field}", kind.object());
                }
                Err(ExportErrors::Fields(errors)) => {
                    assert!(errors.0.contains_key(field), "{} {field}: {errors:?}", kind.object());
                }
                Err(ExportErrors::Range) => panic!("{} {field}", kind.object()),
            }
        }
    }
}

const ADDITIONS: [&str; 8] = [
    "format",
    "columns",
    "row_per",
    "layout",
    "csv_dialect",
    "include_deleted",
    "objects",
    "as_of",
];

#[test]
fn an_addition_without_effect_is_refused_or_listed() {
    let ignored = |body: &Value| {
        let parsed = parse_with(&provider(), body, |_| {});
        let parsed = parsed.unwrap_or_else(|errors| panic!("{body}: {errors:?}"));
        let lists = parsed.requests.iter().map(|request| request.ignored_filters().join(" "));
        lists.collect::<Vec<_>>()
    };
    let package = accounting(json!({"include_deleted": true, "csv_dialect": "excel"}));
    assert_eq!(ignored(&package), ["include_deleted"]);
    let request = parse_with(&provider(), &package, |_| {}).unwrap().requests.remove(0);
    assert_eq!(request.csv_dialect(), CsvDialect::Excel);
    assert!(!request.filters().contains_key("include_deleted"));
    let several = json!({
        "objects": ["invoices", "payments", "customers_metadata"], "row_per": "line", "layout": "long",
        "date_from": "2024-01-01", "date_to": "2024-01-31",
    });
    assert_eq!(ignored(&several), ["layout", "row_per layout", "row_per"]);
    let deleted = |object: &str| ignored(&january(object, json!({"include_deleted": true})));
    for kind in reports::exports::export_types().iter().filter(|kind| !kind.is_package()) {
        let described = reports::exports::describe_export_type(kind);
        let columns = described["columns"].as_array().unwrap();
        if columns.iter().any(|column| column["name"] == "deleted_at") {
            assert_eq!(deleted(kind.object()), [""], "{}", kind.object());
        }
    }
    for format in ["ndjson", "parquet", "xlsx"] {
        let body = january("invoices", json!({"format": format, "csv_dialect": "excel"}));
        assert_eq!(fields(&body), "csv_dialect", "{format}");
        let usual = january("invoices", json!({"format": format, "csv_dialect": "rfc4180"}));
        assert_eq!(ignored(&usual), [""], "{format}");
    }
}
