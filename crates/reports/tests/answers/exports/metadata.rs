//! Customers' metadata. Rule: spec/exports.md §10.8.

use futures::TryStreamExt;
use futures::executor::block_on;
use serde_json::{Value, json};

use super::world::WORLD;
use super::{export, january, request, rows};
use crate::answers::{keys, lines};
use testkit::literal_tables::session;

fn asked(fields: Value) -> (String, Vec<String>) {
    let page = export(&session(WORLD), &january("customers_metadata", fields));
    (keys(&page).join(" "), lines(&page))
}

#[test]
fn keys_of_exported_rows_are_columns() {
    let (headings, rows) = asked(json!({}));
    let before = "customer_id customer_email";
    assert_eq!(
        headings,
        format!("{before} metadata.n metadata.none metadata.ok metadata.size metadata.ärger")
    );
    assert_eq!(
        rows,
        [
            "7 | Ann@Example.com | 1.50 | - | true | L | -",
            "8 | bob@example.com | - | - | - | - | -",
            "9 | cy@example.com | - | - | - | {\"a\":1} | [1,\"a\"]",
        ]
    );
    let (headings, rows) =
        asked(json!({"site_id": 1, "columns": "metadata.size,metadata.x,customer_id"}));
    assert_eq!(headings, "metadata.size metadata.x customer_id");
    assert_eq!(rows, ["L | - | 7"]);
}

#[test]
fn ndjson_keeps_the_object_as_stored() {
    let (headings, rows) = asked(json!({"format": "ndjson"}));
    assert_eq!(headings, "customer_id customer_email metadata");
    assert_eq!(
        rows[0],
        "7 | Ann@Example.com | {\"size\":\"L\",\"n\":1.50,\"ok\":true,\"none\":null}"
    );
    let (headings, rows) = asked(json!({"format": "ndjson", "columns": "metadata.size,metadata"}));
    assert_eq!(headings, "metadata.size metadata");
    assert_eq!(rows[1], "- | {}");
}

#[test]
fn long_has_one_row_per_key() {
    let (headings, found) = asked(json!({"layout": "long"}));
    assert_eq!(headings, "customer_id customer_email key value");
    assert_eq!(
        found,
        [
            "7 | Ann@Example.com | n | 1.50",
            "7 | Ann@Example.com | none | -",
            "7 | Ann@Example.com | ok | true",
            "7 | Ann@Example.com | size | L",
            "9 | cy@example.com | size | {\"a\":1}",
            "9 | cy@example.com | ärger | [1,\"a\"]",
        ]
    );
    let (headings, found) = asked(json!({"layout": "long", "columns": ["value", "key"]}));
    assert_eq!(headings, "value key");
    assert_eq!(found[0], "1.50 | n");
    // The customer without metadata has a row only in the wide layout.
    let (_, found) = asked(json!({"layout": "long", "site_id": 2}));
    assert!(found.is_empty());
    assert_eq!(asked(json!({"site_id": 2})).1, ["8 | bob@example.com"]);
}

#[test]
fn more_keys_than_columns_fail_in_wide_and_not_in_long() {
    let object = |first: usize, count: usize| {
        let members = (first..first + count).map(|n| format!("\"k{n}\":\"{n}\""));
        members.collect::<Vec<_>>().join(",")
    };
    let table = |second: usize| {
        format!(
            "
customers
 id | metadata | created_at
 1  | {{{}}} | 2024-01-05T00:00:00Z
 2  | {{{}}} | 2024-01-05T00:00:00Z
",
            object(0, 1000),
            object(1000, second)
        )
    };
    let body = january("customers_metadata", json!({}));
    assert_eq!(export(&session(&table(1000)), &body).columns.len(), 2002);
    let full = session(&table(1001));
    let request = request(&full, &body);
    let error = block_on(async {
        let rows = reports::exports::open_export_rows(&full, &request).await?;
        rows.batches.try_collect::<Vec<_>>().await
    });
    assert_eq!(error.unwrap_err().code(), "too_many_columns");
    let body = january("customers_metadata", json!({"layout": "long"}));
    assert_eq!(rows(&full, &body).len(), 2001);
}
