//! Amounts inside cells, which depend on the format. Rule: spec/exports.md §11.

use serde_json::json;

use super::world::WORLD;
use super::{january, rows};
use testkit::literal_tables::session;

#[test]
fn amounts_inside_cells_are_major_or_minor_units() {
    let session = session(WORLD);
    let cell = |object: &str, column: &str, format: &str| {
        let body = january(object, json!({"columns": column, "format": format}));
        rows(&session, &body).remove(0)
    };
    let lines = |one: &str, two: &str, three: &str, discount: &str, none: &str| {
        format!(
            "[{{\"id\":201,\"description\":null,\"quantity\":2,\"amount\":{one},\"discount\":{none},\
             \"tax\":{none},\"currency\":\"usd\",\"period_start\":null,\"period_end\":null,\
             \"is_proration\":false,\"subscription_id\":null,\"plan_id\":null}},\
             {{\"id\":202,\"description\":\"Say \\\"first\\\"\",\"quantity\":1,\"amount\":{two},\
             \"discount\":{discount},\"tax\":{discount},\"currency\":\"usd\",\
             \"period_start\":\"2024-01-02T00:00:00Z\",\"period_end\":null,\"is_proration\":false,\
             \"subscription_id\":null,\"plan_id\":50}},\
             {{\"id\":203,\"description\":\"Second\",\"quantity\":1,\"amount\":{three},\
             \"discount\":{none},\"tax\":{none},\"currency\":\"usd\",\"period_start\":null,\
             \"period_end\":null,\"is_proration\":true,\"subscription_id\":82,\"plan_id\":52}}]"
        )
    };
    let major = lines("\"5.00\"", "\"90.00\"", "\"10.00\"", "\"5.00\"", "\"0.00\"");
    let minor = lines("500", "9000", "1000", "500", "0");
    for (format, expected) in
        [("csv", &major), ("xlsx", &major), ("ndjson", &minor), ("parquet", &minor)]
    {
        assert_eq!(&cell("invoices", "line_items", format), expected, "{format}");
    }
    for (format, expected) in
        [("csv", r#"{"gbp":"-40.00","usd":"-3.00"}"#), ("ndjson", r#"{"gbp":-4000,"usd":-300}"#)]
    {
        assert_eq!(cell("customers", "balances", format), expected);
    }
    assert!(cell("orders", "items", "csv").contains(
        "{\"id\":100,\"sku_id\":60,\"sku_name\":\"Red mug\",\"product_id\":42,\"quantity\":2,\
         \"unit_amount\":\"8.00\",\"currency\":\"gbp\",\"fulfilled_at\":\"2024-01-18T00:00:00Z\",\
         \"shipped_at\":null}"
    ));
}

#[test]
fn records_without_parts_have_empty_cells() {
    let session = session(WORLD);
    let body = january("orders", json!({"columns": "id,items", "status": "returned"}));
    assert_eq!(rows(&session, &body), ["92 | []"]);
    let body = january("invoices", json!({"columns": "id,line_items", "status": "draft"}));
    assert_eq!(rows(&session, &body), ["19 | []"]);
}
