//! Orders. Rule: spec/exports.md §10.14.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::prelude::col;

use super::super::export_filter::{ExportFilter, ExportFilterTest, words_or_all};
use super::super::export_layout::{
    customer_fields, customer_relation_of, export_layout, id_at, instant_at, text_at,
};
use super::super::export_type::ExportType;
use super::order_items::{self, ship_columns};
use super::record_type;
use crate::definition::column::{int, json, money};
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, column_value, scoped_expr, text_literal, widen_amount, zero_amount,
};
use crate::error::ReportError;
use crate::functions::json_text::json_array_from;
use crate::query_scope::QueryScope;

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        words_or_all("status", "o.status", ["paid", "canceled", "fulfilled", "returned"]),
        ExportFilter { name: "product_id", test: ExportFilterTest::ItemProduct },
        ExportFilter { name: "sku_id", test: ExportFilterTest::ItemSku },
    ];
    let currency = || column_value("o.currency");
    let item_count = scoped_expr(|_| coalesce(vec![col("items.quantity"), lit(0_i64)]));
    let rows = export_layout("o", "orders", column_value("o.site_id"))
        .joined([
            customer_relation_of("o.customer_id"),
            related_row("a", "addresses", "o.address_id"),
            derived_relation(
                "items",
                [("o.id", "order_id")],
                order_items::item_summaries_of_orders,
            ),
            related_row("cp", "coupons", "o.coupon_id"),
            derived_relation("billed", [("o.id", "order_id")], first_invoices),
        ])
        .items(order_items::order_has)
        .stored("id")
        .and(customer_fields("o.customer_id"))
        .stored("site_id status address_id")
        .and(ship_columns())
        .stored("currency")
        .and([money("items_amount", items_amount(), currency())])
        .stored("shipping_amount tax")
        .and([money("discount_amount", discount_amount(), currency())])
        .stored("amount coupon_id")
        .and([
            text_at("coupon_code", "cp.code"),
            id_at("invoice_id", "billed.id"),
            int("item_count", item_count),
            json("items", scoped_expr(|_| json_array_from(col("items.items")))),
            instant_at("fulfilled_at", "items.fulfilled_at"),
        ])
        .stored("date metadata created_at updated_at deleted_at");
    record_type("orders", "Orders", filters, rows).with_lines(order_items::order_item_layout())
}

fn items_amount() -> ScopedExpr {
    scoped_expr(|_| coalesce(vec![col("items.amount"), zero_amount()]))
}

fn discount_amount() -> ScopedExpr {
    let items = items_amount();
    scoped_expr(move |scope| {
        items(scope) + widen_amount(col("o.shipping_amount")) + widen_amount(col("o.tax"))
            - widen_amount(col("o.amount"))
    })
}

/// Returns a plan with the columns `order_id` and `id`: the first issued invoice of each order.
fn first_invoices(
    scope: &QueryScope<'_>,
    orders: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = orders.scan(scope, "invoices", "x", "order_id")?;
    let is_issued =
        col("x.status").not_eq(text_literal("draft")).and(col("x.deleted_at").is_null());
    let rows = rows.filter(col("x.order_id").is_not_null().and(is_issued))?;
    Ok(rows.aggregate(vec![col("x.order_id")], vec![min(col("x.id")).alias("id")])?)
}
