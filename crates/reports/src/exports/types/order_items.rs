//! Items of orders: as rows of their own, as a cell of the order, and as the subject of the order's
//! item filters. Rule: spec/exports.md §10.14.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, max, sum};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, cast, in_subquery, lit};
use datafusion::prelude::col;

use super::super::export_layout::{
    ExportLayout, ItemIds, customer_fields, customer_relation_of, export_layout, id_at, instant_at,
    text_at,
};
use crate::definition::column::{ReportColumn, int, string};
use crate::definition::relation::{RelationKeys, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, null_unless, scoped_expr, widen_amount,
};
use crate::error::ReportError;
use crate::functions::json_text::{JsonMemberType, collect_texts, json_object};
use crate::query_scope::QueryScope;
use crate::terms::customer::full_name;

/// Makes the layout with one row per item.
pub(super) fn order_item_layout() -> ExportLayout {
    export_layout("it", "order_items", column_value("o.site_id"))
        .with_record("o", "orders", "it.order_id")
        .joined([
            customer_relation_of("o.customer_id"),
            related_row("a", "addresses", "o.address_id"),
            related_row("sk", "skus", "it.sku_id"),
            related_row("pr", "products", "it.product_id"),
            related_row("spr", "products", "sk.product_id"),
        ])
        .items(|_, ids| Ok(has_ids(ids, "it", "sk.product_id")))
        .and([
            id_at("item_id", "it.id"),
            id_at("order_id", "o.id"),
            text_at("order_status", "o.status"),
            instant_at("order_date", "o.date"),
        ])
        .and(customer_fields("o.customer_id"))
        .and(ship_columns())
        .stored("sku_id")
        .and([
            text_at("sku_name", "sk.name"),
            int("product_id", scoped_expr(|_| product("it", "sk.product_id"))),
            string("product_name", product_name()),
        ])
        .stored(
            "description quantity unit_amount currency fulfilled_at shipped_at created_at \
             updated_at",
        )
}

/// Returns the product of an item: its own, else that of its SKU.
fn product(item: &str, of_sku: &str) -> Expr {
    coalesce(vec![col(format!("{item}.product_id")), col(of_sku)])
}

fn product_name() -> ScopedExpr {
    scoped_expr(|_| {
        let has_own = col("it.product_id").is_not_null();
        case_when([(has_own, col("pr.name"))], Some(col("spr.name")))
    })
}

/// Returns the condition that an item has the product and the SKU asked for.
fn has_ids(ids: ItemIds, item: &str, product_of_sku: &str) -> Expr {
    let product = ids.product.map(|id| product(item, product_of_sku).eq(lit(id)));
    let sku = ids.sku.map(|id| col(format!("{item}.sku_id")).eq(lit(id)));
    product.into_iter().chain(sku).reduce(Expr::and).unwrap_or_else(|| lit(true))
}

/// Returns a plan with the items `x`, each with the `sku_name` and `sku_product` of its SKU. All
/// bare column names are unique, because filters above a join are pushed down by bare name.
fn with_skus(
    scope: &QueryScope<'_>,
    orders: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = orders.scan(scope, "order_items", "x", "order_id")?;
    let skus = scope.session.scan("skus", "y")?.project(vec![
        col("y.id").alias("sku"),
        col("y.name").alias("sku_name"),
        col("y.product_id").alias("sku_product"),
    ])?;
    Ok(rows.join(skus.build()?, JoinType::Left, (vec!["x.sku_id"], vec!["sku"]), None)?)
}

/// Returns the condition that a single item of the order `o` has the product and the SKU asked for.
pub(super) fn order_has(scope: &QueryScope<'_>, ids: ItemIds) -> Result<Expr, ReportError> {
    let items = with_skus(scope, &RelationKeys::All)?.filter(has_ids(ids, "x", "sku_product"))?;
    let orders = items.project(vec![col("x.order_id").alias("id")])?.build()?;
    Ok(in_subquery(col("o.id"), orders.into()))
}

/// Returns a plan with the columns `order_id`, `quantity`, `amount`, `fulfilled_at` and `items`:
/// the totals of an order's items, and their texts. `fulfilled_at` is null unless every item has
/// one.
pub(super) fn item_summaries_of_orders(
    scope: &QueryScope<'_>,
    orders: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let members = [
        ("id", JsonMemberType::Int, col("x.id")),
        ("sku_id", JsonMemberType::Int, col("x.sku_id")),
        ("sku_name", JsonMemberType::Text, col("sku_name")),
        ("product_id", JsonMemberType::Int, product("x", "sku_product")),
        ("quantity", JsonMemberType::Int, col("x.quantity")),
        ("unit_amount", JsonMemberType::Amount(6), col("x.unit_amount")),
        ("currency", JsonMemberType::Text, col("x.currency")),
        ("fulfilled_at", JsonMemberType::Instant, col("x.fulfilled_at")),
        ("shipped_at", JsonMemberType::Instant, col("x.shipped_at")),
    ];
    let amount = widen_amount(col("x.quantity")) * widen_amount(col("x.unit_amount"));
    let values = vec![
        sum(widen_amount(col("x.quantity"))).alias("quantity"),
        sum(widen_amount(amount)).alias("amount"),
        count(col("x.id")).alias("items_all"),
        count(col("x.fulfilled_at")).alias("items_fulfilled"),
        max(col("x.fulfilled_at")).alias("last_fulfilled_at"),
        collect_texts(col("x.id"), json_object(members, scope.amounts)).alias("items"),
    ];
    let rows = with_skus(scope, orders)?.aggregate(vec![col("x.order_id")], values)?;
    let is_fulfilled = col("items_all").eq(col("items_fulfilled"));
    Ok(rows.project(vec![
        col("x.order_id"),
        cast(col("quantity"), DataType::Int64).alias("quantity"),
        col("amount"),
        null_unless(is_fulfilled, col("last_fulfilled_at")).alias("fulfilled_at"),
        col("items"),
    ])?)
}

/// Defines the columns of the shipping address, `a`.
pub(super) fn ship_columns() -> [ReportColumn; 9] {
    let name = scoped_expr(|_| full_name(col("a.first_name"), col("a.last_name")));
    [
        string("ship_name", name),
        text_at("ship_company", "a.company"),
        text_at("ship_line1", "a.line1"),
        text_at("ship_line2", "a.line2"),
        text_at("ship_city", "a.city"),
        text_at("ship_state", "a.state"),
        text_at("ship_postal_code", "a.postal_code"),
        text_at("ship_country", "a.country"),
        text_at("ship_phone", "a.phone"),
    ]
}
