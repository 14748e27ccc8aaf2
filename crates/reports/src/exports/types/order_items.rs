//! Items of orders: as rows of their own, as a cell of the order, and as the subject of the order's
//! item filters. Rule: spec/exports.md §10.14.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, max, sum};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, cast, in_subquery, lit};
use datafusion::prelude::col;

use super::super::layout::{
    ItemIds, Layout, customer, customer_row, id_at, instant_at, layout, text_at,
};
use super::orders::ship_columns;
use crate::definition::column::{int, string};
use crate::definition::relation::{Keys, row};
use crate::definition::value::{Value, at, choose, only_when, value, wide};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::json_text::{Member, gathered, object};

/// Makes the layout with one row per item.
pub(super) fn rows() -> Layout {
    layout("it", "order_items", at("o.site_id"))
        .of_record("o", "orders", "it.order_id")
        .joined([
            customer_row("o.customer_id"),
            row("a", "addresses", "o.address_id"),
            row("sk", "skus", "it.sku_id"),
            row("pr", "products", "it.product_id"),
            row("spr", "products", "sk.product_id"),
        ])
        .items(|_, ids| Ok(has(ids, "it", "sk.product_id")))
        .and([
            id_at("item_id", "it.id"),
            id_at("order_id", "o.id"),
            text_at("order_status", "o.status"),
            instant_at("order_date", "o.date"),
        ])
        .and(customer("o.customer_id"))
        .and(ship_columns())
        .stored("sku_id")
        .and([
            text_at("sku_name", "sk.name"),
            int("product_id", value(|_| product("it", "sk.product_id"))),
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

fn product_name() -> Value {
    value(|_| {
        let has_own = col("it.product_id").is_not_null();
        choose([(has_own, col("pr.name"))], Some(col("spr.name")))
    })
}

/// Returns the condition that an item has the product and the SKU asked for.
fn has(ids: ItemIds, item: &str, product_of_sku: &str) -> Expr {
    let product = ids.product.map(|id| product(item, product_of_sku).eq(lit(id)));
    let sku = ids.sku.map(|id| col(format!("{item}.sku_id")).eq(lit(id)));
    product.into_iter().chain(sku).reduce(Expr::and).unwrap_or_else(|| lit(true))
}

/// Returns a plan with the items `x`, each with the `sku_name` and `sku_product` of its SKU. All
/// bare column names are unique, because filters above a join are pushed down by bare name.
fn with_skus(scope: &Scope<'_>, orders: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = orders.restrict(scope.session.scan("order_items", "x")?, col("x.order_id"))?;
    let skus = scope.session.scan("skus", "y")?.project(vec![
        col("y.id").alias("sku"),
        col("y.name").alias("sku_name"),
        col("y.product_id").alias("sku_product"),
    ])?;
    Ok(rows.join(skus.build()?, JoinType::Left, (vec!["x.sku_id"], vec!["sku"]), None)?)
}

/// Returns the condition that a single item of the order `o` has the product and the SKU asked for.
pub(super) fn order_has(scope: &Scope<'_>, ids: ItemIds) -> Result<Expr, ReportError> {
    let items = with_skus(scope, &Keys::All)?.filter(has(ids, "x", "sku_product"))?;
    let orders = items.project(vec![col("x.order_id").alias("id")])?.build()?;
    Ok(in_subquery(col("o.id"), orders.into()))
}

/// Returns a plan with the columns `order_id`, `quantity`, `amount`, `fulfilled_at` and `items`:
/// the totals of an order's items, and their texts. `fulfilled_at` is null unless every item has
/// one.
pub(super) fn of_orders(
    scope: &Scope<'_>,
    orders: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let members = [
        ("id", Member::Int, col("x.id")),
        ("sku_id", Member::Int, col("x.sku_id")),
        ("sku_name", Member::Text, col("sku_name")),
        ("product_id", Member::Int, product("x", "sku_product")),
        ("quantity", Member::Int, col("x.quantity")),
        ("unit_amount", Member::Amount(6), col("x.unit_amount")),
        ("currency", Member::Text, col("x.currency")),
        ("fulfilled_at", Member::Instant, col("x.fulfilled_at")),
        ("shipped_at", Member::Instant, col("x.shipped_at")),
    ];
    let amount = wide(col("x.quantity")) * wide(col("x.unit_amount"));
    let values = vec![
        sum(wide(col("x.quantity"))).alias("quantity"),
        sum(wide(amount)).alias("amount"),
        count(col("x.id")).alias("items_all"),
        count(col("x.fulfilled_at")).alias("items_fulfilled"),
        max(col("x.fulfilled_at")).alias("last_fulfilled_at"),
        gathered(col("x.id"), object(members, scope.amounts)).alias("items"),
    ];
    let rows = with_skus(scope, orders)?.aggregate(vec![col("x.order_id")], values)?;
    let is_fulfilled = col("items_all").eq(col("items_fulfilled"));
    Ok(rows.project(vec![
        col("x.order_id"),
        cast(col("quantity"), DataType::Int64).alias("quantity"),
        col("amount"),
        only_when(is_fulfilled, col("last_fulfilled_at")).alias("fulfilled_at"),
        col("items"),
    ])?)
}
