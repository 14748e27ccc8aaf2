//! Orders. Rule: spec/exports.md §10.14.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{Filter, Test, all_or};
use super::super::layout::{customer, customer_row, id_at, instant_at, layout, text_at};
use super::{order_items, records};
use crate::definition::column::{Column, int, json, money, string};
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{Value, at, nothing, text, value, wide};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::json_text::array_of;
use crate::terms::customer::full_name;

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        all_or("status", "o.status", ["paid", "canceled", "fulfilled", "returned"]),
        Filter { name: "product_id", test: Test::ItemProduct },
        Filter { name: "sku_id", test: Test::ItemSku },
    ];
    let currency = || at("o.currency");
    let item_count = value(|_| coalesce(vec![col("items.quantity"), lit(0_i64)]));
    let rows = layout("o", "orders", at("o.site_id"))
        .joined([
            customer_row("o.customer_id"),
            row("a", "addresses", "o.address_id"),
            derived("items", [("o.id", "order_id")], order_items::of_orders),
            row("cp", "coupons", "o.coupon_id"),
            derived("billed", [("o.id", "order_id")], first_invoices),
        ])
        .items(order_items::order_has)
        .stored("id")
        .and(customer("o.customer_id"))
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
            json("items", value(|_| array_of(col("items.items")))),
            instant_at("fulfilled_at", "items.fulfilled_at"),
        ])
        .stored("date metadata created_at updated_at deleted_at");
    records("orders", "Orders", filters, rows).with_lines(order_items::rows())
}

/// Defines the columns of the shipping address, `a`.
pub(super) fn ship_columns() -> [Column; 9] {
    let name = value(|_| full_name(col("a.first_name"), col("a.last_name")));
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

fn items_amount() -> Value {
    value(|_| coalesce(vec![col("items.amount"), nothing()]))
}

fn discount_amount() -> Value {
    let items = items_amount();
    value(move |scope| {
        items(scope) + wide(col("o.shipping_amount")) + wide(col("o.tax")) - wide(col("o.amount"))
    })
}

/// Returns a plan with the columns `order_id` and `id`: the first issued invoice of each order.
fn first_invoices(scope: &Scope<'_>, orders: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = orders.restrict(scope.session.scan("invoices", "x")?, col("x.order_id"))?;
    let is_issued = col("x.status").not_eq(text("draft")).and(col("x.deleted_at").is_null());
    let rows = rows.filter(col("x.order_id").is_not_null().and(is_issued))?;
    Ok(rows.aggregate(vec![col("x.order_id")], vec![min(col("x.id")).alias("id")])?)
}
